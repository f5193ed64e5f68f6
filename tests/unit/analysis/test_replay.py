"""Live and replay are one function: the same samples, the same judgement, bit for bit."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.analysis.checkpoint import Checkpoint, needed_since
from sluice.analysis.judge import judge
from sluice.analysis.slo import ArmData, Slo, SloData
from sluice.analysis.trial import Trial
from sluice.analysis.verdict import Judgement
from sluice.model.json import Body
from sluice.model.metrics import MetricAnswer, Series
from tests.unit.analysis.counters import (
    EPOCH,
    ERRORS,
    LATENCY,
    NAN,
    POD_ERRORS,
    Step,
    arm,
    histogram_arm,
    trial,
)

SECONDS = 100


@dataclass(frozen=True, slots=True)
class World:
    """What Prometheus holds in the end, and by how much samples came late, up to an interval.

    A scrape's samples appear together, but the answers to two queries are of different instants:
    to their reader each series is late in its own way.
    """

    data: dict[str, SloData]
    delays: tuple[float, ...]

    def at(
        self, instant: float, trial_: Trial, checkpoint: Checkpoint | None
    ) -> dict[str, SloData]:
        """What an operator knows at an instant: asked since no earlier than it needs."""
        return {
            name: self._seen(data, needed_since(trial_, checkpoint, name), instant)
            for name, data in self.data.items()
        }

    def _seen(self, data: SloData, since: float, until: float) -> SloData:
        canary, stable = (
            ArmData(self._cut(one.total, since, until), self._cut(one.part, since, until))
            for one in (data.canary, data.stable)
        )
        return SloData(canary, stable)

    def _cut(self, answer: MetricAnswer, since: float, until: float) -> MetricAnswer:
        return replace(
            answer,
            series=tuple(self._known(one, since, until) for one in answer.series),
            covered_from=since,
            covered_until=until,
        )

    def _known(self, one: Series, since: float, until: float) -> Series:
        # Once for each series: the samples of a world are read hundreds of thousands of times.
        place = sum(map(len, map("".join, one.labels)))
        delays, count = self.delays, len(self.delays)
        pairs = [
            (at, value)
            for at, value in zip(one.timestamps, one.values, strict=True)
            if since <= at and at + delays[(place + round(7 * (at - EPOCH))) % count] <= until
        ]
        return Series(one.labels, tuple(at for at, _ in pairs), tuple(value for _, value in pairs))


def broken(one: Series, missing: frozenset[int], nan: frozenset[int], reset: int | None) -> Series:
    """A series with scrapes that failed, values that are NaN, and a restart."""
    rows: list[tuple[float, float]] = []
    base = 0.0
    for at, value in zip(one.timestamps, one.values, strict=True):
        number = round(at - EPOCH)
        if number == reset:
            base = value
        if number not in missing:
            rows.append((at, NAN if number in nan else value - base))
    return Series(one.labels, tuple(at for at, _ in rows), tuple(value for _, value in rows))


def born(one: Series, number: int) -> Series:
    """A series without the samples before its birth."""
    first = sum(at < EPOCH + number for at in one.timestamps)
    return Series(one.labels, one.timestamps[first:], one.values[first:])


SPELLS = st.tuples(
    st.integers(1, 25), st.sampled_from([0, 1, 3, 12]), st.sampled_from([0.0, 0.0, 0.1, 0.4, 1.0])
)
"""So many seconds with so many requests in each, of which this share is bad."""

STEPS = st.lists(SPELLS, min_size=8, max_size=12).map(
    lambda spells: [
        (float(total), float(round(total * share)))
        for seconds, total, share in spells
        for _ in range(seconds)
    ][:SECONDS]
)
NUMBERS = st.frozensets(st.integers(0, SECONDS), max_size=6)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    canary, stable = draw(STEPS), draw(STEPS)
    missing, nan = draw(NUMBERS), draw(NUMBERS)
    reset, birth = draw(st.none() | st.integers(1, SECONDS)), draw(st.integers(-80, SECONDS))
    delays = draw(st.lists(st.sampled_from([0.0, 0.2, 0.5, 1.0]), min_size=11, max_size=11))

    def bent(answer: MetricAnswer, *, is_bad: bool) -> MetricAnswer:
        found = [broken(one, missing, nan, reset) for one in answer.series]
        return replace(answer, series=tuple(born(one, birth) if is_bad else one for one in found))

    def bent_arm(one: ArmData, *, is_bad: bool) -> ArmData:
        return ArmData(bent(one.total, is_bad=False), bent(one.part, is_bad=is_bad))

    def both(make: SloData, *, is_bad: bool) -> SloData:
        return SloData(bent_arm(make.canary, is_bad=is_bad), bent_arm(make.stable, is_bad=is_bad))

    pods = SloData(_pod("canary", canary), _pod("stable", stable))
    histograms = SloData(histogram_arm("canary", canary), histogram_arm("stable", stable))
    return World(
        {
            "errors": both(SloData(arm("canary", canary), arm("stable", stable)), is_bad=True),
            "pods": both(pods, is_bad=True),
            "latency": both(histograms, is_bad=False),
        },
        tuple(delays),
    )


def _pod(name: str, steps: Sequence[Step]) -> ArmData:
    return arm(name, steps, instance=name, pod=f"{name}-1")


SLOS: tuple[Slo, ...] = (ERRORS, replace(POD_ERRORS, name="pods"), LATENCY)
INSTANTS = st.lists(st.floats(0.5, SECONDS), max_size=12).map(sorted)
END = EPOCH + SECONDS + 30.0


@settings(max_examples=30, deadline=None)
@given(worlds(), INSTANTS, st.data())
def test_a_chain_of_checkpoints_ends_where_a_replay_from_the_start_does(
    world: World, instants: list[float], data: st.DataObject
) -> None:
    trial_ = trial(*SLOS, phi=1.0)
    checkpoint: Checkpoint | None = None
    for seconds in instants:
        now = EPOCH + seconds
        judgement = judge(trial_, world.at(now, trial_, checkpoint), checkpoint, now)
        if data.draw(st.booleans(), label="is the checkpoint written"):
            checkpoint = through_status(judgement)

    live = judge(trial_, world.at(END, trial_, checkpoint), checkpoint, END)
    replay = judge(trial_, world.at(END, trial_, None), None, END)

    assert live == replay


def through_status(judgement: Judgement) -> Checkpoint:
    """The checkpoint after it was written to status and read from it."""
    return Checkpoint.from_body(Body(json.loads(json.dumps(judgement.checkpoint.to_json()))))


@settings(max_examples=10, deadline=None)
@given(worlds(), st.floats(1, SECONDS))
def test_a_judgement_is_the_same_each_time_it_is_asked_for(world: World, seconds: float) -> None:
    trial_, now = trial(*SLOS), EPOCH + seconds
    first = judge(trial_, world.at(now, trial_, None), None, now)

    assert judge(trial_, world.at(now, trial_, None), None, now) == first
    assert judge(trial_, world.at(now, trial_, None), first.checkpoint, now) == first
