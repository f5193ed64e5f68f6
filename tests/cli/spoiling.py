"""A cluster in which all is right but for one thing, and what a check finds in it."""

import re
from collections.abc import Callable

from sluice.cli.check import rollouts, startup
from sluice.cli.check.findings import Finding, Outcome
from sluice.cli.check.running import STATIC_ROWS, run_row
from sluice.model.json import JsonObject
from tests.cli import site
from tests.cli.server import Cluster

Spoil = Callable[[Cluster], object]


async def found(cluster: Cluster, claim: str, spoil: Spoil) -> Finding:
    """Return what one check finds in a cluster that is all right but for one thing."""
    site.furnish(cluster)
    spoil(cluster)
    async with site.visited(cluster) as place:
        found_rows = (*STATIC_ROWS, *await rollouts.rows(place), *await startup.rows(place))
        rows = {row.claim: row for row in found_rows}
        return await run_row(rows[claim], place)


def assert_failed(finding: Finding, message: str, fix: str) -> None:
    """Check that something is missing, and that what to do about it is said."""
    assert finding.outcome is Outcome.FAILED
    assert message in finding.message
    # The claim is the row's name; what was found needs no second one.
    assert not re.match(r"([A-Z][a-z]+){2,}:", finding.message)
    assert fix in finding.fix


def assert_skipped(finding: Finding, message: str) -> None:
    """Check that something cannot be told, and that it is said why."""
    assert finding.outcome is Outcome.SKIPPED
    assert message in finding.message


def untouched(_: Cluster) -> None:
    """Spoil nothing."""


def without(path: str) -> Spoil:
    return lambda cluster: cluster.http.answers.pop(path)


def answering(path: str, answer: JsonObject) -> Spoil:
    return lambda cluster: cluster.http.answers.update({path: answer})


def denying(right: str) -> Spoil:
    return lambda cluster: cluster.http.denied.add(right)


def refusing(path: str, code: int = 403, reason: str = "Forbidden") -> Spoil:
    return lambda cluster: cluster.http.refusals.update({path: (code, reason)})
