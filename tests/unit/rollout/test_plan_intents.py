"""What the user wants of the version, and where that leads."""

from dataclasses import replace

import pytest

from sluice.model.json import Body, JsonObject
from sluice.model.plan import Note
from sluice.model.reasons import Reason
from sluice.model.references import DISRUPTIONBUDGETS, PODMONITORS
from sluice.rollout.hold import Template, template_against
from sluice.rollout.intents import changed_mind, find_intent, say_farewell
from sluice.rollout.phases import Event, Stage
from sluice.rollout.status import Ending, Rejected
from tests.builders import NAME, as_stored, metadata
from tests.unit.rollout.situation import (
    FIRST,
    GOOD,
    NEXT,
    NOW,
    PROMOTED_SET,
    REVISION,
    Situation,
    at,
    canary,
    replica_set,
    resting,
    revision,
    target,
)

REJECTED = Rejected(REVISION, "Harm", "17 of 900", NOW - 60)
ROLLED_BACK = replace(resting(Stage.ROLLED_BACK, rejected=REJECTED), canaries=(canary(replicas=0),))
PENDING_NEXT = target(NEXT, held="pending")
PENDING_FIRST = target(FIRST, held="pending")
BYPASSED = target(held=REVISION, bypass=REVISION)


LET_THROUGH: JsonObject = {
    **BYPASSED,
    "spec": {**Body(BYPASSED).body("spec").value, "paused": False},
}


def outcome(situation: Situation) -> tuple[Event, Stage | None] | None:
    move = find_intent(situation.scene())
    return None if move is None else (move.event, move.status.after)


BEGINS = (Event.CHANGED, None)


@pytest.mark.parametrize(
    ("situation", "expected"),
    [
        pytest.param(resting(), BEGINS, id="a held version gets a rollout"),
        pytest.param(replace(resting(), deleting=True), None, id="not while being deleted"),
        pytest.param(resting(paused_by_command=True), None, id="not while paused"),
        pytest.param(
            replace(resting(), target=target(replicas=0)), None, id="not without pods to compare"
        ),
        pytest.param(replace(resting(), target=target(held=None)), None, id="not unless held"),
        pytest.param(replace(resting(), target=PENDING_FIRST), None, id="not stable's template"),
        pytest.param(replace(resting(), target=None), None, id="not without a target"),
        pytest.param(replace(resting(), sets=()), None, id="not before stable is known"),
    ],
)
def test_at_rest(situation: Situation, expected: tuple[Event, Stage | None] | None) -> None:
    assert outcome(situation) == expected


def test_a_rollout_begins_with_nothing_of_the_one_before() -> None:
    before = resting(step=2, bad_requests=17.0, unproven_steps=1, contested=2, stable_size=9)
    situation = replace(before, annotations={"abort": f"{REVISION}#0", "promote": f"{REVISION}#0"})
    move = find_intent(situation.scene())

    assert move is not None
    begun = move.status
    assert begun.canary.revision == REVISION
    assert (begun.step, begun.stable_size, begun.rollout_started_at) == (0, 3, NOW)
    assert (begun.bad_requests, begun.unproven_steps, begun.contested) == (0.0, 0, 0)
    assert begun.consumed == {"abort": f"{REVISION}#0", "promote": f"{REVISION}#0"}
    assert [note.reason for note in move.notes] == [Reason.ROLLOUT_STARTED]


RETRY = {"retry": f"{REVISION}#1"}


@pytest.mark.parametrize(
    ("situation", "expected"),
    [
        pytest.param(ROLLED_BACK, None, id="a rejected version stays held"),
        pytest.param(
            replace(ROLLED_BACK, annotations=RETRY), (Event.RETRIED, None), id="it is tried again"
        ),
        pytest.param(
            replace(ROLLED_BACK, annotations={"retry": "other#1"}),
            None,
            id="not on a retry of another one",
        ),
        pytest.param(replace(ROLLED_BACK, target=PENDING_NEXT), BEGINS, id="another one begins"),
        pytest.param(
            replace(ROLLED_BACK, target=PENDING_NEXT, whole=False),
            None,
            id="not before the whole template was read",
        ),
        pytest.param(
            replace(ROLLED_BACK, target=target(held="pending")),
            None,
            id="the rejected one, written again, stays rejected",
        ),
        pytest.param(
            replace(ROLLED_BACK, target=PENDING_FIRST),
            (Event.WITHDRAWN, None),
            id="stable's template withdraws it",
        ),
        pytest.param(
            replace(ROLLED_BACK, target=LET_THROUGH),
            (Event.WITHDRAWN, None),
            id="a bypass lets it through",
        ),
        pytest.param(
            replace(ROLLED_BACK, target=target(held=None)),
            (Event.WITHDRAWN, None),
            id="one that is not held runs anyway",
        ),
        pytest.param(
            replace(ROLLED_BACK, target=target(uid="another")),
            (Event.WITHDRAWN, None),
            id="a recreated target is another one",
        ),
        pytest.param(
            replace(ROLLED_BACK, target=target(NEXT, held="pending", replicas=0)),
            None,
            id="another one waits for pods",
        ),
        pytest.param(
            replace(ROLLED_BACK, spec={"paused": True}, target=PENDING_NEXT),
            None,
            id="another one waits while paused",
        ),
        pytest.param(
            replace(ROLLED_BACK, deleting=True, annotations=RETRY), None, id="not while deleted"
        ),
        pytest.param(resting(Stage.ROLLED_BACK), None, id="nothing rejected, nothing to do"),
    ],
)
def test_after_a_rejection(
    situation: Situation, expected: tuple[Event, Stage | None] | None
) -> None:
    assert outcome(situation) == expected


