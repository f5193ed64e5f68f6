"""What entering a stage writes into the status."""

from dataclasses import replace

import pytest

from sluice.model.plan import Note
from sluice.model.reasons import Reason
from sluice.model.transitions import ImpossibleEventError
from sluice.rollout.arrivals import arrive
from sluice.rollout.moves import Move
from sluice.rollout.phases import Event, Stage
from sluice.rollout.status import Ending, Entry, RolloutStatus, SloResult, Version
from tests.unit.rollout.situation import (
    GOOD,
    NEXT,
    NOW,
    PROMOTED_SET,
    REVISION,
    STABLE_SET,
    Situation,
    at,
    replica_set,
    revision,
    target,
)

ENDING = Ending("Harm", "17 of 900 failed", 10)
BAD = SloResult("errors", True, 17.0, 900.0, 41.0, 8100.0, 25.0, 20.0, "harm", "")


def arrived(situation: Situation, event: Event) -> tuple[RolloutStatus, tuple[Note, ...]]:
    scene = situation.scene()
    return arrive(scene, Move(event, scene.status, "a sentence"))


def reasons(notes: tuple[Note, ...]) -> list[Reason]:
    return [note.reason for note in notes]


@pytest.mark.parametrize(
    ("situation", "event", "stage", "expected"),
    [
        pytest.param(at(Stage.CREATING, 0), Event.CREATED, Stage.SCALING, [], id="scaling"),
        pytest.param(
            at(Stage.SCALING),
            Event.CAPACITY_READY,
            Stage.SHIFTING,
            [Reason.STEP_STARTED],
            id="shifting says that a step starts",
        ),
        pytest.param(at(Stage.SHIFTING), Event.WEIGHT_WRITTEN, Stage.VERIFYING, [], id="verifying"),
        pytest.param(
            at(Stage.VERIFYING), Event.BAKE_VERIFIED, Stage.BAKING, [Reason.BAKING], id="baking"
        ),
        pytest.param(
            at(Stage.BAKING),
            Event.BAKE_PASSED,
            Stage.PROMOTING_SCALING,
            [Reason.PROMOTING],
            id="promoting says so",
        ),
        pytest.param(
            at(Stage.ROLLING, ending=ENDING),
            Event.FAILED,
            Stage.REVERTING_FILLING,
            [Reason.REVERTING],
            id="reverting says so",
        ),
        pytest.param(
            at(Stage.JUDGING, ending=ENDING),
            Event.FAILED,
            Stage.ROLLING_BACK_SHIFTING,
            [Reason.HARM],
            id="an alarm tells its reason",
        ),
        pytest.param(
            at(Stage.JUDGING, ending=ENDING),
            Event.SUPERSEDED,
            Stage.ROLLING_BACK_SHIFTING,
            [],
            id="a wish has told its own reason",
        ),
        pytest.param(
            at(Stage.ROLLING_BACK_DRAINING, 0, ending=ENDING, after=Stage.ROLLED_BACK),
            Event.DRAINED,
            Stage.ROLLED_BACK,
            [Reason.ROLLED_BACK],
            id="rolled back",
        ),
        pytest.param(
            at(Stage.ROLLING_BACK_DRAINING, 0),
            Event.DRAINED,
            Stage.ROLLED_BACK,
            [Reason.ROLLED_BACK],
            id="rolled back when nobody wrote where it ends",
        ),
        pytest.param(
            at(Stage.ROLLED_BACK, 0), Event.WITHDRAWN, Stage.HEALTHY, [], id="withdrawn at rest"
        ),
    ],
)
def test_arrival(situation: Situation, event: Event, stage: Stage, expected: list[Reason]) -> None:
    status, notes = arrived(situation, event)

    assert status.stage is stage
    assert (status.stage_since, status.message) == (NOW, "a sentence")
    assert reasons(notes) == expected


def test_an_event_that_the_table_does_not_know_is_a_fault() -> None:
    with pytest.raises(ImpossibleEventError, match="ROLLED cannot happen in Progressing/Judging"):
        arrived(at(Stage.JUDGING), Event.ROLLED)


@pytest.mark.parametrize(
    ("stage", "event", "weight"),
    [
        pytest.param(Stage.JUDGING, Event.FAILED, 0, id="nothing goes to a canary that failed"),
        pytest.param(Stage.ROLLING, Event.FAILED, 100, id="all goes to it while a roll is undone"),
    ],
)
def test_where_the_traffic_goes(stage: Stage, event: Event, weight: int) -> None:
    status, _ = arrived(at(stage, weight=50, ending=ENDING), event)

    assert status.weight == weight


