"""When a target was scraped with success: absence from such a scrape means 0, not «unknown»."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from sluice.analysis.slo import SloData
from sluice.model.metrics import MetricAnswer, Series

Target: TypeAlias = tuple[str, str]
"""What Prometheus scrapes: the labels job and instance."""

_HEALTH_METRIC = "up"
"""Prometheus' own series about a target: 1 after a successful scrape, 0 after a failed one."""

_SUCCESS = 1.0


def target_of(series: Series) -> Target:
    """Return the target that a series was scraped from."""
    return series.label("job"), series.label("instance")


@dataclass(frozen=True, slots=True)
class Scrapes:
    """The successful scrapes of each target, as the sample times of each series that tells them.

    known_from: the instant from which on every scrape is known.
    """

    times: Mapping[Target, tuple[tuple[float, ...], ...]]
    known_from: float

    def last_before(self, target: Target, instant: float) -> float | None:
        """Return the last successful scrape of a target before an instant, None if unknown."""
        found = (
            times[bisect_left(times, instant) - 1]
            for times in self.times.get(target, ())
            if times and times[0] < instant
        )
        return max(found, default=None)


def scrapes_of(data: SloData) -> Scrapes:
    """Return the scrapes that the samples of both arms prove: each sample proves its own."""
    times: dict[Target, list[tuple[float, ...]]] = {}
    for answer in data.answers:
        for series in answer.series:
            times.setdefault(target_of(series), []).append(successes(series))
    return Scrapes(
        {target: tuple(found) for target, found in times.items()},
        max(answer.covered_from for answer in data.answers),
    )


def successes(series: Series) -> tuple[float, ...]:
    """Return the instants at which the series proves a successful scrape."""
    if series.label("__name__") != _HEALTH_METRIC:
        return series.timestamps
    pairs = zip(series.timestamps, series.values, strict=True)
    return tuple(instant for instant, value in pairs if value == _SUCCESS)


def last_scrape(answers: Iterable[MetricAnswer]) -> float | None:
    """Return the newest successful scrape that any series of the answers proves."""
    found = (successes(series)[-1:] for answer in answers for series in answer.series)
    return max((times[0] for times in found if times), default=None)
