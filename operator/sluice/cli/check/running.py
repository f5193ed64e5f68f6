"""Running the checks: in order, once, or again until they pass or the time is over."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from sluice.adapters.clock import Clock
from sluice.adapters.failures import ForbiddenError, KubeError
from sluice.cli.check import access, admission, installation, rollouts, startup, traffic
from sluice.cli.check.findings import (
    CutShortError,
    Finding,
    Outcome,
    Result,
    Row,
    failed,
    skipped,
)
from sluice.cli.check.site import Site

_PAUSE_SECONDS: Final = 2.0

STATIC_ROWS: Final = (
    *installation.ROWS,
    *admission.ROWS,
    *startup.ROWS,
    *access.ROWS,
    *traffic.ROWS,
)

Sleep = Callable[[float], Awaitable[None]]


async def run_checks(site: Site) -> tuple[Result, ...]:
    """Run every check once. TransientError if the API server does not answer at all."""
    await site.cluster.read("/version")
    rows = (*STATIC_ROWS, *await rollouts.rows(site), *await startup.rows(site))
    return tuple([Result(row, await run_row(row, site)) for row in rows])


async def run_until_passed(
    site: Site, clock: Clock, wait_seconds: float, sleep: Sleep = asyncio.sleep
) -> tuple[Result, ...]:
    """Run every check again until none fails or the time is over; return the last results."""
    deadline = clock.monotonic() + wait_seconds
    while True:
        results = await run_checks(site)
        if not has_failed(results) or clock.monotonic() + _PAUSE_SECONDS > deadline:
            return results
        await sleep(_PAUSE_SECONDS)


def has_failed(results: tuple[Result, ...]) -> bool:
    """Whether any check failed."""
    return any(result.finding.outcome is Outcome.FAILED for result in results)


async def run_row(row: Row, site: Site) -> Finding:
    """Run one check; what keeps it from finding anything is a finding too."""
    try:
        return await row.run(site)
    except ForbiddenError as error:
        return skipped(f"you may not look: {error.message}")
    except CutShortError as end:
        return end.finding
    except (KubeError, ValueError) as error:
        return failed(f"cannot be checked: {error}", "repeat with a reachable API server")
