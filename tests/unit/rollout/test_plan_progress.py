"""When a stage is done, and what it says of it."""

from dataclasses import replace

import pytest

from sluice.analysis.verdict import Judgement, Verdict
from sluice.model.json import Json, JsonObject
from sluice.model.reasons import Reason
from sluice.rollout.phases import Event, Stage
from sluice.rollout.progress import go_on
from sluice.rollout.status import SloResult
from tests.builders import QUICK_ANALYSIS
from tests.unit.rollout.seen import counted, seen
from tests.unit.rollout.situation import (
    FIRST,
    GOOD,
    NOW,
    PROMOTED_SET,
    REVISION,
    STABLE_SET,
    Situation,
    at,
    canary,
    judged,
    pod,
    replica_set,
    resting,
    route,
    target,
)

ALL_ROLLED = (replica_set(STABLE_SET, FIRST, 0), replica_set(PROMOTED_SET, GOOD, 3))
HALF_ROLLED = (replica_set(STABLE_SET, FIRST, 2), replica_set(PROMOTED_SET, GOOD, 2))
RELEASED = target(held=None)


def promoting(stage: Stage, weight: int = 100, **status: Json) -> Situation:
    """Return a promotion in which the promoted ReplicaSet is full."""
    situation = at(stage, weight=weight, promoted_replica_set=PROMOTED_SET, **status)
    whole = canary(replicas=3)
    return replace(situation, target=RELEASED, sets=ALL_ROLLED, canaries=(whole,), endpoints=3)


def ready_for(seconds: float) -> JsonObject:
    """Return a canary pod that has been ready for so long."""
    return pod("canary-1", "checkout-canary-1", started=NOW - seconds - 1)


def event_of(situation: Situation, verdict: Judgement | None = None) -> Event | None:
    move = go_on(situation.scene(), verdict)
    return None if move is None else move.event


@pytest.mark.parametrize(
    ("situation", "event"),
    [
        pytest.param(at(Stage.CREATING, 0), Event.CREATED, id="created when both objects exist"),
        pytest.param(
            replace(at(Stage.CREATING, 0), canaries=()), None, id="waits for the canary Deployment"
        ),
        pytest.param(
            replace(at(Stage.CREATING, 0), canary_service=None), None, id="waits for its Service"
        ),
        pytest.param(at(Stage.SCALING), Event.CAPACITY_READY, id="scaled when its pods are ready"),
        pytest.param(
            replace(at(Stage.SCALING), canary_pods=(ready_for(1),)),
            None,
            id="waits until the gateway knows them",
        ),
        pytest.param(
            replace(at(Stage.SCALING), canary_pods=(ready_for(2), ready_for(-60))),
            Event.CAPACITY_READY,
            id="does not wait for a clock that is wrong",
        ),
        pytest.param(
            replace(at(Stage.SCALING), endpoints=0), None, id="waits until the Service knows them"
        ),
        pytest.param(
            replace(at(Stage.SCALING), canaries=(canary(ready=0),)), None, id="waits for its pods"
        ),
        pytest.param(
            at(Stage.SCALING, step=1), None, id="waits for as many pods as the step's weight needs"
        ),
        pytest.param(replace(at(Stage.SCALING), canaries=()), None, id="no canary, no capacity"),
        pytest.param(
            replace(
                at(Stage.SCALING),
                canaries=({**canary(), "status": {"observedGeneration": 0, "readyReplicas": 1}},),
            ),
            None,
            id="waits until the controller has seen the size",
        ),
        pytest.param(at(Stage.SHIFTING), Event.WEIGHT_WRITTEN, id="shifted when it is written"),
        pytest.param(
            replace(at(Stage.SHIFTING), routes=(route(1),)), None, id="waits until it is written"
        ),
        pytest.param(
            replace(at(Stage.SHIFTING), routes=()), None, id="a route that is gone carries nothing"
        ),
        pytest.param(at(Stage.VERIFYING), Event.WEIGHT_VERIFIED, id="verified in the end"),
        pytest.param(
            at(Stage.VERIFYING, stage_since=NOW - 1), None, id="verifyTimeout for the share"
        ),
        pytest.param(at(Stage.VERIFYING, step=2), Event.BAKE_VERIFIED, id="bakes after the steps"),
        pytest.param(
            at(Stage.VERIFYING, step=7), Event.BAKE_VERIFIED, id="bakes though the spec lost steps"
        ),
        pytest.param(resting(), None, id="nothing goes on by itself at rest"),
    ],
)
def test_on_the_way_up(situation: Situation, event: Event | None) -> None:
    assert event_of(situation) is event


