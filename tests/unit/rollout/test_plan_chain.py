"""The chain of the plan: what comes before what, and what a pass writes."""

import pickle
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.analysis.verdict import Judgement, Verdict
from sluice.model.json import Body, Json
from sluice.model.kind import Observation
from sluice.model.plan import Note, Plan, Transition, Work
from sluice.model.problems import Problem, Waiting
from sluice.model.reasons import Reason
from sluice.rollout.kind import RolloutKind
from sluice.rollout.moves import Amend, Move
from sluice.rollout.phases import Stage
from sluice.rollout.plan import decide, plan
from sluice.rollout.status import Ending, Rejected, RolloutStatus
from tests.unit.rollout.situation import (
    FIRST,
    NEXT,
    NOW,
    REVISION,
    SCRAPE_SECONDS,
    Situation,
    at,
    judged,
    resting,
    route,
    target,
)

ABORT = {"abort": f"{REVISION}#1"}
GONE = Waiting(Reason.TARGET_NOT_FOUND, "gone")
NEWER = target(NEXT, held="pending")
PAUSED = at(Stage.JUDGING, paused_by_command=True, paused_since=NOW - 1)


def answer(
    situation: Situation, verdict: Judgement | None = None, problem: Problem | None = None
) -> str | None:
    """Return what is decided: an event, «amend», or None for work."""
    match decide(situation.scene(), verdict, problem):
        case Move(event=event):
            return event.name
        case Amend():
            return "amend"
        case None:
            return None


@pytest.mark.parametrize(
    ("situation", "verdict", "problem", "expected"),
    [
        pytest.param(
            replace(at(Stage.JUDGING), annotations=ABORT, endpoints=0, target=NEWER),
            judged(Verdict.HARM),
            GONE,
            "FAILED",
            id="abort before everything",
        ),
        pytest.param(
            replace(PAUSED, annotations=ABORT), None, None, "FAILED", id="abort though paused"
        ),
        pytest.param(
            replace(at(Stage.JUDGING), endpoints=0, target=NEWER),
            judged(Verdict.HARM),
            None,
            "FAILED",
            id="harm before capacity",
        ),
        pytest.param(
            replace(at(Stage.JUDGING), endpoints=0, target=NEWER),
            None,
            GONE,
            "CAPACITY_FELL",
            id="capacity before wishes and obstacles",
        ),
        pytest.param(
            replace(PAUSED, endpoints=0), None, None, "CAPACITY_FELL", id="capacity though paused"
        ),
        pytest.param(
            replace(at(Stage.JUDGING), spec={"paused": True}, target=NEWER),
            None,
            None,
            "amend",
            id="the clock before wishes",
        ),
        pytest.param(
            replace(PAUSED, target=NEWER), None, GONE, "SUPERSEDED", id="wishes though paused"
        ),
        pytest.param(resting(), None, None, "CHANGED", id="a rollout begins"),
        pytest.param(resting(), None, GONE, None, id="not while something stands in the way"),
        pytest.param(
            replace(at(Stage.SHIFTING, stage_since=NOW - 1), routes=(route(1),)),
            None,
            None,
            None,
            id="deeds before further transitions",
        ),
        pytest.param(
            at(Stage.JUDGING), judged(Verdict.PROVEN), None, "STEP_PASSED", id="then it goes on"
        ),
        pytest.param(PAUSED, judged(Verdict.PROVEN), None, None, id="not up while paused"),
        pytest.param(
            at(Stage.JUDGING), judged(Verdict.PROVEN), GONE, None, id="not up while in the way"
        ),
        pytest.param(
            at(Stage.ROLLING_BACK_SHIFTING, 0, paused_by_command=True, paused_since=NOW - 1),
            None,
            GONE,
            "WEIGHT_VERIFIED",
            id="but down at any time",
        ),
    ],
)
def test_what_comes_first(
    situation: Situation,
    verdict: Judgement | None,
    problem: Problem | None,
    expected: str | None,
) -> None:
    assert answer(situation, verdict, problem) == expected


def written(situation: Situation) -> RolloutStatus:
    decided = plan(situation.observation(), SCRAPE_SECONDS)
    status = decided.status
    assert status is not None
    return RolloutStatus.from_body(Body(status, "status"))


def test_a_transition_is_written_alone() -> None:
    decided = plan(replace(at(Stage.JUDGING), annotations=ABORT).observation(), SCRAPE_SECONDS)

    assert isinstance(decided, Transition)
    assert decided.status["phase"] == "RollingBack"
    assert [note.reason for note in decided.notes] == [Reason.ABORTED]


def test_an_amendment_keeps_the_stage() -> None:
    status = written(replace(at(Stage.JUDGING), spec={"paused": True}))

    assert (status.stage, status.paused_since) == (Stage.JUDGING, NOW)


