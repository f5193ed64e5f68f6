"""The schema's status is the status that the operator writes: neither has more than the other.

The API server drops what the schema does not know, without a word.
"""

from dataclasses import fields

from sluice.model.conditions import Condition, Status
from sluice.model.json import Body
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
from tests.manifest_files import leaves, places, rollout_schema, strays

SCHEMA = rollout_schema().body("properties", "status")
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


def test_the_example_leaves_no_field_at_its_default() -> None:
    empty = RolloutStatus()
    unset = [f.name for f in fields(FULL) if getattr(FULL, f.name) == getattr(empty, f.name)]
    assert unset == []


def test_what_is_written_is_known_to_the_schema() -> None:
    assert list(strays(FULL.to_json(), SCHEMA)) == []


def test_what_the_schema_has_is_written() -> None:
    known = {place.path for place in places(SCHEMA) if place.type not in {"object", "array"}}
    assert known == set(leaves(FULL.to_json()))


def test_what_is_written_is_read_back() -> None:
    assert RolloutStatus.from_body(Body(FULL.to_json())) == FULL