def test_the_weight_goes_to_that_of_the_step() -> None:
    move = go_on(at(Stage.SCALING, weight=0).scene(), None)

    assert move is not None
    assert move.status.weight == 10
    assert move.sentence == "1 of 1 canary pods are ready; weight goes to 10%"


def test_a_weight_that_was_seen_needs_no_telling() -> None:
    scene = seen(at(Stage.VERIFYING, stage_since=NOW - 3.5), counted(100), counted(900))
    move = go_on(scene, None)

    assert move is not None
    assert (move.event, move.notes) == (Event.WEIGHT_VERIFIED, ())


def test_a_weight_that_nobody_saw_is_told() -> None:
    move = go_on(at(Stage.VERIFYING).scene(), None)

    assert move is not None
    assert [note.reason for note in move.notes] == [Reason.WEIGHT_UNVERIFIED]
    assert "0 of 0 requests at the canary, asked 10%, after 4s" in move.notes[0].message


def test_counts_of_a_step_that_is_over_are_kept() -> None:
    result = SloResult("errors", True, 17.0, 900.0, 41.0, 8100.0, 1.0, 20.0, "open", "")
    move = go_on(at(Stage.VERIFYING, slos=(result,), bad_requests=3.0).scene(), None)

    assert move is not None
    assert (move.status.bad_requests, move.status.slos) == (20.0, ())


STEP_TWO = at(Stage.JUDGING, weight=50, step=1)


@pytest.mark.parametrize(
    ("situation", "verdict", "event"),
    [
        pytest.param(at(Stage.JUDGING), judged(Verdict.PROVEN), Event.STEP_PASSED, id="proven"),
        pytest.param(
            at(Stage.JUDGING),
            judged(Verdict.PROVEN, requests=4),
            None,
            id="nothing is proven with fewer than minRequests",
        ),
        pytest.param(
            at(Stage.JUDGING, stage_since=NOW - 1),
            judged(Verdict.PROVEN),
            None,
            id="proven before minDuration",
        ),
        pytest.param(at(Stage.JUDGING), None, None, id="not judged yet"),
        pytest.param(
            at(Stage.JUDGING), judged(Verdict.OPEN), Event.STEP_PASSED, id="open at maxDuration"
        ),
        pytest.param(
            at(Stage.JUDGING, stage_since=NOW - 3), judged(Verdict.OPEN), None, id="open before it"
        ),
        pytest.param(
            at(Stage.JUDGING), judged(Verdict.OPEN, requests=49), None, id="open, hardly a request"
        ),
        pytest.param(
            at(Stage.JUDGING),
            judged(Verdict.OPEN, evidence=3.0),
            None,
            id="open, and something speaks against it",
        ),
        pytest.param(at(Stage.JUDGING), judged(Verdict.NO_DATA), None, id="no data holds"),
        pytest.param(at(Stage.JUDGING), judged(Verdict.ENVIRONMENT), None, id="both bad holds"),
        pytest.param(
            at(Stage.BAKING, weight=95, step=2),
            judged(Verdict.OPEN),
            Event.BAKE_PASSED,
            id="the bake goes by the clock",
        ),
        pytest.param(
            at(Stage.BAKING, weight=95, step=2),
            judged(Verdict.PROVEN),
            Event.BAKE_PASSED,
            id="the bake is over",
        ),
        pytest.param(
            at(Stage.JUDGING, step=9),
            judged(Verdict.PROVEN),
            Event.STEP_PASSED,
            id="a step that the spec has lost meanwhile passes like the last one",
        ),
    ],
)
def test_a_judged_step(
    situation: Situation, verdict: Judgement | None, event: Event | None
) -> None:
    assert event_of(situation, verdict) is event


