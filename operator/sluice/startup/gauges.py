"""What Prometheus is shown of a graph: where each node stands, and how long it took to start."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sluice.model.json import Body, JsonObject
from sluice.model.readings import Family, Reading
from sluice.model.references import STARTUPGRAPHS, Resource
from sluice.startup.status import GraphStatus

NODE_STATE: Final = Family(
    "startup_node_state",
    "1 for the state that a node of a StartupGraph is in.",
    ("namespace", "graph", "node", "state"),
)
NODE_START_SECONDS: Final = Family(
    "startup_node_start_seconds",
    "How long a node took from its release until it was ready for the first time.",
    ("namespace", "graph", "node"),
)
START_SECONDS: Final = Family(
    "startup_start_seconds",
    "How long a graph took from its first release until all its nodes were ready.",
    ("namespace", "graph"),
)


@dataclass(frozen=True, slots=True)
class GraphGauges:
    """The gauges of StartupGraphs; they follow from status alone, so a restart loses none."""

    @property
    def resource(self) -> Resource:
        """Where StartupGraphs live."""
        return STARTUPGRAPHS

    @property
    def families(self) -> tuple[Family, ...]:
        """All gauges."""
        return (NODE_STATE, NODE_START_SECONDS, START_SECONDS)

    def read(self, body: JsonObject) -> tuple[Reading, ...]:
        """Return the readings of a graph."""
        return tuple(_readings(Body(body)))


def _readings(body: Body) -> Iterator[Reading]:
    graph = (body.text("metadata", "namespace"), body.text("metadata", "name"))
    status = GraphStatus.from_body(body.body("status"))
    for init in status.inits:
        yield Reading(NODE_STATE, (*graph, init.name, str(init.state)), 1.0)
    for node in status.nodes:
        yield Reading(NODE_STATE, (*graph, node.name, str(node.state)), 1.0)
        if node.released_at is not None and node.ready_at is not None:
            seconds = node.ready_at - node.released_at
            yield Reading(NODE_START_SECONDS, (*graph, node.name), seconds)
    if status.started_at is not None and status.ready_at is not None:
        yield Reading(START_SECONDS, graph, status.ready_at - status.started_at)
