"""Silence: requests go to the canary and do not come back.

A request is counted when it is answered. Stable's requests say how many the canary should have
answered meanwhile. Judged at gateways only: there one scrape counts both arms, so what is missing
was not answered; pods that are not scraped are missing metrics, which never fail a rollout.
"""

import math
from bisect import bisect_right
from collections.abc import Iterable

from sluice.analysis.buckets import histograms_of
from sluice.analysis.samples import is_count
from sluice.analysis.slo import ArmData
from sluice.analysis.trial import ALL_TRAFFIC
from sluice.model.metrics import Series

EXPECTED_FOR_FEW = 30.0
FEW_SHARE = 1 / 3
"""So many requests expected and at most this share of them answered is silence."""

EXPECTED_FOR_NONE = 15.0
"""So many requests expected and none answered is silence."""

LEAST_ODDS = 1e6
"""And chance must be as unlikely as this: at 95% weight a single request at stable makes 19
expected ones, although it says next to nothing."""

LEAST_SECONDS = 10.0
SLOW_TIMES = 3
"""The window is at least this long, and this many times what stable's slow requests take."""

_SLOW_QUANTILE = 0.99
_QUANTILE_SECONDS = 60.0


def expected_requests(stable: float, weight: int) -> float:
    """Return how many requests the canary should have answered while stable answered its own."""
    return stable * weight / (ALL_TRAFFIC - weight)


def is_silent(canary: float, stable: float, weight: int) -> bool:
    """Whether the canary answered far too few requests; weight in percent, below 100."""
    expected = expected_requests(stable, weight)
    none = expected >= EXPECTED_FOR_NONE and not canary
    few = expected >= EXPECTED_FOR_FEW and canary <= FEW_SHARE * expected
    return (none or few) and _log_odds(canary, stable, weight / ALL_TRAFFIC) >= math.log(LEAST_ODDS)


def _log_odds(canary: float, stable: float, share: float) -> float:
    """Return the Chernoff bound of a split as uneven as this, as log odds against chance."""
    both = canary + stable
    odds = stable * math.log(stable / (both * (1 - share)))
    return odds + canary * math.log(canary / (both * share)) if canary else odds


def window_seconds(stable_latency: Iterable[ArmData], until: float) -> float:
    """Return how long to wait for answers, infinite if stable's slow requests end in no bucket.

    stable_latency: histograms of the stable arm, none if latency is not measured.
    """
    slow = (_slow_seconds(arm, until) for arm in stable_latency)
    return max(LEAST_SECONDS, SLOW_TIMES * max(slow, default=0.0))


def _slow_seconds(arm: ArmData, until: float) -> float:
    """Return the bucket bound in seconds that 99% of the last minute's requests stay within."""
    total, within = 0.0, dict[float, float]()
    for histogram in histograms_of(arm):
        total += _growth(histogram.count, until)
        for bound, series in histogram.buckets.items():
            within[bound] = within.get(bound, 0.0) + _growth(series, until)
    enough = (bound for bound, count in within.items() if count >= _SLOW_QUANTILE * total)
    return min(enough, default=math.inf) if total else 0.0


def _growth(series: Series, until: float) -> float:
    """Return what a counter grew by in the last minute, 0 after a reset: roughly is enough."""
    last = bisect_right(series.timestamps, until) - 1
    first = max(bisect_right(series.timestamps, until - _QUANTILE_SECONDS) - 1, 0)
    if last <= first or not (is_count(series.values[last]) and is_count(series.values[first])):
        return 0.0
    return max(series.values[last] - series.values[first], 0.0)
