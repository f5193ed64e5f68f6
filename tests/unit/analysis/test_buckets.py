import math
from dataclasses import replace

import pytest

from sluice.analysis.buckets import histograms_of, paired, snapped_bound
from sluice.analysis.counts import Counts
from sluice.analysis.judge import traffic
from sluice.analysis.reading import read, window
from sluice.analysis.slo import ArmData, Measure, Slo, SloData
from sluice.model.metrics import Series
from tests.unit.analysis.counters import (
    EPOCH,
    ERRORS,
    LATENCY,
    NAN,
    answer,
    counter,
    gateway,
    histogram_arm,
    series,
)

STEPS = [(10.0, 2.0)] * 5


@pytest.mark.parametrize(
    ("canary", "stable", "bound"),
    [
        pytest.param(("0.5", "1.0", "+Inf"), ("0.5", "1", "+Inf"), 1.0, id="the bound itself"),
        pytest.param(("0.5", "2.5", "5", "+Inf"), ("0.5", "2.5", "5"), 2.5, id="the next above"),
        pytest.param(("0.1", "0.5", "+Inf"), ("0.1", "0.5"), 0.5, id="the largest, if none above"),
        pytest.param(("1.0", "2.5"), ("0.5", "2.5"), 2.5, id="one that both versions have"),
        pytest.param(("1.0",), ("0.5",), None, id="none if they have nothing in common"),
        pytest.param(("+Inf",), ("1.0",), None, id="none if one has no finite bound"),
        pytest.param(
            ("1.0", "nonsense"), ("1.0",), 1.0, id="a bound that is no number is left out"
        ),
    ],
)
def test_the_bound_is_snapped(
    canary: tuple[str, ...], stable: tuple[str, ...], bound: float | None
) -> None:
    histograms = [
        *histograms_of(histogram_arm_with(canary)),
        *histograms_of(histogram_arm_with(stable)),
    ]

    assert snapped_bound(1.0, histograms) == bound


def histogram_arm_with(bounds: tuple[str, ...]) -> ArmData:
    buckets = [series([1.0], le=bound, __name__="x_bucket") for bound in bounds]
    return ArmData(answer(series([1.0], __name__="x_count")), answer(*buckets))


def test_without_histograms_there_is_no_bound() -> None:
    assert snapped_bound(1.0, []) is None


def test_slow_requests_are_those_beyond_the_bound() -> None:
    data = SloData(histogram_arm("canary", STEPS), histogram_arm("stable", [(90.0, 1.0)] * 5))

    canary, stable = window(read(LATENCY, data, 1.0), EPOCH, EPOCH + 5)

    assert canary == Counts(10.0, 50.0)
    assert stable == Counts(5.0, 450.0)


@pytest.mark.parametrize(
    ("wanted", "note"),
    [
        pytest.param(1.0, "", id="nothing to say when it is a bound"),
        pytest.param(
            0.25,
            "judged at 1s: 0.25s is not a bucket bound of both versions",
            id="says which bound stands for it",
        ),
    ],
)
def test_the_reading_says_when_the_bound_is_another(wanted: float, note: str) -> None:
    data = SloData(histogram_arm("canary", STEPS), histogram_arm("stable", STEPS))

    assert read(replace(LATENCY, bound_seconds=wanted), data, 1.0).note == note


@pytest.mark.parametrize(
    ("count", "bucket", "kept"),
    [
        pytest.param([1.0, 2.0], [1.0, 2.0], [(1.0, 1.0), (2.0, 2.0)], id="both know all"),
        pytest.param([1.0, 2.0, 3.0], [1.0, 2.0], [(1.0, 1.0), (2.0, 2.0)], id="a scrape behind"),
        pytest.param([2.0], [None, 1.0], [], id="nothing in common"),
    ],
)
def test_counts_and_buckets_are_compared_where_both_are_known(
    count: list[float | None], bucket: list[float | None], kept: list[tuple[float, float]]
) -> None:
    pair = paired(series(count), series(bucket))

    assert list(zip(pair[0].values, pair[1].values, strict=True)) == kept


def test_a_broken_value_of_one_is_unknown_in_both() -> None:
    count, bucket = paired(series([1.0, 2.0, 3.0]), series([1.0, NAN, 3.0]))

    assert list(map(math.isnan, count.values)) == [False, True, False]
    assert list(map(math.isnan, bucket.values)) == [False, True, False]


def test_buckets_that_come_late_make_no_slow_requests() -> None:
    whole = histogram_arm("canary", STEPS)
    late = tuple(
        Series(one.labels, one.timestamps[:-1], one.values[:-1]) for one in whole.part.series
    )
    data = SloData(ArmData(whole.total, answer(*late)), histogram_arm("stable", STEPS))

    canary, _ = window(read(LATENCY, data, 1.0), EPOCH, EPOCH + 5)

    assert canary == Counts(8.0, 40.0)


def test_bad_requests_are_never_more_than_all() -> None:
    data = gateway([(0.0, 5.0)], [(3.0, 1.0)])

    assert window(read(ERRORS, data, 1.0), EPOCH, EPOCH + 1)[0] == Counts(0.0, 0.0)


@pytest.mark.parametrize("bound", [None, 1.0])
def test_a_bound_belongs_to_latency_alone(bound: float | None) -> None:
    measure = Measure.LATENCY if bound is None else Measure.ERRORS
    with pytest.raises(ValueError, match="bound_seconds"):
        Slo(
            name="x",
            critical=True,
            measure=measure,
            max_share=0.01,
            per_backend=True,
            bound_seconds=bound,
        )


@pytest.mark.parametrize(
    ("after", "until", "canary"),
    [
        pytest.param(0, 5, Counts(10.0, 50.0), id="all of it"),
        pytest.param(1, 3, Counts(4.0, 20.0), id="between two scrapes"),
        pytest.param(0.5, 3, Counts(4.0, 20.0), id="not what began before"),
        pytest.param(5, 9, Counts(0.0, 0.0), id="nothing after the last sample"),
    ],
)
def test_traffic_is_what_lies_wholly_between_two_instants(
    after: float, until: float, canary: Counts
) -> None:
    data = gateway(STEPS, STEPS)

    assert traffic(data, EPOCH + after, EPOCH + until, 1.0)[0] == canary


def test_traffic_of_histograms_counts_requests_only() -> None:
    data = SloData(histogram_arm("canary", STEPS), histogram_arm("stable", STEPS))

    assert traffic(data, EPOCH, EPOCH + 5, 1.0) == (Counts(0.0, 50.0), Counts(0.0, 50.0))


def test_a_count_without_buckets_is_no_histogram() -> None:
    arm = ArmData(answer(counter([1.0])), answer())

    assert histograms_of(arm) == ()
