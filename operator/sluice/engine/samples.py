"""The samples of one query as they pile up: overlapping answers become one series each."""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field

from sluice.model.metrics import Labels, MetricAnswer, Series


@dataclass(slots=True)
class SampleStore:
    """Series by labels, and between which instants they are complete (0, 0: nothing is known)."""

    covered_from: float = 0.0
    covered_until: float = 0.0
    failing_since: float | None = None
    error: str = ""
    _series: dict[Labels, Series] = field(default_factory=dict)

    def merge(self, answer: Iterable[Series], start: float, end: float) -> bool:
        """Take in an answer about [start, end]; return whether it holds anything new.

        start <= covered_until, unless nothing is known yet: coverage has no holes.
        """
        first = self.covered_until == 0.0
        new = [self._merge_series(series) for series in answer if series.timestamps]
        self.covered_from = start if first else min(start, self.covered_from)
        self.covered_until = max(end, self.covered_until)
        return first or any(new)

    def trim(self, before: float) -> None:
        """Forget samples older than `before`, and series that have none left."""
        if before <= self.covered_from:
            return
        self.covered_from = min(before, self.covered_until)
        kept = {}
        for labels, series in self._series.items():
            index = bisect_left(series.timestamps, before)
            if index < len(series.timestamps):
                kept[labels] = series if index == 0 else _tail(series, index)
        self._series = kept

    def latest(self) -> tuple[float, ...]:
        """Return the instant of the newest sample of each series."""
        return tuple(series.timestamps[-1] for series in self._series.values())

    def answer(self) -> MetricAnswer:
        """Return all of it as a value; series in the order of their labels."""
        return MetricAnswer(
            series=tuple(self._series[labels] for labels in sorted(self._series)),
            covered_from=self.covered_from,
            covered_until=self.covered_until,
            failing_since=self.failing_since,
            error=self.error,
        )

    def _merge_series(self, new: Series) -> bool:
        old = self._series.get(new.labels)
        if old is None:
            self._series[new.labels] = new
            return True
        merged = _joined(old, new)
        if len(merged.timestamps) == len(old.timestamps):
            return False
        self._series[new.labels] = merged
        return True


def _joined(old: Series, new: Series) -> Series:
    """Return both in one; where they overlap there is one sample for each instant."""
    index = bisect_left(old.timestamps, new.timestamps[0])
    overlap = dict(zip(old.timestamps[index:], old.values[index:], strict=True))
    overlap.update(zip(new.timestamps, new.values, strict=True))
    instants = sorted(overlap)
    return Series(
        labels=old.labels,
        timestamps=old.timestamps[:index] + tuple(instants),
        values=old.values[:index] + tuple(overlap[instant] for instant in instants),
    )


def _tail(series: Series, index: int) -> Series:
    return Series(series.labels, series.timestamps[index:], series.values[index:])
