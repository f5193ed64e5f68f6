"""Commands: one annotation per verb on the Rollout, «<revision>#<nonce>».

A command is taken if it names the current canary's revision (see `addressed`) and is not the one
consumed last. No clocks are compared; consumption is recorded with what it causes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from sluice.model import names
from sluice.model.plan import Note
from sluice.model.reasons import Reason
from sluice.rollout.moves import Amend
from sluice.rollout.scene import Scene
from sluice.rollout.status import RolloutStatus


class Verb(StrEnum):
    """The verbs, as they are called in `status.consumed`."""

    ABORT = "abort"
    PROMOTE = "promote"
    PROMOTE_FULL = "promoteFull"
    RETRY = "retry"
    PAUSE = "pause"
    RESUME = "resume"


ANNOTATIONS: Final[Mapping[Verb, str]] = {
    Verb.ABORT: names.ABORT,
    Verb.PROMOTE: names.PROMOTE,
    Verb.PROMOTE_FULL: names.PROMOTE_FULL,
    Verb.RETRY: names.RETRY,
    Verb.PAUSE: names.PAUSE,
    Verb.RESUME: names.RESUME,
}


@dataclass(frozen=True, slots=True)
class Command:
    """A command that is to be taken now."""

    verb: Verb
    text: str

    def consumed(self, status: RolloutStatus) -> RolloutStatus:
        """Return the status in which the command is done with."""
        return replace(status, consumed={**status.consumed, str(self.verb): self.text})


def pending(scene: Scene, verb: Verb) -> Command | None:
    """Return the command of a verb if it is to be taken now."""
    text = scene.own.meta.annotations.get(ANNOTATIONS[verb], "")
    revision, separator, _ = text.partition("#")
    if not separator or text == scene.status.consumed.get(str(verb)):
        return None
    return Command(verb, text) if revision and revision == addressed(scene.status, verb) else None


def addressed(status: RolloutStatus, verb: Verb) -> str:
    """Return the revision that a command has to name, empty when there is nothing to command.

    A pause outlives its rollout, since harm and abort act: then no other one would ever begin. So
    at rest a resume names the rejected version, or the one that runs.
    """
    rejected = status.rejected.revision if status.rejected else ""
    if verb is Verb.RETRY:
        return rejected
    if verb is Verb.RESUME:
        return status.canary.revision or rejected or status.stable.revision
    return status.canary.revision


def given_before(scene: Scene) -> Mapping[str, str]:
    """Return the commands that were given before a rollout began, as consumed: not meant for it.

    A version that is tried again has the revision it had, so a second abort of the first try,
    which found nothing to do, would end the second one.
    """
    verbs = (Verb.ABORT, Verb.PROMOTE, Verb.PROMOTE_FULL)
    texts = {verb: scene.own.meta.annotations.get(ANNOTATIONS[verb], "") for verb in verbs}
    return {str(verb): text for verb, text in texts.items() if text}


def toggle_pause(scene: Scene) -> Amend | None:
    """Take a pause or resume command; `keep_time` tells of it when the clocks stop or go on."""
    resume, pause = pending(scene, Verb.RESUME), pending(scene, Verb.PAUSE)
    if resume and pause:
        # Given while nobody looked, in an unknown order: pressed in turn, they undo each other.
        return Amend(pause.consumed(resume.consumed(scene.status)))
    if resume:
        return Amend(replace(resume.consumed(scene.status), paused_by_command=False))
    if pause:
        return Amend(replace(pause.consumed(scene.status), paused_by_command=True))
    return None


def keep_time(scene: Scene) -> Amend | None:
    """Stop the clocks when a pause begins; move them on by its length when it ends."""
    status = scene.status
    if scene.paused and status.paused_since is None:
        note = Note(Reason.PAUSED, _paused(scene))
        return Amend(replace(status, paused_since=scene.now), (note,))
    if not scene.paused and status.paused_since is not None:
        note = Note(Reason.RESUMED, _resumed(scene))
        return Amend(moved_on(status, status.paused_since, scene.now), (note,))
    return None


def moved_on(status: RolloutStatus, paused: float, resumed: float) -> RolloutStatus:
    """Return the status with every stage clock moved on by the part of a pause that it ran in.

    A stage may begin during a pause: harm and abort act.
    """

    def later(instant: float | None) -> float | None:
        return None if instant is None else instant + resumed - max(paused, instant)

    return replace(
        status,
        paused_since=None,
        stage_since=status.stage_since + resumed - max(paused, status.stage_since),
        step_started_at=later(status.step_started_at),
        bake_started_at=later(status.bake_started_at),
        verified_at=later(status.verified_at),
    )


def _paused(scene: Scene) -> str:
    where = f"paused at {scene.status.weight}% in {scene.stage}"
    return f"{where}; harm, crash, outage and abort still act; resume with `sluice rollout resume`"


def _resumed(scene: Scene) -> str:
    return f"goes on at {scene.status.weight}% in {scene.stage}"
