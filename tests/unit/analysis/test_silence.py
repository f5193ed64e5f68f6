import math

import pytest

from sluice.analysis.silence import expected_requests, is_silent, window_seconds
from sluice.analysis.slo import ArmData
from tests.unit.analysis.counters import EPOCH, NAN, answer, histogram_arm, series


@pytest.mark.parametrize(
    ("stable", "weight", "expected"),
    [
        pytest.param(900, 10, 100, id="a ninth at 10%"),
        pytest.param(50, 50, 50, id="as many at 50%"),
        pytest.param(5, 95, 95, id="nineteen times as many at 95%"),
    ],
)
def test_stable_says_how_many_requests_to_expect(
    stable: float, weight: int, expected: float
) -> None:
    assert expected_requests(stable, weight) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("canary", "stable", "weight", "silent"),
    [
        pytest.param(0, 900, 10, True, id="none of a hundred"),
        pytest.param(0, 135, 10, True, id="none of fifteen"),
        pytest.param(0, 134, 10, False, id="none of fewer than fifteen"),
        pytest.param(33, 900, 10, True, id="a third of a hundred"),
        pytest.param(34, 900, 10, False, id="more than a third"),
        pytest.param(1, 261, 10, False, id="one of twenty-nine"),
        pytest.param(10, 270, 10, False, id="ten of thirty may be chance"),
        pytest.param(18, 540, 10, True, id="eighteen of sixty is none"),
        pytest.param(0, 1, 95, False, id="one request at stable says nothing at 95%"),
        pytest.param(0, 6, 95, True, id="six say enough when none came"),
        pytest.param(0, 16, 50, False, id="sixteen coins on one side, looked for a thousand times"),
        pytest.param(0, 20, 50, True, id="twenty coins"),
        pytest.param(0, 0, 10, False, id="no traffic at all"),
    ],
)
def test_silence_is_far_fewer_answers_than_chance_allows(
    canary: float, stable: float, weight: int, *, silent: bool
) -> None:
    assert is_silent(canary, stable, weight) is silent


SLOW = [(10.0, 5.0)] * 60
FAST = [(10.0, 0.0)] * 60


@pytest.mark.parametrize(
    ("arms", "seconds"),
    [
        pytest.param([], 10.0, id="ten seconds when latency is not measured"),
        pytest.param([histogram_arm("stable", FAST)], 10.0, id="ten seconds when all is fast"),
        pytest.param(
            [histogram_arm("stable", SLOW, bounds=("1.0", "5.0", "+Inf"))],
            15.0,
            id="three times what slow requests take",
        ),
        pytest.param(
            [histogram_arm("stable", SLOW, bounds=("0.5", "1.0"))],
            math.inf,
            id="never when slow requests end in no bucket",
        ),
        pytest.param(
            [histogram_arm("stable", SLOW, bounds=("1.0", "+Inf"))],
            math.inf,
            id="never when they end in the last bucket",
        ),
        pytest.param(
            [
                histogram_arm("stable", FAST),
                histogram_arm("stable", SLOW, bounds=("1.0", "5.0", "+Inf")),
            ],
            15.0,
            id="the slowest of several",
        ),
        pytest.param(
            [histogram_arm("stable", [])], 10.0, id="ten seconds when there were no requests"
        ),
    ],
)
def test_how_long_to_wait_for_answers(arms: list[ArmData], seconds: float) -> None:
    assert window_seconds(arms, EPOCH + 60) == seconds


@pytest.mark.parametrize(
    "values",
    [
        pytest.param([100.0, 50.0], id="a counter that was reset"),
        pytest.param([NAN, 50.0], id="a broken first value"),
        pytest.param([50.0, NAN], id="a broken last value"),
        pytest.param([50.0], id="a single sample"),
    ],
)
def test_counters_that_tell_nothing_are_left_out(values: list[float | None]) -> None:
    count = series(values, __name__="x_count")
    bucket = series(values, __name__="x_bucket", le="5.0")

    assert window_seconds([ArmData(answer(count), answer(bucket))], EPOCH + 60) == 10.0
