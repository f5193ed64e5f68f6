"""What the user wants now: a changed, withdrawn or superseded version, a retry, a deletion.

Every answer names where rolling back is to end (`after`), so that a crash in between forgets
nothing.
"""

from dataclasses import replace

from sluice.model.plan import Note
from sluice.model.reasons import Reason
from sluice.rollout.commands import Verb, given_before, pending
from sluice.rollout.hold import Template, bypassed, is_held, revision_of, template_against
from sluice.rollout.moves import Amend, Move
from sluice.rollout.obstacles import rivals, surroundings
from sluice.rollout.phases import BEFORE_ROLLING, RESTING, TABLE, Event, Stage
from sluice.rollout.refusals import warnings
from sluice.rollout.scene import Scene
from sluice.rollout.status import Ending, RolloutStatus, Version


def find_intent(scene: Scene) -> Move | None:
    """Return the move that the user's wish causes in this stage, if any."""
    if scene.target is None:
        return deleted(scene) if scene.stage in BEFORE_ROLLING else None
    if scene.stage is Stage.HEALTHY:
        return changed(scene)
    if scene.stage is Stage.ROLLED_BACK:
        return after_rejection(scene)
    if scene.stage in BEFORE_ROLLING:
        return deleted(scene) or changed_mind(scene)
    if scene.stage is Stage.ROLLING:
        return changed_while_rolling(scene)
    return None


def changed(scene: Scene) -> Move | None:
    """A new version is held back, and stable has pods to compare it with."""
    if scene.own.meta.deleting or scene.paused or not version_held(scene):
        return None
    return _start(scene, Event.CHANGED, scene.status)


def version_held(scene: Scene) -> bool:
    """Whether another version than stable's is held back, and stable has pods."""
    target, stable = scene.target, scene.stable_set
    if target is None or stable is None or not is_held(target) or target.replicas == 0:
        return False
    return target.template_digest != stable.template_digest


def other_held(scene: Scene) -> bool:
    """Whether another version than stable's and the rejected one is held back."""
    rejected = scene.status.rejected
    if rejected is None or not version_held(scene):
        return False
    return template_against(scene, scene.rejected, rejected.revision) is Template.OTHER


def _start(scene: Scene, event: Event, status: RolloutStatus) -> Move:
    revision = "" if scene.target is None else revision_of(scene.target)
    sentence = f"version {revision} is held back and gets a canary; stable is {_stable(scene)}"
    notes = (Note(Reason.ROLLOUT_STARTED, sentence), *warnings(surroundings(scene)))
    return Move(event, begun(scene, status), sentence, notes)


def begun(scene: Scene, status: RolloutStatus) -> RolloutStatus:
    """Return the status at the very start of a rollout of the target's template."""
    return replace(
        status,
        canary=Version(revision="" if scene.target is None else revision_of(scene.target)),
        promoted_replica_set="",
        consumed={**status.consumed, **given_before(scene)},
        stable_size=scene.target.replicas if scene.target else 0,
        step=0,
        weight=0,
        started_at=None,
        rollout_started_at=scene.now,
        step_started_at=scene.now,
        judged_from=None,
        bake_started_at=None,
        after=None,
        ending=None,
        slos=(),
        overdispersion={},
        checkpoint=None,
        checkpoint_at=None,
        bad_requests=0.0,
        unproven_steps=0,
        contested=0,
    )


def after_rejection(scene: Scene) -> Move | None:
    """The rejected version is withdrawn, let through, replaced by another one, or tried again."""
    target, rejected = scene.target, scene.status.rejected
    if target is None or rejected is None or scene.own.meta.deleting:
        return None
    if target.meta.uid != scene.status.target_uid or bypassed(target) or not is_held(target):
        sentence = f"version {rejected.revision} or a newer one runs without a rollout"
        return Move(Event.WITHDRAWN, scene.status, sentence, (Note(Reason.BYPASSED, sentence),))
    template = template_against(scene, scene.rejected, rejected.revision)
    if template is Template.STABLE:
        sentence = f"version {rejected.revision} is withdrawn; the template is stable's again"
        return Move(
            Event.WITHDRAWN, scene.status, sentence, (Note(Reason.REVERTED_BY_USER, sentence),)
        )
    if target.replicas == 0 or scene.paused:
        return None
    if template is Template.OTHER:
        return _start(scene, Event.CHANGED, scene.status)
    retry = pending(scene, Verb.RETRY) if template is Template.SAME else None
    return _retried(scene, retry.consumed(scene.status)) if retry else None


