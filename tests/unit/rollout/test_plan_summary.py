"""What a person reads of a rollout, and when it is looked at again."""

from dataclasses import replace

import pytest

from sluice.analysis.verdict import Judgement, Verdict
from sluice.model.json import Json
from sluice.model.problems import Problem, Stalled, Waiting
from sluice.model.reasons import Reason
from sluice.rollout.phases import Stage
from sluice.rollout.status import Ending, Entry, Rejected, RolloutStatus, SloResult, Version
from sluice.rollout.summary import summarised, wake_at
from tests.builders import QUICK_ANALYSIS
from tests.unit.rollout.situation import (
    FIRST,
    NEXT,
    NOW,
    REVISION,
    Situation,
    at,
    judged,
    pod,
    resting,
    revision,
    route,
    target,
)


def summary(
    situation: Situation,
    verdict: Verdict | Judgement | None = None,
    problem: Problem | None = None,
) -> RolloutStatus:
    scene = situation.scene()
    judgement = judged(verdict) if isinstance(verdict, Verdict) else verdict
    return summarised(scene, scene.status, judgement, problem)


def conditions(status: RolloutStatus) -> dict[str, tuple[str, str]]:
    return {c.type: (str(c.status), c.reason) for c in status.conditions}


UNADOPTED = resting(stable=Version(), stable_replica_set="")
AT_REST = replace(resting(), target=target(FIRST, held=None))
JUDGING = at(Stage.JUDGING, step_text="1/2", message="before")
# Not yet long after the 6 s of maxDuration: the next answers may decide.
EARLY = replace(JUDGING, status=replace(JUDGING.status, stage_since=NOW - 23))
PAUSING: Json = [{"weight": 10, "pause": True}, {"weight": 50}]


@pytest.mark.parametrize(
    ("situation", "verdict", "message"),
    [
        pytest.param(
            UNADOPTED,
            None,
            "waiting until one ReplicaSet of the Deployment runs",
            id="nothing adopted yet",
        ),
        pytest.param(
            AT_REST,
            None,
            "version stable runs and takes all traffic",
            id="at rest",
        ),
        pytest.param(
            replace(resting(), target=target(replicas=0)),
            None,
            "a new version is held; it starts when checkout has pods again",
            id="held at 0",
        ),
        pytest.param(
            replace(resting(message="was"), target=None),
            None,
            "version stable runs and takes all traffic",
            id="at rest without a target",
        ),
        pytest.param(
            resting(Stage.ROLLED_BACK, rejected=Rejected(REVISION, "Harm", "17 of 900", NOW)),
            None,
            "17 of 900",
            id="rolled back",
        ),
        pytest.param(resting(Stage.ROLLED_BACK, message="was"), None, "was", id="of unknown cause"),
        pytest.param(EARLY, Verdict.OPEN, "step 1/2: 10% is judged", id="judged"),
        pytest.param(JUDGING, None, "before", id="not judged yet"),
        pytest.param(
            JUDGING,
            Verdict.NO_DATA,
            "no data since 2027-01-15T07:59:59.000Z: weight holds at 10%; check Prometheus",
            id="no data",
        ),
        pytest.param(
            JUDGING,
            Verdict.ENVIRONMENT,
            "both versions miss the SLO: weight holds at 10%; see status.analysis",
            id="both bad",
        ),
        pytest.param(
            replace(JUDGING, spec={"steps": PAUSING}),
            Verdict.OPEN,
            "step 1/2 waits for `sluice rollout promote`",
            id="waits for a person",
        ),
        pytest.param(at(Stage.SCALING, message="was"), Verdict.OPEN, "was", id="other stages"),
    ],
)
def test_message(situation: Situation, verdict: Verdict | None, message: str) -> None:
    assert summary(situation, verdict).message == message


@pytest.mark.parametrize(
    ("situation", "text"),
    [
        pytest.param(resting(), "", id="no step at rest"),
        pytest.param(at(Stage.JUDGING, step=1), "2/2", id="a step"),
        pytest.param(at(Stage.BAKING, step=2), "bake", id="the bake"),
    ],
)
def test_step_text(situation: Situation, text: str) -> None:
    assert summary(situation).step_text == text


