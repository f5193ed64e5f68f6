"""The verbs of `sluice rollout`: what changes something. Dangerous ones ask, or need --yes."""
# ruff: noqa: PLC0415 - the clients take half a second to import; `--help` must not

from typing import Final

import click

from sluice.cli.durations import DURATION
from sluice.cli.options import Command, Settings, shared_options


def _order_options(command: Command) -> Command:
    for option in (
        click.option("--dry-run", is_flag=True, help="Ask the API server, write nothing."),
        click.option("--reason", default="", metavar="TEXT", help="Why; kept in the status."),
        click.argument("name"),
        shared_options,
    ):
        command = option(command)
    return command


_yes = click.option("-y", "--yes", is_flag=True, help="Do not ask.")


@click.command()
@_order_options
@_yes
@click.option("--full", is_flag=True, help="To 100%, past all judging that is left (asks).")
@click.pass_context
def promote(
    context: click.Context, name: str, reason: str, *, dry_run: bool, yes: bool, full: bool
) -> None:
    """Let the canary pass its step."""
    from sluice.cli.rollout.entrances import order
    from sluice.cli.rollout.giving import Consent
    from sluice.rollout.commands import Verb

    verb = Verb.PROMOTE_FULL if full else Verb.PROMOTE
    order(Settings.of(context), name, verb, Consent(yes, dry_run, reason))


@click.command()
@_order_options
@_yes
@click.option("--wait", is_flag=True, help="Until the canary is out of traffic.")
@click.option("--timeout", type=DURATION, default="5m", help="How long to wait. Default: 5m.")
@click.pass_context
def abort(  # noqa: PLR0913 - one parameter for each option
    context: click.Context,
    name: str,
    reason: str,
    timeout: float,
    *,
    dry_run: bool,
    yes: bool,
    wait: bool,
) -> None:
    """Roll the canary back at once (asks)."""
    from sluice.cli.rollout.entrances import order
    from sluice.cli.rollout.giving import Consent
    from sluice.rollout.commands import Verb

    consent = Consent(yes, dry_run, reason)
    order(Settings.of(context), name, Verb.ABORT, consent, timeout if wait else None)


@click.command()
@_order_options
@click.pass_context
def retry(context: click.Context, name: str, reason: str, *, dry_run: bool) -> None:
    """Try the version that was rolled back again."""
    from sluice.cli.rollout.entrances import order
    from sluice.cli.rollout.giving import Consent
    from sluice.rollout.commands import Verb

    order(Settings.of(context), name, Verb.RETRY, Consent(True, dry_run, reason))


@click.command()
@_order_options
@click.pass_context
def pause(context: click.Context, name: str, reason: str, *, dry_run: bool) -> None:
    """Stop the clock; harm, crash, outage and abort still act."""
    from sluice.cli.rollout.entrances import order
    from sluice.cli.rollout.giving import Consent
    from sluice.rollout.commands import Verb

    order(Settings.of(context), name, Verb.PAUSE, Consent(True, dry_run, reason))


@click.command()
@_order_options
@click.pass_context
def resume(context: click.Context, name: str, reason: str, *, dry_run: bool) -> None:
    """Go on after a pause."""
    from sluice.cli.rollout.entrances import order
    from sluice.cli.rollout.giving import Consent
    from sluice.rollout.commands import Verb

    order(Settings.of(context), name, Verb.RESUME, Consent(True, dry_run, reason))


VERBS: Final = (promote, abort, retry, pause, resume)
