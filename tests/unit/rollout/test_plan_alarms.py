"""What ends a rollout, in the order in which it is looked for."""

from dataclasses import replace

import pytest

from sluice.analysis.verdict import Verdict
from sluice.model.json import Json, JsonObject
from sluice.rollout.alarms import find_alarm
from sluice.rollout.phases import Event, Stage
from tests.builders import QUICK_ANALYSIS
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

JUDGING = at(Stage.JUDGING)
BAD_PODS = (pod("canary-1", "checkout-canary-1", crashes=2),)
ABORTED = replace(JUDGING, annotations={"abort": f"{REVISION}#1"})
CRASHED = replace(JUDGING, canary_pods=BAD_PODS)


def reason_of(situation: Situation, verdict: Verdict | None = None) -> str | None:
    move = find_alarm(situation.scene(), None if verdict is None else judged(verdict))
    if move is None:
        return None
    ending = move.status.ending
    assert move.event is Event.FAILED
    assert move.status.after is Stage.ROLLED_BACK
    assert ending is not None
    assert ending.weight == situation.status.weight
    return ending.reason


def sentence_of(situation: Situation, verdict: Verdict | None = None) -> str:
    move = find_alarm(situation.scene(), None if verdict is None else judged(verdict))
    assert move is not None
    return move.sentence


def analysed(situation: Situation, **analysis: Json) -> Situation:
    return replace(situation, spec={"analysis": {**QUICK_ANALYSIS, **analysis}})


@pytest.mark.parametrize(
    ("verdict", "reason"),
    [
        pytest.param(Verdict.OUTAGE, "Outage", id="an outage rolls back"),
        pytest.param(Verdict.SILENCE, "Silence", id="silence rolls back"),
        pytest.param(Verdict.HARM, "Harm", id="harm rolls back"),
        pytest.param(Verdict.PROVEN, None, id="a proof is no alarm"),
        pytest.param(Verdict.ENVIRONMENT, None, id="both bad holds by default"),
        pytest.param(Verdict.NO_DATA, None, id="no data holds by default"),
        pytest.param(Verdict.OPEN, None, id="an open question is no alarm"),
    ],
)
def test_a_verdict_on_a_judged_step(verdict: Verdict, reason: str | None) -> None:
    assert reason_of(JUDGING, verdict) == reason


@pytest.mark.parametrize(
    ("situation", "verdict", "reason"),
    [
        pytest.param(ABORTED, Verdict.HARM, "Aborted", id="abort comes before harm"),
        pytest.param(CRASHED, Verdict.OUTAGE, "Crashed", id="a crash comes before an outage"),
        pytest.param(
            replace(ABORTED, canary_pods=BAD_PODS), None, "Aborted", id="abort comes before a crash"
        ),
        pytest.param(
            replace(ABORTED, status=replace(JUDGING.status, consumed={"abort": f"{REVISION}#1"})),
            None,
            None,
            id="an abort is taken once",
        ),
        pytest.param(
            replace(JUDGING, annotations={"abort": "other#1"}),
            None,
            None,
            id="an abort of another version is not for this one",
        ),
        pytest.param(
            replace(JUDGING, annotations={"abort": REVISION}),
            None,
            None,
            id="an abort without a nonce is none",
        ),
    ],
)
def test_what_comes_first(situation: Situation, verdict: Verdict | None, reason: str) -> None:
    assert reason_of(situation, verdict) == reason


def test_the_sentence_has_weight_time_and_numbers() -> None:
    expected = "rolled back at 10% after 1m: 17 of 900 canary requests failed"

    assert sentence_of(JUDGING, Verdict.HARM) == expected


def test_an_abort_is_recorded_with_what_it_causes() -> None:
    move = find_alarm(ABORTED.scene(), None)

    assert move is not None
    assert move.status.consumed == {"abort": f"{REVISION}#1"}


