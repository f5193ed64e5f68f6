"""What a promotion and its way back ask of the target and its ReplicaSets."""

from dataclasses import replace

import pytest

from sluice.model import names
from sluice.rollout.phases import Stage
from tests.builders import NAME
from tests.unit.rollout.situation import (
    FIRST,
    GOOD,
    NEXT,
    PROMOTED_SET,
    REVISION,
    STABLE_SET,
    Situation,
    at,
    canary,
    replica_set,
    resting,
    route,
    target,
)
from tests.unit.rollout.told import actions

HELD = f"/metadata/annotations/{names.PREFIX}~1held"
RELEASE = f"Deployment {NAME}: add /spec/paused False; remove {HELD} None"

ROLLING = at(Stage.ROLLING, 100)


@pytest.mark.parametrize(
    ("situation", "released"),
    [
        pytest.param(ROLLING, True, id="the canary's own version is released"),
        pytest.param(
            replace(ROLLING, target=target(NEXT, held="pending")), False, id="a newer one never"
        ),
        pytest.param(
            replace(ROLLING, target=target(NEXT, held="pending"), whole=False),
            False,
            id="nor one that has not been read yet",
        ),
        pytest.param(
            replace(ROLLING, target=target(held="pending")), True, id="its own, written again"
        ),
        pytest.param(replace(ROLLING, target=target(held=None)), False, id="once only"),
    ],
)
def test_what_is_released_into_production(situation: Situation, *, released: bool) -> None:
    assert (RELEASE in actions(situation)) is released


NEW_BORN = replace(resting(), target=target(held="pending", graph="shop"), sets=())
UNMARK = f"Deployment {NAME}: remove {HELD} None"


@pytest.mark.parametrize(
    ("situation", "expected"),
    [
        pytest.param(NEW_BORN, RELEASE, id="let go by its graph, and changed while it waited"),
        pytest.param(
            replace(NEW_BORN, target=target(held="pending", graph="shop", holders="author")),
            UNMARK,
            id="its author's own pause stays",
        ),
        pytest.param(
            replace(NEW_BORN, target=target(held="pending", graph="shop", holders="startup")),
            None,
            id="not while it waits for its parents",
        ),
        pytest.param(
            replace(NEW_BORN, target=target(held="pending")), None, id="not without a graph"
        ),
        pytest.param(
            replace(NEW_BORN, sets=(replica_set(STABLE_SET, FIRST, 2),)),
            None,
            id="not what has run before",
        ),
    ],
)
def test_what_has_never_run_needs_no_rollout(situation: Situation, expected: str | None) -> None:
    released = [action for action in actions(situation) if HELD in action and "remove" in action]
    assert released == ([] if expected is None else [expected])


FORMER, NEW = replica_set(STABLE_SET, FIRST, 2), replica_set(PROMOTED_SET, GOOD, 2)
EMPTY_FORMER = replica_set(STABLE_SET, FIRST, 0)
UNIFYING = replace(
    at(Stage.UNIFYING, 100, promoted_replica_set=PROMOTED_SET),
    target=target(NEXT, held="pending"),
    sets=(FORMER, NEW),
    canaries=(canary(replicas=3),),
)
REVERTING = replace(
    at(Stage.REVERTING_FILLING, 100), sets=(FORMER, NEW), canaries=(canary(replicas=3),)
)
HOLD = f"Deployment {NAME}: add /spec/paused True; add {HELD} {REVISION}"


@pytest.mark.parametrize(
    ("situation", "expected"),
    [
        pytest.param(
            UNIFYING, [f"ReplicaSet {STABLE_SET}: replace /spec/replicas 0"], id="unify empties"
        ),
        pytest.param(
            replace(UNIFYING, sets=(EMPTY_FORMER, NEW)), [], id="what is empty is left alone"
        ),
        pytest.param(replace(UNIFYING, sets=(FORMER,)), [], id="unify needs one that is kept"),
        pytest.param(
            replace(UNIFYING, status=replace(UNIFYING.status, stage=Stage.RETURNING)),
            [f"ReplicaSet {STABLE_SET}: replace /spec/replicas 0"],
            id="returning while held goes on unifying",
        ),
        pytest.param(
            REVERTING,
            [f"ReplicaSet {PROMOTED_SET}: replace /spec/replicas 0"],
            id="reverting empties the new one",
        ),
        pytest.param(
            replace(REVERTING, target=target(held=None)), [HOLD], id="after the target is held"
        ),
        pytest.param(
            replace(REVERTING, target=None),
            [f"ReplicaSet {PROMOTED_SET}: replace /spec/replicas 0"],
            id="or gone",
        ),
        pytest.param(
            replace(REVERTING, sets=(EMPTY_FORMER, NEW)),
            [f"delete ReplicaSet {PROMOTED_SET}"],
            id="a new one that alone has a size is deleted, or it would be filled again",
        ),
        pytest.param(replace(REVERTING, sets=(NEW,)), [], id="without a former one nothing"),
    ],
)
def test_replica_sets_of_a_promotion(situation: Situation, expected: list[str]) -> None:
    assert actions(situation) == expected


def test_the_new_pods_stay_until_the_canary_carries_everything() -> None:
    situation = replace(REVERTING, routes=(route(50),))

    assert [line.partition(":")[0] for line in actions(situation)] == [f"HTTPRoute {NAME}"]
