"""What each stage asks of the world, action by action."""

from dataclasses import replace

import pytest

from sluice.model import names
from sluice.model.cluster import RolloutSummary
from sluice.model.json import Body, Json, JsonObject
from sluice.model.kind import One
from sluice.model.names import FINALIZER
from sluice.model.plan import Expectation, Patch
from sluice.model.references import ROLLOUTS
from sluice.rollout.canary import canary_name
from sluice.rollout.converge import converge, whole_service
from sluice.rollout.phases import Stage
from sluice.rollout.status import Rejected
from tests.builders import NAME, as_stored, rollout
from tests.unit.rollout.situation import (
    FIRST,
    GOOD,
    NEXT,
    NOW,
    REVISION,
    STABLE_SET,
    Situation,
    at,
    canary,
    made_service,
    replica_set,
    resting,
    revision,
    route,
    target,
)
from tests.unit.rollout.told import actions, told

HELD, BYPASS, LABEL = (
    f"/metadata/annotations/{names.PREFIX}~1held",
    f"/metadata/annotations/{names.PREFIX}~1bypass",
    f"/metadata/labels/{names.PREFIX}~1rollout",
)
CANARY = canary_name(NAME, REVISION)
RELEASE = f"Deployment {NAME}: add /spec/paused False; remove {HELD} None"
OLD = "2026-11-21T11:00:00Z"


PERSON_FINALIZER = "a.person/their-own"


@pytest.mark.parametrize(
    ("situation", "expected"),
    [
        pytest.param(
            replace(resting(), finalizers=(PERSON_FINALIZER,)),
            [f"Rollout {NAME}: add /metadata/finalizers {[PERSON_FINALIZER, FINALIZER]}"],
            id="the finalizer comes before anything else",
        ),
        pytest.param(
            replace(at(Stage.JUDGING), finalizers=(), routes=(route(0),), deleting=True),
            [f"HTTPRoute {NAME}"],
            id="a Rollout that is being deleted takes no new finalizer",
        ),
        pytest.param(at(Stage.JUDGING), [], id="a stage that the world has reached asks nothing"),
        pytest.param(replace(at(Stage.JUDGING), target=None), [], id="a gone target neither"),
    ],
)
def test_first_things_first(situation: Situation, expected: list[str]) -> None:
    found = actions(situation)

    assert len(found) == len(expected)
    assert all(line.startswith(start) for line, start in zip(found, expected, strict=True))


def body_without(body: JsonObject, *path: str) -> JsonObject:
    """Return an object without one of the fields of its metadata."""
    meta = Body(body).body("metadata").value
    return {**body, "metadata": {key: item for key, item in meta.items() if key not in path}}


STABLE = target(FIRST, held=None)
BYPASSED = target(FIRST, held=REVISION, bypass=REVISION)


@pytest.mark.parametrize(
    ("situation", "expected"),
    [
        pytest.param(replace(resting(), target=STABLE), [], id="at rest"),
        pytest.param(
            replace(resting(), target=body_without(STABLE, "labels")),
            [f"Deployment {NAME}: add /metadata/labels {{}}; add {LABEL} {NAME}"],
            id="a target without labels is claimed",
        ),
        pytest.param(
            replace(resting(), target=target(FIRST, held="pending")),
            [RELEASE],
            id="stable's template is released",
        ),
        pytest.param(
            replace(resting(), target=BYPASSED),
            [f"{RELEASE}; remove {BYPASS} None"],
            id="with the bypass",
        ),
        pytest.param(
            replace(resting(), target=target(held="pending")),
            [f"Deployment {NAME}: replace {HELD} {REVISION}"],
            id="a held version is marked, should it not start",
        ),
        pytest.param(
            replace(
                resting(),
                target=target(FIRST, held="pending"),
                sets=(replica_set(STABLE_SET, FIRST, 0), replica_set("other", GOOD, 3)),
            ),
            [],
            id="what was stable is not released while another version runs",
        ),
        pytest.param(
            replace(resting(), target=STABLE, canary_service=None),
            [],
            id="the canary's Service waits for the whole Service to be read",
        ),
        pytest.param(
            replace(
                resting(rejected=Rejected(REVISION, "", "", NOW)),
                target=STABLE,
                canaries=(canary(replicas=0),),
            ),
            [f"delete Deployment {CANARY}"],
            id="a rejected canary is not needed any more",
        ),
        pytest.param(replace(resting(), target=None, service=None), [], id="without a target"),
    ],
)
def test_healthy(situation: Situation, expected: list[str]) -> None:
    assert actions(situation) == expected


