"""The spec of a StartupGraph: what is started, in which order, and when it counts as ready.

The CRD supplies every default, so a field that is absent here is malformed unless it is optional.
"""

from dataclasses import dataclass

from sluice.model.fields import InvalidSpecError, field_path, unique_names, whole
from sluice.model.json import Body
from sluice.startup.checks import Check, ContainerCheck, HttpCheck, PodsCheck, TcpCheck
from sluice.startup.gates import Gate, GateDefaults, Scope
from sluice.startup.min_ready import MinReady
from sluice.startup.node_fields import is_finite, read_node
from sluice.startup.nodes import (
    Edge,
    HoldChoice,
    InitNode,
    Node,
    OnTimeout,
    Until,
    WhenScaledToZero,
)

__all__ = [
    "Check",
    "ContainerCheck",
    "Edge",
    "Gate",
    "GraphSpec",
    "HoldChoice",
    "HttpCheck",
    "InitNode",
    "InvalidSpecError",
    "MinReady",
    "Node",
    "OnTimeout",
    "PodsCheck",
    "Scope",
    "TcpCheck",
    "Until",
    "WhenScaledToZero",
]

_MOST_NODES = 500


@dataclass(frozen=True, slots=True)
class GraphSpec:
    """Everything that a user asks for.

    suspend: release nothing further. max_parallel: nodes between release and ready, 0 for no limit.
    entries: the nodes of both sorts as they are written.
    """

    suspend: bool
    max_parallel: int
    entries: tuple[Node | InitNode, ...]

    @classmethod
    def from_body(cls, spec: Body, graph: str) -> "GraphSpec":
        """Read `spec`: MalformedError if a field is missing, InvalidSpecError if it is wrong.

        What takes a look at two nodes at once (cycles, unknown parents) is told by `shape.faults`.
        """
        bodies, field = spec.bodies("nodes"), field_path(spec, "nodes")
        names = tuple(node.text("name") for node in bodies)
        if not 1 <= len(names) <= _MOST_NODES:
            fault = f"nodes are not between 1 and {_MOST_NODES}"
            raise InvalidSpecError(field, str(len(names)), fault, "one node for each workload")
        unique_names(names, field)
        defaults = GateDefaults.from_body(spec.body("gateDefaults"))
        finite = frozenset(node.text("name") for node in bodies if is_finite(node))
        return cls(
            suspend=spec.flag("suspend"),
            max_parallel=whole(spec, "maxParallel", 0, _MOST_NODES),
            entries=tuple(read_node(node, graph, defaults, finite) for node in bodies),
        )

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The nodes that start a workload."""
        return tuple(node for node in self.entries if isinstance(node, Node))

    @property
    def inits(self) -> tuple[InitNode, ...]:
        """The nodes that run something once."""
        return tuple(node for node in self.entries if isinstance(node, InitNode))

    def node(self, name: str) -> Node | None:
        """Return the node of that name, if it starts a workload."""
        return next((node for node in self.nodes if node.name == name), None)
