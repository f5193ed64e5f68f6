"""What the answers say of one SLO: the series of both arms that are compared, and how far."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from math import fsum

from sluice.analysis.buckets import Histogram, histograms_of, paired, snapped_bound
from sluice.analysis.counts import Counts
from sluice.analysis.samples import increments
from sluice.analysis.scrapes import Scrapes, scrapes_of
from sluice.analysis.slo import Measure, Slo, SloData
from sluice.model.metrics import Series

_ANY = Slo(name="requests", critical=False, measure=Measure.ERRORS, max_share=1.0, per_backend=True)


@dataclass(frozen=True, slots=True)
class Arm:
    """The counters of one arm.

    total: all requests. part: the bad ones (ERRORS), or those within the bound (LATENCY).
    """

    total: tuple[Series, ...]
    part: tuple[Series, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """The counters of both arms for one SLO.

    bound_seconds: the bucket bound that stands for the SLO's; None for ERRORS, or if there is none.
    note: how the reading differs from what was asked for, empty when it does not.
    """

    slo: Slo
    scrape_seconds: float
    canary: Arm
    stable: Arm
    scrapes: Scrapes
    bound_seconds: float | None
    note: str

    @property
    def series(self) -> tuple[Series, ...]:
        """Return every series that is compared."""
        arms = (self.canary, self.stable)
        return tuple(series for arm in arms for series in (*arm.total, *arm.part))

    def counts(
        self, arm: Arm, start: float, ends: Sequence[float], from_instant: Callable[[Series], float]
    ) -> list[Counts]:
        """Return what an arm did in each of the consecutive ticks that follow `start`.

        from_instant: since when a series counts; an increment that began earlier is left out.
        """
        totals = self._sums(arm.total, start, ends, from_instant)
        parts = self._sums(arm.part, start, ends, from_instant)
        if self.slo.measure is Measure.LATENCY:
            parts = [total - part for total, part in zip(totals, parts, strict=True)]
        return [
            Counts(min(max(part, 0.0), total), total)
            for part, total in zip(parts, totals, strict=True)
        ]

    def _sums(
        self,
        group: tuple[Series, ...],
        start: float,
        ends: Sequence[float],
        from_instant: Callable[[Series], float],
    ) -> list[float]:
        amounts: list[list[float]] = [[] for _ in ends]
        for series in group if ends else ():
            earliest = from_instant(series)
            for since, until, amount in increments(
                series, self.scrapes, start, self.scrape_seconds
            ):
                if until > ends[-1]:
                    break
                if since >= earliest:
                    amounts[bisect_left(ends, until)].append(amount)
        return [fsum(found) for found in amounts]


def read(slo: Slo, data: SloData, scrape_seconds: float) -> Reading:
    """Return the counters that an SLO is judged by."""
    canary, stable, bound = _arms(slo, data)
    return Reading(slo, scrape_seconds, canary, stable, scrapes_of(data), bound, _note(slo, bound))


def requests(data: SloData, scrape_seconds: float) -> Reading:
    """Return the counters of requests; those of bad ones only where no SLO says what bad is."""
    canary, stable = (
        Arm(arm.total.series, tuple(one for one in arm.part.series if not one.label("le")))
        for arm in (data.canary, data.stable)
    )
    return Reading(_ANY, scrape_seconds, canary, stable, scrapes_of(data), None, "")


def window(reading: Reading, after: float, until: float) -> tuple[Counts, Counts]:
    """Return what the canary and the stable arm did wholly between two instants."""
    (canary,) = reading.counts(reading.canary, after, (until,), lambda _: after)
    (stable,) = reading.counts(reading.stable, after, (until,), lambda _: after)
    return canary, stable


def _arms(slo: Slo, data: SloData) -> tuple[Arm, Arm, float | None]:
    if slo.bound_seconds is None:
        canary, stable = (
            Arm(arm.total.series, arm.part.series) for arm in (data.canary, data.stable)
        )
        return canary, stable, None
    histograms = [histograms_of(arm) for arm in (data.canary, data.stable)]
    bound = snapped_bound(slo.bound_seconds, chain.from_iterable(histograms))
    canary, stable = (_latency_arm(found, bound) for found in histograms)
    return canary, stable, bound


def _latency_arm(histograms: tuple[Histogram, ...], bound: float | None) -> Arm:
    if bound is None:
        return Arm((), ())
    pairs = [paired(one.count, one.buckets[bound]) for one in histograms]
    return Arm(tuple(count for count, _ in pairs), tuple(bucket for _, bucket in pairs))


def _note(slo: Slo, bound: float | None) -> str:
    if bound is None or slo.bound_seconds is None or bound == slo.bound_seconds:
        return ""
    wanted = f"{slo.bound_seconds:g}s"
    return f"judged at {bound:g}s: {wanted} is not a bucket bound of both versions"
