"""One run of a graph's story in virtual time, whole or on from a moment in its middle."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from sluice.model.json import Body, JsonObject
from sluice.model.references import DEPLOYMENTS, JOBS
from sluice.startup.guardian import StartupGuardian
from sluice.startup.kind import StartupGraphKind
from tests.converge.client import View, Write
from tests.converge.clockwork import VirtualLoop
from tests.converge.cluster import Cluster, Moment
from tests.converge.graph import picture
from tests.converge.graph.manifests import GRAPH
from tests.converge.graph.people import People
from tests.converge.graph.safety import Safety
from tests.converge.graph.scenario import Bookmark, Position, Story
from tests.converge.operator_process import OperatorProcess
from tests.converge.store import Change

_LIMIT_SECONDS, _IDLE_SECONDS = 600.0, 15.0
_EVENTS = "events.k8s.io"
# The first status that a restarted operator writes may be a belated one.
_ARRIVALS_TO_REJOIN = 2

# How far the story is, and the state of each node.
Arrival: TypeAlias = tuple[int, tuple[tuple[str, str], ...]]


def operator_process(cluster: Cluster, view: View) -> OperatorProcess:
    """Return a process that carries out StartupGraphs."""
    return OperatorProcess(cluster, view, (StartupGraphKind(),), (StartupGuardian(),))


@dataclass
class Run:
    """A run. disturb: told of the first process before it starts.

    bookmarks: one for each write of the operator. arrivals: what there was when a status came.
    course: those of an undisturbed run. writes, end: how many writes it took, what there was then.
    released: how often a release was written, by the UID of a Deployment or Job.
    forgiving: whether it may go on trying at the end.
    rejoined: whether the run came back to the course, after which it is not followed any more.
    """

    story: Story
    pass_seconds: float = 0.3
    view: View = field(default_factory=View)
    disturb: Callable[["Run"], None] = lambda _: None
    processes: list[OperatorProcess] = field(default_factory=list)
    bookmarks: list[Bookmark] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    arrivals: dict[Arrival, JsonObject] = field(default_factory=dict)
    course: Mapping[Arrival, JsonObject] = field(default_factory=dict)
    released: Counter[str] = field(default_factory=Counter)
    writes: int = 0
    end: JsonObject = field(default_factory=dict)
    rejoined: bool = False
    forgiving: bool = False

    def whole(self) -> "Run":
        """Run the story from an empty cluster to its end."""
        self._carry_out(None, Position(), 0.0)
        return self

    def after_crash(
        self, bookmark: Bookmark, down_seconds: float, course: Mapping[Arrival, JsonObject]
    ) -> "Run":
        """Go on after a write at which the operator died; a new one starts some seconds later."""
        self.course, self.released = course, Counter(bookmark.released)
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
        self._over, self._last_change = asyncio.Event(), loop.time()
        loop.quiet = self.safety.check_quiet
        self.cluster.seen.append(self._follow)
        if moment is None:
            self.people.install()
        self._play()

    async def _run(self, down_seconds: float) -> None:
        await asyncio.sleep(down_seconds)
        operator = operator_process(self.cluster, self.view)
        operator.client.written = self._written
        self.processes.append(operator)
        self.safety.processes = self.processes
        self.disturb(self)
        await operator.start()
        self.safety.watch()
        self._last_change = self.cluster.loop.time()
        try:
            await self._until_over()
            await self._stay_idle()
        finally:
            for process in self.processes:
                await process.crash()
        assert self.safety.broken == [], self.tale(self.safety.broken)
        twice = {uid: times for uid, times in self.released.items() if times > 1}
        assert not twice, self.tale([f"released more than once: {twice}"])

    async def _until_over(self) -> None:
        limit = self.cluster.loop.time() + _LIMIT_SECONDS
        while not self._over.is_set() and not self._calm():
            assert self.cluster.loop.time() < limit, self.tale(["does not come to its end"])
            await asyncio.sleep(1.0)
        self.end = picture.summary(self.cluster.store)

    def _calm(self) -> bool:
        told = self.position.step == len(self.story.steps)
        quiet = self.cluster.loop.time() - self._last_change
        return told and quiet >= self.story.quiet_seconds

    async def _stay_idle(self) -> None:
        """At rest nothing is written."""
        if not self._over.is_set():
            before = self.writes
            await asyncio.sleep(_IDLE_SECONDS)
            still = self.writes == before or self.forgiving
            assert still, self.tale([f"{self.writes - before} writes at rest"])

    def _written(self, write: Write) -> None:
        if write.ref.resource.group == _EVENTS or self._over.is_set():
            return
        self.writes += 1
        self._last_change = self.cluster.loop.time()
        self.lines.append(f"{self.cluster.loop.time():.3f}   {write.verb} {write.ref}")
        if write.ref.resource in {DEPLOYMENTS, JOBS}:
            uid = Body(self.cluster.store.get(write.ref)).text("metadata", "uid")
            self.released[uid] += 1
        bookmark = (self.cluster.moment(), self.position, write, Counter(self.released))
        self.bookmarks.append(Bookmark(*bookmark))

    def _follow(self, change: Change) -> None:
        if change.ref.resource.group != _EVENTS:
            self._last_change = self.cluster.loop.time()
        if change.ref == GRAPH:
            states = picture.states(self.cluster.store)
            line = " ".join(f"{node}={state}" for node, state in states.items())
            self.lines.append(f"{self.cluster.loop.time():.3f} {change.type} {line}")
            self._compare((self.position.step, tuple(states.items())))
        self._play()

    def _compare(self, arrival: Arrival) -> None:
        """Note what there is; back on course after a crash, the rest is known."""
        if arrival in self.arrivals or self._over.is_set():
            return
        self.arrivals[arrival] = picture.summary(self.cluster.store)
        known = self.course.get(arrival)
        if len(self.arrivals) > _ARRIVALS_TO_REJOIN and known == self.arrivals[arrival]:
            self.rejoined = True
            self._over.set()

    def _play(self) -> None:
        """Do what is due in the story."""
        while self.position.step < len(self.story.steps):
            step, now = self.story.steps[self.position.step], self.cluster.loop.time()
            armed_at = self.position.armed_at
            if armed_at is None:
                if step.when is not None and not step.when(self.cluster.store):
                    return
                armed_at = now
                self.position = Position(self.position.step, armed_at)
            if armed_at + step.after_seconds > now:
                self.cluster.loop.call_at(armed_at + step.after_seconds, self._play)
                return
            self.position, self._last_change = Position(self.position.step + 1), now
            step.do(self.people)

    def tale(self, faults: list[str]) -> str:
        """Return what happened, for a person who has to find out why."""
        return "\n".join([*faults, "", *self.lines[-60:]])