def held_with(*sets: JsonObject, image: str = GOOD, replicas: int = 3) -> Situation:
    base = resting(Stage.ROLLED_BACK, rejected=Rejected(REVISION, "Harm", "", NOW))
    stable = replica_set(STABLE_SET, FIRST, 3)
    marked = target(image, replicas=replicas)
    return replace(base, target=marked, sets=(stable, *sets))


@pytest.mark.parametrize(
    ("situation", "deleted"),
    [
        pytest.param(held_with(), [], id="nothing before stable"),
        pytest.param(
            held_with(replica_set("newer", NEXT, 0, created="2026-11-21T13:00:00Z")),
            ["newer"],
            id="an empty newer one",
        ),
        pytest.param(
            held_with(replica_set("same-second", NEXT, 0)), ["same-second"], id="of one second"
        ),
        pytest.param(
            held_with(replica_set("older", NEXT, 0, created=OLD)), [], id="an older one stays"
        ),
        pytest.param(
            held_with(replica_set("held", GOOD, 0, created=OLD)),
            ["held"],
            id="one with the held template, whatever its age",
        ),
        pytest.param(held_with(replica_set("runs", GOOD, 1)), [], id="one with pods stays"),
        pytest.param(
            replace(held_with(replica_set("newer", NEXT, 0)), target=target(held=None)),
            [],
            id="of a target that is not held nothing is deleted",
        ),
        pytest.param(
            replace(held_with(), target=target(FIRST, held="pending")),
            [],
            id="stable's own template",
        ),
        pytest.param(replace(held_with(), sets=()), [], id="without stable"),
    ],
)
def test_a_scale_up_of_what_is_held_brings_stable(situation: Situation, deleted: list[str]) -> None:
    found = [line for line in actions(situation) if line.startswith("delete")]

    assert found == [f"delete ReplicaSet {name}" for name in deleted]


def test_the_service_is_made_from_the_whole_one() -> None:
    situation = replace(resting(), target=STABLE, canary_service=None)
    scene = situation.scene()
    whole = {whole_service(scene): situation.service}

    made = converge(replace(scene, observation=replace(scene.observation, wholes=whole)))

    assert [told(action) for action in made] == [f"create Service {NAME}-canary"]


def test_what_another_rollout_has_claimed_is_not_touched() -> None:
    labelled = as_stored(target(), labels={names.ROLLOUT_LABEL: "other"})
    rival = as_stored(rollout("other"))
    situation = replace(at(Stage.SHIFTING, 50), target=labelled, routes=(route(10),))
    scene = situation.scene()
    other = RolloutSummary.from_body(Body(rival))
    found = {**scene.observation.found, One(other.meta.ref): (other,)}
    contested = replace(scene, observation=replace(scene.observation, found=found))

    assert converge(contested) == ()
    meta = replace(contested.own.meta, deleting=True)
    leaving = converge(replace(contested, own=replace(contested.own, meta=meta)))
    assert [told(action) for action in leaving] == [
        f"Rollout {NAME}: replace /metadata/finalizers []"
    ]


CREATING = replace(at(Stage.CREATING, 0), canaries=(), routes=(route(None),))


