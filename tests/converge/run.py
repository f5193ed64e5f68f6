"""One run of a scenario in virtual time, whole or on from a moment in its middle."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sluice.model.json import Body, JsonObject
from sluice.rollout.phases import Stage
from tests.converge import picture
from tests.converge.client import View, Write
from tests.converge.clockwork import VirtualLoop
from tests.converge.cluster import ROLLOUT, Cluster, Moment, People
from tests.converge.operator_process import OperatorProcess
from tests.converge.safety import Safety
from tests.converge.scenario import Bookmark, Position, Scenario
from tests.converge.store import Change

_RESTING = frozenset({Stage.HEALTHY, Stage.ROLLED_BACK})
_LIMIT_SECONDS, _CALM_SECONDS, _IDLE_SECONDS = 150.0, 2.0, 15.0
_EVENTS = "events.k8s.io"
# The first status that a restarted operator writes may be a belated one of the stage it died in.
_STAGES_TO_REJOIN = 2


@dataclass(frozen=True, slots=True)
class Arrival:
    """The beginning of a stage; how many rollouts came before tells it from its namesakes."""

    stage: Stage
    step: int
    weight: int
    rollouts: int

    @classmethod
    def of(cls, status: Body) -> "Arrival":
        """Return where a status is."""
        history = len(status.bodies("history"))
        step, weight = status.whole("step", default=0), status.whole("weight", default=0)
        return cls(picture.stage_of(status), step, weight, history)


@dataclass
class Run:
    """A run. disturb: told of the first process before it starts.

    processes: of the operator; all are ended with the run.

    bookmarks: one for each write of the operator after the first step that is not common.
    arrivals: what there was when each stage began. course: those of an undisturbed run.
    writes, end: how many writes it took, and what there was in the end.
    rejoined: where the run came back to the course, after which it is not followed any more.
    """

    scenario: Scenario
    pass_seconds: float = 0.3
    view: View = field(default_factory=View)
    disturb: Callable[["Run"], None] = lambda _: None
    processes: list[OperatorProcess] = field(default_factory=list)
    bookmarks: list[Bookmark] = field(default_factory=list)
    story: list[str] = field(default_factory=list)
    arrivals: dict[Arrival, JsonObject] = field(default_factory=dict)
    course: Mapping[Arrival, JsonObject] = field(default_factory=dict)
    writes: int = 0
    end: JsonObject = field(default_factory=dict)
    rejoined: Arrival | None = None
    _last_write: float = 0.0

    def whole(self, start: Moment | None = None) -> "Run":
        """Run the story to its end, from an empty cluster or from a moment."""
        self._carry_out(start, Position(), 0.0)
        return self

    def after_crash(
        self, bookmark: Bookmark, down_seconds: float, course: Mapping[Arrival, JsonObject]
    ) -> "Run":
        """Go on after a write at which the operator died; a new one starts some seconds later.

        The run is over as soon as it is back on the course of an undisturbed one.
        """
        self.course = course
        self._carry_out(bookmark.moment, bookmark.position, down_seconds)
        return self

    def _carry_out(self, moment: Moment | None, position: Position, down_seconds: float) -> None:
        self.position = position
        loop = VirtualLoop(0.0 if moment is None else moment.seconds)
        asyncio.set_event_loop(loop)
        try:
            self._set_up(loop, moment)
            loop.run_until_complete(self._run(down_seconds))
        except RuntimeError as error:
            raise AssertionError(self.tale(loop.faults)) from error
        finally:
            asyncio.set_event_loop(None)
            loop.close()

    def _set_up(self, loop: VirtualLoop, moment: Moment | None) -> None:
        self.cluster = Cluster.empty(loop) if moment is None else Cluster.at(loop, moment)
        self.people = People(self.cluster)
        self.safety = Safety(self.cluster, self.pass_seconds)
        self._over = asyncio.Event()
        loop.quiet = self.safety.check_cover
        self.cluster.seen.append(self._follow)
        self._play()

    async def _run(self, down_seconds: float) -> None:
        await asyncio.sleep(down_seconds)
        operator = OperatorProcess(self.cluster, self.view)
        operator.client.written = self._written
        self.processes.append(operator)
        self.disturb(self)
        await operator.start()
        self.safety.watching, self._last_write = True, self.cluster.loop.time()
        try:
            await self._until_over()
            await self._stay_idle()
        finally:
            for process in self.processes:
                await process.crash()
        assert self.safety.broken == [], self.tale(self.safety.broken)

    async def _until_over(self) -> None:
        limit = self.cluster.loop.time() + _LIMIT_SECONDS
        while not self._over.is_set() and not self._calm():
            assert self.cluster.loop.time() < limit, self.tale(["does not come to its end"])
            await asyncio.sleep(1.0)
        if not self.end:
            self.end = picture.summary(self.cluster)

    def _calm(self) -> bool:
        if self.scenario.until or self.position.step < len(self.scenario.steps):
            return False
        stage = picture.stage_of(picture.status_of(self.cluster.store))
        quiet = self.cluster.loop.time() - self._last_write >= _CALM_SECONDS
        gone = ROLLOUT not in self.cluster.store.objects
        return quiet and (gone or stage in _RESTING)

    async def _stay_idle(self) -> None:
        """At rest nothing is written."""
        if not self._over.is_set():
            before = self.writes
            await asyncio.sleep(_IDLE_SECONDS)
            assert self.writes == before, self.tale([f"{self.writes - before} writes at rest"])

    def _written(self, write: Write) -> None:
        if write.ref.resource.group == _EVENTS or self._over.is_set():
            return
        self.writes += 1
        self._last_write = self.cluster.loop.time()
        if self.position.step > self.scenario.common:
            self.bookmarks.append(Bookmark(self.cluster.moment(), self.position, write))

    def _follow(self, change: Change) -> None:
        if change.ref != ROLLOUT:
            return
        self._note(Body(change.new).body("status"))
        self._compare(Body(change.new).body("status"))
        told = self.position.step == len(self.scenario.steps)
        if told and self.scenario.until and self.scenario.until(self.cluster) and not self.end:
            self.end = picture.summary(self.cluster)
            self._over.set()
        self._play()

    def _compare(self, status: Body) -> None:
        """Note a stage that begins; back on course two stages after a crash, the rest is known."""
        if not status.value or self._over.is_set():
            return
        arrival = Arrival.of(status)
        if arrival in self.arrivals:
            return
        self.arrivals[arrival] = picture.summary(self.cluster)
        known = self.course.get(arrival)
        if len(self.arrivals) > _STAGES_TO_REJOIN and known == self.arrivals[arrival]:
            self.rejoined = arrival
            self._over.set()

    def _note(self, status: Body) -> None:
        if status.value:
            where = f"{status.text('phase')}/{status.text('stage')} {status.json('weight')}%"
            line = f"{where} {status.text('message')}"
            if not self.story or not self.story[-1].endswith(line):
                self.story.append(f"{self.cluster.loop.time():.3f} {line}")

    def _play(self) -> None:
        """Do what is due in the story."""
        while self.position.step < len(self.scenario.steps):
            step, now = self.scenario.steps[self.position.step], self.cluster.loop.time()
            armed_at = self.position.armed_at
            if armed_at is None:
                stage = picture.stage_of(picture.status_of(self.cluster.store))
                if step.stage not in {None, stage}:
                    return
                armed_at = now
                self.position = Position(self.position.step, armed_at)
            if armed_at + step.after_seconds > now:
                self.cluster.loop.call_at(armed_at + step.after_seconds, self._play)
                return
            self.position, self._last_write = Position(self.position.step + 1), now
            step.do(self.people)

    def tale(self, faults: list[str]) -> str:
        """Return what happened, for a person who has to find out why."""
        return "\n".join([*faults, "", *self.story[-40:]])
