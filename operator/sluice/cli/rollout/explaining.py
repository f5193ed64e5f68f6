"""What `explain` does: the operator's own decision on what is true now, check by check."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from sluice.adapters.clock import Clock, SystemClock
from sluice.cli.cluster import Cluster, namespace_of, with_cluster
from sluice.cli.exits import CommandError, Exit
from sluice.cli.gather import Gatherer
from sluice.cli.lens import Lens
from sluice.cli.metrics import opened_metrics
from sluice.cli.options import Output, Settings
from sluice.cli.render import drawn_header
from sluice.cli.rollout import find
from sluice.cli.terminal import STYLES, Terminal
from sluice.cli.views.glyphs import Glyphs
from sluice.cli.views.header import header
from sluice.cli.views.overview import Overview
from sluice.cli.views.states import State
from sluice.cli.views.tree import heading_revisions
from sluice.model.json import MalformedError
from sluice.model.references import ROLLOUTS, ObjectRef
from sluice.rollout.explain import Check, explain
from sluice.rollout.kind import RolloutKind


def explain_rollout(settings: Settings, name: str, output: Output, lens: Lens) -> None:
    """Show why a Rollout is where it is, by the operator's own decision."""
    terminal = Terminal.open(settings)
    ref = ObjectRef(ROLLOUTS, namespace_of(settings), name)
    with_cluster(
        settings, lambda c: show_explanation(c, ref, terminal, output, lens, SystemClock())
    )


async def show_explanation(
    cluster: Cluster,
    ref: ObjectRef,
    terminal: Terminal,
    output: Output,
    lens: Lens,
    clock: Clock,
) -> None:
    """Show why a Rollout is where it is, and what comes next."""
    rollout = await find.rollout(cluster, ref.namespace, ref.name)
    source = opened_metrics(lens)
    try:
        observation = await Gatherer(cluster, source, clock).observe(
            RolloutKind(lens.scrape_seconds), ref
        )
        checks = explain(observation, lens.scrape_seconds)
    except MalformedError as error:
        sentence = f"{ref} cannot be decided on, by the operator neither: {error}"
        raise CommandError(Exit.NEGATIVE, sentence, "report it with the object") from error
    finally:
        await source.close()
    if output is not Output.TABLE:
        told = [{"name": c.name, "passed": c.passed, "message": c.message} for c in checks]
        terminal.write({"rollout": ref.name, "checks": told}, output)
        return
    if not lens.url:
        terminal.say("no metrics: give --prometheus-url, for example of a port-forward")
    terminal.show(explanation(rollout, checks, observation.now, terminal.glyphs))


def explanation(
    rollout: Overview, checks: Sequence[Check], now: float, glyphs: Glyphs
) -> RenderableType:
    """Return the picture: head, and checks in their order, of which the last says what is next."""
    head = header(rollout, heading_revisions(rollout, glyphs), now)
    return Group(drawn_header(head, glyphs), *(_check(check, glyphs) for check in checks))


def _check(check: Check, glyphs: Glyphs) -> Text:
    symbol, state = {
        True: (glyphs.passed, State.HEALTHY),
        False: (glyphs.failed, State.DEGRADED),
        None: (glyphs.skipped, State.UNKNOWN),
    }[check.passed]
    return Text.assemble((f"{symbol} {check.name}", STYLES[state]), f"  {check.message}")
