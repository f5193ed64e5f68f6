"""Outage: a canary that mostly fails, for seconds on end, while stable does not.

Evidence needs a few ticks more, since it must not be taken in by bursts. Counted where both arms
are counted alike, at the gateway, for a pod that is down reports nothing.
"""

from dataclasses import dataclass

from sluice.analysis.counts import NONE, Counts
from sluice.analysis.ticks import Tick
from sluice.analysis.trial import Outage

MIN_BAD_REQUESTS = 12
MIN_BAD_IN_ONE_TICK = 48
"""Within one long tick a burst of retries looks like an outage, unless it has so many requests."""

STABLE_SHARE_OF_CANARY = 0.25
"""Stable must fail less than this part of the canary's share, else both are hit alike."""

_JITTER = 0.25
"""Scrapes come a little early or late: by less than this part of the interval."""


@dataclass(frozen=True, slots=True)
class Streak:
    """Consecutive ticks that were each at or above the outage's share."""

    ticks: int = 0
    seconds: float = 0.0
    canary: Counts = NONE
    stable: Counts = NONE


NO_STREAK = Streak()


def extend(streak: Streak, tick: Tick, outage: Outage, scrape_seconds: float) -> Streak:
    """Return the streak after a tick; a tick without requests or below the share ends it.

    A tick that spans missed scrapes counts as one interval: within it, a short burst and a long
    failure look the same.
    """
    if not tick.canary.total or tick.canary.share < outage.above:
        return NO_STREAK
    return Streak(
        streak.ticks + 1,
        streak.seconds + min(tick.seconds, scrape_seconds),
        streak.canary + tick.canary,
        streak.stable + tick.stable,
    )


def is_outage(streak: Streak, outage: Outage, scrape_seconds: float) -> bool:
    """Whether the streak is long enough, has enough bad requests, and is the canary's own."""
    enough = MIN_BAD_REQUESTS if streak.ticks > 1 else MIN_BAD_IN_ONE_TICK
    return (
        streak.canary.bad >= enough
        and streak.seconds >= outage.for_seconds - _JITTER * scrape_seconds
        and streak.stable.share < STABLE_SHARE_OF_CANARY * streak.canary.share
    )
