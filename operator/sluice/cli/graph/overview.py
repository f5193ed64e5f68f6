"""A StartupGraph as the command line reads it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sluice.cli.views.seen import UNSEEN, Seen, read_status
from sluice.cli.views.states import State
from sluice.model.conditions import READY
from sluice.model.json import Body, JsonObject
from sluice.model.reasons import Reason
from sluice.model.references import STARTUPGRAPHS, ObjectRef
from sluice.model.scalars import parse_instant
from sluice.startup import states
from sluice.startup.init import states as init_states
from sluice.startup.init.checksum import checksum, short
from sluice.startup.init.run import Direction
from sluice.startup.init.status import InitStatus
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

OF_INIT: Final[Mapping[init_states.State, State]] = {
    init_states.State.HELD: State.PAUSED,
    init_states.State.BLOCKED: State.DEGRADED,
    init_states.State.RUNNING: State.PROGRESSING,
    init_states.State.RECORDING: State.PROGRESSING,
    init_states.State.COMPLETE: State.HEALTHY,
    init_states.State.DIRTY: State.DEGRADED,
    init_states.State.MISMATCH: State.DEGRADED,
    init_states.State.FAILED: State.DEGRADED,
}

_NEXT: Final[Mapping[Phase, str]] = {
    Phase.PENDING: "a node is released when its workload is there and its parents are satisfied",
    Phase.STARTING: "each further node is released when its own parents are satisfied",
    Phase.READY: "nothing: what has been started once is never held again",
    Phase.DEGRADED: "a node is Ready again when its pods and gates are; look at those named",
    Phase.FAILED: "mend what failed and create it anew; what waits for it goes on by itself",
    Phase.SUSPENDED: "resume lets the next nodes go",
}

# What a person has to do for what runs once; the condition says of which node.
_NEXT_BY_REASON: Final[Mapping[str, str]] = {
    Reason.INIT_DIRTY: "mend what is half done, and say so; what waits for it goes on by itself",
    Reason.INIT_FAILED: "mend the job, or say what is so; what waits for it goes on by itself",
    Reason.INIT_MISMATCH: "write a new version, or say what is so; what waits for it goes on then",
    Reason.RECORD_UNREADABLE: "mend that ConfigMap; nothing of its node runs before",
}


@dataclass(frozen=True, slots=True)
class Named:
    """A node of the spec, as far as it is shown. what: «Deployment/api», «Migration 43»."""

    name: str
    what: str
    once: bool


@dataclass(frozen=True, slots=True)
class Told:
    """What the operator says of a node: the state in its own word and in one of five."""

    word: str
    state: State
    since: float
    message: str


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
        if self.stalled is not None and self.stalled.reason in _NEXT_BY_REASON:
            return _NEXT_BY_REASON[self.stalled.reason]
        if self.stalled is not None and self.status.phase is not Phase.FAILED:
            return "correct the graph; until then nothing of it is released"
        return _NEXT[self.status.phase]

    def node(self, name: str) -> Told | None:
        """Return what the operator says of a node, None if it says nothing."""
        if self.status is None:
            return None
        told = (*map(_of_workload, self.status.nodes), *map(_of_init, self.status.inits))
        return next((found for one, found in told if one == name), None)


def init_label(init: Body) -> str:
    """Return kind and version of what runs once; without a version, digits of its checksum."""
    kind = init.text("kind", default="")
    version = init.text("version", default="") or short(checksum(init.body("job").value))
    return f"{kind} {version}"


def _named(node: Body) -> Named:
    name = node.text("name", default="")
    if node.has("init"):
        return Named(name, init_label(node.body("init")), once=True)
    workload = node.body("workload")
    kind = workload.text("kind", default="")
    return Named(name, f"{kind}/{workload.text('name', default='')}", once=False)


def _of_workload(node: NodeStatus) -> tuple[str, Told]:
    return node.name, Told(str(node.state), OF_NODE[node.state], node.since, node.message)


def _of_init(init: InitStatus) -> tuple[str, Told]:
    said = "; ".join(init.reasons)
    if not said and init.state in init_states.UNDER_WAY:
        undoes = init.run is not None and init.run.direction is Direction.DOWN
        said = f"Job {init.job}{', which undoes ' + init.version if undoes else ''}"
    return init.name, Told(str(init.state), OF_INIT[init.state], init.since, said)
