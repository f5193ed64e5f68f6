"""What entering a stage writes into the status, beside the stage itself."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, TypeAlias

from sluice.model.plan import Note
from sluice.model.reasons import Reason
from sluice.rollout.history import overdispersion_of
from sluice.rollout.intents import begun, said_farewell
from sluice.rollout.judging import served_bad
from sluice.rollout.moves import Move
from sluice.rollout.phases import Event, Stage, advance
from sluice.rollout.scene import Scene
from sluice.rollout.status import Entry, Rejected, RolloutStatus, Version

Arrival: TypeAlias = Callable[[Scene, Move, RolloutStatus], tuple[RolloutStatus, tuple[Note, ...]]]


def arrive(scene: Scene, move: Move) -> tuple[RolloutStatus, tuple[Note, ...]]:
    """Return the status after a move, and the notes to post once it is written."""
    following = advance(scene.stage, move.event)
    if scene.stage is Stage.ROLLING_BACK_DRAINING and scene.status.after is not None:
        following = scene.status.after
    status = move.status.at(following, scene.now)
    status, notes = ARRIVALS.get(following, _plainly)(scene, move, status)
    return replace(status, message=move.sentence), (*move.notes, *notes)


def _plainly(
    _scene: Scene, _move: Move, status: RolloutStatus
) -> tuple[RolloutStatus, tuple[Note, ...]]:
    return status, ()


def at_healthy(
    scene: Scene, _move: Move, status: RolloutStatus
) -> tuple[RolloutStatus, tuple[Note, ...]]:
    """The rollout is over: promoted, or withdrawn."""
    # What was said of a deletion is kept: it is said once, and nothing comes after it.
    ending = status.ending if said_farewell(status) else None
    cleared = replace(status, weight=0, after=None, ending=ending, canary=Version(), step=0)
    if scene.stage is Stage.DRAINING:
        return _promoted(scene, cleared)
    if scene.stage is Stage.ROLLED_BACK:
        return cleared, ()
    return _recorded(scene, cleared, "Withdrawn"), ()


def _promoted(scene: Scene, status: RolloutStatus) -> tuple[RolloutStatus, tuple[Note, ...]]:
    revision = scene.status.canary.revision
    bad = round(served_bad(scene.status))
    unproven = scene.status.unproven_steps
    proof = "all steps proven" if not unproven else f"{unproven} steps advanced by time, unproven"
    sentence = f"version {revision} is promoted; {bad} bad canary requests; {proof}"
    entry = _entry(scene, "Promoted", str(Reason.PROMOTED), sentence)
    promoted = scene.replica_set(scene.status.promoted_replica_set)
    stable = Version() if promoted is None else Version(promoted.pod_template_hash)
    status = replace(
        status,
        stable=stable,
        stable_replica_set=scene.status.promoted_replica_set,
        promoted_replica_set="",
        history=_kept(scene, entry),
    )
    return status, (Note(Reason.PROMOTED, sentence),)


def at_rolled_back(
    scene: Scene, _: Move, status: RolloutStatus
) -> tuple[RolloutStatus, tuple[Note, ...]]:
    """The version is rejected and stays held."""
    ending = scene.status.ending
    reason, sentence = (ending.reason, ending.message) if ending else ("", "")
    revision = scene.status.canary.revision
    rejected = Rejected(revision, reason, sentence, scene.now)
    status = replace(status, weight=0, after=None, ending=None, rejected=rejected, canary=Version())
    return _recorded(scene, status, "RolledBack"), (Note(Reason.ROLLED_BACK, sentence),)


def at_creating(
    scene: Scene, move: Move, status: RolloutStatus
) -> tuple[RolloutStatus, tuple[Note, ...]]:
    """A rollout begins; coming from rolling back, the superseded one is put on record first."""
    if move.event is not Event.DRAINED:
        return status, ()
    return begun(scene, _recorded(scene, status, "Superseded")), ()


def at_scaling(
    scene: Scene, move: Move, status: RolloutStatus
) -> tuple[RolloutStatus, tuple[Note, ...]]:
    """A step begins, or begins again since capacity fell."""
    if move.event is Event.CAPACITY_FELL:
        return replace(status, judged_from=scene.status.judged_from), ()
    return replace(status, step_started_at=scene.now), ()


def at_shifting(
    scene: Scene, move: Move, status: RolloutStatus
) -> tuple[RolloutStatus, tuple[Note, ...]]:
    """Traffic goes up: counting begins with the first of it, and history ends before it."""
    notes = (Note(Reason.STEP_STARTED, move.sentence),)
    if status.started_at is not None:
        return status, notes
    return replace(status, started_at=scene.now, overdispersion=overdispersion_of(scene)), notes


def at_baking(
    _scene: Scene, move: Move, status: RolloutStatus
) -> tuple[RolloutStatus, tuple[Note, ...]]:
    """All steps are passed."""
    return status, (Note(Reason.BAKING, move.sentence),)


def at_promoting(
    scene: Scene, move: Move, status: RolloutStatus
) -> tuple[RolloutStatus, tuple[Note, ...]]:
    """The promotion begins."""
    if move.event is Event.CAPACITY_FELL:
        return status, ()
    started = replace(status, step=len(scene.spec.steps), step_started_at=scene.now)
    return started, (Note(Reason.PROMOTING, move.sentence),)


def at_reverting(
    _scene: Scene, move: Move, status: RolloutStatus
) -> tuple[RolloutStatus, tuple[Note, ...]]:
    """Everything goes to the canary until the former version is full again."""
    return replace(status, weight=100), (Note(Reason.REVERTING, move.sentence),)


def at_rolling_back(
    _scene: Scene, move: Move, status: RolloutStatus
) -> tuple[RolloutStatus, tuple[Note, ...]]:
    """Nothing goes to the canary any more; an alarm tells its own reason."""
    back = replace(status, weight=0)
    if move.event is not Event.FAILED or status.ending is None:
        return back, ()
    return back, (Note(Reason(status.ending.reason), status.ending.message),)


def _recorded(scene: Scene, status: RolloutStatus, outcome: str) -> RolloutStatus:
    ending = scene.status.ending
    reason, message = (ending.reason, ending.message) if ending else ("", "")
    return replace(status, history=_kept(scene, _entry(scene, outcome, reason, message)))


def _entry(scene: Scene, outcome: str, reason: str, message: str) -> Entry:
    status = scene.status
    return Entry(
        from_revision=status.stable.revision,
        to_revision=status.canary.revision,
        outcome=outcome,
        reason=reason,
        message=message,
        started=status.rollout_started_at or scene.now,
        ended=scene.now,
        bad_requests=round(served_bad(status)),
    )


def _kept(scene: Scene, entry: Entry) -> tuple[Entry, ...]:
    """Return the history with the entry first, no longer than the spec says."""
    return (entry, *scene.status.history)[: scene.spec.history_limit]


ARRIVALS: Final[Mapping[Stage, Arrival]] = {
    Stage.HEALTHY: at_healthy,
    Stage.ROLLED_BACK: at_rolled_back,
    Stage.CREATING: at_creating,
    Stage.SCALING: at_scaling,
    Stage.SHIFTING: at_shifting,
    Stage.BAKING: at_baking,
    Stage.PROMOTING_SCALING: at_promoting,
    Stage.REVERTING_FILLING: at_reverting,
    Stage.ROLLING_BACK_SHIFTING: at_rolling_back,
}
