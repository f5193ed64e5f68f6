"""What a person reads of a rollout, and when it is looked at again."""

from dataclasses import replace

import pytest

from sluice.analysis.verdict import Verdict
from sluice.model.json import Json
from sluice.model.problems import Problem, Stalled, Waiting
from sluice.model.reasons import Reason
from sluice.rollout.phases import Stage
from sluice.rollout.status import Entry, Rejected, RolloutStatus, Version
from sluice.rollout.summary import summarised, wake_at
from tests.unit.rollout.situation import (
    FIRST,
    NOW,
    REVISION,
    Situation,
    at,
    judged,
    pod,
    resting,
    route,
    target,
)


def summary(
    situation: Situation, verdict: Verdict | None = None, problem: Problem | None = None
) -> RolloutStatus:
    scene = situation.scene()
    return summarised(scene, scene.status, None if verdict is None else judged(verdict), problem)


def conditions(status: RolloutStatus) -> dict[str, tuple[str, str]]:
    return {c.type: (str(c.status), c.reason) for c in status.conditions}


JUDGING = at(Stage.JUDGING, step_text="1/2", message="before")
PAUSING: Json = [{"weight": 10, "pause": True}, {"weight": 50}]


@pytest.mark.parametrize(
    ("situation", "verdict", "message"),
    [
        pytest.param(
            resting(stable=Version()),
            None,
            "waiting until one ReplicaSet of the Deployment runs",
            id="nothing adopted yet",
        ),
        pytest.param(
            replace(resting(), target=target(FIRST, held=None)),
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
        pytest.param(JUDGING, Verdict.OPEN, "step 1/2: 10% is judged", id="judged"),
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
        pytest.param(resting(), None, {"Ready": ("True", "Healthy")}, id="at rest"),
        pytest.param(
            resting(stable=Version()),
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
                "Promoted": ("False", "Progressing"),
            },
            id="a roll that does not end",
        ),
        pytest.param(
            resting(Stage.ROLLED_BACK, rejected=Rejected(REVISION, "Aborted", "by hand", NOW)),
            None,
            {
                "Ready": ("False", "RolledBack"),
                "Stalled": ("True", "RolledBack"),
                "Promoted": ("False", "Progressing"),
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
    ("situation", "status"),
    [
        pytest.param(resting(), "True", id="promoted at rest"),
        pytest.param(at(Stage.JUDGING), "False", id="no longer when the next one comes"),
    ],
)
def test_promoted(situation: Situation, status: str) -> None:
    entry = Entry("a", "b", "Promoted", "Promoted", "done", NOW, NOW, 0)
    promoted = replace(situation, status=replace(situation.status, history=(entry,)))

    assert conditions(summary(promoted))["Promoted"] == (status, "Promoted")


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
            at(Stage.JUDGING), Verdict.NO_DATA, NOW + 599, id="when no data lasted too long"
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
def test_wake_at(situation: Situation, verdict: Verdict | None, due: float | None) -> None:
    assert wake_at(situation.scene(), None if verdict is None else judged(verdict)) == due
