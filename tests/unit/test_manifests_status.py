"""A schema's status is the status that the operator writes: neither has more than the other.

The API server drops what the schema does not know, without a word.
"""

from dataclasses import fields
from typing import TypeAlias

import pytest

from sluice.model.conditions import Condition, Status
from sluice.model.json import Body
from sluice.model.references import ROLLOUTS, STARTUPGRAPHS, Resource
from sluice.rollout.commands import Verb
from sluice.rollout.phases import Stage
from sluice.rollout.status import (
    Ending,
    Entry,
    Rejected,
    RolloutStatus,
    SloResult,
    Version,
)
from sluice.startup.init import states as init_states
from sluice.startup.init.run import Direction, Outcome, Result, Run
from sluice.startup.init.status import InitStatus
from sluice.startup.states import State
from sluice.startup.status import GraphStatus, NodeStatus, Phase
from tests.manifest_files import leaves, places, schema_of, strays

NOW = 1_800_000_000.25

FULL = RolloutStatus(
    stage=Stage.JUDGING,
    stage_since=NOW,
    step=1,
    rollout_started_at=NOW,
    started_at=NOW,
    step_started_at=NOW,
    judged_from=NOW,
    bake_started_at=NOW,
    verified_at=NOW,
    after=Stage.ROLLED_BACK,
    ending=Ending("Harm", "17 of 900", 10),
    weight=10,
    actual_weight=10,
    route_weights={"checkout": 10},
    target_uid="9f6b",
    stable_replica_set="checkout-5c8d",
    promoted_replica_set="checkout-7d9f",
    stable=Version("5c8d", 4, 4),
    canary=Version("7d9f", 1, 1),
    stable_size=4,
    rejected=Rejected("6b7c", "Harm", "17 of 900", NOW),
    slos=(SloResult("errors", True, 17, 900, 5, 1000, 25.5, 20, "HARM", "a note"),),
    overdispersion={"errors": 5.5},
    checkpoint={"countedUntil": NOW, "logs": "errors 3.2"},
    checkpoint_at=NOW,
    bad_requests=17.0,
    unproven_steps=1,
    contested=1,
    paused_by_command=True,
    paused_since=NOW,
    consumed={str(verb): "7d9f#1" for verb in Verb},
    message="17 of 900 requests failed",
    next_at=NOW,
    step_text="2/3",
    history=(Entry("4a5b", "5c8d", "Promoted", "Promoted", "done", NOW, NOW, 3),),
    observed_generation=2,
    conditions=(Condition("Ready", Status.FALSE, "Progressing", "at 10%", NOW, 2),),
)


FULL_NODE = NodeStatus(
    name="api",
    state=State.GATING,
    since=NOW,
    uid="9f6b",
    released_at=NOW,
    ready_at=NOW,
    started=True,
    complete=True,
    message="2 of 3 passes",
)

FULL_INIT = InitStatus(
    name="migrate",
    state=init_states.State.RECORDING,
    since=NOW,
    run=Run("shop-db", "43", "v1:5f2a", Direction.UP, 1),
    job="shop-migrate-5f2a",
    uid="9f6b",
    outcome=Outcome(Result.FAILED, NOW, NOW, 3, 1, "shop/migrate@sha256:5f2a", "ann", "it broke"),
    consumed="Rerun shop-migrate-5f2a ann#1",
    reasons=("waits for db",),
)

FULL_GRAPH = GraphStatus(
    phase=Phase.STARTING,
    nodes=(FULL_NODE,),
    inits=(FULL_INIT,),
    ready="0/1",
    node_count=1,
    waiting_for="api: 2 of 3 passes",
    started_at=NOW,
    ready_at=NOW,
    applied="eJyrrgUAAXUA+Q==",
    observed_generation=2,
    conditions=(Condition("Ready", Status.FALSE, "Starting", "0 of 1", NOW, 2),),
)

AnyStatus: TypeAlias = RolloutStatus | GraphStatus
AnyNode: TypeAlias = NodeStatus | InitStatus

of_each_kind = pytest.mark.parametrize(
    ("kind", "full"),
    [
        pytest.param(ROLLOUTS, FULL, id="Rollout"),
        pytest.param(STARTUPGRAPHS, FULL_GRAPH, id="StartupGraph"),
    ],
)


def schema_of_status(kind: Resource) -> Body:
    return schema_of(kind).body("properties", "status")


@pytest.mark.parametrize(
    ("full", "empty"),
    [
        pytest.param(FULL, RolloutStatus(), id="Rollout"),
        pytest.param(FULL_GRAPH, GraphStatus(), id="StartupGraph"),
        pytest.param(FULL_NODE, NodeStatus(""), id="node of a StartupGraph"),
        pytest.param(FULL_INIT, InitStatus(""), id="init node of a StartupGraph"),
    ],
)
def test_the_example_leaves_no_field_at_its_default(
    full: AnyStatus | AnyNode, empty: AnyStatus | AnyNode
) -> None:
    unset = [f.name for f in fields(full) if getattr(full, f.name) == getattr(empty, f.name)]
    assert unset == []


@of_each_kind
def test_what_is_written_is_known_to_the_schema(kind: Resource, full: AnyStatus) -> None:
    assert list(strays(full.to_json(), schema_of_status(kind))) == []


def test_an_init_node_of_which_nothing_is_known_keeps_its_mark() -> None:
    node = schema_of_status(STARTUPGRAPHS).body("properties", "nodes", "items", "properties")
    assert node.texts("init", "required") == ()


@of_each_kind
def test_what_the_schema_has_is_written(kind: Resource, full: AnyStatus) -> None:
    parts = places(schema_of_status(kind))
    known = {place.path for place in parts if place.type not in {"object", "array"}}
    assert known == set(leaves(full.to_json()))


@pytest.mark.parametrize("full", [FULL, FULL_GRAPH], ids=["Rollout", "StartupGraph"])
def test_what_is_written_is_read_back(full: AnyStatus) -> None:
    assert type(full).from_body(Body(full.to_json())) == full


def test_the_schema_knows_every_state_of_a_node() -> None:
    node = schema_of_status(STARTUPGRAPHS).body("properties", "nodes", "items", "properties")
    states = dict.fromkeys(map(str, (*State, *init_states.State)))
    assert node.texts("state", "enum") == tuple(states)


def test_the_schema_knows_every_direction_and_result_of_a_run() -> None:
    node = schema_of_status(STARTUPGRAPHS).body("properties", "nodes", "items", "properties")
    init = node.body("init", "properties")
    assert init.texts("run", "properties", "direction", "enum") == tuple(Direction)
    assert init.texts("outcome", "properties", "result", "enum") == tuple(Result)


def test_the_schema_tells_every_phase() -> None:
    told = schema_of_status(STARTUPGRAPHS).text("properties", "phase", "description")
    assert [phase for phase in Phase if phase not in told] == []
