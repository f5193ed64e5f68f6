"""Metric questions on their own time: shared, retried, backfilled, and given up."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from sluice.adapters.prometheus import PrometheusError
from sluice.engine.metrics import Metrics
from sluice.engine.samplers import Samplers
from sluice.model.metrics import MetricAnswer, MetricQuery, MetricWant, Series
from sluice.model.references import ObjectRef
from tests.engine.harness import toy_ref
from tests.engine.virtual_time import EPOCH, ManualClock, virtually

QUERY, OTHER_QUERY = MetricQuery("requests_total"), MetricQuery("errors_total")
ONE, TWO = toy_ref("one"), toy_ref("two")
START = EPOCH + 1000


@dataclass
class Target:
    """A Prometheus that scrapes one counter at each full second, whatever is asked."""

    clock: ManualClock
    asked: list[tuple[str, float, float]] = field(default_factory=list)
    failing: str = ""
    hung: bool = False
    born: float = 0.0
    empty: MetricQuery | None = None
    broken: MetricQuery | None = None

    async def samples(self, query: MetricQuery, start: float, end: float) -> tuple[Series, ...]:
        self.asked.append((query.selector, start - START, end - START))
        if self.hung:
            await asyncio.Event().wait()
        if self.failing or query == self.broken:
            raise PrometheusError(self.failing or "broken")
        if query == self.empty:
            return ()
        first, last = max(start, self.born), min(end, self.clock.now())
        instants = tuple(float(at) for at in range(int(-(-first // 1)), int(last) + 1))
        return (Series((), instants, instants),) if instants else ()


@dataclass
class World:
    """Samplers on virtual time."""

    clock: ManualClock = field(default_factory=ManualClock)
    target: Target = field(init=False)
    samplers: Samplers = field(init=False)
    woken: list[tuple[str, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.target = Target(self.clock)
        self.samplers = Samplers(self.target, self.clock, Metrics(), self.wake)

    def wake(self, key: ObjectRef) -> None:
        self.woken.append((key.name, round(self.clock.now() - START, 2)))

    def want(self, key: ObjectRef = ONE, since: float = -5, interval: float = 1.0) -> None:
        self.samplers.want(key, (MetricWant(QUERY, START + since, interval),))

    def answer(self) -> MetricAnswer:
        want = MetricWant(QUERY, 0, 1)
        return self.samplers.answers((want,)).get(QUERY, MetricAnswer())

    def instants(self) -> list[float]:
        (series,) = self.answer().series
        return [instant - START for instant in series.timestamps]

    def run(self, scenario: Callable[[], Awaitable[None]]) -> None:
        async def whole() -> None:
            await scenario()
            self.samplers.stop()

        virtually(self.clock, whole())


def test_the_first_answer_reaches_back_to_where_samples_are_wanted() -> None:
    it = World()

    async def scenario() -> None:
        it.want(since=-5)
        await asyncio.sleep(0.1)
        assert it.instants() == [-5, -4, -3, -2, -1, 0]

    it.run(scenario)
    assert it.woken == [("one", 0.0)]


def test_a_new_sample_is_seen_at_once_and_wakes_those_who_want_it() -> None:
    it = World()

    async def scenario() -> None:
        it.want()
        await asyncio.sleep(3.5)

    it.run(scenario)
    assert it.woken == [("one", 0.0), ("one", 1.06), ("one", 2.06), ("one", 3.06)]
    assert len(it.target.asked) == 4


def test_an_answer_without_anything_new_wakes_nobody() -> None:
    it = World()
    it.target.born = EPOCH + 1_000_000

    async def scenario() -> None:
        it.want()
        await asyncio.sleep(10)

    it.run(scenario)
    assert it.woken == [("one", 0.0)]
    assert len(it.target.asked) >= 39


def test_a_question_without_samples_holds_nobody_up_who_wants_another_one_too() -> None:
    it = World()
    it.target.empty = OTHER_QUERY
    wants = tuple(MetricWant(query, START - 5, 1.0) for query in (QUERY, OTHER_QUERY))

    async def scenario() -> None:
        await asyncio.sleep(0.1)  # or the questions would fall on the scrapes
        it.samplers.want(ONE, wants)
        for second in (1, 2, 3):
            await asyncio.sleep(START + second + 0.07 - it.clock.now())
            answers = it.samplers.answers(wants)
            assert min(answer.covered_until for answer in answers.values()) >= START + second

    it.run(scenario)
    # Once for the sample, once when the other question has been asked up to it.
    assert it.woken[2:] == [("one", at) for second in (1, 2, 3) for at in (second + 0.06,) * 2]


@pytest.mark.timeout(10)  # asked without end, virtual time stands still
def test_a_question_that_fails_is_not_asked_without_end_for_another_ones_samples() -> None:
    it = World()
    it.target.broken = OTHER_QUERY
    wants = tuple(MetricWant(query, START - 5, 1.0) for query in (QUERY, OTHER_QUERY))

    async def scenario() -> None:
        it.samplers.want(ONE, wants)
        await asyncio.sleep(5.5)

    it.run(scenario)
    assert len([1 for selector, *_ in it.target.asked if selector == OTHER_QUERY.selector]) <= 8


def test_equal_questions_are_asked_once_and_wake_everyone() -> None:
    it = World()

    async def scenario() -> None:
        it.want(ONE)
        it.want(TWO)
        await asyncio.sleep(0.1)

    it.run(scenario)
    assert it.target.asked == [("requests_total", -5, 0)]
    assert it.woken == [("one", 0.0), ("two", 0.0)]


def test_someone_who_needs_older_samples_gets_them_at_once() -> None:
    it = World()

    async def scenario() -> None:
        it.want(ONE, since=-5, interval=60)
        await asyncio.sleep(0.5)
        it.want(TWO, since=-20, interval=60)
        await asyncio.sleep(0.01)
        assert it.instants()[0] == -20
        assert it.answer().covered_from == START - 20

    it.run(scenario)
    assert it.target.asked[1][1:] == (-20, -5)


def test_samples_that_nobody_needs_any_more_are_forgotten() -> None:
    it = World()

    async def scenario() -> None:
        it.want(since=-5)
        await asyncio.sleep(0.1)
        it.want(since=0)
        await asyncio.sleep(1)
        assert it.instants() == [0, 1]

    it.run(scenario)


def test_an_outage_is_told_with_its_beginning_and_the_answer_is_kept() -> None:
    it = World()

    async def scenario() -> None:
        it.want()
        await asyncio.sleep(0.5)
        it.target.failing = "HTTP 503: starting"
        await asyncio.sleep(20)
        answer = it.answer()
        assert answer.failing_since is not None
        assert round(answer.failing_since - START, 2) == 1.06
        assert answer.error == "HTTP 503: starting"
        assert it.instants()[-1] == 0

    it.run(scenario)
    assert it.woken == [("one", 0.0), ("one", 1.06)]


def test_after_an_outage_the_gap_is_filled() -> None:
    it = World()

    async def scenario() -> None:
        it.want()
        await asyncio.sleep(0.5)
        it.target.failing = "gone"
        await asyncio.sleep(100)
        it.target.failing = ""
        await asyncio.sleep(6)
        assert it.instants() == list(range(-5, int(it.clock.now() - START) + 1))
        assert it.answer().failing_since is None
        assert it.answer().error == ""

    it.run(scenario)


def test_a_hung_question_holds_up_no_other() -> None:
    it = World()

    async def scenario() -> None:
        it.target.hung = True
        it.want(ONE)
        await asyncio.sleep(0.1)
        it.target.hung = False
        it.samplers.want(TWO, (MetricWant(OTHER_QUERY, START - 5, 1.0),))
        await asyncio.sleep(0.1)

    it.run(scenario)
    assert it.woken == [("two", 0.1)]


def test_a_question_ends_when_nobody_wants_it() -> None:
    it = World()

    async def scenario() -> None:
        it.want(ONE)
        it.want(TWO)
        await asyncio.sleep(0.5)
        it.samplers.drop(ONE)
        await asyncio.sleep(1)
        assert it.instants()[-1] == 1
        it.samplers.want(TWO, ())
        asked = len(it.target.asked)
        await asyncio.sleep(30)
        assert len(it.target.asked) == asked
        assert it.answer() == MetricAnswer()

    it.run(scenario)
    assert it.woken == [("one", 0.0), ("two", 0.0), ("two", 1.06)]


def test_a_fault_of_our_own_is_told_like_an_outage_and_does_not_end_the_question() -> None:
    it = World()
    sound = it.target.samples

    async def broken(query: MetricQuery, start: float, end: float) -> tuple[Series, ...]:
        await sound(query, start, end)
        raise ZeroDivisionError

    async def scenario() -> None:
        it.target.samples = broken  # type: ignore[method-assign]  # the test's own double
        it.want()
        await asyncio.sleep(0.5)
        assert it.answer().error == "ZeroDivisionError"
        it.target.samples = sound  # type: ignore[method-assign]  # the test's own double
        await asyncio.sleep(2)
        assert it.answer().failing_since is None

    it.run(scenario)