def test_a_retry_is_consumed_and_forgets_the_rejection() -> None:
    move = find_intent(replace(ROLLED_BACK, annotations=RETRY).scene())

    assert move is not None
    assert (move.status.rejected, move.status.consumed) == (None, {"retry": f"{REVISION}#1"})
    assert move.sentence == f"version {REVISION} is tried again"


JUDGING = at(Stage.JUDGING)
WITHDRAWN = (Event.WITHDRAWN, Stage.HEALTHY)
SUPERSEDED = (Event.SUPERSEDED, Stage.CREATING)


@pytest.mark.parametrize(
    ("situation", "expected"),
    [
        pytest.param(JUDGING, None, id="the canary's own template"),
        pytest.param(replace(JUDGING, target=PENDING_NEXT), SUPERSEDED, id="a newer one"),
        pytest.param(
            replace(JUDGING, target=PENDING_NEXT, whole=False), None, id="a newer one, not read yet"
        ),
        pytest.param(
            replace(JUDGING, target=target(held="pending")), None, id="the same, written again"
        ),
        pytest.param(replace(JUDGING, target=PENDING_FIRST), WITHDRAWN, id="stable's again"),
        pytest.param(replace(JUDGING, target=LET_THROUGH), WITHDRAWN, id="let through"),
        pytest.param(replace(JUDGING, target=target(uid="another")), WITHDRAWN, id="recreated"),
        pytest.param(replace(JUDGING, target=None), None, id="the target is gone"),
        pytest.param(replace(JUDGING, deleting=True), (Event.DELETED, Stage.HEALTHY), id="deleted"),
        pytest.param(
            replace(JUDGING, deleting=True, target=None),
            (Event.DELETED, Stage.HEALTHY),
            id="deleted with its target",
        ),
        pytest.param(
            replace(at(Stage.PROMOTING_SHIFTING, 100), deleting=True),
            None,
            id="deleted while promoting finishes first",
        ),
        pytest.param(
            replace(at(Stage.CREATING, 0), target=PENDING_NEXT, canaries=()),
            SUPERSEDED,
            id="a newer one before there is a canary to compare with",
        ),
        pytest.param(
            replace(at(Stage.ROLLING_BACK_SHIFTING, 0), target=PENDING_NEXT),
            None,
            id="rolling back is finished first",
        ),
    ],
)
def test_in_the_middle(situation: Situation, expected: tuple[Event, Stage | None] | None) -> None:
    assert outcome(situation) == expected


def test_without_a_target_no_mind_is_changed() -> None:
    assert changed_mind(replace(JUDGING, target=None).scene()) is None


def test_why_it_goes_back_is_persisted_with_the_weight() -> None:
    move = find_intent(replace(JUDGING, target=PENDING_NEXT).scene())

    assert move is not None
    assert move.status.ending is not None
    assert (move.status.ending.reason, move.status.ending.weight) == ("Superseded", 10)
    assert revision(NEXT) in move.sentence


ROLLING = replace(at(Stage.ROLLING, 100), target=target(held=None))
BORN = at(Stage.ROLLING, 100, promoted_replica_set=PROMOTED_SET)
HALF = (*BORN.sets, replica_set(PROMOTED_SET, GOOD, 1))


