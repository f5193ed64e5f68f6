import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.analysis.samples import Increment, gap_seconds, increments
from sluice.analysis.scrapes import Scrapes, scrapes_of
from sluice.analysis.slo import ArmData, SloData
from sluice.model.metrics import MetricAnswer, Series
from tests.unit.analysis.counters import EPOCH, NAN, NOTHING, answer, series

BEFORE = EPOCH - 1


def scrapes_from(*answers: MetricAnswer) -> Scrapes:
    """The scrapes that these answers prove."""
    return scrapes_of(SloData(ArmData(answers[0], answers[-1]), ArmData(answers[0], answers[-1])))


def grown(
    values: list[float | None], witness: list[float | None] | None = None, since: float = BEFORE
) -> list[tuple[float, float]]:
    """What a counter grew by: (seconds since EPOCH, amount); witness: another series."""
    one = series(values, code="500")
    other = series([1.0] * len(values) if witness is None else witness, code="200")
    scrapes = scrapes_from(answer(one, other, since=since))
    return [
        (round(found.until - EPOCH, 3), found.amount)
        for found in increments(one, scrapes, BEFORE, 1.0)
    ]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param([5.0, 7.0, 10.0], [(1, 2.0), (2, 3.0)], id="grows between samples"),
        pytest.param([5.0, 5.0], [(1, 0.0)], id="stands still"),
        pytest.param([50.0, 3.0], [(1, 3.0)], id="a lower value was reset to 0 meanwhile"),
        pytest.param([50.0, 0.0, 2.0], [(1, 0.0), (2, 2.0)], id="a reset to 0 and on"),
        pytest.param(
            [None, None, 4.0, 9.0], [(2, 4.0), (3, 5.0)], id="a birth counts its full value"
        ),
        pytest.param(
            [5.0, None, None, 9.0], [(3, 9.0)], id="absent from scrapes, then born again at 0"
        ),
        pytest.param([5.0, NAN, 9.0], [(2, 4.0)], id="NaN is skipped and is no birth"),
        pytest.param([NAN, 6.0, 9.0], [(2, 3.0)], id="NaN first: the value before is unknown"),
        pytest.param([5.0, math.inf, 9.0], [(2, 4.0)], id="infinity is skipped"),
        pytest.param([5.0, -1.0, 9.0], [(2, 4.0)], id="a negative value is skipped"),
        pytest.param([5.0, 1e300, 9.0], [(2, 4.0)], id="a value beyond exact counting is skipped"),
        pytest.param([NAN, NAN], [], id="nothing but NaN"),
        pytest.param([], [], id="no samples"),
    ],
)
def test_increments_with_all_scrapes_successful(
    values: list[float | None], expected: list[tuple[float, float]]
) -> None:
    assert grown(values) == expected


@pytest.mark.parametrize(
    ("values", "witness", "expected"),
    [
        pytest.param(
            [5.0, None, None, 9.0],
            [1.0, None, None, 1.0],
            [(3, 4.0)],
            id="scrapes that failed make a gap: what grew meanwhile counts",
        ),
        pytest.param(
            [50.0, None, None, 9.0],
            [1.0, None, None, 1.0],
            [(3, 9.0)],
            id="a reset within a gap",
        ),
        pytest.param(
            [None, None, None, 9.0],
            [None, None, None, 1.0],
            [],
            id="the first scrape of a target: nothing is known before it",
        ),
        pytest.param(
            [None, None, None, 9.0],
            [1.0, None, None, 1.0],
            [(3, 9.0)],
            id="a birth after failed scrapes",
        ),
        pytest.param(
            [5.0, *[None] * 60, 9.0, 10.0],
            [1.0, *[None] * 60, 1.0, 1.0],
            [(62, 1.0)],
            id="a gap of more than a minute is not judged",
        ),
        pytest.param(
            [5.0, *[None] * 60, 9.0, 10.0],
            [1.0] * 63,
            [(61, 9.0), (62, 1.0)],
            id="a series absent for more than a minute is born again",
        ),
        pytest.param(
            [NAN, *[NAN] * 70, 9.0, 10.0],
            [1.0] * 73,
            [(72, 1.0)],
            id="a minute of NaN leaves nothing to compare with",
        ),
    ],
)
def test_increments_with_failed_scrapes(
    values: list[float | None], witness: list[float | None], expected: list[tuple[float, float]]
) -> None:
    assert grown(values, witness) == expected


def test_nothing_is_known_before_the_edge_of_the_answer() -> None:
    assert grown([None, 100.0, 102.0], since=EPOCH - 0.2) == [(2, 2.0)]


def test_a_series_at_the_edge_of_the_answers_is_no_birth() -> None:
    """The answers to two queries may begin at different instants."""
    late = series([100.0, 101.0], start=EPOCH + 50, code="500")
    witness = series([1.0] * 60, code="200")
    scrapes = scrapes_from(answer(witness), answer(late, since=EPOCH + 49.5, until=EPOCH + 60))

    found = list(increments(late, scrapes, BEFORE, 1.0))

    assert found == [Increment(EPOCH + 50, EPOCH + 51, 1.0)]


def test_series_with_timestamps_of_their_own_are_not_born_with_each_sample() -> None:
    own = series([100.0, 101.0, 102.0], start=EPOCH + 0.3, code="500")
    other = series([1.0] * 4, start=EPOCH, code="200")
    scrapes = scrapes_from(answer(own, other, since=BEFORE))

    assert [found.amount for found in increments(own, scrapes, BEFORE, 1.0)] == [1.0, 1.0]


def test_only_samples_after_the_given_instant_count() -> None:
    one = series([1.0, 2.0, 4.0])

    found = list(increments(one, scrapes_from(answer(one)), EPOCH + 1, 1.0))

    assert found == [Increment(EPOCH + 1, EPOCH + 2, 2.0)]


@given(st.lists(st.one_of(st.none(), st.floats(0, 1000), st.just(NAN)), max_size=80), st.data())
def test_what_was_trimmed_does_not_change_what_is_counted(
    values: list[float | None], data: st.DataObject
) -> None:
    after = EPOCH + data.draw(st.integers(0, 80))
    one, witness = series(values, code="500"), series([1.0] * len(values), code="200")
    oldest = after - gap_seconds(1.0)
    trimmed = [
        Series(
            each.labels,
            tuple(at for at in each.timestamps if at >= oldest),
            tuple(v for at, v in zip(each.timestamps, each.values, strict=True) if at >= oldest),
        )
        for each in (one, witness)
    ]
    whole = scrapes_from(answer(one, witness, since=EPOCH - 100))
    part = scrapes_from(answer(*trimmed, since=max(oldest, EPOCH - 100)))

    assert list(increments(one, whole, after, 1.0)) == list(
        increments(trimmed[0], part, after, 1.0)
    )


def test_an_unknown_target_was_never_scraped() -> None:
    assert scrapes_from(NOTHING).last_before(("job", "instance"), EPOCH) is None


def test_failed_scrapes_prove_nothing() -> None:
    up = series([1.0, 0.0, 1.0], __name__="up")

    scrapes = scrapes_from(answer(up))

    assert scrapes.last_before(("traefik", "gateway"), EPOCH + 2) == EPOCH
    assert scrapes.last_before(("traefik", "gateway"), EPOCH) is None
