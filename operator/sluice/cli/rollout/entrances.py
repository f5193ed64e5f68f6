"""From a parsed command line to what is done: connect, work, end with the right exit code."""

import click

from sluice.adapters.clock import SystemClock
from sluice.cli.cluster import Cluster, namespace_of, with_cluster
from sluice.cli.exits import Exit
from sluice.cli.options import Output, Settings
from sluice.cli.rollout import reads, waiting
from sluice.cli.rollout.giving import Consent, give
from sluice.cli.terminal import Terminal
from sluice.cli.views.line import one_line
from sluice.model.references import ROLLOUTS, ObjectRef
from sluice.rollout.commands import Verb


def list_rollouts(settings: Settings, output: Output, *, everywhere: bool) -> None:
    """List the Rollouts of a namespace, or of all."""
    terminal, now = Terminal.open(settings), SystemClock().now()
    namespace = None if everywhere else namespace_of(settings)
    with_cluster(settings, lambda c: reads.show_list(c, namespace, terminal, output, now))


def get_rollout(settings: Settings, name: str, output: Output, *, watch: bool) -> None:
    """Show one Rollout, once or until the person has seen enough."""
    terminal, clock, ref = Terminal.open(settings), SystemClock(), _ref(settings, name)

    async def work(cluster: Cluster) -> None:
        if watch:
            await reads.follow_one(cluster, ref, terminal, output, clock)
        else:
            await reads.show_one(cluster, ref, terminal, output, clock.now())

    with_cluster(settings, work)


def rollout_history(settings: Settings, name: str, output: Output) -> None:
    """Show the past rollouts of one Rollout."""
    terminal, now, ref = Terminal.open(settings), SystemClock().now(), _ref(settings, name)
    with_cluster(settings, lambda c: reads.show_history(c, ref, terminal, output, now))


def await_rollout(settings: Settings, name: str, output: Output, timeout_seconds: float) -> None:
    """Wait until a Rollout comes to rest."""
    terminal, ref = Terminal.open(settings), _ref(settings, name)
    ending = with_cluster(
        settings, lambda c: waiting.until_settled(c, ref, terminal, timeout_seconds)
    )
    if output is Output.TABLE and ending.code is not Exit.TIMED_OUT:
        terminal.show(one_line(ending.rollout, terminal.glyphs))
    elif output is not Output.TABLE:
        terminal.write(ending.rollout.body, output)
    _end(ending, timeout_seconds, terminal)


def order(
    settings: Settings,
    name: str,
    verb: Verb,
    consent: Consent,
    wait_seconds: float | None = None,
) -> None:
    """Give an order, and wait for what it brings if asked to."""
    terminal, ref = Terminal.open(settings), _ref(settings, name)

    async def work(cluster: Cluster) -> waiting.Ending | None:
        given = await give(cluster, ref, verb, consent, terminal)
        if given is None or consent.dry_run or wait_seconds is None:
            return None
        return await waiting.until_out(cluster, ref, terminal, given.revision, wait_seconds)

    ending = with_cluster(settings, work)
    if ending is not None and wait_seconds is not None:
        terminal.say(one_line(ending.rollout, terminal.glyphs))
        _end(ending, wait_seconds, terminal)


def _end(ending: waiting.Ending, timeout_seconds: float, terminal: Terminal) -> None:
    if ending.code is Exit.TIMED_OUT:
        raise waiting.timed_out(ending.rollout, timeout_seconds, terminal.program)
    if ending.code is not Exit.DONE:
        raise click.exceptions.Exit(ending.code)


def _ref(settings: Settings, name: str) -> ObjectRef:
    return ObjectRef(ROLLOUTS, namespace_of(settings), name)