@pytest.mark.parametrize(
    ("situation", "expected"),
    [
        pytest.param(ROLLING, None, id="it rolls"),
        pytest.param(
            replace(BORN, sets=HALF, target=PENDING_NEXT),
            (Event.INTERRUPTED, None),
            id="a newer one waits until this one is unified",
        ),
        pytest.param(
            replace(ROLLING, target=PENDING_NEXT), SUPERSEDED, id="a newer one before any new pod"
        ),
        pytest.param(replace(ROLLING, target=PENDING_FIRST), WITHDRAWN, id="the former one again"),
        pytest.param(
            replace(ROLLING, target=PENDING_NEXT, whole=False), None, id="a newer one, not read yet"
        ),
        pytest.param(
            replace(ROLLING, target=target(held="pending")), None, id="the same, written again"
        ),
        pytest.param(replace(ROLLING, target=None), None, id="the target is gone"),
    ],
)
def test_while_it_rolls(situation: Situation, expected: tuple[Event, Stage | None] | None) -> None:
    assert outcome(situation) == expected


@pytest.mark.parametrize(
    ("situation", "expected"),
    [
        pytest.param(JUDGING, Template.SAME, id="marked with the revision"),
        pytest.param(replace(JUDGING, target=None), Template.UNKNOWN, id="no target"),
        pytest.param(
            replace(JUDGING, target=target(held="pending"), canaries=()),
            Template.SAME,
            id="without a canary the digest decides",
        ),
    ],
)
def test_which_template_it_is(situation: Situation, expected: Template) -> None:
    scene = situation.scene()

    assert template_against(scene, scene.canary, REVISION) is expected


BUDGET: JsonObject = as_stored(
    {
        "metadata": metadata("two-at-least"),
        "spec": {"minAvailable": 2, "selector": {"matchLabels": {"app": NAME}}},
    }
)
MONITOR: JsonObject = as_stored(
    {
        "metadata": metadata("shop-metrics"),
        "spec": {
            "selector": {"matchLabels": {"app": NAME}},
            "podMetricsEndpoints": [{"port": "http"}],
        },
    }
)


@pytest.mark.parametrize(
    ("situation", "first"),
    [
        pytest.param(resting(), Reason.ROLLOUT_STARTED, id="a new version"),
        pytest.param(replace(ROLLED_BACK, annotations=RETRY), Reason.RETRIED, id="a retry"),
    ],
)
def test_what_the_canary_lacks_is_said_when_it_begins(situation: Situation, first: Reason) -> None:
    routes = resting().routes
    lacking = ((DISRUPTIONBUDGETS, BUDGET), (PODMONITORS, MONITOR))
    move = find_intent(replace(situation, routes=routes, around=lacking).scene())

    assert move is not None
    assert [n.reason for n in move.notes] == [
        first,
        Reason.DISRUPTION_BUDGET_MISSES_CANARY,
        Reason.POD_MONITOR_MISSES_CANARY,
    ]
    assert "PodDisruptionBudget two-at-least" in move.notes[1].message
    assert "PodMonitor shop-metrics" in move.notes[2].message


GONE = "the Rollout is deleted; Deployment checkout"
STAYS_PAUSED = (
    f"{GONE} stays paused with the version that was held: "
    "`kubectl rollout resume deployment/checkout` lets it run; "
    "to drop it, set the template back before"
)
RUNS_ON = f"{GONE} runs on, and its next version is not held back"
LEFT_ALONE = f"{GONE} is not its own, and is left alone"


@pytest.mark.parametrize(
    ("situation", "sentence"),
    [
        pytest.param(replace(resting(), deleting=True), STAYS_PAUSED, id="a held version"),
        pytest.param(replace(ROLLED_BACK, deleting=True), STAYS_PAUSED, id="a rejected one"),
        pytest.param(
            replace(resting(), deleting=True, target=target(held=None)), RUNS_ON, id="none held"
        ),
        pytest.param(replace(resting(), deleting=True, target=None), LEFT_ALONE, id="no target"),
    ],
)
def test_a_farewell_is_said_before_anything_is_cleaned_up(
    situation: Situation, sentence: str
) -> None:
    answer = say_farewell(situation.scene())

    assert answer is not None
    assert answer.notes == (Note(Reason.DELETED, sentence),)
    assert answer.status.ending == Ending("Deleted", sentence, 0)
    assert say_farewell(replace(situation, status=answer.status).scene()) is None


@pytest.mark.parametrize(
    "situation",
    [
        pytest.param(resting(), id="it is not deleted"),
        pytest.param(replace(at(Stage.ROLLING, 100), deleting=True), id="promotion is finished"),
    ],
)
def test_no_farewell_is_said(situation: Situation) -> None:
    assert say_farewell(situation.scene()) is None


def test_in_the_middle_the_farewell_is_said_as_it_turns_back() -> None:
    move = find_intent(replace(JUDGING, deleting=True).scene())

    assert move is not None
    assert move.notes == (Note(Reason.DELETED, STAYS_PAUSED),)
