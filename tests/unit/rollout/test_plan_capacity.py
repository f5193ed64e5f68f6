"""Weight follows the pods that are ready."""

from dataclasses import replace

import pytest

from sluice.model.reasons import Reason
from sluice.rollout.falling import capacity_fell
from sluice.rollout.phases import Event, Stage
from tests.unit.rollout.situation import (
    FIRST,
    GOOD,
    PROMOTED_SET,
    STABLE_SET,
    Situation,
    at,
    canary,
    replica_set,
    resting,
    target,
)

FULL = (canary(replicas=3),)


def moved(situation: Situation) -> tuple[Event, int] | None:
    move = capacity_fell(situation.scene())
    return None if move is None else (move.event, move.status.weight)


@pytest.mark.parametrize(
    ("situation", "expected"),
    [
        pytest.param(at(Stage.JUDGING), None, id="as many pods as the weight needs"),
        pytest.param(
            replace(at(Stage.JUDGING), endpoints=0), (Event.CAPACITY_FELL, 0), id="no endpoint left"
        ),
        pytest.param(
            replace(at(Stage.JUDGING), canaries=()), (Event.CAPACITY_FELL, 0), id="no canary left"
        ),
        pytest.param(
            replace(at(Stage.BAKING, 95, step=2), canaries=FULL, endpoints=2),
            (Event.CAPACITY_FELL, 66),
            id="two of three pods carry two thirds",
        ),
        pytest.param(
            replace(at(Stage.SCALING, 0), endpoints=0), None, id="without weight nothing can fall"
        ),
        pytest.param(
            replace(at(Stage.ROLLING, 100), endpoints=0), None, id="not while the Deployment rolls"
        ),
        pytest.param(replace(resting(), endpoints=0), None, id="not at rest"),
    ],
)
def test_on_the_way_up(situation: Situation, expected: tuple[Event, int] | None) -> None:
    assert moved(situation) == expected


@pytest.mark.parametrize(
    ("endpoints", "reason"),
    [
        pytest.param(0, Reason.NO_READY_ENDPOINTS, id="nothing is ready"),
        pytest.param(2, Reason.CAPACITY_FELL, id="something is"),
    ],
)
def test_the_reason_tells_a_fall_from_an_end(endpoints: int, reason: Reason) -> None:
    situation = replace(at(Stage.BAKING, 95, step=2), canaries=FULL, endpoints=endpoints)
    move = capacity_fell(situation.scene())

    assert move is not None
    assert [note.reason for note in move.notes] == [reason]
    assert f"{endpoints} of 3 canary pods are ready: weight goes from 95%" in move.sentence


def returning(ready: int, weight: int = 50, stage: Stage = Stage.RETURNING) -> Situation:
    """Return the way back with so many of the three receiving pods ready."""
    reverting = stage is Stage.REVERTING_RETURNING
    name, image = (STABLE_SET, FIRST) if reverting else (PROMOTED_SET, GOOD)
    situation = at(stage, weight, promoted_replica_set=PROMOTED_SET)
    sets = (replica_set(name, image, 3, ready),)
    return replace(situation, target=target(held=None), sets=sets, canaries=FULL, endpoints=3)


@pytest.mark.parametrize(
    ("situation", "expected"),
    [
        pytest.param(returning(3), None, id="all are ready"),
        pytest.param(returning(2), None, id="enough are ready for half"),
        pytest.param(returning(1), (Event.RETURN_STEP, 67), id="one carries a third"),
        pytest.param(returning(0), (Event.RETURN_STEP, 100), id="none carries nothing"),
        pytest.param(
            returning(0, weight=0), (Event.RETURN_STEP, 100), id="after the last share as well"
        ),
        pytest.param(
            returning(1, stage=Stage.REVERTING_RETURNING),
            (Event.RETURN_STEP, 67),
            id="to the former version as well",
        ),
        pytest.param(
            replace(returning(0), endpoints=1), None, id="not to a canary that cannot carry it"
        ),
        pytest.param(
            replace(returning(0), target=target(held=None, replicas=0)),
            None,
            id="a target of no size wants no traffic",
        ),
        pytest.param(replace(returning(0), sets=()), None, id="nothing receives"),
        pytest.param(replace(returning(0), target=None), None, id="no target"),
    ],
)
def test_on_the_way_back(situation: Situation, expected: tuple[Event, int] | None) -> None:
    assert moved(situation) == expected
