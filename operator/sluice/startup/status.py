"""The status of a StartupGraph: its write-ahead log. What is not here does not survive a pass."""

from dataclasses import dataclass, field
from enum import StrEnum

from sluice.model.conditions import Condition
from sluice.model.json import Body, Json, JsonObject
from sluice.model.scalars import format_instant, parse_instant
from sluice.startup.init.status import InitStatus
from sluice.startup.states import State


class Phase(StrEnum):
    """What a person needs to know of a graph in one word."""

    PENDING = "Pending"
    STARTING = "Starting"
    READY = "Ready"
    DEGRADED = "Degraded"
    FAILED = "Failed"
    SUSPENDED = "Suspended"


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """One node. Instants are seconds since the epoch; since is 0 before anything happened.

    uid: of the workload that the state speaks of; empty while there is none.
    released_at: when it was let go; None while it is held. ready_at: when it was first ready.
    started, complete: latched for the UID, as edges ask for them.
    """

    name: str
    state: State = State.ABSENT
    since: float = 0.0
    uid: str = ""
    released_at: float | None = None
    ready_at: float | None = None
    started: bool = False
    complete: bool = False
    message: str = ""

    @classmethod
    def from_body(cls, body: Body) -> "NodeStatus":
        """Read an entry of `status.nodes`."""
        return cls(
            name=body.text("name"),
            state=State(body.text("state")),
            since=_instant(body, "since") or 0.0,
            uid=body.text("uid", default=""),
            released_at=_instant(body, "releasedAt"),
            ready_at=_instant(body, "readyAt"),
            started=body.flag("started", default=False),
            complete=body.flag("complete", default=False),
            message=body.text("message", default=""),
        )

    def to_json(self) -> JsonObject:
        """Return the entry as the API has it; what is empty is left out."""
        optional: JsonObject = {
            "uid": self.uid,
            "releasedAt": _text(self.released_at),
            "readyAt": _text(self.ready_at),
            "started": self.started,
            "complete": self.complete,
            "message": self.message,
        }
        written: dict[str, Json] = {
            "name": self.name,
            "state": str(self.state),
            "since": format_instant(self.since),
        }
        return {**written, **{key: value for key, value in optional.items() if value}}


@dataclass(frozen=True, slots=True)
class GraphStatus:
    """Everything that is persisted of a graph; nodes and inits in the order of the spec.

    nodes: those that start a workload. inits: those that run something once.
    applied: the last spec that could be carried out (`applied.packed`).
    """

    phase: Phase = Phase.PENDING
    nodes: tuple[NodeStatus, ...] = ()
    ready: str = ""
    node_count: int = 0
    waiting_for: str = ""
    started_at: float | None = None
    ready_at: float | None = None
    applied: str = ""
    observed_generation: int = 0
    inits: tuple[InitStatus, ...] = ()
    conditions: tuple[Condition, ...] = field(default=())

    @classmethod
    def from_body(cls, body: Body) -> "GraphStatus":
        """Read `status` of a StartupGraph; an empty one is that of an object never seen before."""
        if not body.value:
            return cls()
        nodes = body.bodies("nodes")
        return cls(
            # Absent if all that could be written so far is that deciding failed.
            phase=Phase(body.text("phase", default=Phase.PENDING)),
            nodes=tuple(NodeStatus.from_body(node) for node in nodes if not node.has("init")),
            inits=tuple(InitStatus.from_body(node) for node in nodes if node.has("init")),
            ready=body.text("ready", default=""),
            node_count=body.whole("nodeCount", default=0),
            waiting_for=body.text("waitingFor", default=""),
            started_at=_instant(body, "startedAt"),
            ready_at=_instant(body, "readyAt"),
            applied=body.text("appliedSpec", default=""),
            observed_generation=body.whole("observedGeneration", default=0),
            conditions=tuple(Condition.from_body(c) for c in body.bodies("conditions")),
        )

    def to_json(self) -> JsonObject:
        """Return the status as the API has it; what is empty is left out."""
        optional: JsonObject = {
            "waitingFor": self.waiting_for,
            "startedAt": _text(self.started_at),
            "readyAt": _text(self.ready_at),
            "appliedSpec": self.applied,
        }
        written: dict[str, Json] = {
            "phase": str(self.phase),
            "ready": self.ready,
            "nodeCount": self.node_count,
            "nodes": [node.to_json() for node in (*self.inits, *self.nodes)],
            "observedGeneration": self.observed_generation,
            "conditions": [condition.to_json() for condition in self.conditions],
        }
        return {**written, **{key: value for key, value in optional.items() if value}}

    def node(self, name: str) -> NodeStatus:
        """Return what is persisted of a workload's node; an absent one if nothing is."""
        return next((node for node in self.nodes if node.name == name), NodeStatus(name))

    def init(self, name: str) -> InitStatus:
        """Return what is persisted of an init node; a held one if nothing is."""
        return next((init for init in self.inits if init.name == name), InitStatus(name))


def _instant(body: Body, name: str) -> float | None:
    return parse_instant(body.text(name)) if body.has(name) else None


def _text(instant: float | None) -> str | None:
    return None if instant is None else format_instant(instant)