@pytest.mark.parametrize(
    ("situation", "verdict", "reason"),
    [
        pytest.param(
            analysed(JUDGING, onEnvironment="Rollback"),
            Verdict.ENVIRONMENT,
            "Environment",
            id="both bad rolls back when the spec says so",
        ),
        pytest.param(
            analysed(JUDGING, onNoData={"action": "Rollback", "after": "30s"}),
            Verdict.NO_DATA,
            None,
            id="no data rolls back only after its time, and data came a second ago",
        ),
        pytest.param(
            replace(
                analysed(JUDGING, onNoData={"action": "Rollback", "after": "30s"}), now=NOW + 29
            ),
            Verdict.NO_DATA,
            "NoData",
            id="no data rolls back after its time when the spec says so",
        ),
        pytest.param(
            replace(
                analysed(JUDGING, onNoData={"action": "Rollback", "after": "30s"}),
                now=NOW + 3600,
                answered=False,
            ),
            Verdict.NO_DATA,
            None,
            id="an operator that was away for long asks before it says that there is no data",
        ),
        pytest.param(
            replace(
                analysed(JUDGING, onNoData={"action": "Rollback", "after": "30s"}),
                now=NOW + 29,
                status=replace(JUDGING.status, paused_by_command=True),
            ),
            Verdict.NO_DATA,
            None,
            id="no data does not roll back while paused",
        ),
        pytest.param(
            analysed(JUDGING, onInconclusive="Rollback"),
            Verdict.OPEN,
            "Inconclusive",
            id="an open question rolls back after maxDuration when the spec says so",
        ),
        pytest.param(
            analysed(at(Stage.JUDGING, stage_since=NOW - 5), onInconclusive="Rollback"),
            Verdict.OPEN,
            None,
            id="an open question waits for maxDuration",
        ),
        pytest.param(
            analysed(at(Stage.VERIFYING, stage_since=NOW - 1), onInconclusive="Rollback"),
            Verdict.OPEN,
            None,
            id="an open question is none before the step is judged",
        ),
        pytest.param(
            at(Stage.SCALING, stage_since=NOW - 1),
            Verdict.SILENCE,
            None,
            id="silence needs a weight that was verified",
        ),
    ],
)
def test_what_the_spec_decides(situation: Situation, verdict: Verdict, reason: str | None) -> None:
    assert reason_of(situation, verdict) == reason


def test_no_data_says_for_how_long() -> None:
    situation = analysed(JUDGING, onNoData={"action": "Rollback", "after": "30s"})

    sentence = sentence_of(replace(situation, now=NOW + 39), Verdict.NO_DATA)

    assert "no data for 40s, limit 30s" in sentence


@pytest.mark.parametrize(
    ("situation", "reason"),
    [
        pytest.param(
            at(Stage.SCALING), "ProgressDeadlineExceeded", id="pods that are late roll back"
        ),
        pytest.param(
            at(Stage.SCALING, stage_since=NOW - 19), None, id="pods have until progressDeadline"
        ),
        pytest.param(
            at(Stage.SCALING, paused_by_command=True), None, id="no deadline passes while paused"
        ),
        pytest.param(
            at(Stage.SHIFTING),
            "ProgressDeadlineExceeded",
            id="a weight that cannot be written rolls back",
        ),
        pytest.param(JUDGING, None, id="a judged step has no deadline for pods"),
        pytest.param(
            replace(JUDGING, target=target(replicas=0)),
            "StableScaledDown",
            id="stable scaled to zero rolls back",
        ),
        pytest.param(replace(JUDGING, target=None), None, id="a target that is gone is no alarm"),
        pytest.param(
            replace(at(Stage.VERIFYING), routes=(route(10, accepted=False),)),
            "RouteNotAccepted",
            id="a route that is refused for verifyTimeout rolls back",
        ),
        pytest.param(
            replace(at(Stage.VERIFYING, stage_since=NOW - 1), routes=(route(10, accepted=False),)),
            None,
            id="a route that is refused for a moment is waited for",
        ),
        pytest.param(
            replace(JUDGING, routes=(route(10, accepted=False),)),
            None,
            id="a route that was accepted once is not looked at again",
        ),
    ],
)
def test_what_is_not_a_matter_of_requests(situation: Situation, reason: str | None) -> None:
    assert reason_of(situation) == reason


