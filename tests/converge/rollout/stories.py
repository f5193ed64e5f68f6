"""The course of a rollout that goes well, and what stories are made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from sluice.model.json import Body, Json, JsonObject
from sluice.rollout.phases import Stage
from tests.converge import scenario
from tests.converge.cluster import Cluster, Moment
from tests.converge.rollout import picture
from tests.converge.rollout.people import ROLLOUT, People
from tests.converge.rollout.subject import SUBJECT
from tests.converge.run import Run
from tests.converge.scenario import Scenario, When
from tests.converge.store import Change, Store

FIRST, GOOD, NEXT = "checkout:1", "checkout:2", "checkout:3"


@dataclass(frozen=True, slots=True)
class Step(scenario.Step[People]):
    """What people do to a Rollout and what it works on."""


@dataclass(frozen=True, slots=True)
class Story(Scenario[People]):
    """What happens from the eve of a stage on, and what must be so in the end.

    ending: a part of `picture.summary`. eve: None begins with an empty cluster.
    """

    ending: Mapping[str, Json]
    eve: Stage | None = None
    tried_from: int = field(default=1, kw_only=True)

    def start(self) -> Moment | None:
        """Return the moment with which it begins."""
        return None if self.eve is None else good_course()[self.eve]

    def same(self, end: JsonObject, other: JsonObject) -> bool:
        """Whether two endings are the same.

        A story that is over in the middle of a rollout leaves pods that come and go.
        """
        if self.until is None:
            return end == other
        return {**end, "pods": None} == {**other, "pods": None}


def in_stage(stage: Stage) -> When:
    """Wait until the Rollout is in a stage."""
    return lambda store: picture.stage_of(picture.status_of(store)) is stage


@dataclass
class _Course:
    """Notes the moment at which each stage begins, under the stage that follows it."""

    cluster: Cluster
    eves: dict[Stage, Moment]
    last: tuple[Stage, Moment] | None = None

    def note(self, change: Change) -> None:
        if change.ref != ROLLOUT or not Body(change.new).has("status"):
            return
        stage = picture.stage_of(Body(change.new).body("status"))
        if self.last is not None and self.last[0] is not stage:
            self.eves.setdefault(stage, self.last[1])
        if self.last is None or self.last[0] is not stage:
            self.last = (stage, self.cluster.moment())


@cache
def good_course() -> Mapping[Stage, Moment]:
    """Return, for each stage of a rollout that goes well, the moment when the one before began.

    A story that turns at a stage begins on its eve: the operator is at work when it happens.
    """
    deploy = Step(lambda people: people.deploy(GOOD), in_stage(Stage.HEALTHY), 2.0)
    run = Run(SUBJECT, Scenario((Step(People.install), deploy)))
    eves: dict[Stage, Moment] = {}
    run.disturb = lambda run: run.cluster.seen.append(_Course(run.cluster, eves).note)
    run.whole()
    return eves


def began_again(store: Store) -> bool:
    """Whether the rollout of another version has begun: its canary exists."""
    status = picture.status_of(store)
    return bool(status.bodies("history")) and picture.stage_of(status) is Stage.SCALING


def passed_a_step(store: Store) -> bool:
    """Whether the first step is passed."""
    return picture.status_of(store).whole("step", default=0) > 0


def at_rest(image: str, stage: Stage = Stage.HEALTHY, **more: Json) -> Mapping[str, Json]:
    """Return an ending in which a version runs alone."""
    return {
        "stage": str(stage),
        "weight": 0,
        "routes": {"checkout": None},
        "pods": [image] * 3,
        **more,
    }
