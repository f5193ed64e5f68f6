"""The verbs of `sluice graph`: what changes something. Dangerous ones ask, or need --yes."""
# ruff: noqa: PLC0415 - the clients take half a second to import; `--help` must not

from typing import Final

import click

from sluice.cli.options import Settings, shared_options

_dry_run = click.option("--dry-run", is_flag=True, help="Ask the API server, write nothing.")


@click.command()
@shared_options
@click.argument("name")
@_dry_run
@click.pass_context
def suspend(context: click.Context, name: str, *, dry_run: bool) -> None:
    """Release no further node.

    What has been released goes on: its pods, gates and time limits. `release` still lets single
    nodes start.
    """
    from sluice.cli.graph.entrances import suspend_graph

    suspend_graph(Settings.of(context), name, suspended=True, dry_run=dry_run)


@click.command()
@shared_options
@click.argument("name")
@_dry_run
@click.pass_context
def resume(context: click.Context, name: str, *, dry_run: bool) -> None:
    """Release nodes again, each when its parents are satisfied."""
    from sluice.cli.graph.entrances import suspend_graph

    suspend_graph(Settings.of(context), name, suspended=False, dry_run=dry_run)


@click.command()
@shared_options
@click.argument("name")
@click.argument("node")
@_dry_run
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.pass_context
def release(context: click.Context, name: str, node: str, *, dry_run: bool, yes: bool) -> None:
    """Let NODE start without its parents (asks)."""
    from sluice.cli.graph.entrances import release_node

    release_node(Settings.of(context), name, node, dry_run=dry_run, confirmed=yes)


VERBS: Final = (suspend, resume, release)
