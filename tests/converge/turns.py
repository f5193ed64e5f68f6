"""All stories: one turn of events each, at every stage where it makes a difference."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from sluice.model import names
from sluice.model.json import Json
from sluice.rollout.phases import Stage
from tests.converge.cluster import ROLLOUT, ROUTE, TARGET, Cluster, People
from tests.converge.kubelet import Image, Start
from tests.converge.scenario import Scenario, Step
from tests.converge.stories import (
    FIRST,
    GOOD,
    NEXT,
    Story,
    at_rest,
    began_again,
    passed_a_step,
)

_BEFORE_ROLLING = (
    Stage.CREATING,
    Stage.SCALING,
    Stage.SHIFTING,
    Stage.VERIFYING,
    Stage.JUDGING,
    Stage.BAKING,
    Stage.PROMOTING_SCALING,
    Stage.PROMOTING_SHIFTING,
)
_PROGRESSING = _BEFORE_ROLLING[:-2]
_MID_ROLL_SECONDS = 1.5  # of three pods that take a second each


def _turn(
    stage: Stage,
    *deeds: Callable[[People], None] | Step,
    ending: Mapping[str, Json],
    until: Callable[[Cluster], bool] | None = None,
) -> Story:
    """Return the story in which people do something at a stage, and more later."""
    first, *later = (deed if isinstance(deed, Step) else Step(deed, stage) for deed in deeds)
    return Story(stage, Scenario((first, *later), until), ending)


def _version(behaviour: Image, ending: Mapping[str, Json]) -> Story:
    """Return the story of a version that turns out in some way."""
    deploy = Step(lambda people: people.deploy(GOOD, behaviour), Stage.HEALTHY, 2.0)
    return Story(Stage.CREATING, Scenario((deploy,)), ending)


def _after(seconds: float, deed: Callable[[People], None]) -> Step:
    return Step(deed, after_seconds=seconds)


def _abort(people: People) -> None:
    people.command(names.ABORT, "1")


def _rejected(reason: str, **more: Json) -> Mapping[str, Json]:
    history = [["RolledBack", reason]]
    return at_rest(FIRST, Stage.ROLLED_BACK, rejected=reason, history=history, **more)


def _withdrawn(reason: str, image: str = FIRST, **more: Json) -> Mapping[str, Json]:
    return at_rest(image, canaries={}, history=[["Withdrawn", reason]], rejected=None, **more)


def _gone(image: str) -> Mapping[str, Json]:
    """Return the ending without the Rollout: nothing of ours is left."""
    ending = at_rest(image, canaries={}) | {"stage": None, "weight": None}
    return ending | {"canary service": False}


_PROMOTED = at_rest(
    GOOD, canaries={}, history=[["Promoted", "Promoted"]], conditions=["Promoted", "Ready"]
)
_STEP_TWO: Mapping[str, Json] = {"stage": str(Stage.SCALING), "weight": 10}


def _versions() -> Iterator[tuple[str, Story]]:
    yield "promotes a version that is good", _version(Image(), _PROMOTED)
    yield "rolls back when every request fails", _version(Image(failing=1), _rejected("Outage"))
    yield "rolls back when a tenth fails", _version(Image(failing=0.1), _rejected("Harm"))
    yield "rolls back when it crashes", _version(Image(Start.CRASH), _rejected("Crashed"))
    yield (
        "rolls back when it is never ready",
        _version(Image(Start.NEVER_READY), _rejected("ProgressDeadlineExceeded")),
    )


def _aborts() -> Iterator[tuple[str, Story]]:
    for stage in (*_BEFORE_ROLLING, Stage.ROLLING, Stage.RETURNING):
        yield f"aborts in {stage}", _turn(stage, _abort, ending=_rejected("Aborted"))
    yield (
        "aborts while half of the pods are rolled",
        _turn(Stage.ROLLING, Step(_abort, Stage.ROLLING, _MID_ROLL_SECONDS), ending=_rejected("Aborted")),
    )
    newer_then_abort = (
        Step(lambda people: people.deploy(NEXT), Stage.ROLLING, _MID_ROLL_SECONDS),
        Step(_abort, Stage.UNIFYING),
    )
    yield (
        "aborts while it unifies, and goes on with the newer version",
        _turn(
            Stage.ROLLING,
            *newer_then_abort,
            ending={"history": [["RolledBack", "Aborted"]], "pods": [FIRST] * 3 + [NEXT]},
            until=_newer_is_ready,
        ),
    )


def _newer_is_ready(cluster: Cluster) -> bool:
    return False


STORIES: Final[Mapping[str, Story]] = dict((*_versions(), *_aborts()))