@pytest.mark.parametrize(
    ("situation", "expected"),
    [
        pytest.param(CREATING, [f"create Deployment {CANARY}"], id="the canary is created"),
        pytest.param(replace(CREATING, whole=False), [], id="not before the whole target is read"),
        pytest.param(
            replace(CREATING, target=target(held="pending")),
            [f"Deployment {NAME}: replace {HELD} {REVISION}", f"create Deployment {CANARY}"],
            id="and the held version is marked",
        ),
        pytest.param(
            replace(CREATING, target=target(NEXT, held="pending")),
            [],
            id="not from a template that is another one by now",
        ),
        pytest.param(
            replace(CREATING, spec={"canary": {"labelKey": "missing"}}),
            [],
            id="not without a label",
        ),
        pytest.param(
            replace(
                CREATING,
                status=replace(CREATING.status, rejected=Rejected(revision(NEXT), "Harm", "", NOW)),
                canaries=(canary(NEXT, replicas=0),),
            ),
            [
                f"delete Deployment {canary_name(NAME, revision(NEXT))}",
                f"create Deployment {CANARY}",
            ],
            id="the canary that was rejected before goes",
        ),
        pytest.param(
            replace(
                CREATING,
                status=replace(CREATING.status, rejected=Rejected(REVISION, "Harm", "", NOW)),
                canaries=(canary(replicas=0),),
            ),
            [],
            id="the one that is tried again stays",
        ),
    ],
)
def test_creating(situation: Situation, expected: list[str]) -> None:
    assert actions(situation) == expected


def test_a_strangers_deployment_of_the_name_is_not_taken_for_ours() -> None:
    foreign = as_stored(canary(), labels={names.OWNER_UID_LABEL: "another"})

    assert actions(replace(CREATING, canaries=(foreign,))) == [f"create Deployment {CANARY}"]


@pytest.mark.parametrize(
    ("situation", "size"),
    [
        pytest.param(at(Stage.SCALING, step=1), 2, id="half of three pods, rounded up"),
        pytest.param(at(Stage.PROMOTING_SCALING, 95), 3, id="full size before the promotion"),
        pytest.param(at(Stage.ROLLING, 100), 3, id="full size while it rolls"),
        pytest.param(at(Stage.RETURNING, 90), 3, id="full size until it has no traffic"),
        pytest.param(replace(at(Stage.JUDGING), target=target(replicas=30)), 3, id="stable grows"),
        pytest.param(
            replace(at(Stage.SCALING), canaries=(canary(replicas=3),)), None, id="never fewer"
        ),
        pytest.param(replace(at(Stage.SCALING), canaries=()), None, id="without a canary"),
        pytest.param(
            replace(at(Stage.RETURNING, 90), canaries=()), None, id="without a canary too"
        ),
    ],
)
def test_size_of_the_canary(situation: Situation, size: int | None) -> None:
    expected = [] if size is None else [f"Deployment {CANARY}: replace /spec/replicas {size}"]

    assert [line for line in actions(situation) if "/spec/replicas" in line] == expected


@pytest.mark.parametrize(
    ("situation", "expected"),
    [
        pytest.param(
            at(Stage.DRAINING, 0), [f"delete Deployment {CANARY}"], id="a promoted canary goes"
        ),
        pytest.param(
            at(Stage.DRAINING, 0, stage_since=NOW - 1), [], id="after requests have had their time"
        ),
        pytest.param(
            at(Stage.ROLLING_BACK_DRAINING, 0, after=Stage.ROLLED_BACK),
            [f"Deployment {CANARY}: replace /spec/replicas 0"],
            id="a rejected one is kept without pods",
        ),
        pytest.param(
            at(Stage.ROLLING_BACK_DRAINING, 0, after=Stage.HEALTHY),
            [f"delete Deployment {CANARY}"],
            id="a withdrawn one goes",
        ),
        pytest.param(at(Stage.ROLLING_BACK_SHIFTING, 0), [], id="before that it keeps its pods"),
        pytest.param(
            replace(
                at(
                    Stage.ROLLING_BACK_DRAINING,
                    0,
                    after=Stage.ROLLED_BACK,
                    rejected=Rejected(revision(NEXT), "Harm", "", NOW),
                ),
                canaries=(canary(replicas=0), canary(NEXT, replicas=0)),
            ),
            [f"delete Deployment {canary_name(NAME, revision(NEXT))}"],
            id="the one that was rejected before goes",
        ),
    ],
)
def test_draining(situation: Situation, expected: list[str]) -> None:
    assert actions(situation) == expected


