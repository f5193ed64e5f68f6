"""What `check` does: run the rows, show them, and end with 1 if one failed."""

from dataclasses import dataclass
from itertools import groupby

import click
from rich.console import Group, RenderableType
from rich.text import Text

from sluice.adapters.clock import SystemClock
from sluice.cli.check.buildinfo import BuildInfo
from sluice.cli.check.findings import Outcome, Result, count
from sluice.cli.check.forms import Form
from sluice.cli.check.running import has_failed, run_until_passed
from sluice.cli.check.site import Site
from sluice.cli.cluster import Cluster, namespace_of, with_cluster
from sluice.cli.exits import Exit
from sluice.cli.lens import Lens
from sluice.cli.metrics import credentials, opened_metrics
from sluice.cli.options import Output, Settings
from sluice.cli.terminal import STYLES, Terminal
from sluice.cli.views.glyphs import Glyphs
from sluice.cli.views.states import State
from sluice.model.json import JsonObject


@dataclass(frozen=True, slots=True)
class Scope:
    """What is checked, and for how long."""

    everywhere: bool
    operator_namespace: str
    lens: Lens
    wait_seconds: float


def check_all(settings: Settings, scope: Scope, form: Form) -> None:
    """Run all checks, show the results, end with NEGATIVE if one failed."""
    terminal = Terminal.open(settings)
    results = with_cluster(settings, lambda cluster: _results(cluster, settings, scope))
    if form in {Form.JSON, Form.YAML}:
        terminal.write(as_data(results), Output(form))
    else:
        shown = [r for r in results if form is Form.TABLE or _needs_a_look(r)]
        terminal.show(drawn_results(tuple(shown), terminal.glyphs))
        terminal.say(sums(results))
    if has_failed(results):
        raise click.exceptions.Exit(Exit.NEGATIVE)


async def _results(cluster: Cluster, settings: Settings, scope: Scope) -> tuple[Result, ...]:
    lens, clock = scope.lens, SystemClock()
    metrics = opened_metrics(lens)
    site = Site(
        cluster=cluster,
        namespace=None if scope.everywhere else namespace_of(settings),
        operator_namespace=scope.operator_namespace,
        metrics=metrics,
        build_info=BuildInfo(lens.url, credentials(lens)) if lens.url else None,
        scrape_seconds=lens.scrape_seconds,
        clock=clock,
    )
    try:
        return await run_until_passed(site, clock, scope.wait_seconds)
    finally:
        await metrics.close()


def as_data(results: tuple[Result, ...]) -> JsonObject:
    """Return results as data."""
    sums_by_outcome = {str(outcome): number for outcome, number in count(results).items()}
    return {"checks": [result.to_json() for result in results], "count": sums_by_outcome}


def sums(results: tuple[Result, ...]) -> str:
    """Return how many checks ended in which way."""
    numbers = count(results)
    return ", ".join(f"{numbers[outcome]} {outcome}" for outcome in Outcome if numbers[outcome])


def drawn_results(results: tuple[Result, ...], glyphs: Glyphs) -> RenderableType:
    """Draw results by category; what is not well has a line that says what to do."""
    lines: list[Text] = []
    for category, group in groupby(results, key=lambda result: result.row.category):
        lines.append(Text(category, "bold"))
        for result in group:
            lines.extend(_drawn(result, glyphs))
    return Group(*lines)


def _drawn(result: Result, glyphs: Glyphs) -> tuple[Text, ...]:
    symbol, state = {
        Outcome.PASSED: (glyphs.passed, State.HEALTHY),
        Outcome.WARNED: (glyphs.warned, State.PAUSED),
        Outcome.FAILED: (glyphs.failed, State.DEGRADED),
        Outcome.SKIPPED: (glyphs.skipped, State.UNKNOWN),
    }[result.finding.outcome]
    finding = result.finding
    claim = f"  {symbol} {result.row.claim}"
    line = Text.assemble((claim, STYLES[state]), f": {finding.message}")
    if not finding.fix:
        return (line,)
    return (line, Text(f"      fix: {finding.fix}"))


def _needs_a_look(result: Result) -> bool:
    return result.finding.outcome in {Outcome.WARNED, Outcome.FAILED}