def _retried(scene: Scene, status: RolloutStatus) -> Move:
    move = _start(scene, Event.RETRIED, status)
    revision = status.rejected.revision if status.rejected else ""
    again = replace(move.status, canary=Version(revision=revision), rejected=None)
    sentence = f"version {revision} is tried again"
    notes = (Note(Reason.RETRIED, sentence), *warnings(surroundings(scene)))
    return Move(Event.RETRIED, again, sentence, notes)


def deleted(scene: Scene) -> Move | None:
    """The Rollout is being deleted: traffic leaves the canary first (promotion finishes first)."""
    if not scene.own.meta.deleting or Event.DELETED not in TABLE[scene.stage]:
        return None
    return _back(scene, Event.DELETED, Stage.HEALTHY, Reason.DELETED, _farewell(scene))


def say_farewell(scene: Scene) -> Amend | None:
    """Say what stays behind a Rollout that is deleted at rest, in a write before the deeds.

    Once: one that is deleted in the middle of a rollout has said so when it turned back.
    """
    resting = scene.stage in RESTING
    if not scene.own.meta.deleting or not resting or said_farewell(scene.status):
        return None
    sentence = _farewell(scene)
    ending = Ending(str(Reason.DELETED), sentence, 0)
    return Amend(replace(scene.status, ending=ending), (Note(Reason.DELETED, sentence),))


def said_farewell(status: RolloutStatus) -> bool:
    """Whether it has been said what stays behind."""
    return status.ending is not None and status.ending.reason == str(Reason.DELETED)


def _farewell(scene: Scene) -> str:
    gone, name = "the Rollout is deleted", scene.spec.target
    if scene.target is None or rivals(scene):
        return f"{gone}; Deployment {name} is not its own, and is left alone"
    if not is_held(scene.target):
        return f"{gone}; Deployment {name} runs on, and its next version is not held back"
    return (
        f"{gone}; Deployment {name} stays paused with the version that was held: "
        f"`kubectl rollout resume deployment/{name}` lets it run; "
        "to drop it, set the template back before"
    )


def changed_mind(scene: Scene) -> Move | None:
    """The template is no longer the canary's."""
    target, status = scene.target, scene.status
    if target is None:
        return None
    if target.meta.uid != status.target_uid:
        sentence = "the Deployment was recreated; what it runs now is stable"
        return _back(scene, Event.WITHDRAWN, Stage.HEALTHY, Reason.BYPASSED, sentence)
    if bypassed(target):
        sentence = f"version {status.canary.revision} was let through without a rollout"
        return _back(scene, Event.WITHDRAWN, Stage.HEALTHY, Reason.BYPASSED, sentence)
    template = template_against(scene, scene.canary, status.canary.revision)
    if template is Template.STABLE:
        sentence = "the template is the stable version's again"
        return _back(scene, Event.WITHDRAWN, Stage.HEALTHY, Reason.REVERTED_BY_USER, sentence)
    if template is Template.OTHER:
        sentence = f"version {revision_of(target)} takes the place of {status.canary.revision}"
        return _back(scene, Event.SUPERSEDED, Stage.CREATING, Reason.SUPERSEDED, sentence)
    return None


def changed_while_rolling(scene: Scene) -> Move | None:
    """A template was changed, and held by the policy, while the Deployment rolls."""
    target, status = scene.target, scene.status
    if target is None or not is_held(target):
        return None
    template = template_against(scene, scene.canary, status.canary.revision)
    if template is Template.STABLE:
        sentence = "the template is the former version's again"
        return _back(scene, Event.WITHDRAWN, Stage.HEALTHY, Reason.REVERTED_BY_USER, sentence)
    if template is not Template.OTHER:
        return None
    sentence = f"version {revision_of(target)} arrived while {status.canary.revision} rolls"
    if scene.promoted_set is not None:
        note = Note(Reason.SUPERSEDED, f"{sentence}; it gets its own rollout afterwards")
        return Move(Event.INTERRUPTED, status, note.message, (note,))
    return _back(scene, Event.SUPERSEDED, Stage.CREATING, Reason.SUPERSEDED, sentence)


def _back(scene: Scene, event: Event, after: Stage, reason: Reason, sentence: str) -> Move:
    ending = Ending(str(reason), sentence, scene.status.weight)
    status = replace(scene.status, after=after, ending=ending)
    return Move(event, status, sentence, (Note(reason, sentence),))


def _stable(scene: Scene) -> str:
    return scene.status.stable.revision or "unknown"