def test_routes_go_up_one_after_another_and_down_each_by_itself() -> None:
    both: Json = {"gatewayAPI": {"httpRoutes": [{"name": NAME}, {"name": "second"}]}}
    routes = (route(10), route(10, name="second"))
    up = replace(at(Stage.SHIFTING, 50), spec={"traffic": both}, routes=routes)
    down = replace(at(Stage.ROLLING_BACK_SHIFTING, 0), spec={"traffic": both}, routes=routes)

    assert {action.group for action in converge(up.scene())} == {"towards the canary"}
    assert len({action.group for action in converge(down.scene())}) == 2


def test_a_route_is_written_only_in_the_stage_and_weight_that_was_decided_on() -> None:
    situation = replace(
        at(Stage.SHIFTING, 50), annotations={"abort": "other#1"}, routes=(route(10),)
    )
    (action,) = converge(situation.scene())

    assert isinstance(action, Patch)
    assert action.resource_version == "7"
    assert action.fence is not None
    assert action.fence.owner.resource == ROLLOUTS
    assert action.fence.expectations == (
        Expectation(("status", "phase"), "Progressing"),
        Expectation(("status", "stage"), "Shifting"),
        Expectation(("status", "weight"), 50),
        Expectation(("metadata", "annotations", names.ABORT), "other#1"),
    )


def test_an_abort_does_not_stop_a_write_that_takes_weight_away() -> None:
    situation = replace(at(Stage.ROLLING_BACK_SHIFTING, 0), routes=(route(10),))
    (action,) = converge(situation.scene())

    assert action.fence is not None
    assert [e.path[0] for e in action.fence.expectations] == ["status", "status", "status"]


LEAVING = replace(resting(), deleting=True, target=STABLE)
FAREWELL = f"Deployment {NAME}: remove {LABEL} None"


@pytest.mark.parametrize(
    ("situation", "expected"),
    [
        pytest.param(
            LEAVING, [FAREWELL, f"delete Service {NAME}-canary"], id="label and Service go"
        ),
        pytest.param(
            replace(LEAVING, routes=(route(0),)),
            [f"HTTPRoute {NAME}"],
            id="not before every route is clean",
        ),
        pytest.param(
            replace(LEAVING, target=target(bypass="x")),
            [
                f"Deployment {NAME}: remove {HELD} None; remove {BYPASS} None; remove {LABEL} None",
                f"delete Service {NAME}-canary",
            ],
            id="a held one stays paused, without marks",
        ),
        pytest.param(
            replace(LEAVING, target=None, canary_service=None),
            [f"Rollout {NAME}: replace /metadata/finalizers []"],
            id="the finalizer goes last",
        ),
        pytest.param(
            replace(LEAVING, target=None, canary_service=None, finalizers=()), [], id="once"
        ),
        pytest.param(
            replace(LEAVING, canary_service=as_stored(made_service(), labels={})),
            [FAREWELL],
            id="a Service of that name that is not ours stays",
        ),
        pytest.param(
            replace(at(Stage.JUDGING), deleting=True, target=None, routes=(route(None),)),
            [f"delete Deployment {CANARY}", f"delete Service {NAME}-canary"],
            id="without a target it leaves from any stage",
        ),
        pytest.param(
            replace(
                resting(Stage.ROLLED_BACK, rejected=Rejected(REVISION, "Harm", "", NOW)),
                deleting=True,
                target=None,
                canary_service=None,
                canaries=(canary(replicas=0),),
            ),
            [f"delete Deployment {CANARY}"],
            id="a rejected canary goes",
        ),
    ],
)
def test_leaving(situation: Situation, expected: list[str]) -> None:
    found = actions(situation)

    assert len(found) == len(expected)
    assert all(line.startswith(start) for line, start in zip(found, expected, strict=True))
