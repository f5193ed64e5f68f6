"""From the samples of a counter to increments: resets, births, gaps, and values that are none."""

from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from sluice.analysis.scrapes import Scrapes, target_of
from sluice.model.metrics import Series

_LARGEST_EXACT = 2.0**53
"""Beyond it a float no longer counts in ones."""

_MISSED = 1.5
"""A scrape may have been missed between samples that are this many intervals apart."""

_GAP_SECONDS = 60.0
_GAP_INTERVALS = 4


class Increment(NamedTuple):
    """What a counter grew by between two instants (seconds since the epoch).

    A named tuple, unlike other values: thousands are made in each judgement.
    """

    since: float
    until: float
    amount: float


def gap_seconds(scrape_seconds: float) -> float:
    """Return the longest time without a sample across which a counter is still compared.

    What happened in a longer gap is not judged. So a judgement never rests on older samples than
    this, whether they have been trimmed meanwhile or not.
    """
    return max(_GAP_SECONDS, _GAP_INTERVALS * scrape_seconds)


def increments(
    series: Series, scrapes: Scrapes, after: float, scrape_seconds: float
) -> Iterator[Increment]:
    """Yield what a counter grew by with each sample later than `after`.

    NaN, infinite, negative and absurdly large values are treated as if the sample were missing.
    """
    times, values = series.timestamps, series.values
    first = bisect_right(times, after)
    base = _last_count(values, first)
    for index in range(first, len(times)):
        value = values[index]
        if not is_count(value):
            continue
        if base == index - 1 >= 0 and times[index] - times[base] < _MISSED * scrape_seconds:
            since, start = times[base], values[base]
        else:
            origin = _origin(series, index, base, scrapes, scrape_seconds)
            if origin is None:
                base = index
                continue
            since, start = origin
        base = index
        # A counter that fell was reset to 0 since.
        yield Increment(since, times[index], value - start if value >= start else value)


def _origin(
    series: Series, index: int, base: int, scrapes: Scrapes, scrape_seconds: float
) -> tuple[float, float] | None:
    """Return since when and from which value the counter grew to this sample, None if unknown.

    A series that an earlier scrape of its target did not contain was born at 0 since: its full
    value counts, in both arms and for pods of any age (born only in the canary, an incident that
    hits both arms would look like the canary's own).
    """
    now = series.timestamps[index]
    oldest = now - gap_seconds(scrape_seconds)
    previous = max(series.timestamps[index - 1], oldest) if index else oldest
    if now - previous >= _MISSED * scrape_seconds:
        scraped = scrapes.last_before(target_of(series), now - scrape_seconds / 2)
        if scraped is not None and scraped > previous + scrape_seconds / 2:
            # At the edge of what is known, absence says nothing: the answers may begin between
            # the samples of two series.
            known = scrapes.known_from <= min(scraped, now - _MISSED * scrape_seconds)
            return (scraped, 0.0) if known else None
    if base < 0 or series.timestamps[base] < oldest:
        return None
    return series.timestamps[base], series.values[base]


def _last_count(values: tuple[float, ...], end: int) -> int:
    """Return the index of the last real count before `end`, -1 when there is none."""
    return next((index for index in reversed(range(end)) if is_count(values[index])), -1)


def is_count(value: float) -> bool:
    """Whether a sample can be the value of a counter: not negative, NaN, infinite or absurd."""
    return 0.0 <= value <= _LARGEST_EXACT