@pytest.mark.parametrize("action", ["Hold", "Rollback"])
def test_an_open_question_advances_only_if_the_spec_says_so(action: str) -> None:
    analysis = {**QUICK_ANALYSIS, "onInconclusive": action}
    situation = replace(at(Stage.JUDGING), spec={"analysis": analysis})

    assert event_of(situation, judged(Verdict.OPEN)) is None


def test_a_step_without_proof_is_counted_and_told() -> None:
    move = go_on(at(Stage.JUDGING).scene(), judged(Verdict.OPEN))

    assert move is not None
    assert (move.status.step, move.status.unproven_steps) == (1, 1)
    assert [note.reason for note in move.notes] == [Reason.UNPROVEN]
    assert move.sentence.endswith("; on to 50%")


PAUSING: Json = [{"weight": 10, "pause": True}, {"weight": 50}]


@pytest.mark.parametrize(
    ("annotations", "event"),
    [
        pytest.param({}, None, id="a step with pause waits for a person"),
        pytest.param({"promote": f"{REVISION}#1"}, Event.STEP_PASSED, id="promote passes it"),
        pytest.param(
            {"promote-full": f"{REVISION}#1"}, Event.PROMOTED_FULLY, id="promote-full passes all"
        ),
        pytest.param({"promote": "other#1"}, None, id="promote of another version does not"),
    ],
)
def test_a_step_with_pause(annotations: dict[str, str], event: Event | None) -> None:
    situation = replace(at(Stage.JUDGING), spec={"steps": PAUSING}, annotations=annotations)

    assert event_of(situation, judged(Verdict.PROVEN)) is event


@pytest.mark.parametrize(
    ("situation", "event"),
    [
        pytest.param(
            promoting(Stage.PROMOTING_SCALING), Event.CAPACITY_READY, id="full size before 100%"
        ),
        pytest.param(
            promoting(Stage.PROMOTING_SHIFTING), Event.WEIGHT_VERIFIED, id="100% before it rolls"
        ),
        pytest.param(
            promoting(Stage.PROMOTING_SHIFTING, stage_since=NOW - 1),
            None,
            id="100% has verifyTimeout to be seen",
        ),
        pytest.param(promoting(Stage.ROLLING), Event.ROLLED, id="rolled when only it runs"),
        pytest.param(
            replace(promoting(Stage.ROLLING), sets=HALF_ROLLED), None, id="half is not rolled"
        ),
        pytest.param(
            replace(promoting(Stage.ROLLING), target=target()), None, id="held is not rolled"
        ),
        pytest.param(
            replace(promoting(Stage.ROLLING), sets=ALL_ROLLED[:1]),
            None,
            id="without its ReplicaSet nothing is rolled",
        ),
        pytest.param(
            replace(promoting(Stage.ROLLING), target={**RELEASED, "status": {}}),
            None,
            id="not before the controller has seen the release",
        ),
        pytest.param(replace(promoting(Stage.ROLLING), target=None), None, id="no target rolls"),
        pytest.param(promoting(Stage.UNIFYING), Event.UNIFIED, id="unified when only it runs"),
        pytest.param(
            replace(promoting(Stage.UNIFYING), sets=HALF_ROLLED), None, id="half is not unified"
        ),
        pytest.param(
            replace(promoting(Stage.UNIFYING), target=None), None, id="no target is unified"
        ),
        pytest.param(promoting(Stage.RETURNING, 90), Event.RETURN_STEP, id="returns by shares"),
        pytest.param(promoting(Stage.RETURNING, 0), Event.RETURNED, id="returned at 0%"),
        pytest.param(
            replace(promoting(Stage.RETURNING, 90), sets=HALF_ROLLED),
            None,
            id="returns only to pods that are all ready",
        ),
        pytest.param(
            promoting(Stage.RETURNING, 90, stage_since=NOW - 1), None, id="each share is verified"
        ),
        pytest.param(
            replace(promoting(Stage.RETURNING, 90), target=None), None, id="returns to nobody"
        ),
        pytest.param(
            replace(promoting(Stage.DRAINING), canaries=()), Event.DRAINED, id="drained at last"
        ),
        pytest.param(
            replace(promoting(Stage.DRAINING, stage_since=NOW - 1), canaries=()),
            None,
            id="requests under way have time to end",
        ),
        pytest.param(promoting(Stage.DRAINING), None, id="drained without pods only"),
    ],
)
def test_promotion(situation: Situation, event: Event | None) -> None:
    assert event_of(situation) is event


