"""What a process sees or may do is disturbed; the ending is the same, and nothing is broken."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from sluice.adapters.failures import ConflictError, TransientError
from sluice.model.json import Body
from sluice.rollout.phases import Phase, Stage
from tests.converge import picture
from tests.converge.client import View, Write
from tests.converge.cluster import ROLLOUT
from tests.converge.operator_process import OperatorProcess
from tests.converge.run import Run
from tests.converge.store import Change
from tests.converge.turns import STORIES, told

_TALES = (
    "promotes a good version",
    "rolls back when every request fails",
    "aborts while half is rolled",
    "begins a newer version in Promoting/Rolling",
    "withdraws in Progressing/Judging",
    "is deleted in Progressing/Judging",
    "tries a rejected version again",
)


def _tell(
    name: str,
    view: View,
    disturb: Callable[[Run], None] = lambda _: None,
    pass_seconds: float = 2.0,
) -> None:
    story, undisturbed = STORIES[name], told(name)
    run = Run(story.scenario, view=view, disturb=disturb, pass_seconds=pass_seconds)

    run.whole(story.start())

    assert story.same(run.end, undisturbed.end), run.tale([str(run.end)])


@pytest.mark.parametrize("lag", range(1, 6))
@pytest.mark.parametrize("name", _TALES)
def test_watches_that_are_some_changes_behind(name: str, lag: int) -> None:
    _tell(name, View(lag=lag))


@pytest.mark.parametrize("name", _TALES)
def test_every_event_comes_twice(name: str) -> None:
    _tell(name, View(copies=2))


@pytest.mark.parametrize("each", [2, 3, 5])
@pytest.mark.parametrize("name", _TALES)
def test_events_are_lost_until_the_next_list(name: str, each: int) -> None:
    view = View(drops=lambda change: change.version % each == 0, relist_seconds=3.0)

    _tell(name, view, pass_seconds=4.0)


@dataclass
class _Refusals:
    """Refuses every write that it has not seen before."""

    error: type[ConflictError] | type[TransientError]
    seen: set[tuple[str, str, str]] = field(default_factory=set)

    def __call__(self, write: Write) -> None:
        key = (write.verb, str(write.ref), write.content)
        if key not in self.seen:
            self.seen.add(key)
            raise self.error("refused by the test", 409 if self.error is ConflictError else 503)


@pytest.mark.parametrize("error", [ConflictError, TransientError])
@pytest.mark.parametrize("name", _TALES)
def test_every_first_write_is_refused(
    name: str, error: type[ConflictError] | type[TransientError]
) -> None:
    def refuse(run: Run) -> None:
        run.processes[0].client.refuse = _Refusals(error)

    _tell(name, View(), refuse)


_LEASE_SECONDS = 3.0
_USURPED = (
    Stage.SCALING,
    Stage.VERIFYING,
    Stage.JUDGING,
    Stage.BAKING,
    Stage.ROLLING,
    Stage.RETURNING,
    Stage.REVERTING_FILLING,
    Stage.ROLLING_BACK_DRAINING,
    Stage.ROLLED_BACK,
)


@dataclass
class _Usurper:
    """A second process that saw what there was at first, nothing since, and leads at a stage.

    It lives until it notices that the Lease is another's.
    """

    run: Run
    stage: Stage
    _leading: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        self.process = OperatorProcess(self.run.cluster, View())
        self.run.processes.append(self.process)
        self._warm = asyncio.ensure_future(self._warm_up())
        self.run.cluster.seen.append(self._follow)

    async def _warm_up(self) -> None:
        await self.process.warm_up()
        self.process.view.frozen = True

    def _follow(self, change: Change) -> None:
        if change.ref != ROLLOUT or self._leading is not None:
            return
        if picture.stage_of(Body(change.new).body("status")) is self.stage:
            self._leading = asyncio.ensure_future(self._lead())

    async def _lead(self) -> None:
        await self._warm
        self.process.lead()
        await asyncio.sleep(_LEASE_SECONDS)
        await self.process.crash()


@pytest.mark.parametrize("stage", _USURPED)
def test_second_leader_with_old_knowledge(stage: Stage) -> None:
    name = _PASSING[stage.phase]
    story, undisturbed = STORIES[name], told(name)
    usurpers: list[_Usurper] = []
    run = Run(story.scenario, disturb=lambda run: usurpers.append(_Usurper(run, stage)))

    run.whole(story.start())

    # It may have begun the rollout anew, so the history is another one.
    assert usurpers[0].process.alive is False
    assert {**run.end, "history": None} == {**undisturbed.end, "history": None}, run.tale([])


_PASSING = {
    Phase.PROGRESSING: "promotes a good version",
    Phase.PROMOTING: "promotes a good version",
    Phase.REVERTING: "aborts while half is rolled",
    Phase.ROLLING_BACK: "aborts while half is rolled",
    Phase.ROLLED_BACK: "rolls back when every request fails",
}
