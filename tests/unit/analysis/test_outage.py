import pytest

from sluice.analysis.counts import Counts
from sluice.analysis.outage import NO_STREAK, Streak, extend, is_outage
from sluice.analysis.ticks import Tick
from sluice.analysis.trial import Outage

RULE = Outage(above=0.3, for_seconds=4.0)
QUIET = Counts(0.0, 90.0)


def streak_of(
    ticks: list[tuple[float, float]], seconds: float = 1.0, stable: Counts = QUIET
) -> Streak:
    """The streak after ticks with (bad, total) requests of the canary."""
    streak = NO_STREAK
    for number, (bad, total) in enumerate(ticks):
        tick = Tick(number * seconds, (number + 1) * seconds, Counts(bad, total), stable)
        streak = extend(streak, tick, RULE, seconds)
    return streak


@pytest.mark.parametrize(
    ("ticks", "out"),
    [
        pytest.param([(10, 10)] * 4, True, id="everything fails for four seconds"),
        pytest.param([(3, 10)] * 4, True, id="exactly at the share, exactly enough bad requests"),
        pytest.param([(10, 10)] * 3, False, id="three seconds are too short"),
        pytest.param([(2, 10)] * 20, False, id="below the share, however long"),
        pytest.param([(1, 1)] * 11, False, id="eleven bad requests are too few"),
        pytest.param([(1, 1)] * 12, True, id="twelve are enough"),
        pytest.param(
            [(10, 10)] * 3 + [(2, 10)] + [(10, 10)] * 3, False, id="one better tick ends it"
        ),
        pytest.param(
            [(10, 10)] * 3 + [(0, 0)] + [(10, 10)] * 3, False, id="a tick without requests too"
        ),
        pytest.param([(0, 10)] * 5 + [(10, 10)] * 4, True, id="after a good time"),
        pytest.param([(10, 10)] * 4 + [(0, 10)], False, id="not any more when it is over"),
    ],
)
def test_an_outage_at_one_second(ticks: list[tuple[float, float]], *, out: bool) -> None:
    assert is_outage(streak_of(ticks), RULE, 1.0) is out


@pytest.mark.parametrize(
    ("ticks", "out"),
    [
        pytest.param([(150, 150)], True, id="a tick with many bad requests is enough"),
        pytest.param([(48, 160)], True, id="exactly at share and number"),
        pytest.param([(47, 150)], False, id="a burst of retries in one tick is not"),
        pytest.param([(15, 15)] * 2, True, id="two ticks of a small service are"),
    ],
)
def test_an_outage_at_fifteen_seconds(ticks: list[tuple[float, float]], *, out: bool) -> None:
    assert is_outage(streak_of(ticks, 15.0), RULE, 15.0) is out


@pytest.mark.parametrize(
    ("stable_bad", "out"),
    [
        pytest.param(22, True, id="stable fails under a quarter of it"),
        pytest.param(23, False, id="stable fails more: both are hit"),
    ],
)
def test_an_outage_is_the_canarys_own(stable_bad: float, *, out: bool) -> None:
    streak = streak_of([(10, 10)] * 4, stable=Counts(stable_bad, 90.0))

    assert is_outage(streak, RULE, 1.0) is out


def test_an_outage_needs_no_stable_arm() -> None:
    assert is_outage(streak_of([(10, 10)] * 4, stable=Counts(0.0, 0.0)), RULE, 1.0)


def test_scrapes_a_little_early_do_not_cost_a_tick() -> None:
    streak = NO_STREAK
    for number in range(4):
        start = number * 0.99
        tick = Tick(start, start + 0.99, Counts(10.0, 10.0), QUIET)
        streak = extend(streak, tick, RULE, 1.0)

    assert is_outage(streak, RULE, 1.0)


def test_a_tick_that_spans_missed_scrapes_counts_as_one() -> None:
    tick = Tick(0.0, 10.0, Counts(100.0, 100.0), QUIET)

    assert extend(NO_STREAK, tick, RULE, 1.0).seconds == 1.0
