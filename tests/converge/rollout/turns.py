"""All stories: one turn of events each, at every stage where it makes a difference."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from sluice.model import names
from sluice.model.json import Json
from sluice.rollout.phases import Stage
from tests.converge.kubelet import Image, Start
from tests.converge.repertoire import Repertoire
from tests.converge.rollout.people import ROLLOUT, ROUTE, TARGET, People
from tests.converge.rollout.stories import (
    FIRST,
    GOOD,
    NEXT,
    Step,
    Story,
    at_rest,
    began_again,
    in_stage,
    passed_a_step,
)
from tests.converge.rollout.subject import SUBJECT
from tests.converge.scenario import When

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
_DEPLOY = Step(lambda people: people.deploy(GOOD), in_stage(Stage.HEALTHY), 2.0)
# When half of three pods are rolled, each of which takes a second.
_MID_ROLL = 1.5

Deed = Callable[[People], None]


def _turn(
    stage: Stage,
    *deeds: Deed | Step,
    ending: Mapping[str, Json],
    until: When | None = None,
) -> Story:
    """Return the story in which people do something at a stage, and more later."""
    steps = tuple(_when(stage, deed) if callable(deed) else deed for deed in deeds)
    # On the eve of the first stage nobody has written another version yet.
    begun = (_DEPLOY,) if stage is Stage.CREATING else ()
    all_steps = (*begun, *steps)
    return Story(all_steps, ending, stage, until=until, tried_from=len(begun) + 1)


def _version(behaviour: Image, ending: Mapping[str, Json]) -> Story:
    """Return the story of a version that turns out in some way."""
    deploy = _when(Stage.HEALTHY, lambda people: people.deploy(GOOD, behaviour), 2.0)
    return Story((deploy,), ending, Stage.CREATING)


def _after(seconds: float, deed: Deed) -> Step:
    return Step(deed, after_seconds=seconds)


def _when(stage: Stage, deed: Deed, after_seconds: float = 0.0) -> Step:
    return Step(deed, in_stage(stage), after_seconds)


def _command(annotation: str, nonce: str = "1") -> Deed:
    return lambda people: people.command(annotation, nonce)


def _deploys(image: str) -> Deed:
    return lambda people: people.deploy(image)


def _rejected(reason: str, **more: Json) -> Mapping[str, Json]:
    history = [["RolledBack", reason]]
    return at_rest(FIRST, Stage.ROLLED_BACK, rejected=reason, history=history, **more)


def _withdrawn(reason: str, image: str = FIRST) -> Mapping[str, Json]:
    return at_rest(image, canaries={}, history=[["Withdrawn", reason]], rejected=None)


def _gone(image: str) -> Mapping[str, Json]:
    """Return the ending without the Rollout: nothing of ours is left."""
    without: Mapping[str, Json] = {"stage": None, "weight": None, "canary service": False}
    return {**at_rest(image, canaries={}), **without}


_ABORT = _command(names.ABORT)
_PROMOTED = at_rest(
    GOOD, canaries={}, history=[["Promoted", "Promoted"]], conditions=["Promoted", "Ready"]
)
_STEP_TWO: Mapping[str, Json] = {"stage": str(Stage.SCALING), "weight": 10}
_BEGAN_AGAIN: Mapping[str, Json] = {"stage": str(Stage.SCALING), "weight": 0}


def _versions() -> Iterator[tuple[str, Story]]:
    yield "promotes a good version", _version(Image(), _PROMOTED)
    yield "rolls back when every request fails", _version(Image(failing=1), _rejected("Outage"))
    yield "rolls back when a tenth fails", _version(Image(failing=0.1), _rejected("Harm"))
    yield "rolls back when it crashes", _version(Image(Start.CRASH), _rejected("Crashed"))
    late = _rejected("ProgressDeadlineExceeded")
    yield "rolls back when it is never ready", _version(Image(Start.NEVER_READY), late)


def _aborts() -> Iterator[tuple[str, Story]]:
    ending = _rejected("Aborted", conditions=["Aborted", "Stalled"])
    for stage in (*_BEFORE_ROLLING, Stage.ROLLING, Stage.RETURNING):
        yield f"aborts in {stage}", _turn(stage, _ABORT, ending=ending)
    mid_roll = _when(Stage.ROLLING, _ABORT, _MID_ROLL)
    yield "aborts while half is rolled", _turn(Stage.ROLLING, mid_roll, ending=ending)
    yield (
        "aborts while it unifies, and begins the newer version",
        _turn(
            Stage.ROLLING,
            _when(Stage.ROLLING, _deploys(NEXT), _MID_ROLL),
            _when(Stage.UNIFYING, _ABORT),
            until=began_again,
            ending={**_BEGAN_AGAIN, "history": [["RolledBack", "Aborted"]]},
        ),
    )


def _changes_of_mind() -> Iterator[tuple[str, Story]]:
    superseded: Mapping[str, Json] = {**_BEGAN_AGAIN, "history": [["Superseded", "Superseded"]]}
    promoted: Mapping[str, Json] = {**_BEGAN_AGAIN, "history": [["Promoted", "Promoted"]]}
    for stage in (*_BEFORE_ROLLING, Stage.ROLLING):
        newer = _turn(stage, _deploys(NEXT), until=began_again, ending=superseded)
        yield f"begins a newer version in {stage}", newer
        withdrawn = _withdrawn("RevertedByUser")
        yield f"withdraws in {stage}", _turn(stage, _deploys(FIRST), ending=withdrawn)
    mid_roll = _when(Stage.ROLLING, _deploys(NEXT), _MID_ROLL)
    unified = _turn(Stage.ROLLING, mid_roll, until=began_again, ending=promoted)
    yield "unifies when a newer version comes while half is rolled", unified
    returned = _turn(Stage.RETURNING, _deploys(NEXT), until=began_again, ending=promoted)
    yield "returns before it begins a newer version", returned
    mid_roll = _when(Stage.ROLLING, _deploys(FIRST), _MID_ROLL)
    withdrawn = _withdrawn("RevertedByUser")
    yield "withdraws while half is rolled", _turn(Stage.ROLLING, mid_roll, ending=withdrawn)


def _deletions() -> Iterator[tuple[str, Story]]:
    def delete(people: People) -> None:
        people.delete(ROLLOUT)

    for stage in _PROGRESSING:
        yield f"is deleted in {stage}", _turn(stage, delete, ending=_gone(FIRST))
    for stage in (Stage.PROMOTING_SCALING, Stage.ROLLING, Stage.RETURNING, Stage.DRAINING):
        yield f"is deleted in {stage}, and promotes", _turn(stage, delete, ending=_gone(GOOD))
    rejected = (_ABORT, _when(Stage.ROLLED_BACK, delete))
    yield "is deleted when rolled back", _turn(Stage.JUDGING, *rejected, ending=_gone(FIRST))
    for stage in (Stage.JUDGING, Stage.ROLLING):
        everything = (lambda people: people.delete(TARGET), _after(3.0, delete))
        ending: Mapping[str, Json] = {**_gone(FIRST), "pods": []}
        yield f"is deleted with its target in {stage}", _turn(stage, *everything, ending=ending)
    routeless = (lambda people: people.delete(ROUTE), _after(3.0, delete))
    ending = {**_gone(FIRST), "routes": {}}
    yield "is deleted with its route", _turn(Stage.JUDGING, *routeless, ending=ending)


def _after_a_rejection() -> Iterator[tuple[str, Story]]:
    def rejected(*later: Step, ending: Mapping[str, Json], until: When | None = None) -> Story:
        return _turn(Stage.JUDGING, _ABORT, *later, ending=ending, until=until)

    yield (
        "tries a rejected version again",
        rejected(
            _when(Stage.ROLLED_BACK, _command(names.ABORT, "2")),
            _after(1.0, _command(names.RETRY)),
            until=passed_a_step,
            ending={**_STEP_TWO, "history": [["RolledBack", "Aborted"]], "rejected": None},
        ),
    )
    aborted = [["RolledBack", "Aborted"]]
    withdrawn = at_rest(FIRST, canaries={}, history=aborted, rejected=None)
    yield (
        "forgets a rejected version that is withdrawn",
        rejected(_when(Stage.ROLLED_BACK, _deploys(FIRST)), ending=withdrawn),
    )
    bypassed = at_rest(GOOD, canaries={}, history=aborted, rejected=None)
    yield (
        "steps aside when a rejected version is let through",
        rejected(_when(Stage.ROLLED_BACK, People.bypass, 2.0), ending=bypassed),
    )
    yield (
        "begins another version after a rejected one",
        rejected(
            _when(Stage.ROLLED_BACK, _deploys(NEXT)),
            until=began_again,
            ending={**_BEGAN_AGAIN, "history": aborted},
        ),
    )
    twice = [["RolledBack", "Aborted"], ["RolledBack", "Aborted"]]
    yield (
        "keeps one rejected canary when the next version is aborted as well",
        rejected(
            _when(Stage.ROLLED_BACK, _deploys(NEXT)),
            _when(Stage.CREATING, _ABORT),
            ending=at_rest(FIRST, Stage.ROLLED_BACK, history=twice, canaries={}),
        ),
    )


def _pauses() -> Iterator[tuple[str, Story]]:
    def pause(people: People) -> None:
        people.pause(paused=True)

    def go_on(people: People) -> None:
        people.pause(paused=False)

    by_command = (_command(names.PAUSE), _after(5.0, _command(names.RESUME)))
    yield (
        "stands still while paused by command",
        _turn(Stage.JUDGING, *by_command, until=passed_a_step, ending=_STEP_TWO),
    )
    by_spec = (pause, _after(5.0, go_on))
    yield (
        "stands still while paused in the spec",
        _turn(Stage.SCALING, *by_spec, until=passed_a_step, ending=_STEP_TWO),
    )
    harmed = (pause, _after(1.0, lambda people: people.fail(GOOD, 1.0)))
    yield "rolls back while paused", _turn(Stage.JUDGING, *harmed, ending=_rejected("Outage"))
    outlived = (
        _command(names.PAUSE),
        _after(1.0, _ABORT),
        _when(Stage.ROLLED_BACK, _deploys(NEXT)),
    )
    yield (
        "begins another version when a pause that outlived its rollout is over",
        _turn(
            Stage.JUDGING,
            *outlived,
            _after(3.0, _command(names.RESUME)),
            until=began_again,
            ending={**_BEGAN_AGAIN, "history": [["RolledBack", "Aborted"]]},
        ),
    )
    full = _turn(Stage.JUDGING, _command(names.PROMOTE_FULL), ending=_PROMOTED)
    yield "promotes in full by command", full


def _disturbed_surroundings() -> Iterator[tuple[str, Story]]:
    def goes_on(*deeds: Deed | Step, stage: Stage = Stage.JUDGING) -> Story:
        return _turn(stage, *deeds, until=passed_a_step, ending=_STEP_TWO)

    yield "puts an edited weight back", goes_on(lambda people: people.weigh(30))
    yield "puts the canary back into a route", goes_on(People.reset_route)
    yield (
        "waits for a route that is deleted, and goes on",
        goes_on(lambda people: people.delete(ROUTE), _after(3.0, People.create_route)),
    )
    yield (
        "lowers the weight while the canary is not ready, and goes on",
        goes_on(
            lambda people: people.unready(GOOD, unready=True),
            _after(3.0, lambda people: people.unready(GOOD, unready=False)),
        ),
    )
    yield (
        "holds while Prometheus is down, and goes on",
        goes_on(
            lambda people: people.break_prometheus(down=True),
            _after(9.0, lambda people: people.break_prometheus(down=False)),
        ),
    )
    yield (
        "waits while the gateway refuses the route for a moment",
        goes_on(
            lambda people: people.break_gateway(refuses=True),
            _after(2.0, lambda people: people.break_gateway(refuses=False)),
            stage=Stage.VERIFYING,
        ),
    )
    refuse = _when(Stage.SHIFTING, lambda people: people.break_gateway(refuses=True))
    refused = _turn(Stage.SHIFTING, refuse, ending=_rejected("RouteNotAccepted"))
    yield "rolls back when the gateway refuses the route for good", refused
    yield "goes on when stable grows", goes_on(lambda people: people.scale(5))
    empty: Mapping[str, Json] = {**_rejected("StableScaledDown"), "pods": []}
    yield (
        "rolls back when stable is scaled to zero",
        _turn(Stage.JUDGING, lambda people: people.scale(0), ending=empty),
    )
    again = (
        _when(Stage.HEALTHY, _deploys(FIRST)),
        _when(Stage.SCALING, lambda people: people.scale(0)),
        _when(Stage.ROLLED_BACK, lambda people: people.scale(3), 1.0),
    )
    yield (
        "brings stable back after zero although the held version has a ReplicaSet",
        Story(again, at_rest(GOOD, Stage.ROLLED_BACK), Stage.HEALTHY),
    )
    yield (
        "steps aside when a version is let through",
        _turn(Stage.JUDGING, People.bypass, ending=_withdrawn("Bypassed", GOOD)),
    )


def _disturbed_targets() -> Iterator[tuple[str, Story]]:
    def recreate(people: People) -> None:
        people.delete(TARGET)

    late = (Step(People.install_without_target), _after(3.0, People.create_target))
    adopted = at_rest(FIRST, conditions=["Ready"])
    yield "adopts a target that comes later", Story(late, adopted)
    yield (
        "withdraws when the target is recreated",
        _turn(
            Stage.JUDGING,
            recreate,
            _after(3.0, People.create_target),
            ending=_withdrawn("Bypassed"),
        ),
    )
    yield (
        "goes back to the canary when the promoted pods crash",
        _turn(
            Stage.RETURNING,
            _when(Stage.RETURNING, lambda people: people.crash_deployed_pods(2), 0.5),
            ending=_rejected("Crashed"),
        ),
    )
    yield (
        "holds when both versions are bad, until a person decides",
        _turn(Stage.JUDGING, _fail_both, _after(9.0, _ABORT), ending=_rejected("Aborted")),
    )


def _fail_both(people: People) -> None:
    people.fail(FIRST, 0.1)
    people.fail(GOOD, 0.1)


STORIES: Final[Mapping[str, Story]] = {
    name: story
    for chapter in (
        _versions,
        _aborts,
        _changes_of_mind,
        _deletions,
        _after_a_rejection,
        _pauses,
        _disturbed_surroundings,
        _disturbed_targets,
    )
    for name, story in chapter()
}


REPERTOIRE: Final = Repertoire(SUBJECT, STORIES)
