"""A StartupGraph as the command line reads it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sluice.cli.views.seen import UNSEEN, Seen, read_status
from sluice.cli.views.states import State
from sluice.model.conditions import READY
from sluice.model.json import Body, JsonObject
from sluice.model.references import STARTUPGRAPHS, ObjectRef
from sluice.model.scalars import parse_instant
from sluice.startup import states
from sluice.startup.status import GraphStatus, NodeStatus, Phase

OF_PHASE: Final[Mapping[Phase, State]] = {
    Phase.PENDING: State.PROGRESSING,
    Phase.STARTING: State.PROGRESSING,
    Phase.READY: State.HEALTHY,
    Phase.DEGRADED: State.DEGRADED,
    Phase.FAILED: State.DEGRADED,
    Phase.SUSPENDED: State.PAUSED,
}

OF_NODE: Final[Mapping[states.State, State]] = {
    states.State.ABSENT: State.UNKNOWN,
    states.State.HELD: State.PAUSED,
    states.State.BLOCKED: State.DEGRADED,
    states.State.RELEASING: State.PROGRESSING,
    states.State.STARTING: State.PROGRESSING,
    states.State.GATING: State.PROGRESSING,
    states.State.READY: State.HEALTHY,
    states.State.DEGRADED: State.DEGRADED,
    states.State.TIMED_OUT: State.DEGRADED,
    states.State.FAILED: State.DEGRADED,
}

_NEXT: Final[Mapping[Phase, str]] = {
    Phase.PENDING: "a node is released when its workload is there and its parents are satisfied",
    Phase.STARTING: "each further node is released when its own parents are satisfied",
    Phase.READY: "nothing: what has been started once is never held again",
    Phase.DEGRADED: "a node is Ready again when its pods and gates are; look at those named",
    Phase.FAILED: "mend what failed and create it anew; what waits for it goes on by itself",
    Phase.SUSPENDED: "resume lets the next nodes go",
}


@dataclass(frozen=True, slots=True)
class Named:
    """A node of the spec, as far as it is shown."""

    name: str
    kind: str
    workload: str


@dataclass(frozen=True, slots=True)
class Overview(Seen[GraphStatus]):
    """A StartupGraph, and the little of its spec that is shown."""

    suspended: bool
    nodes: tuple[Named, ...]

    @classmethod
    def from_body(cls, value: JsonObject) -> "Overview":
        """Read a StartupGraph; MalformedError only if it has no name or no creation time."""
        body = Body(value)
        meta = body.body("metadata")
        status, unreadable = read_status(value, GraphStatus.from_body)
        return cls(
            ref=ObjectRef(STARTUPGRAPHS, meta.text("namespace"), meta.text("name")),
            created=parse_instant(meta.text("creationTimestamp")),
            suspended=body.flag("spec", "suspend", default=False),
            nodes=tuple(_named(node) for node in body.bodies("spec", "nodes")),
            status=status,
            unreadable=unreadable,
            body=value,
        )

    @property
    def state(self) -> State:
        """The state in one of five words."""
        if self.status is None:
            return State.UNKNOWN
        return State.DEGRADED if self.stalled else OF_PHASE[self.status.phase]

    @property
    def word(self) -> str:
        """The state as precisely as one word can."""
        if self.status is None:
            return str(State.UNKNOWN)
        stalled = self.stalled
        # A graph that cannot be carried out has a phase all the same: that of what runs already.
        invalid = stalled is not None and self.status.phase is not Phase.FAILED
        return stalled.reason if stalled and invalid else str(self.status.phase)

    @property
    def why(self) -> str:
        """What the operator says of it, in numbers."""
        ready = self.condition(READY)
        return self.silence or (UNSEEN if ready is None else ready.message)

    @property
    def following(self) -> str:
        """What comes next."""
        if self.status is None:
            return "check that the operator runs: sluice check"
        if self.stalled is not None and self.status.phase is not Phase.FAILED:
            return "correct the graph; until then nothing of it is released"
        return _NEXT[self.status.phase]

    def node(self, name: str) -> NodeStatus | None:
        """Return what the operator says of a node, None if it says nothing."""
        nodes = self.status.nodes if self.status else ()
        return next((node for node in nodes if node.name == name), None)


def _named(node: Body) -> Named:
    workload = node.body("workload")
    return Named(
        name=node.text("name", default=""),
        kind=workload.text("kind", default=""),
        workload=workload.text("name", default=""),
    )
