"""Every course that a rollout can take, as a story with its ending."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from sluice.model import names
from sluice.model.json import Json
from sluice.rollout.phases import Stage
from tests.converge.cluster import ROLLOUT, ROUTE, TARGET, People
from tests.converge.kubelet import Image, Start
from tests.converge.scenario import Scenario, Step

GOOD, NEXT, FIRST = "checkout:2", "checkout:3", "checkout:1"


@dataclass(frozen=True, slots=True)
class Story:
    """What happens, and what must be so in the end (a part of `picture.summary`)."""

    scenario: Scenario
    ending: Mapping[str, Json]


def _promoted(image: str, **more: Json) -> dict[str, Json]:
    return {
        "stage": "Healthy/Resting",
        "canaries": {},
        "routes": {"checkout": None},
        "pods": [image] * 3,
        "ready": ["Promoted", "Ready"],
        **more,
    }


def _rolled_back(image: str, reason: str, **more: Json) -> dict[str, Json]:
    del image
    return {
        "stage": "RolledBack/Resting",
        "weight": 0,
        "routes": {"checkout": None},
        "pods": [FIRST] * 3,
        **more,
    }


def _starts(behaviour: Image = Image()) -> tuple[Step, ...]:  # noqa: B008 - a value
    def deploy(people: People) -> None:
        people.cluster.kubelet.images[GOOD] = behaviour
        people.deploy(GOOD)

    return (Step(lambda people: people.install()), Step(deploy, Stage.HEALTHY, 3.0))


def _story(
    *steps: Step, ending: Mapping[str, Json], behaviour: Image = Image()  # noqa: B008 - a value
) -> Story:
    started = _starts(behaviour)
    begins = len(started) if steps else 1
    return Story(Scenario((*started, *steps), begins), ending)


def _aborts(stage: Stage, **more: Json) -> Story:
    step = Step(lambda people: people.command(names.ABORT, "1"), stage)
    return _story(step, ending=_rolled_back(GOOD, "Aborted", **more))


def _deploys_next(stage: Stage, **more: Json) -> Story:
    return _story(Step(lambda people: people.deploy(NEXT), stage), ending=_promoted(NEXT, **more))


def _reverts(stage: Stage) -> Story:
    ending = {
        "stage": "Healthy/Resting",
        "canaries": {},
        "routes": {"checkout": None},
        "pods": [FIRST] * 3,
    }
    return _story(Step(lambda people: people.deploy(FIRST), stage), ending=ending)