def test_counting_begins_with_the_first_traffic() -> None:
    first, _ = arrived(at(Stage.SCALING, started_at=None), Event.CAPACITY_READY)
    again, _ = arrived(at(Stage.SCALING, started_at=NOW - 9), Event.CAPACITY_READY)

    assert (first.started_at, again.started_at) == (NOW, NOW - 9)


@pytest.mark.parametrize(
    ("stage", "event", "began"),
    [
        pytest.param(Stage.JUDGING, Event.STEP_PASSED, NOW, id="the next step begins now"),
        pytest.param(Stage.JUDGING, Event.CAPACITY_FELL, NOW - 60, id="it goes on after a fall"),
        pytest.param(Stage.BAKING, Event.BAKE_PASSED, NOW, id="the promotion begins now"),
        pytest.param(
            Stage.PROMOTING_SHIFTING, Event.CAPACITY_FELL, NOW - 60, id="it goes on as well"
        ),
    ],
)
def test_when_a_step_began(stage: Stage, event: Event, began: float) -> None:
    status, _ = arrived(at(stage), event)

    assert status.step_started_at == began


def test_a_rejection_has_its_reason_and_the_history_its_numbers() -> None:
    situation = at(
        Stage.ROLLING_BACK_DRAINING, 0, ending=ENDING, after=Stage.ROLLED_BACK, slos=(BAD,)
    )
    status, _ = arrived(situation, Event.DRAINED)

    assert status.rejected is not None
    assert (status.rejected.revision, status.rejected.reason) == (REVISION, "Harm")
    assert (status.weight, status.after, status.ending, status.canary) == (0, None, None, Version())
    assert status.history == (
        Entry("stable", REVISION, "RolledBack", "Harm", ENDING.message, NOW - 60, NOW, 17),
    )


def test_a_superseded_version_is_on_record_when_the_next_begins() -> None:
    situation = at(
        Stage.ROLLING_BACK_DRAINING,
        0,
        ending=Ending("Superseded", "a newer one", 10),
        after=Stage.CREATING,
    )
    situation = replace(situation, target=target(NEXT, held="pending"))
    status, _ = arrived(situation, Event.DRAINED)

    assert status.stage is Stage.CREATING
    assert [entry.outcome for entry in status.history] == ["Superseded"]
    assert status.canary.revision == revision(NEXT)
    assert (status.ending, status.after) == (None, None)


def test_a_first_rollout_has_no_history() -> None:
    status, _ = arrived(at(Stage.HEALTHY, 0), Event.CHANGED)

    assert (status.stage, status.history) == (Stage.CREATING, ())


def test_a_withdrawn_version_is_on_record() -> None:
    ending = Ending("RevertedByUser", "stable's again", 10)
    situation = at(Stage.ROLLING_BACK_DRAINING, 0, ending=ending, after=Stage.HEALTHY)
    status, _ = arrived(situation, Event.DRAINED)

    assert [(entry.outcome, entry.reason) for entry in status.history] == [
        ("Withdrawn", "RevertedByUser")
    ]


@pytest.mark.parametrize(
    ("unproven", "proof"),
    [
        pytest.param(0, "all steps proven", id="proven"),
        pytest.param(2, "2 steps advanced by time, unproven", id="unproven"),
    ],
)
def test_a_promotion_says_how_well_it_is_founded(unproven: int, proof: str) -> None:
    situation = at(
        Stage.DRAINING, 0, promoted_replica_set=PROMOTED_SET, unproven_steps=unproven, slos=(BAD,)
    )
    situation = replace(
        situation,
        sets=(replica_set(STABLE_SET, GOOD, 0), replica_set(PROMOTED_SET, GOOD, 3)),
    )
    status, notes = arrived(situation, Event.DRAINED)

    assert reasons(notes) == [Reason.PROMOTED]
    assert notes[0].message == f"version {REVISION} is promoted; 17 bad canary requests; {proof}"
    assert (status.stable_replica_set, status.stable.revision) == (PROMOTED_SET, "promoted")
    assert status.promoted_replica_set == ""


def test_a_promotion_whose_replica_set_is_gone_is_told_all_the_same() -> None:
    status, _ = arrived(at(Stage.DRAINING, 0, promoted_replica_set="gone"), Event.DRAINED)

    assert (status.stage, status.stable) == (Stage.HEALTHY, Version())


@pytest.mark.parametrize("limit", [0, 1, 3])
def test_the_history_is_no_longer_than_asked_for(limit: int) -> None:
    entry = Entry("a", "b", "Promoted", "Promoted", "", NOW, NOW, 0)
    situation = replace(
        at(Stage.ROLLING_BACK_DRAINING, 0, history=(entry, entry, entry)),
        spec={"historyLimit": limit},
    )
    status, _ = arrived(situation, Event.DRAINED)

    assert len(status.history) == limit
