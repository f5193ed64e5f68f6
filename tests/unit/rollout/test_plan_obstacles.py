"""What keeps a rollout from acting though nothing is wrong with its spec."""

from dataclasses import replace

import pytest

from sluice.model.json import JsonObject
from sluice.model.problems import Waiting
from sluice.model.reasons import Reason
from sluice.rollout.obstacles import find_problem
from sluice.rollout.phases import Stage
from tests.builders import NAME, as_stored, backend, http_route
from tests.unit.rollout.situation import (
    FIRST,
    GOOD,
    PROMOTED_SET,
    STABLE_SET,
    Situation,
    at,
    replica_set,
    resting,
    target,
)

RESTING = resting()
BY_USER = replace(RESTING, target={**target(FIRST, held=None)})
OWN, OTHER = replica_set(STABLE_SET, FIRST, 3), replica_set(PROMOTED_SET, GOOD, 1)


def paused_without_a_mark() -> Situation:
    running = target(FIRST, held=None)
    spec = running["spec"]
    assert isinstance(spec, dict)
    return replace(RESTING, target={**running, "spec": {**spec, "paused": True}})


def held_by_its_graph() -> JsonObject:
    return {**target(FIRST, held="pending", graph="shop", holders="startup")}


def elsewhere() -> JsonObject:
    return as_stored(http_route(NAME, [backend("search", 1)]))


@pytest.mark.parametrize(
    ("situation", "reason", "message"),
    [
        pytest.param(
            paused_without_a_mark(),
            Reason.PAUSED_BY_USER,
            "Deployment checkout is paused by its user: "
            "`kubectl rollout resume deployment/checkout`",
            id="paused by its user",
        ),
        pytest.param(
            replace(RESTING, target=held_by_its_graph(), sets=()),
            Reason.WAITS_FOR_GRAPH,
            "Deployment checkout is held by its graph: `sluice graph explain shop` says why",
            id="a StartupGraph holds it",
        ),
        pytest.param(
            replace(BY_USER, sets=(OWN, OTHER)),
            Reason.SEVERAL_REPLICASETS,
            "Deployment checkout runs 2 ReplicaSets; the Rollout acts when its own one runs alone",
            id="it rolls by itself",
        ),
        pytest.param(
            replace(BY_USER, sets=()),
            Reason.PROGRESSING,
            "Deployment checkout has no ReplicaSet with pods yet",
            id="it was made a moment ago",
        ),
        pytest.param(
            replace(at(Stage.JUDGING), target=None),
            Reason.TARGET_NOT_FOUND,
            "Deployment shop/checkout is gone; the rollout goes on once it is there again",
            id="gone in the middle of a rollout",
        ),
        pytest.param(
            replace(at(Stage.JUDGING), routes=(elsewhere(),)),
            Reason.ROUTE_MISMATCH,
            "the rule of HTTPRoute shop/checkout that sends to Service checkout is gone; "
            "the rollout goes on once it is there again",
            id="the route sends elsewhere in the middle of a rollout",
        ),
    ],
)
def test_what_is_waited_for(situation: Situation, reason: Reason, message: str) -> None:
    assert find_problem(situation.scene()) == Waiting(reason, message)


@pytest.mark.parametrize(
    "situation",
    [
        pytest.param(RESTING, id="a version is held"),
        pytest.param(BY_USER, id="its own one runs alone"),
        pytest.param(at(Stage.JUDGING), id="in the middle of a rollout"),
        pytest.param(replace(RESTING, target=None, deleting=True), id="it is being deleted"),
    ],
)
def test_nothing_is_in_the_way(situation: Situation) -> None:
    assert find_problem(situation.scene()) is None