STUCK = replace(at(Stage.ROLLING, 100, stage_since=NOW - 20), target=target(held=None))


@pytest.mark.parametrize(
    ("situation", "problem", "expected"),
    [
        pytest.param(AT_REST, None, {"Ready": ("True", "Healthy")}, id="at rest"),
        pytest.param(
            UNADOPTED,
            None,
            {
                "Ready": ("False", "SeveralReplicaSets"),
                "Reconciling": ("True", "SeveralReplicaSets"),
            },
            id="before adoption",
        ),
        pytest.param(
            resting(),
            Waiting(Reason.TARGET_NOT_FOUND, "gone"),
            {"Ready": ("False", "TargetNotFound"), "Reconciling": ("True", "TargetNotFound")},
            id="something to wait for",
        ),
        pytest.param(
            resting(),
            Stalled(Reason.CONFLICT, "taken"),
            {"Ready": ("False", "Conflict"), "Stalled": ("True", "Conflict")},
            id="something to mend",
        ),
        pytest.param(
            at(Stage.JUDGING),
            None,
            {
                "Ready": ("False", "Progressing"),
                "Reconciling": ("True", "Progressing"),
                "Promoted": ("False", "Progressing"),
            },
            id="under way",
        ),
        pytest.param(
            at(Stage.JUDGING, contested=3),
            None,
            {
                "Ready": ("False", "RouteContested"),
                "Reconciling": ("True", "RouteContested"),
                "Promoted": ("False", "Progressing"),
            },
            id="contested",
        ),
        pytest.param(
            at(Stage.JUDGING, paused_by_command=True, paused_since=NOW),
            None,
            {
                "Ready": ("False", "Progressing"),
                "Reconciling": ("True", "Progressing"),
                "Promoted": ("False", "Progressing"),
                "Paused": ("True", "Paused"),
            },
            id="paused",
        ),
        pytest.param(
            STUCK,
            None,
            {
                "Ready": ("False", "ProgressDeadlineExceeded"),
                "Stalled": ("True", "ProgressDeadlineExceeded"),
                "Promoted": ("False", "Promoting"),
            },
            id="a roll that does not end",
        ),
        pytest.param(
            resting(Stage.ROLLED_BACK, rejected=Rejected(REVISION, "Aborted", "by hand", NOW)),
            None,
            {
                "Ready": ("False", "RolledBack"),
                "Stalled": ("True", "RolledBack"),
                "Promoted": ("False", "RolledBack"),
                "Aborted": ("True", "Aborted"),
            },
            id="aborted",
        ),
        pytest.param(
            at(Stage.JUDGING, rejected=Rejected("older", "Aborted", "by hand", NOW)),
            None,
            {
                "Ready": ("False", "Progressing"),
                "Reconciling": ("True", "Progressing"),
                "Promoted": ("False", "Progressing"),
            },
            id="an abort of the version before is over",
        ),
    ],
)
def test_conditions(
    situation: Situation, problem: Problem | None, expected: dict[str, tuple[str, str]]
) -> None:
    assert conditions(summary(situation, problem=problem)) == expected


@pytest.mark.parametrize(
    ("situation", "outcome", "status", "reason"),
    [
        pytest.param(resting(), "Promoted", "True", "Promoted", id="promoted at rest"),
        pytest.param(
            at(Stage.JUDGING),
            "Promoted",
            "False",
            "Progressing",
            id="no longer when the next one comes",
        ),
        pytest.param(resting(), "Withdrawn", "False", "Healthy", id="nor when it is withdrawn"),
    ],
)
def test_promoted(situation: Situation, outcome: str, status: str, reason: str) -> None:
    entry = Entry("a", "b", outcome, outcome, "done", NOW, NOW, 0)
    promoted = replace(situation, status=replace(situation.status, history=(entry,)))

    assert conditions(summary(promoted))["Promoted"] == (status, reason)


@pytest.mark.parametrize(
    ("situation", "next_at"),
    [
        pytest.param(at(Stage.JUDGING, stage_since=NOW), NOW + 2, id="the end of a step"),
        pytest.param(at(Stage.DRAINING, 0, stage_since=NOW), NOW + 2, id="the end of the drain"),
        pytest.param(at(Stage.SCALING), None, id="nothing to wait for"),
        pytest.param(at(Stage.JUDGING, paused_since=NOW), None, id="no end while paused"),
    ],
)
def test_next_at(situation: Situation, next_at: float | None) -> None:
    assert summary(situation).next_at == next_at


