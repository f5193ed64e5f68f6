"""A Rollout as the command line reads it."""

from collections.abc import Mapping
from dataclasses import dataclass

from sluice.cli.views.seen import Seen, read_status
from sluice.cli.views.states import State
from sluice.model.conditions import READY, STALLED
from sluice.model.json import Body, JsonObject
from sluice.model.references import ROLLOUTS, ObjectRef
from sluice.model.scalars import parse_instant
from sluice.rollout.phases import RESTING, Phase
from sluice.rollout.status import RolloutStatus

PAUSED = "Paused"

_OF_PHASE: Mapping[Phase, State] = {
    Phase.HEALTHY: State.HEALTHY,
    Phase.PROGRESSING: State.PROGRESSING,
    Phase.PROMOTING: State.PROGRESSING,
    Phase.REVERTING: State.DEGRADED,
    Phase.ROLLING_BACK: State.DEGRADED,
    Phase.ROLLED_BACK: State.DEGRADED,
}


@dataclass(frozen=True, slots=True)
class Overview(Seen[RolloutStatus]):
    """A Rollout, and the little of its metadata and spec that is shown."""

    uid: str
    resource_version: str
    generation: int
    annotations: Mapping[str, str]
    target: str
    spec_paused: bool

    @classmethod
    def from_body(cls, value: JsonObject) -> "Overview":
        """Read a Rollout; MalformedError only if it has no name or no creation time."""
        body = Body(value)
        meta = body.body("metadata")
        status, unreadable = read_status(value, RolloutStatus.from_body)
        return cls(
            ref=ObjectRef(ROLLOUTS, meta.text("namespace"), meta.text("name")),
            uid=meta.text("uid", default=""),
            resource_version=meta.text("resourceVersion", default=""),
            generation=meta.whole("generation", default=0),
            created=parse_instant(meta.text("creationTimestamp")),
            annotations=meta.labels("annotations"),
            target=body.text("spec", "targetRef", "name", default=""),
            spec_paused=body.flag("spec", "paused", default=False),
            status=status,
            unreadable=unreadable,
            body=value,
        )

    @property
    def state(self) -> State:
        """The state in one of five words."""
        if self.status is None:
            return State.UNKNOWN
        if self.stalled:
            return State.DEGRADED
        if self.holds(PAUSED):
            return State.PAUSED
        state = _OF_PHASE[self.status.stage.phase]
        waiting = state is State.HEALTHY and not self.holds(READY)
        return State.PROGRESSING if waiting else state

    @property
    def word(self) -> str:
        """The state as precisely as one word can: the reason or phase behind it."""
        if self.status is None:
            return str(State.UNKNOWN)
        if self.stalled is not None:
            return self.stalled.reason or STALLED
        if self.holds(PAUSED):
            return PAUSED
        phase, ready = self.status.stage.phase, self.condition(READY)
        if phase is Phase.HEALTHY and ready is not None and not self.holds(READY):
            return ready.reason or "Waiting"
        resting = phase in {Phase.HEALTHY, Phase.ROLLED_BACK}
        return str(phase) if resting else f"{phase}/{self.status.stage.short}"

    @property
    def progress(self) -> tuple[str, ...]:
        """Step and weight, while there is a rollout."""
        status = self.status
        if status is None or status.stage in RESTING:
            return ()
        numbered = "/" in status.step_text  # the bake has a name instead
        step = f"step {status.step_text}" if numbered else status.step_text
        weight = f"weight {status.weight}% (actual {status.actual_weight}%)"
        return (step, weight) if step else (weight,)

    @property
    def why(self) -> str:
        """What the operator says of it, in numbers."""
        if self.status is None:
            return self.silence
        # A fault in Sluice itself leaves the last message of the rollout as it was.
        told = self.stalled.message if self.stalled is not None else ""
        return told or self.status.message
