"""Metric questions and their answers: raw counter samples as Prometheus holds them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

Labels: TypeAlias = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, order=True)
class MetricQuery:
    """An instant-vector selector; the adapter adds the range, so answers are raw samples."""

    selector: str


@dataclass(frozen=True, slots=True)
class MetricWant:
    """A question that is due as long as it is wanted.

    since: seconds since the epoch from which samples are needed.
    interval_seconds: how often a fresh answer is needed.
    """

    query: MetricQuery
    since: float
    interval_seconds: float


@dataclass(frozen=True, slots=True)
class Series:
    """One time series: labels sorted by name, timestamps in seconds ascending, one value each."""

    labels: Labels
    timestamps: tuple[float, ...]
    values: tuple[float, ...]

    def label(self, name: str) -> str:
        """Return the label's value, empty when absent (as Prometheus has it)."""
        return next((value for key, value in self.labels if key == name), "")


@dataclass(frozen=True, slots=True)
class MetricAnswer:
    """What is known of one query.

    covered_from, covered_until: the instants between which every sample that Prometheus had at
    the time of asking is in `series`; both 0 while nothing has been answered.
    failing_since: since when questions have failed, with the last error; None while they succeed.
    """

    series: tuple[Series, ...] = ()
    covered_from: float = 0.0
    covered_until: float = 0.0
    failing_since: float | None = None
    error: str = ""


def labels_of(mapping: Mapping[str, str]) -> Labels:
    """Return a label set in the order in which series compare."""
    return tuple(sorted(mapping.items()))
