"""A scenario: what people do, and when; and its run, whole or from a moment in the middle."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from sluice.model.json import Body
from sluice.model.references import ROLLOUTS
from sluice.rollout.phases import Stage
from tests.converge import picture
from tests.converge.client import View, Write
from tests.converge.clockwork import VirtualLoop
from tests.converge.cluster import ROLLOUT, Cluster, Moment, People
from tests.converge.operator_process import OperatorProcess
from tests.converge.safety import Safety
from tests.converge.store import Change

_RESTING = frozenset({Stage.HEALTHY, Stage.ROLLED_BACK})
_LIMIT_SECONDS, _CALM_SECONDS, _IDLE_SECONDS = 150.0, 3.0, 15.0
_EVENTS = "events.k8s.io"


@dataclass(frozen=True, slots=True)
class Step:
    """What people do once the Rollout is in a stage (None: at once), and some seconds later."""

    do: Callable[[People], None]
    stage: Stage | None = None
    after_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """A story. `begins`: from which step on it differs from others (crashes matter from there)."""

    steps: tuple[Step, ...]
    begins: int = 1


@dataclass(frozen=True, slots=True)
class Position:
    """Where a story stands: its next step, and since when it waits for that step's seconds."""

    step: int = 0
    armed_at: float | None = None


@dataclass(frozen=True, slots=True)
class Bookmark:
    """A moment in a story: after which write of the operator it was taken."""

    moment: Moment
    position: Position
    write: Write


@dataclass
class Run:
    """One run of a scenario in virtual time.

    disturb: prepares the process before it starts. bookmarks: one for each write from the step
    on with which the story begins.
    """

    scenario: Scenario
    view: View = field(default_factory=View)
    disturb: Callable[[OperatorProcess], None] = lambda _: None
    bookmarks: list[Bookmark] = field(default_factory=list)
    story: list[str] = field(default_factory=list)
    writes: int = 0

    def whole(self) -> "Run":
        """Run the story from its beginning to its end."""
        self._carry_out(None)
        return self

    def from_bookmark(self, bookmark: Bookmark, down_seconds: float) -> "Run":
        """Go on after a write at which the operator died; a new one starts some seconds later."""
        self._carry_out(bookmark, down_seconds)
        return self

    def _carry_out(self, bookmark: Bookmark | None, down_seconds: float = 0.0) -> None:
        loop = VirtualLoop(0.0 if bookmark is None else bookmark.moment.seconds)
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(self._run(loop, bookmark, down_seconds))
        finally:
            asyncio.set_event_loop(None)
            loop.close()

    async def _run(self, loop: VirtualLoop, bookmark: Bookmark | None, down: float) -> None:
        self.position = Position() if bookmark is None else bookmark.position
        if bookmark is None:
            self.cluster = Cluster.empty(loop)
        else:
            self.cluster = Cluster.at(loop, bookmark.moment)
        self.people = People(self.cluster)
        self.safety = Safety(self.cluster)
        loop.quiet = self.safety.check_cover
        self.cluster.seen += [self._note, self._play_on]
        self._play()
        await asyncio.sleep(down)
        self.operator = OperatorProcess(self.cluster, self.view)
        self.operator.client.written = self._written
        self.disturb(self.operator)
        await self.operator.start()
        self.safety.watching = True
        self.last_write = loop.time()
        try:
            await self._until_calm()
            self.end = picture.summary(self.cluster)
            await self._stay_idle()
        finally:
            self.safety.watching = False
            await self.operator.crash()
        assert self.safety.broken == [], self.tale(self.safety.broken)

    async def _until_calm(self) -> None:
        loop = self.cluster.loop
        limit = loop.time() + _LIMIT_SECONDS
        while not self._calm():
            await asyncio.sleep(1.0)
            assert loop.time() < limit, self.tale(["does not come to rest"])

    def _calm(self) -> bool:
        stage = picture.stage_of(picture.status_of(self.cluster.store))
        told = self.position.step == len(self.scenario.steps)
        quiet = self.cluster.loop.time() - self.last_write >= _CALM_SECONDS
        gone = ROLLOUT not in self.cluster.store.objects
        return told and quiet and (gone or stage in _RESTING)

    async def _stay_idle(self) -> None:
        """At rest nothing is written."""
        before = self.writes
        await asyncio.sleep(_IDLE_SECONDS)
        assert self.writes == before, self.tale([f"{self.writes - before} writes at rest"])

    last_write: float = 0.0

    def _written(self, write: Write) -> None:
        if write.ref.resource.group == _EVENTS:
            return
        self.writes += 1
        self.last_write = self.cluster.loop.time()
        if self.position.step > self.scenario.begins:
            self.bookmarks.append(Bookmark(self.cluster.moment(), self.position, write))

    def _note(self, change: Change) -> None:
        if change.ref != ROLLOUT:
            return
        status = Body(change.new).body("status")
        if status.value:
            where = f"{status.text('phase')}/{status.text('stage')} {status.json('weight')}%"
            line = f"{where} {status.text('message')}"
            if not self.story or not self.story[-1].endswith(line):
                self.story.append(f"{self.cluster.loop.time():.3f} {line}")

    def _play_on(self, change: Change) -> None:
        if change.ref.resource == ROLLOUTS:
            self._play()

    def _play(self) -> None:
        """Do what is due in the story."""
        while self.position.step < len(self.scenario.steps):
            step = self.scenario.steps[self.position.step]
            armed_at = self.position.armed_at
            if armed_at is None:
                stage = picture.stage_of(picture.status_of(self.cluster.store))
                if step.stage not in {None, stage}:
                    return
                armed_at = self.cluster.loop.time()
                self.position = Position(self.position.step, armed_at)
            left = armed_at + step.after_seconds - self.cluster.loop.time()
            if left > 0:
                self.cluster.loop.call_later(left, self._play)
                return
            self.position = Position(self.position.step + 1)
            step.do(self.people)

    def tale(self, faults: list[str]) -> str:
        """Return what happened, for a person who has to find out why."""
        return "\n".join([*faults, "", *self.story[-40:]])