def test_the_first_share_goes_to_the_promoted_pods() -> None:
    move = go_on(promoting(Stage.ROLLING).scene(), None)

    assert move is not None
    assert (move.status.weight, move.status.promoted_replica_set) == (90, PROMOTED_SET)
    assert move.sentence.endswith("10% of the traffic goes to them")


@pytest.mark.parametrize(("weight", "lower"), [(100, 90), (90, 50), (73, 50), (50, 0)])
def test_shares_of_the_return(weight: int, lower: int) -> None:
    move = go_on(promoting(Stage.RETURNING, weight).scene(), None)

    assert move is not None
    assert move.status.weight == lower


REVERTED = (replica_set(STABLE_SET, FIRST, 3), replica_set(PROMOTED_SET, GOOD, 0))
EMPTY_CANARY = canary(replicas=0)


@pytest.mark.parametrize(
    ("situation", "event"),
    [
        pytest.param(
            replace(promoting(Stage.REVERTING_FILLING), sets=REVERTED),
            Event.FILLED,
            id="filled when only the former version runs",
        ),
        pytest.param(
            replace(promoting(Stage.REVERTING_FILLING), sets=HALF_ROLLED), None, id="half full"
        ),
        pytest.param(
            replace(promoting(Stage.REVERTING_FILLING), target=None), None, id="no target is full"
        ),
        pytest.param(
            replace(promoting(Stage.REVERTING_RETURNING, 50), sets=REVERTED),
            Event.RETURN_STEP,
            id="returns to the former version",
        ),
        pytest.param(
            at(Stage.ROLLING_BACK_SHIFTING, 0), Event.WEIGHT_VERIFIED, id="0% verified in the end"
        ),
        pytest.param(
            at(Stage.ROLLING_BACK_SHIFTING, 0, stage_since=NOW - 1),
            None,
            id="0% has verifyTimeout to be seen",
        ),
        pytest.param(
            replace(at(Stage.ROLLING_BACK_SHIFTING, 0), routes=(route(10),)),
            None,
            id="0% has to be written",
        ),
        pytest.param(
            replace(at(Stage.ROLLING_BACK_SHIFTING, 0), routes=()),
            Event.WEIGHT_VERIFIED,
            id="a route that is gone keeps nobody from rolling back",
        ),
        pytest.param(
            replace(at(Stage.ROLLING_BACK_SHIFTING, 0), routes=(route(0, accepted=False),)),
            Event.WEIGHT_VERIFIED,
            id="a gateway that refuses 0% keeps nobody from rolling back",
        ),
        pytest.param(
            replace(
                at(Stage.ROLLING_BACK_DRAINING, 0, after=Stage.ROLLED_BACK),
                canaries=(EMPTY_CANARY,),
            ),
            Event.DRAINED,
            id="a rejected canary is kept without pods",
        ),
        pytest.param(
            at(Stage.ROLLING_BACK_DRAINING, 0, after=Stage.ROLLED_BACK),
            None,
            id="not while it has pods",
        ),
        pytest.param(
            replace(
                at(Stage.ROLLING_BACK_DRAINING, 0, after=Stage.HEALTHY), canaries=(EMPTY_CANARY,)
            ),
            None,
            id="a withdrawn canary has to be gone",
        ),
    ],
)
def test_on_the_way_back(situation: Situation, event: Event | None) -> None:
    assert event_of(situation) is event
