"""Samples: overlapping answers become what one answer about the whole time would have been."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.engine.samplers import next_question, next_range
from sluice.engine.samples import SampleStore
from sluice.model.metrics import Series

LABELS = (("pod", "a"),)
OTHER = (("pod", "b"),)


def series(*instants: float, labels: tuple[tuple[str, str], ...] = LABELS) -> Series:
    """Return a series whose values are ten times their instants."""
    return Series(labels, instants, tuple(10 * instant for instant in instants))


def test_nothing_is_known_of_a_question_that_was_never_answered() -> None:
    answer = SampleStore().answer()

    assert (answer.series, answer.covered_from, answer.covered_until) == ((), 0.0, 0.0)


@pytest.mark.parametrize(
    ("second", "expected", "new"),
    [
        pytest.param(series(2, 3, 4), series(1, 2, 3, 4), True, id="what is newer is added"),
        pytest.param(series(2, 3), series(1, 2, 3), False, id="what is known is not added twice"),
        pytest.param(
            series(1.5, 3), series(1, 1.5, 2, 3), True, id="a late sample finds its place"
        ),
        pytest.param(series(0.5), series(0.5, 1, 2, 3), True, id="an older one as well"),
        pytest.param(series(), series(1, 2, 3), False, id="an empty series changes nothing"),
    ],
)
def test_joins(second: Series, expected: Series, *, new: bool) -> None:
    store = SampleStore()
    assert store.merge([series(1, 2, 3)], 0, 3)

    assert store.merge([second], 1, 4) is new
    assert store.answer().series == (expected,)
    assert (store.answer().covered_from, store.answer().covered_until) == (0, 4)


def test_the_first_answer_is_news_even_when_it_is_empty() -> None:
    store = SampleStore()

    assert store.merge([], 0, 3)
    assert not store.merge([], 0, 4)


def test_trimming_forgets_samples_series_and_coverage_before_an_instant() -> None:
    store = SampleStore()
    store.merge([series(1, 2, 3), series(1, labels=OTHER)], 0, 3)

    store.trim(2)

    assert store.answer().series == (series(2, 3),)
    assert store.answer().covered_from == 2


instants = st.sets(st.integers(0, 60), max_size=30).map(sorted)


@given(truth=st.tuples(instants, instants), steps=st.lists(st.integers(1, 9), max_size=8))
def test_pieces_with_overlap_equal_the_whole(
    truth: tuple[list[int], list[int]], steps: list[int]
) -> None:
    whole = [series(*truth[0]), series(*truth[1], labels=OTHER)]
    store, now = SampleStore(), 0.0
    for step in steps:
        start, end = next_range(store, 0.0, now + step)
        now += step
        store.merge(_between(whole, start, end), start, end)
        assert end == now

    assert list(store.answer().series) == _between(whole, 0, now) if steps else True


@given(now=st.integers(0, 5000), since=st.integers(0, 5000))
def test_a_backfill_ends_without_holes(now: int, since: int) -> None:
    store, begin, end = SampleStore(), min(now, since) + 1.0, max(now, since) + 1.0
    for _ in range(8):
        start, until = next_range(store, begin, end)
        assert until - start <= 900
        if store.covered_until:
            assert start <= store.covered_until
            assert until >= store.covered_from
        store.merge([], start, until)

    assert (store.covered_from, store.covered_until) == (begin, end)


def _between(whole: list[Series], start: float, end: float) -> list[Series]:
    kept = [[at for at in one.timestamps if start <= at <= end] for one in whole]
    pairs = zip(whole, kept, strict=True)
    return [series(*instants, labels=one.labels) for one, instants in pairs if instants]


@pytest.mark.parametrize(
    ("latest", "expected"),
    [
        pytest.param((), 0.25, id="without series, in a quarter of the interval"),
        pytest.param((99.6,), 0.66, id="when the next sample is due"),
        pytest.param((99.1, 99.9), 0.25, id="not more often than every quarter"),
        pytest.param((99.3, 99.8), 0.36, id="at the nearest of several"),
        pytest.param((98.9,), 0.125, id="soon, when a sample is late"),
        pytest.param((50.0, 99.6), 0.66, id="a series that has ended is not waited for"),
    ],
)
def test_the_next_question_comes(latest: tuple[float, ...], expected: float) -> None:
    assert next_question(latest, now=100.0, interval_seconds=1.0) == pytest.approx(expected)