def test_a_quota_is_named_in_the_message() -> None:
    failing = dict(canary(ready=0))
    condition = {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota: pods"}
    status: JsonObject = {"observedGeneration": 1, "conditions": [condition]}
    situation = replace(at(Stage.SCALING), canaries=({**failing, "status": status},), endpoints=0)

    sentence = sentence_of(situation)

    assert sentence.endswith(
        "0 of 1 canary pods are ready after 20s (progressDeadline): exceeded quota: pods"
    )


PROMOTED = (replica_set(STABLE_SET, FIRST, 0), replica_set(PROMOTED_SET, GOOD, 3))
RETURNING = replace(
    at(Stage.RETURNING, weight=50, promoted_replica_set=PROMOTED_SET), sets=PROMOTED
)
PROMOTED_CRASHES = (pod("promoted-1", PROMOTED_SET, crashes=2),)


@pytest.mark.parametrize(
    ("situation", "verdict", "reason"),
    [
        pytest.param(
            at(Stage.ROLLING, weight=100), Verdict.HARM, None, id="harm is not looked for any more"
        ),
        pytest.param(at(Stage.ROLLING, weight=100), Verdict.OUTAGE, "Outage", id="an outage acts"),
        pytest.param(
            replace(at(Stage.ROLLING, weight=100), canary_pods=BAD_PODS),
            None,
            "Crashed",
            id="a crash of the canary acts while the Deployment rolls",
        ),
        pytest.param(
            replace(RETURNING, canary_pods=BAD_PODS),
            None,
            None,
            id="a crash of the canary does not act while the traffic leaves it",
        ),
        pytest.param(
            replace(RETURNING, stable_pods=PROMOTED_CRASHES),
            None,
            "Crashed",
            id="a crash of the promoted pods acts while they get the traffic",
        ),
        pytest.param(
            replace(RETURNING, stable_pods=(pod("old-1", STABLE_SET, crashes=2),)),
            None,
            None,
            id="a crash of a former pod does not",
        ),
        pytest.param(
            replace(RETURNING, stable_pods=PROMOTED_CRASHES, canary_pods=BAD_PODS),
            None,
            None,
            id="pods of both that crash alike are not the promotion's fault",
        ),
        pytest.param(
            replace(
                RETURNING,
                target=target(held=None, replicas=1),
                stable_pods=(pod("promoted-1", PROMOTED_SET, crashes=1),),
            ),
            None,
            "Crashed",
            id="one crash of the only promoted pod is enough",
        ),
        pytest.param(
            replace(
                at(Stage.RETURNING, step_started_at=None, promoted_replica_set=PROMOTED_SET),
                stable_pods=PROMOTED_CRASHES,
            ),
            None,
            None,
            id="without an instant to count from nothing is counted",
        ),
        pytest.param(
            replace(at(Stage.DRAINING), annotations={"abort": f"{REVISION}#1"}),
            None,
            None,
            id="draining is too late for an abort",
        ),
        pytest.param(
            replace(resting(), annotations={"abort": f"{REVISION}#1"}),
            Verdict.HARM,
            None,
            id="nothing can fail at rest",
        ),
    ],
)
def test_while_promoting(situation: Situation, verdict: Verdict | None, reason: str | None) -> None:
    assert reason_of(situation, verdict) == reason


@pytest.mark.parametrize(
    ("situation", "crashed"),
    [
        pytest.param(CRASHED, True, id="two crashes of a canary that has one pod"),
        pytest.param(
            replace(JUDGING, canary_pods=(pod("c", "s", crashes=1),)),
            True,
            id="one crash of the only pod",
        ),
        pytest.param(
            replace(at(Stage.JUDGING, step=1), canary_pods=(pod("c", "s", crashes=1),)),
            False,
            id="one crash of several pods may be chance",
        ),
        pytest.param(
            replace(CRASHED, stable_pods=(pod("s", STABLE_SET, crashes=2),)),
            False,
            id="stable crashes as often",
        ),
        pytest.param(
            replace(JUDGING, canary_pods=(pod("c", "s", crashes=2, deleting=True),)),
            False,
            id="a pod that is being deleted does not count",
        ),
        pytest.param(
            replace(at(Stage.JUDGING, step_started_at=NOW), canary_pods=BAD_PODS),
            False,
            id="a crash before the step does not count",
        ),
        pytest.param(
            replace(at(Stage.JUDGING, step_started_at=None), canary_pods=BAD_PODS),
            False,
            id="without a step nothing is counted",
        ),
        pytest.param(
            replace(
                at(Stage.JUDGING, step=1),
                canary_pods=(pod("c", "s", started=NOW - 100, crashes=5),),
            ),
            False,
            id="restarts of a pod from before the step may be older than the step",
        ),
    ],
)
def test_crashes(situation: Situation, *, crashed: bool) -> None:
    assert reason_of(situation) == ("Crashed" if crashed else None)