def test_work_has_the_status_of_the_persisted_stage() -> None:
    situation = replace(at(Stage.SHIFTING, stage_since=NOW - 1), routes=(route(1),))
    decided = plan(situation.observation(), SCRAPE_SECONDS)

    assert isinstance(decided, Work)
    assert len(decided.actions) == 1
    assert decided.status is not None
    assert (decided.status["stage"], decided.status["actualWeight"]) == ("Shifting", 1)


def test_a_status_that_says_everything_is_not_written_again() -> None:
    situation = replace(resting(), target=target(FIRST, held=None))
    settled = replace(situation, status=written(situation))

    decided = plan(replace(settled, now=NOW + 3600).observation(), SCRAPE_SECONDS)

    assert decided == Work()


def test_an_object_without_a_status_gets_one() -> None:
    situation = replace(resting(), target=target(FIRST, held=None))
    observation = situation.observation()
    body = {key: item for key, item in observation.body.items() if key != "status"}

    decided = plan(replace(observation, body=body), SCRAPE_SECONDS)

    assert isinstance(decided, Work)
    assert decided.status is not None


def spoilt(**spec: Json) -> Observation:
    observation = at(Stage.JUDGING).observation()
    whole = Body(observation.body).body("spec").value
    return replace(observation, body={**observation.body, "spec": {**whole, **spec}})


@pytest.mark.parametrize(
    ("observation", "message"),
    [
        pytest.param(spoilt(steps=[]), "spec.steps [] do not ascend", id="a wrong value"),
        pytest.param(spoilt(steps="none"), "spec.steps", id="a wrong type"),
    ],
)
def test_a_spec_that_cannot_be_read_is_told_and_nothing_is_done(
    observation: Observation, message: str
) -> None:
    decided = plan(observation, SCRAPE_SECONDS)

    assert isinstance(decided, Work)
    assert decided.actions == ()
    assert decided.status is not None
    status = RolloutStatus.from_body(Body(decided.status, "status"))
    assert (status.stage, status.weight) == (Stage.JUDGING, 10)
    assert status.message.startswith(message)
    again = plan(replace(observation, body={**observation.body, "status": decided.status}), 1.0)
    assert again == Work()


def test_the_checkpoint_is_kept_every_15_seconds() -> None:
    before = at(Stage.JUDGING)
    status = written(before)
    assert status.checkpoint_at == NOW

    soon = plan(replace(before, status=status, now=NOW + 14).observation(), SCRAPE_SECONDS)
    later = plan(replace(before, status=status, now=NOW + 15).observation(), SCRAPE_SECONDS)

    assert soon.status is None
    assert later.status is not None


def after(observation: Observation, decided: Plan) -> Observation:
    """Return what is observed once the plan's status is written."""
    return replace(observation, body={**observation.body, "status": decided.status})


def noted(decided: Plan) -> list[Reason]:
    return [note.reason for note in decided.notes]


QUIET = replace(resting(), target=target(FIRST, held=None))


@pytest.mark.parametrize(
    ("observation", "reasons"),
    [
        pytest.param(spoilt(steps=[]), [Reason.INVALID_SPEC], id="a spec that cannot be read"),
        pytest.param(
            replace(QUIET, target=None).observation(), [Reason.TARGET_NOT_FOUND], id="no target"
        ),
        pytest.param(
            replace(at(Stage.JUDGING), routes=()).observation(),
            [Reason.ROUTE_NOT_FOUND],
            id="a route that is gone",
        ),
        pytest.param(at(Stage.JUDGING).observation(), [Reason.NO_DATA], id="no data for long"),
        pytest.param(
            resting(paused_by_command=True, paused_since=NOW - 1).observation(),
            [Reason.PAUSED],
            id="a version that is held while paused",
        ),
        pytest.param(
            replace(resting(), spec={"paused": True}).observation(),
            [Reason.PAUSED],
            id="a pause that begins with a version held: by the amendment only",
        ),
        pytest.param(
            replace(at(Stage.VERIFYING, contested=2), routes=(route(3),)).observation(),
            [Reason.ROUTE_CONTESTED],
            id="a contest: by the count only",
        ),
        pytest.param(QUIET.observation(), [], id="nothing of a rest"),
        pytest.param(
            at(Stage.CREATING, 0, stage_since=NOW).observation(),
            [],
            id="nothing of the course, which the moves tell",
        ),
    ],
)
def test_an_outcome_is_told_in_the_write_that_says_it_and_never_again(
    observation: Observation, reasons: list[Reason]
) -> None:
    decided = plan(observation, SCRAPE_SECONDS)

    assert noted(decided) == reasons
    again = plan(after(observation, decided), SCRAPE_SECONDS)
    assert [reason for reason in noted(again) if reason in reasons] == []


