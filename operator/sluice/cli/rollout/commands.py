"""`sluice rollout`: names, options and help of its commands."""
# ruff: noqa: PLC0415 - the clients take half a second to import; `--help` must not

import click

from sluice.cli.durations import DURATION
from sluice.cli.lens import Lens, lens_options
from sluice.cli.options import Output, Settings, output_option, shared_options
from sluice.cli.rollout.verbs import VERBS


@click.group("rollout")
@shared_options
def rollout() -> None:
    """Look at rollouts, and steer them."""


@rollout.command("list")
@shared_options
@output_option
@click.option("-A", "--all-namespaces", is_flag=True, help="Of all namespaces.")
@click.pass_context
def list_command(context: click.Context, output: Output, *, all_namespaces: bool) -> None:
    """List Rollouts: state, step, weight, and why."""
    from sluice.cli.rollout.entrances import list_rollouts

    list_rollouts(Settings.of(context), output, everywhere=all_namespaces)


@rollout.command("get")
@shared_options
@output_option
@click.argument("name")
@click.option("-w", "--watch", is_flag=True, help="Follow it; in a pipe one line per change.")
@click.pass_context
def get_command(context: click.Context, name: str, output: Output, *, watch: bool) -> None:
    """Show one Rollout: state, why, what is next, and all its parts."""
    from sluice.cli.rollout.entrances import get_rollout

    get_rollout(Settings.of(context), name, output, watch=watch)


@rollout.command("status")
@shared_options
@output_option
@click.argument("name")
@click.option("--timeout", type=DURATION, default="60s", help="How long to wait. Default: 60s.")
@click.pass_context
def status_command(context: click.Context, name: str, output: Output, timeout: float) -> None:
    """Wait until it comes to rest.

    Exit 0 Healthy, 1 rolled back or stalled, 5 timed out.
    """
    from sluice.cli.rollout.entrances import await_rollout

    await_rollout(Settings.of(context), name, output, timeout)


@rollout.command("explain")
@shared_options
@output_option
@click.argument("name")
@lens_options
@click.pass_context
def explain_command(context: click.Context, name: str, output: Output, *, lens: Lens) -> None:
    """Show why it is where it is, check by check, and what is next."""
    from sluice.cli.rollout.explaining import explain_rollout

    explain_rollout(Settings.of(context), name, output, lens)


@rollout.command("history")
@shared_options
@output_option
@click.argument("name")
@click.pass_context
def history_command(context: click.Context, name: str, output: Output) -> None:
    """Show how the past rollouts ended, and why."""
    from sluice.cli.rollout.entrances import rollout_history

    rollout_history(Settings.of(context), name, output)


for verb in VERBS:
    rollout.add_command(verb)
