import pytest

from sluice.analysis.overdispersion import MOST_PODS, overdispersion
from sluice.analysis.slo import ArmData
from sluice.analysis.trial import phi_without_history
from sluice.model.metrics import MetricAnswer, Series
from tests.unit.analysis.counters import EPOCH, LEAD, POD_ERRORS, answer, counter

HOUR = 240
"""Scrapes of 15 s."""


def pods(*bad: list[float], requests: float = 150.0) -> ArmData:
    """The history of stable pods, each with its bad requests per scrape."""
    totals: list[Series] = []
    bads: list[Series] = []
    for number, one in enumerate(bad):
        # Numbers of two digits: pods are taken in the order of their addresses.
        labels = {"instance": f"10.0.0.{10 + number}", "pod": f"stable-{number}"}
        totals.append(counter([requests] * len(one), step=15.0, **labels))
        bads.append(counter(one, step=15.0, code="500", **labels))
    return ArmData(history(*totals), history(*bads))


def history(*found: Series) -> MetricAnswer:
    """An answer that begins where the counters begin to grow."""
    begin = [Series(one.labels, one.timestamps[LEAD:], one.values[LEAD:]) for one in found]
    return answer(*begin)


def spread(every: int, size: float, offset: int, scrapes: int = HOUR) -> list[float]:
    """Bursts of this size, one in `every` scrapes."""
    return [size if number % every == offset else 0.0 for number in range(scrapes)]


@pytest.mark.parametrize(
    ("arm", "phi"),
    [
        pytest.param(
            pods(spread(1, 1.0, 0), spread(1, 1.0, 0)), 1.0, id="at least one, however even"
        ),
        pytest.param(
            pods(spread(2, 1.0, 0), spread(2, 1.0, 1)), 1.0, id="single bad requests in turn"
        ),
        pytest.param(
            pods(spread(20, 5.0, 0), spread(20, 5.0, 10)),
            5.0,
            id="bursts of five, far apart, weigh five times",
        ),
    ],
)
def test_bursts_raise_overdispersion(arm: ArmData, phi: float) -> None:
    assert overdispersion(POD_ERRORS, arm, 15.0) == pytest.approx(phi)


def test_a_bad_minute_of_one_pod_shows_in_long_blocks() -> None:
    """A bad request in each scrape for five minutes, of one pod and then of the other."""
    first = [1.0 if number // 20 % 2 == 0 else 0.0 for number in range(HOUR)]
    second = [1.0 - one for one in first]

    assert overdispersion(POD_ERRORS, pods(first, second), 15.0) == pytest.approx(20.0)


@pytest.mark.parametrize(
    "arm",
    [
        pytest.param(pods(spread(2, 1.0, 0, 100), spread(2, 1.0, 1, 100)), id="too short"),
        pytest.param(pods(spread(1, 1.0, 0)), id="a single pod"),
        pytest.param(pods([0.0] * HOUR, [0.0] * HOUR), id="no bad requests"),
        pytest.param(pods(spread(120, 1.0, 0), spread(120, 1.0, 60)), id="too few bad requests"),
        pytest.param(
            pods([1.0, 0.0] * 20 + [0.0] * 200, [0.0, 1.0] * 20 + [0.0] * 200),
            id="bad requests in a few minutes only",
        ),
    ],
)
def test_without_enough_history_it_is_assumed(arm: ArmData) -> None:
    assert overdispersion(POD_ERRORS, arm, 15.0) == phi_without_history(15.0)


def test_what_is_known_of_bursts_counts_even_with_little_history() -> None:
    arm = pods(spread(40, 50.0, 0, HOUR), spread(40, 50.0, 20, HOUR))

    assert overdispersion(POD_ERRORS, arm, 15.0) == pytest.approx(50.0)


def test_a_pod_that_was_not_there_is_left_out() -> None:
    away = pods(spread(20, 5.0, 0), spread(20, 5.0, 10), [0.0] * HOUR)
    third = {"instance": "10.0.0.2", "pod": "stable-2"}
    total = history(counter([0.0] * HOUR, step=15.0, **third))
    arm = ArmData(answer(*away.total.series[:2], *total.series), away.part)

    assert overdispersion(POD_ERRORS, arm, 15.0) == pytest.approx(5.0)


def test_pods_beyond_the_tenth_are_left_out() -> None:
    even = [spread(2, 1.0, number % 2) for number in range(MOST_PODS)]
    bursts = [spread(20, 50.0, 0), spread(20, 50.0, 10)]

    assert overdispersion(POD_ERRORS, pods(*even, *bursts), 15.0) < 2.0
    assert overdispersion(POD_ERRORS, pods(*even[2:], *bursts), 15.0) > 2.0


def test_scrapes_rarer_than_blocks_make_longer_blocks() -> None:
    arm = pods(spread(2, 1.0, 0), spread(2, 1.0, 1))

    assert overdispersion(POD_ERRORS, arm, 60.0) == pytest.approx(1.0)


def test_history_begins_where_the_answer_begins() -> None:
    assert pods([1.0]).total.covered_from == EPOCH
