"""One run of a story in virtual time, whole or on from a moment in its middle."""

import asyncio
from collections import Counter
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeAlias

from sluice.model import names
from sluice.model.json import JsonObject
from sluice.model.references import ObjectRef
from tests.converge.client import View, Write
from tests.converge.clockwork import VirtualLoop
from tests.converge.cluster import Cluster, Moment
from tests.converge.operator_process import OperatorProcess
from tests.converge.scenario import Bookmark, P, Position, Scenario
from tests.converge.store import Change
from tests.converge.subject import Subject

_IDLE_SECONDS = 15.0
_EVENTS = "events.k8s.io"
# The first status that a restarted operator writes may be a belated one.
_PLACES_TO_REJOIN = 2

# How far the story is, and where the followed objects are.
Arrival: TypeAlias = tuple[int, Hashable]


@dataclass
class Run(Generic[P]):
    """A run. refuse: told of each write before; disturb: of the first process before it starts.

    processes: of the operator; all are ended with the run.

    bookmarks: one for each write of the operator from `tried_from` on.
    arrivals: what there was when the followed objects came to a place. course: those of an
    undisturbed run. writes, end: how many writes it took, and what there was in the end.
    times: how often each UID was written, of resources that are written once.
    forgiving: whether it may go on trying at the end.
    rejoined: whether the run came back to the course, after which it is not followed any more.
    """

    subject: Subject[P]
    story: Scenario[P]
    pass_seconds: float = 0.3
    view: View = field(default_factory=View)
    refuse: Callable[[Write], None] = lambda _: None
    disturb: Callable[["Run[P]"], None] = lambda _: None
    forgiving: bool = False
    processes: list[OperatorProcess] = field(default_factory=list)
    bookmarks: list[Bookmark] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    arrivals: dict[Arrival, JsonObject] = field(default_factory=dict)
    course: Mapping[Arrival, JsonObject] = field(default_factory=dict)
    times: Counter[str] = field(default_factory=Counter)
    writes: int = 0
    end: JsonObject = field(default_factory=dict)
    rejoined: bool = False

    def whole(self) -> "Run[P]":
        """Run the story from its start to its end."""
        self._carry_out(self.story.start(), Position(), 0.0)
        return self

    def after_crash(
        self, bookmark: Bookmark, down_seconds: float, course: Mapping[Arrival, JsonObject]
    ) -> "Run[P]":
        """Go on after a write at which the operator died; a new one starts some seconds later.

        The run is over as soon as it is back on the course of an undisturbed one.
        """
        self.course, self.times = course, Counter(bookmark.times)
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
        self.people = self.subject.people(self.cluster)
        self.laws = tuple(law(self.cluster, self.pass_seconds) for law in self.subject.laws)
        self._over, self._last_change = asyncio.Event(), loop.time()
        loop.quiet = self._check_quiet
        self.cluster.seen.append(self._follow)
        if moment is None:
            self.subject.install(self.people)
        self._play()

    def _check_quiet(self) -> None:
        for law in self.laws:
            law.check_quiet()

    async def _run(self, down_seconds: float) -> None:
        await asyncio.sleep(down_seconds)
        await self._start()
        try:
            await self._until_over()
            await self._stay_idle()
        finally:
            for process in self.processes:
                await process.crash()
        self._judge()

    async def _start(self) -> None:
        operator = self.subject.process(self.cluster, self.view)
        operator.client.written, operator.client.refuse = self._written, self.refuse
        self.processes.append(operator)
        for law in self.laws:
            law.processes = self.processes
        self.disturb(self)
        await operator.start()
        for law in self.laws:
            law.watch()
        self._last_change = self.cluster.loop.time()

    def _judge(self) -> None:
        broken = [sentence for law in self.laws for sentence in law.broken]
        assert broken == [], self.tale(broken)
        twice = {uid: times for uid, times in self.times.items() if times > 1}
        assert not twice, self.tale([f"written more than once: {twice}"])

    async def _until_over(self) -> None:
        limit = self.cluster.loop.time() + self.subject.limit_seconds
        while not self._over.is_set() and not self._calm():
            assert self.cluster.loop.time() < limit, self.tale(["does not come to its end"])
            await asyncio.sleep(1.0)
        if not self.end:
            self.end = self.subject.summary(self.cluster.store)

    def _is_told(self) -> bool:
        return self.position.step == len(self.story.steps)

    def _calm(self) -> bool:
        if self.story.until is not None or not self._is_told():
            return False
        quiet = self.cluster.loop.time() - self._last_change
        return quiet >= self.story.quiet_seconds and self.subject.rests(self.cluster.store)

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
        self._note(f"  {write.verb} {write.ref}")
        self._count(write.ref)
        if self.position.step >= self.story.tried_from:
            moment, times = self.cluster.moment(), Counter(self.times)
            self.bookmarks.append(Bookmark(moment, self.position, write, times))

    def _count(self, ref: ObjectRef) -> None:
        """Count the writes of what is written once; what the operator makes itself is its own."""
        body = self.cluster.store.find(ref)
        if ref.resource not in self.subject.written_once or body is None:
            return
        if names.ROLE_LABEL not in body.labels("metadata", "labels"):
            self.times[body.text("metadata", "uid")] += 1

    def _follow(self, change: Change) -> None:
        if change.ref.resource.group != _EVENTS:
            self._last_change = self.cluster.loop.time()
        if change.ref in self.subject.followed:
            self._note(f"{change.type} {self.subject.says(self.cluster.store)}")
            self._compare()
            self._end_early()
        self._play()

    def _note(self, line: str) -> None:
        self.lines.append(f"{self.cluster.loop.time():.3f} {line}")

    def _compare(self) -> None:
        """Note what there is; back on course after a crash, the rest is known."""
        standing = self.subject.standing(self.cluster.store)
        arrival = (self.position.step, standing)
        if standing is None or arrival in self.arrivals or self._over.is_set():
            return
        self.arrivals[arrival] = self.subject.summary(self.cluster.store)
        known, places = self.course.get(arrival), {place for _, place in self.arrivals}
        if len(places) > _PLACES_TO_REJOIN and known == self.arrivals[arrival]:
            self.rejoined = True
            self._over.set()

    def _end_early(self) -> None:
        """Be over in the middle, where the story says so."""
        until = self.story.until
        if until is None or self.end or not self._is_told() or not until(self.cluster.store):
            return
        self.end = self.subject.summary(self.cluster.store)
        self._over.set()

    def _play(self) -> None:
        """Do what is due in the story."""
        while not self._is_told():
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
