"""What a process sees or may do is disturbed; the ending is the same, and nothing is broken."""

import pytest

from sluice.rollout.phases import Phase, Stage
from tests.converge.disturbances import DISTURBANCES, Usurper, disturb
from tests.converge.rollout.people import People
from tests.converge.rollout.stories import in_stage
from tests.converge.rollout.subject import SUBJECT
from tests.converge.rollout.turns import REPERTOIRE, STORIES
from tests.converge.run import Run

_TALES = (
    "promotes a good version",
    "rolls back when every request fails",
    "aborts while half is rolled",
    "begins a newer version in Promoting/Rolling",
    "withdraws in Progressing/Judging",
    "is deleted in Progressing/Judging",
    "tries a rejected version again",
)


@pytest.mark.parametrize("disturbance", DISTURBANCES)
@pytest.mark.parametrize("name", _TALES)
def test_a_disturbed_process_comes_to_the_same_end(name: str, disturbance: str) -> None:
    disturb(REPERTOIRE, name, DISTURBANCES[disturbance])


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
_PASSING = {
    Phase.PROGRESSING: "promotes a good version",
    Phase.PROMOTING: "promotes a good version",
    Phase.REVERTING: "aborts while half is rolled",
    Phase.ROLLING_BACK: "aborts while half is rolled",
    Phase.ROLLED_BACK: "rolls back when every request fails",
}


@pytest.mark.parametrize("stage", _USURPED)
def test_second_leader_with_old_knowledge(stage: Stage) -> None:
    name = _PASSING[stage.phase]
    usurpers: list[Usurper[People]] = []

    def usurp(run: Run[People]) -> None:
        usurpers.append(Usurper(run, in_stage(stage)))

    run = Run(SUBJECT, STORIES[name], disturb=usurp).whole()

    assert usurpers[0].leading is not None
    assert usurpers[0].process.alive is False
    # It may have begun the rollout anew, so the history is another one.
    ending = {**REPERTOIRE.told(name).end, "history": None}
    assert {**run.end, "history": None} == ending, run.tale([])