def test_the_note_is_what_the_condition_says() -> None:
    decided = plan(replace(QUIET, target=None).observation(), SCRAPE_SECONDS)

    message = "Deployment shop/checkout does not exist; the rollout can begin once it is there"
    assert decided.notes == (Note(Reason.TARGET_NOT_FOUND, message),)


def deleted_in(situation: Situation) -> list[Reason]:
    """Return what is told from a deletion on, as far as the status alone leads."""
    observation, told = replace(situation, deleting=True).observation(), []
    for _ in range(4):
        decided = plan(observation, SCRAPE_SECONDS)
        told += noted(decided)
        if decided.status is not None:
            observation = after(observation, decided)
    return told


@pytest.mark.parametrize(
    ("situation", "others"),
    [
        pytest.param(resting(), [], id="at rest"),
        pytest.param(
            resting(Stage.ROLLED_BACK, rejected=Rejected(REVISION, "Harm", "17 of 900", NOW)),
            [],
            id="rolled back",
        ),
        pytest.param(
            replace(
                at(
                    Stage.ROLLING_BACK_DRAINING,
                    0,
                    after=Stage.HEALTHY,
                    ending=Ending("RevertedByUser", "the template is stable's again", 10),
                ),
                canaries=(),
            ),
            [],
            id="while another end is under way",
        ),
        pytest.param(
            replace(at(Stage.JUDGING), routes=(route(None),)), [], id="in the middle of a rollout"
        ),
    ],
)
def test_a_deletion_is_told_once(situation: Situation, others: list[Reason]) -> None:
    assert deleted_in(situation) == [*others, Reason.DELETED]


def test_a_deletion_that_was_told_in_the_middle_is_not_told_again_at_rest() -> None:
    ending = Ending("Deleted", "it stays", 10)
    draining = at(Stage.ROLLING_BACK_DRAINING, 0, after=Stage.HEALTHY, ending=ending)

    assert deleted_in(replace(draining, canaries=())) == []


_STAGES = st.sampled_from(list(Stage))
_SITUATIONS = st.builds(
    replace,
    st.builds(
        at,
        _STAGES,
        st.sampled_from([0, 10, 50, 95, 100]),
        step=st.integers(0, 4),
        stage_since=st.sampled_from([NOW - 60, NOW - 1, NOW]),
        after=st.sampled_from([None, Stage.HEALTHY, Stage.ROLLED_BACK, Stage.CREATING]),
    ),
    target=st.sampled_from(
        [None, target(), target(held=None), target(held="pending"), NEWER, target(replicas=0)]
    ),
    sets=st.sampled_from([(), resting().sets]),
    canaries=st.sampled_from([(), at(Stage.JUDGING).canaries]),
    canary_service=st.sampled_from([None, resting().canary_service]),
    service=st.sampled_from([None, resting().service]),
    routes=st.sampled_from([(), (route(None),), (route(10),), (route(100, accepted=False),)]),
    endpoints=st.integers(0, 3),
    deleting=st.booleans(),
    whole=st.booleans(),
    annotations=st.sampled_from([{}, ABORT, {"promote": f"{REVISION}#1"}]),
)


@given(_SITUATIONS)
def test_the_plan_is_total_deterministic_and_replayable(situation: Situation) -> None:
    kind, observation = RolloutKind(SCRAPE_SECONDS), situation.observation()

    decided = kind.plan(observation)

    replayed = pickle.loads(pickle.dumps(observation))  # noqa: S301 - what it wrote itself
    assert kind.plan(replayed) == decided
    if decided.status is not None:
        read = RolloutStatus.from_body(Body(decided.status, "status"))
        assert read.to_json() == decided.status


@given(_SITUATIONS)
def test_no_wish_is_added_once_all_are_met(situation: Situation) -> None:
    kind, observation = RolloutKind(SCRAPE_SECONDS), situation.observation()
    wants = kind.wants(observation.body, {})

    again = kind.wants(observation.body, dict.fromkeys(wants.selections, ()))

    assert set(again.selections) == set(wants.selections)


@given(_SITUATIONS)
def test_what_was_told_is_not_told_by_the_next_pass(situation: Situation) -> None:
    kind, observation = RolloutKind(SCRAPE_SECONDS), situation.observation()
    decided = kind.plan(observation)
    if decided.status is None:
        assert decided.notes == ()
        return

    again = kind.plan(after(observation, decided))

    waits = {note.reason for note in decided.notes} & {
        Reason.TARGET_NOT_FOUND,
        Reason.SERVICE_NOT_FOUND,
        Reason.ROUTE_NOT_FOUND,
        Reason.ROUTE_MISMATCH,
        Reason.SEVERAL_REPLICASETS,
        Reason.NO_DATA,
        Reason.DELETED,
    }
    assert not waits & {note.reason for note in again.notes}
