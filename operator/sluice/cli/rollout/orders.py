"""What a person may order a rollout to do, in which situation, and what it means: pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from sluice.cli.orders import Already, Refused
from sluice.cli.views.overview import Overview
from sluice.cli.views.settled import addressed_revision
from sluice.rollout.commands import ANNOTATIONS, Verb
from sluice.rollout.phases import JUDGED, RESTING, Phase
from sluice.rollout.status import RolloutStatus

# The API server keeps at most 256 characters of a consumed command in the status.
_LONGEST_TEXT: Final = 256


@dataclass(frozen=True, slots=True)
class Order:
    """A command that makes sense now.

    effect: what follows, to be read after «will» and in the question before a dangerous order.
    undo, following: arguments of the program.
    """

    verb: Verb
    revision: str
    effect: str
    dangerous: bool
    undo: str
    following: str

    def annotation(self, nonce: str, reason: str) -> tuple[str, str]:
        """Return the annotation that gives the order; the reason stands behind the nonce.

        The operator compares the text as a whole and keeps it in `status.consumed`, so that who
        asks later why there was an abort finds the answer in the object.
        """
        text = f"{self.revision}#{nonce} {reason}".strip()
        return ANNOTATIONS[self.verb], text[:_LONGEST_TEXT]


Answer: TypeAlias = Order | Already | Refused
_Decision: TypeAlias = Callable[[Overview, RolloutStatus, str], Answer]


def decide(rollout: Overview, verb: Verb) -> Answer:
    """Return the order that a verb means now, or why there is none."""
    name, status = rollout.ref.name, rollout.status
    if status is None:
        return Refused(f"{name}: {rollout.why}", "sluice check tells whether the operator runs")
    revision = addressed_revision(rollout, verb)
    if not revision:
        return _nothing_to(rollout, status, verb)
    return _DECISIONS[verb](rollout, status, revision)


def _nothing_to(rollout: Overview, status: RolloutStatus, verb: Verb) -> Answer:
    name, phase = rollout.ref.name, status.stage.phase
    if verb is Verb.ABORT and phase is Phase.ROLLED_BACK:
        return Already(f"{name} is rolled back already: {rollout.why}")
    if verb is Verb.RETRY:
        fix = "retry is for a version that was rolled back; change the template to start a rollout"
        return Refused(f"{name} has no rejected version; it is {rollout.word}", fix)
    fix = "a changed template starts a rollout"
    if phase is Phase.ROLLED_BACK:
        fix = f"rollout retry {name} tries the rejected version again"
    return Refused(f"{name} has no rollout under way; it is {rollout.word}", fix)


def _abort(rollout: Overview, status: RolloutStatus, revision: str) -> Answer:
    name, phase = rollout.ref.name, status.stage.phase
    if phase in {Phase.ROLLING_BACK, Phase.REVERTING}:
        return Already(f"{name} is on its way back already: {rollout.why}")
    back = status.stable.revision or "the stable version"
    return Order(
        verb=Verb.ABORT,
        revision=revision,
        effect=(
            f"roll back revision {revision}: its {status.weight}% of the traffic goes to {back}, "
            "and it stays out until the template changes or it is retried"
        ),
        dangerous=True,
        undo=f"rollout retry {name}",
        following=f"rollout status {name}",
    )


def _promote(rollout: Overview, status: RolloutStatus, revision: str) -> Answer:
    name = rollout.ref.name
    refused = _not_judged(rollout, status)
    if refused is not None:
        return refused
    step = status.step_text or str(status.step + 1)
    when = "" if status.stage in JUDGED else f" as soon as its {status.weight}% is verified"
    held = " after resume" if _paused(rollout, status) else ""
    return Order(
        verb=Verb.PROMOTE,
        revision=revision,
        effect=f"let revision {revision} pass step {step} without further judging{when}{held}",
        dangerous=False,
        undo=f"rollout abort {name}",
        following=f"rollout get {name} -w",
    )


def _promote_full(rollout: Overview, status: RolloutStatus, revision: str) -> Answer:
    name = rollout.ref.name
    refused = _not_judged(rollout, status)
    if refused is not None:
        return refused
    held = " after resume" if _paused(rollout, status) else ""
    return Order(
        verb=Verb.PROMOTE_FULL,
        revision=revision,
        effect=(
            f"take revision {revision} from {status.weight}% to 100% of the traffic, "
            f"skipping all judging that is left{held}"
        ),
        dangerous=True,
        undo=f"rollout abort {name}",
        following=f"rollout get {name} -w",
    )


def _not_judged(rollout: Overview, status: RolloutStatus) -> Answer | None:
    name, phase = rollout.ref.name, status.stage.phase
    if phase is Phase.PROMOTING:
        return Already(f"{name} is being promoted already: {rollout.why}")
    if phase is not Phase.PROGRESSING:
        fix = f"rollout retry {name}, once it is rolled back"
        return Refused(f"{name} is on its way back: {rollout.why}", fix)
    return None


def _retry(rollout: Overview, status: RolloutStatus, revision: str) -> Answer:
    name = rollout.ref.name
    if status.stage.phase is not Phase.ROLLED_BACK:
        fix = f"rollout status {name} waits for the end"
        return Refused(f"{name} is {rollout.word}, another version is on its way", fix)
    held = " after resume" if _paused(rollout, status) else ""
    return Order(
        verb=Verb.RETRY,
        revision=revision,
        effect=f"begin the rollout of the rejected revision {revision} anew{held}",
        dangerous=False,
        undo=f"rollout abort {name}",
        following=f"rollout get {name} -w",
    )


def _pause(rollout: Overview, status: RolloutStatus, revision: str) -> Answer:
    name = rollout.ref.name
    if status.paused_by_command:
        return Already(f"{name} is paused already, at {status.weight}%")
    return Order(
        verb=Verb.PAUSE,
        revision=revision,
        effect=(
            f"stop the clock of revision {revision} at {status.weight}%; harm, crash, outage and "
            "abort still act"
        ),
        dangerous=False,
        undo=f"rollout resume {name}",
        following=f"rollout get {name}",
    )


def _resume(rollout: Overview, status: RolloutStatus, revision: str) -> Answer:
    name = rollout.ref.name
    if not status.paused_by_command and rollout.spec_paused:
        fix = f'kubectl patch rollout {name} --type=merge -p \'{{"spec":{{"paused":false}}}}\''
        return Refused(f"{name} is paused by spec.paused, not by command", fix)
    if not status.paused_by_command:
        return Already(f"{name} is not paused")
    still = "; spec.paused holds it all the same" if rollout.spec_paused else ""
    resting = status.stage in RESTING
    goes_on = f"let revision {revision} go on at {status.weight}%"
    begins = "let the version that is held, or the next one, begin its rollout"
    return Order(
        verb=Verb.RESUME,
        revision=revision,
        effect=(begins if resting else goes_on) + still,
        dangerous=False,
        undo=f"rollout pause {name}",
        following=f"rollout get {name} -w",
    )


def _paused(rollout: Overview, status: RolloutStatus) -> bool:
    return rollout.spec_paused or status.paused_by_command


_DECISIONS: Final[Mapping[Verb, _Decision]] = {
    Verb.ABORT: _abort,
    Verb.PROMOTE: _promote,
    Verb.PROMOTE_FULL: _promote_full,
    Verb.RETRY: _retry,
    Verb.PAUSE: _pause,
    Verb.RESUME: _resume,
}