@pytest.mark.parametrize(
    ("situation", "verdict", "due"),
    [
        pytest.param(resting(), None, None, id="at rest never"),
        pytest.param(
            at(Stage.JUDGING, stage_since=NOW), Verdict.OPEN, NOW + 2, id="at the end of a step"
        ),
        pytest.param(
            at(Stage.JUDGING, stage_since=NOW - 3), Verdict.OPEN, NOW + 3, id="at maxDuration"
        ),
        pytest.param(
            at(Stage.JUDGING, stage_since=NOW - 7),
            Verdict.OPEN,
            NOW + 17,
            id="when a step that stays is an outcome",
        ),
        pytest.param(
            at(Stage.JUDGING), Verdict.NO_DATA, NOW + 17, id="when missing data are an outcome"
        ),
        pytest.param(
            at(Stage.JUDGING, stage_since=NOW - 60),
            replace(judged(Verdict.NO_DATA), data_until=NOW - 30),
            NOW + 570,
            id="when no data lasted too long",
        ),
        pytest.param(at(Stage.JUDGING), Verdict.OPEN, None, id="not after all of them"),
        pytest.param(at(Stage.VERIFYING, stage_since=NOW), None, NOW + 4, id="at verifyTimeout"),
        pytest.param(
            replace(at(Stage.VERIFYING), routes=(route(1),)), None, None, id="not while written"
        ),
        pytest.param(at(Stage.SCALING, stage_since=NOW), None, NOW + 20, id="at progressDeadline"),
        pytest.param(at(Stage.DRAINING, 0, stage_since=NOW), None, NOW + 2, id="after the drain"),
        pytest.param(
            replace(at(Stage.SCALING), canary_pods=(pod("a", "b", started=NOW - 1.5),)),
            None,
            NOW + 1.5,
            id="when the gateway knows the pods",
        ),
    ],
)
def test_wake_at(
    situation: Situation, verdict: Verdict | Judgement | None, due: float | None
) -> None:
    judgement = judged(verdict) if isinstance(verdict, Verdict) else verdict

    assert wake_at(situation.scene(), judgement) == due


def asking(**analysis: Json) -> Situation:
    """Return a step whose 6 s of maxDuration are over, with what its checkpoint has counted."""
    counted = SloResult("errors", True, 1, 12, 2, 108, 4.5, 20, "open", "")
    aside = replace(counted, slo="latency", critical=False, canary_total=3, evidence=19)
    over = replace(JUDGING, status=replace(JUDGING.status, slos=(aside, counted)))
    return replace(over, spec={"analysis": {**QUICK_ANALYSIS, **analysis}})


def overdue(why: str) -> str:
    start = f"step 1/2 is not proven after 6s: {why}"
    return f"{start}; weight holds at 10%; `sluice rollout promote checkout` goes on"


FEW, MANY = judged(Verdict.OPEN, requests=12), judged(Verdict.OPEN, evidence=4.5, requests=900)


