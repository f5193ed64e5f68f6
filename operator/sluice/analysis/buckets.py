"""Latency from histograms: requests slower than a bucket bound are counted, no quantile is guessed.

«99% faster than 1 s» is «at most 1% slower than 1 s»: counts, so everything said of errors holds.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from sluice.analysis.samples import is_count
from sluice.analysis.slo import ArmData
from sluice.model.metrics import Labels, Series

_NOT_OF_THE_HISTOGRAM = ("__name__", "le")

Bounds: TypeAlias = dict[float, Series]


@dataclass(frozen=True, slots=True)
class Histogram:
    """One histogram of one target: its `_count` and its buckets by upper bound in seconds."""

    count: Series
    buckets: Bounds

    def finite_bounds(self) -> set[float]:
        """Return the bounds at which slow requests can be told from fast ones."""
        return {bound for bound in self.buckets if math.isfinite(bound)}


def histograms_of(arm: ArmData) -> tuple[Histogram, ...]:
    """Return the histograms of an arm that have both a count and buckets."""
    buckets: dict[Labels, Bounds] = {}
    for series in arm.part.series:
        bound = _bound_of(series)
        if not math.isnan(bound):
            buckets.setdefault(_histogram_labels(series), {})[bound] = series
    found = ((series, buckets.get(_histogram_labels(series))) for series in arm.total.series)
    return tuple(Histogram(count, bounds) for count, bounds in found if bounds)


def snapped_bound(wanted_seconds: float, histograms: Iterable[Histogram]) -> float | None:
    """Return the bound that all histograms have and that is nearest above the wanted one.

    Without one above, the largest below; None when they have no bound in common: two layouts of
    buckets cannot be compared.
    """
    layouts = [histogram.finite_bounds() for histogram in histograms]
    common = set.intersection(*layouts) if layouts else set()
    above = [bound for bound in common if bound >= wanted_seconds]
    return min(above) if above else max(common, default=None)


def paired(count: Series, bucket: Series) -> tuple[Series, Series]:
    """Return both counters reduced to the samples in which both are known.

    Answers to two queries may differ by a scrape; a request that is counted and not yet in its
    bucket would look slow.
    """
    if count.timestamps == bucket.timestamps and _sound(count) and _sound(bucket):
        return count, bucket
    fast = dict(zip(bucket.timestamps, bucket.values, strict=True))
    rows = [
        (instant, value, fast[instant])
        for instant, value in zip(count.timestamps, count.values, strict=True)
        if instant in fast
    ]
    unknown = math.nan
    known = [
        (t, a, b) if is_count(a) and is_count(b) else (t, unknown, unknown) for t, a, b in rows
    ]
    times = tuple(row[0] for row in known)
    return (
        Series(count.labels, times, tuple(row[1] for row in known)),
        Series(bucket.labels, times, tuple(row[2] for row in known)),
    )


def _sound(series: Series) -> bool:
    return all(map(is_count, series.values))


def _bound_of(series: Series) -> float:
    """Return the upper bound of a bucket in seconds, NaN for a series that is no bucket."""
    try:
        return float(series.label("le"))
    except ValueError:
        return math.nan


def _histogram_labels(series: Series) -> Labels:
    return tuple(pair for pair in series.labels if pair[0] not in _NOT_OF_THE_HISTOGRAM)
