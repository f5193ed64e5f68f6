"""The verbs of `sluice graph` about nodes that run once. All of them ask, or need --yes."""
# ruff: noqa: PLC0415 - the clients take half a second to import; `--help` must not

from typing import Final

import click

from sluice.cli.durations import DURATION
from sluice.cli.options import Command, Settings, shared_options


def _options(command: Command) -> Command:
    for option in (
        click.option("-y", "--yes", is_flag=True, help="Do not ask."),
        click.option("--dry-run", is_flag=True, help="Ask the API server, write nothing."),
        click.argument("node"),
        click.argument("name"),
        shared_options,
    ):
        command = option(command)
    return command


@click.command()
@_options
@click.option("--applied", "words", flag_value="Applied", multiple=True, help="It is done.")
@click.option("--rerun", "words", flag_value="Rerun", multiple=True, help="It may run again.")
@click.option("--accept", "words", flag_value="Accept", multiple=True, help="The job may differ.")
@click.option("--timeout", type=DURATION, default="60s", help="How long to wait. Default: 60s.")
@click.pass_context
def resolve(  # noqa: PLR0913 - one parameter for each option
    context: click.Context,
    name: str,
    node: str,
    words: tuple[str, ...],
    timeout: float,
    *,
    dry_run: bool,
    yes: bool,
) -> None:
    """Say how it is with a version that stopped (asks).

    \b
    NODE is   --applied               --rerun                   --accept
    Failed    counts as complete      runs again
    Dirty     counts as complete      runs again
    Mismatch  counts as complete      runs again, as it is now  counts as complete
    undone                            is applied again

    Of a version whose undoing failed, --applied means that it is undone, and --rerun undoes it
    again. With --applied and --accept nothing runs. The record says who said it: the name by
    which the API server knows you.

    Waits until the operator has recorded it. Exit 1 if there is nothing to resolve or that does
    not fit, 5 if the operator has not taken it in time.
    """  # noqa: D301 - click reads the control character
    from sluice.cli.graph.entrances import resolve_init
    from sluice.startup.init.commands import Verb

    if len(words) != 1:
        raise click.UsageError("write one of --applied, --rerun and --accept")
    consent = (yes, dry_run)
    resolve_init(Settings.of(context), name, node, Verb(words[0]), consent, timeout)


@click.command()
@_options
@click.option("--to", metavar="VERSION", default="", help="The version that stays in effect.")
@click.option("--all", "everything", is_flag=True, help="Undo every version.")
@click.option("--timeout", type=DURATION, default="10m", help="How long to wait. Default: 10m.")
@click.pass_context
def down(  # noqa: PLR0913 - one parameter for each option
    context: click.Context,
    name: str,
    node: str,
    to: str,
    timeout: float,
    *,
    dry_run: bool,
    yes: bool,
    everything: bool,
) -> None:
    """Undo versions of NODE, the latest first (asks).

    Each is undone by its own step, init.down, as the record keeps it. What waits for NODE has to
    be stopped before: scale it to 0. What was undone is not applied again by itself.

    Waits for the end. Exit 1 if a version cannot be undone, or its step failed, 5 if that takes
    longer than --timeout (it goes on).
    """
    from sluice.cli.graph.entrances import undo_init

    if bool(to) is everything:
        raise click.UsageError("write one of --to VERSION and --all")
    undo_init(Settings.of(context), name, node, to, (yes, dry_run), timeout)


@click.command()
@_options
@click.option("--version", metavar="VERSION", default="", help="Forget this version alone.")
@click.option("--lock", metavar="KEY", default="", help="Its lock, if the graph is gone.")
@click.pass_context
def purge(  # noqa: PLR0913 - one parameter for each option
    context: click.Context,
    name: str,
    node: str,
    version: str,
    lock: str,
    *,
    dry_run: bool,
    yes: bool,
) -> None:
    """Delete the history of NODE, for good (asks for its name).

    The record goes, and the Jobs that ended: whatever a graph of this name asks for afterwards
    runs from the beginning, as if it had never run. A Job that is kept for the record goes only
    if the record tells of it.

    A record outlives its graph. Without the graph, that of the node's own lock is meant; a node
    that named a lock is found by --lock KEY.

    Exit 1 while something of the node runs, or has the lock; 2 without confirmation.
    """
    from sluice.cli.graph.entrances import purge_history

    purge_history(Settings.of(context), name, node, version, lock, (yes, dry_run))


INIT_VERBS: Final = (resolve, down, purge)