@pytest.mark.parametrize(
    ("situation", "verdict", "reason", "message"),
    [
        pytest.param(
            asking(),
            FEW,
            Reason.INCONCLUSIVE,
            overdue("12 canary requests, minRequests is 50"),
            id="too few requests to go on by time",
        ),
        pytest.param(
            asking(onInconclusive="Hold"),
            FEW,
            Reason.INCONCLUSIVE,
            overdue("12 canary requests prove nothing, and onInconclusive is Hold"),
            id="the spec says to hold",
        ),
        pytest.param(
            asking(),
            MANY,
            Reason.INCONCLUSIVE,
            overdue("12 canary requests, and evidence of 4.5:1 speaks against the canary"),
            id="something speaks against it",
        ),
        pytest.param(
            replace(asking(), status=JUDGING.status),
            FEW,
            Reason.INCONCLUSIVE,
            overdue("12 canary requests, minRequests is 50"),
            id="before the step's first checkpoint",
        ),
        pytest.param(
            asking(),
            judged(Verdict.OPEN),
            Reason.PROGRESSING,
            "step 1/2: 10% is judged",
            id="not when it goes on by time",
        ),
        pytest.param(
            replace(asking(), spec={"paused": True}),
            FEW,
            Reason.PROGRESSING,
            "step 1/2: 10% is judged",
            id="not while time stands still",
        ),
        pytest.param(
            JUDGING,
            replace(judged(Verdict.NO_DATA), data_until=NOW - 18),
            Reason.NO_DATA,
            "no data since 2027-01-15T07:59:42.000Z: weight holds at 10%; check Prometheus",
            id="no data for long",
        ),
        pytest.param(
            JUDGING,
            replace(judged(Verdict.NO_DATA), data_until=NOW - 17.5),
            Reason.PROGRESSING,
            "no data since 2027-01-15T07:59:42.500Z: weight holds at 10%; check Prometheus",
            id="no data yet, as after a restart",
        ),
        pytest.param(
            JUDGING,
            judged(Verdict.ENVIRONMENT),
            Reason.ENVIRONMENT,
            "both versions miss the SLO: weight holds at 10%; see status.analysis",
            id="both bad",
        ),
    ],
)
def test_why_a_judged_step_stays(
    situation: Situation, verdict: Judgement, reason: Reason, message: str
) -> None:
    status = summary(situation, verdict)

    assert (conditions(status)["Ready"], status.message) == (("False", str(reason)), message)


KEPT = f"version {REVISION} is held back"
REJECTED = Rejected(REVISION, "Harm", "17 of 900", NOW)
BY_COMMAND = resting(paused_by_command=True, paused_since=NOW)


@pytest.mark.parametrize(
    ("situation", "reason", "message"),
    [
        pytest.param(
            BY_COMMAND,
            Reason.PAUSED,
            f"{KEPT} and the Rollout is paused: "
            "`sluice rollout resume checkout` starts its rollout",
            id="by command",
        ),
        pytest.param(
            replace(resting(paused_since=NOW), spec={"paused": True}),
            Reason.PAUSED,
            f"{KEPT} and the Rollout is paused: `spec.paused: false` starts its rollout",
            id="in the spec, which the command leaves alone",
        ),
        pytest.param(
            replace(BY_COMMAND, spec={"paused": True}),
            Reason.PAUSED,
            f"{KEPT} and the Rollout is paused: "
            "`spec.paused: false` and `sluice rollout resume checkout` starts its rollout",
            id="by both",
        ),
        pytest.param(
            replace(
                resting(Stage.ROLLED_BACK, rejected=REJECTED, paused_by_command=True),
                target=target(NEXT, held="pending"),
            ),
            Reason.PAUSED,
            f"version {revision(NEXT)} is held back and the Rollout is paused: "
            "`sluice rollout resume checkout` starts its rollout",
            id="another one than the rejected",
        ),
        pytest.param(
            resting(),
            Reason.PROGRESSING,
            f"{KEPT}; its rollout begins",
            id="not any more: nobody is told Ready on the way to its start",
        ),
    ],
)
def test_a_version_held_at_rest_is_not_ready(
    situation: Situation, reason: Reason, message: str
) -> None:
    status = summary(situation)

    assert (conditions(status)["Ready"], status.message) == (("False", str(reason)), message)


def test_a_rejected_version_that_is_held_while_paused_is_rolled_back_as_before() -> None:
    status = summary(resting(Stage.ROLLED_BACK, rejected=REJECTED, paused_by_command=True))

    assert (conditions(status)["Stalled"], status.message) == (("True", "RolledBack"), "17 of 900")


def test_a_pause_without_a_held_version_is_ready() -> None:
    quiet = replace(BY_COMMAND, target=target(FIRST, held=None))

    assert conditions(summary(quiet))["Ready"] == ("True", "Healthy")


@pytest.mark.parametrize("stage", [Stage.HEALTHY, Stage.ROLLED_BACK])
def test_a_deleted_rollout_says_what_stays_behind_until_it_is_gone(stage: Stage) -> None:
    situation = replace(resting(stage, ending=Ending("Deleted", "it stays", 0)), deleting=True)

    status = summary(situation)

    assert (conditions(status)["Ready"], status.message) == (("False", "Deleted"), "it stays")
