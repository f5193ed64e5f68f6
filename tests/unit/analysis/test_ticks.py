import pytest

from sluice.analysis.ticks import Beat
from sluice.model.metrics import Series
from tests.unit.analysis.counters import EPOCH, series

CLOCK = Beat(15.0, with_samples=False)
GATEWAY = Beat(15.0, with_samples=True)


def at(*seconds: float) -> Series:
    """A series with samples at these seconds after EPOCH."""
    times = tuple(EPOCH + second for second in seconds)
    return Series((), times, (1.0,) * len(times))


@pytest.mark.parametrize(
    ("found", "start", "covered", "ends"),
    [
        pytest.param([at(3, 18, 33)], 0, 46, [15, 30, 45], id="multiples of the interval"),
        pytest.param([at(3, 18, 33)], 7, 40, [15, 30], id="the first tick may be short"),
        pytest.param([at(3, 18, 33)], 15, 40, [30], id="goes on from the end of a tick"),
        pytest.param([at(3, 18, 33)], 0, 29, [15], id="a tick that is not over is not closed"),
        pytest.param(
            [at(3, 18, 33), at(9, 24)], 0, 46, [15, 30], id="waits for a sample that is due"
        ),
        pytest.param(
            [at(3, 18, 33), at(9, 24)], 0, 47, [15, 30, 45], id="two seconds at most, then carries"
        ),
        pytest.param(
            [at(15, 30)], 0, 44, [15, 30], id="a sample at the very end of a tick belongs to it"
        ),
        pytest.param([at(3), at(18, 33, 48)], 0, 60, [15, 30, 45, 60], id="a pod that is gone"),
        pytest.param([], 0, 31, [15, 30], id="without any series the clock goes on"),
        pytest.param([at(3)], 60, 31, [], id="nothing new"),
    ],
)
def test_ticks_of_pods_end_with_the_clock(
    found: list[Series], start: float, covered: float, ends: list[float]
) -> None:
    closed = CLOCK.ends(EPOCH + start, found, EPOCH + covered)

    assert [end - EPOCH for end in closed] == ends


@pytest.mark.parametrize(
    ("found", "start", "covered", "ends"),
    [
        pytest.param([at(3, 18, 33)], 0, 34, [3, 18, 33], id="with each sample"),
        pytest.param([at(3, 18, 33)], 3, 34, [18, 33], id="goes on after the last one"),
        pytest.param([at(3, 18, 33), at(3, 18, 33)], 0, 34, [3, 18, 33], id="series of one scrape"),
        pytest.param(
            [at(3, 18, 33), at(9, 24, 39)],
            0,
            40,
            [3, 18, 33],
            id="replicas of the gateway share the ticks of the first",
        ),
        pytest.param(
            [at(3, 18), at(9, 24, 39)],
            0,
            60,
            [3, 18, 39],
            id="of the second when the first is gone",
        ),
        pytest.param(
            [at(3, 18, 33), at(3, 18)], 0, 34, [3, 18], id="a scrape that is half visible waits"
        ),
        pytest.param(
            [at(3, 18, 33), at(3, 18)], 0, 35, [3, 18, 33], id="and is taken two seconds later"
        ),
        pytest.param([at(3, 18, 63)], 0, 64, [3, 18, 63], id="a gap makes a long tick"),
        pytest.param([at(3, 18, 33)], 0, 20, [3, 18], id="not before it was asked"),
        pytest.param([], 0, 60, [], id="without any series there is no tick"),
    ],
)
def test_ticks_of_a_gateway_end_with_its_samples(
    found: list[Series], start: float, covered: float, ends: list[float]
) -> None:
    # The first tick may begin long before the first sample.
    closed = GATEWAY.ends(EPOCH + (start or -60), found, EPOCH + covered)

    assert [end - EPOCH for end in closed] == ends


@pytest.mark.parametrize("interval", [0.1, 0.3, 1.0, 7.0])
def test_no_tick_is_empty_whatever_the_interval(interval: float) -> None:
    beat, start = Beat(interval, with_samples=False), EPOCH
    for _ in range(50):
        following = beat.ends(start, [], start + 1.5 * interval)
        assert following
        assert following[0] > start
        start = following[0]

    assert start == pytest.approx(EPOCH + 50 * interval, abs=interval)


def test_a_beat_ignores_series_without_samples() -> None:
    assert CLOCK.ends(EPOCH, [series([])], EPOCH + 16) == [EPOCH + 15]
