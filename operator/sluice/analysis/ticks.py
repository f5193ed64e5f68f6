"""Ticks: the instants at which both arms are compared, and what each arm did in between.

Counters in pods are scraped at different phases: their ticks end at wall-clock multiples of the
scrape interval. A gateway's counters change for both arms with one scrape: their ticks end with it,
half an interval sooner on average.
"""

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sluice.analysis.counts import Counts
from sluice.model.metrics import Series

GRACE_SECONDS = 2.0
"""How long a tick waits for a sample that is due (at most one interval): scrapes take time, and
the answers to several queries are not of the same instant."""

_NEXT_SCRAPE = 0.75
"""Samples less than this part of an interval apart are of one tick (several gateway replicas)."""

_ROUNDING = 1e-3
"""The end of a tick divided by the interval is a whole number up to this error."""


@dataclass(frozen=True, slots=True)
class Tick:
    """What both arms did after `start` and until `end` (seconds since the epoch)."""

    start: float
    end: float
    canary: Counts
    stable: Counts

    @property
    def seconds(self) -> float:
        """Return the tick's length."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class _Wait:
    """No tick ends later than `until` before `deadline` is over."""

    until: float
    deadline: float


@dataclass(frozen=True, slots=True)
class Beat:
    """How ticks follow each other.

    with_samples: with the samples of a gateway, else at wall-clock multiples of the interval.
    """

    scrape_seconds: float
    with_samples: bool

    def ends(self, start: float, series: Sequence[Series], covered_until: float) -> list[float]:
        """Return the ends of the ticks after `start` that can be closed by now."""
        horizon = self._horizon(series, covered_until)
        if self.with_samples:
            return list(self._scraped(start, series, horizon))
        return list(self._on_the_clock(start, horizon))

    def _on_the_clock(self, start: float, horizon: float) -> Iterator[float]:
        number = math.floor(start / self.scrape_seconds + _ROUNDING) + 1
        while (end := number * self.scrape_seconds) <= horizon:
            yield end
            number += 1

    def _scraped(self, start: float, series: Iterable[Series], horizon: float) -> Iterator[float]:
        end = start
        for instant in sorted(_sampled(series, start, horizon)):
            if instant - end >= _NEXT_SCRAPE * self.scrape_seconds:
                end = instant
                yield end

    def _horizon(self, series: Iterable[Series], covered_until: float) -> float:
        """Return until when everything is there, or no longer waited for.

        A series whose next sample is due keeps ticks open for a short time. One that is gone (a
        deleted pod) is carried with its last value and never stops judging.
        """
        last = {one.timestamps[-1] for one in series if one.timestamps}
        waiting = (self._wait(sample) for sample in last)
        open_at = (wait.until for wait in waiting if covered_until < wait.deadline)
        return min(covered_until, min(open_at, default=covered_until))

    def _wait(self, sample: float) -> "_Wait":
        """Return how long a series whose last sample is this one keeps ticks open."""
        interval = self.scrape_seconds
        patience = interval + min(GRACE_SECONDS, interval)
        if self.with_samples:
            return _Wait(sample + _NEXT_SCRAPE * interval, sample + patience)
        end = math.ceil(sample / interval - _ROUNDING) * interval
        return _Wait(end, end + patience)


def _sampled(series: Iterable[Series], after: float, until: float) -> set[float]:
    instants: set[float] = set()
    for one in series:
        times = one.timestamps
        instants.update(times[bisect_right(times, after) : bisect_right(times, until)])
    return instants
