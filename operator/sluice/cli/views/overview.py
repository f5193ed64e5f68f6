"""A Rollout as the command line reads it: more forgiving than the operator, which has to act."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sluice.model.conditions import READY, STALLED, Condition, Status
from sluice.model.json import Body, JsonObject
from sluice.model.references import ROLLOUTS, ObjectRef
from sluice.model.scalars import parse_instant
from sluice.rollout.phases import RESTING, Phase
from sluice.rollout.status import RolloutStatus

PAUSED = "Paused"


class State(StrEnum):
    """The five states of everything that is shown."""

    HEALTHY = "Healthy"
    PROGRESSING = "Progressing"
    PAUSED = "Paused"
    DEGRADED = "Degraded"
    UNKNOWN = "Unknown"


_OF_PHASE: Mapping[Phase, State] = {
    Phase.HEALTHY: State.HEALTHY,
    Phase.PROGRESSING: State.PROGRESSING,
    Phase.PROMOTING: State.PROGRESSING,
    Phase.REVERTING: State.DEGRADED,
    Phase.ROLLING_BACK: State.DEGRADED,
    Phase.ROLLED_BACK: State.DEGRADED,
}


@dataclass(frozen=True, slots=True)
class Overview:
    """A Rollout's metadata, the little of its spec that is shown, and its status.

    status: None when the operator has not written one, or one that cannot be read.
    unreadable: why the status cannot be read, empty when it can.
    created: seconds since the epoch.
    """

    ref: ObjectRef
    uid: str
    resource_version: str
    generation: int
    created: float
    annotations: Mapping[str, str]
    target: str
    spec_paused: bool
    status: RolloutStatus | None
    unreadable: str
    body: JsonObject

    @classmethod
    def from_body(cls, value: JsonObject) -> "Overview":
        """Read a Rollout; MalformedError only if it has no name or no creation time."""
        body = Body(value)
        meta = body.body("metadata")
        status, unreadable = _status(body.body("status"))
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

    def condition(self, kind: str) -> Condition | None:
        """Return the condition of a type, None when the status has none."""
        conditions = self.status.conditions if self.status else ()
        return next((c for c in conditions if c.type == kind), None)

    def holds(self, kind: str) -> bool:
        """Whether the condition of a type is True."""
        condition = self.condition(kind)
        return condition is not None and condition.status is Status.TRUE

    @property
    def state(self) -> State:
        """The state in one of five words."""
        if self.status is None:
            return State.UNKNOWN
        if self.holds(STALLED):
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
        stalled, ready = self.condition(STALLED), self.condition(READY)
        if stalled is not None and self.holds(STALLED):
            return stalled.reason or STALLED
        if self.holds(PAUSED):
            return PAUSED
        phase = self.status.stage.phase
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
        if self.unreadable:
            return f"the status cannot be read: {self.unreadable}"
        if self.status is None:
            return "the operator has not looked at it yet"
        stalled = self.condition(STALLED)
        # A fault in Sluice itself leaves the last message of the rollout as it was.
        told = stalled.message if stalled is not None and self.holds(STALLED) else ""
        return told or self.status.message


def _status(body: Body) -> tuple[RolloutStatus | None, str]:
    if not body.value:
        return None, ""
    try:
        return RolloutStatus.from_body(body), ""
    except ValueError as error:
        return None, str(error)
