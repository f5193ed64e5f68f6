"""The graph web with what runs once in some state, in the store of the command's server."""

from sluice.model.json import Body, JsonObject
from sluice.startup.init.record import Entry
from sluice.startup.init.states import State
from sluice.startup.init.status import InitStatus
from sluice.startup.status import GraphStatus
from tests.cli.graph_scenes import REF, deployment, stateful_set
from tests.cli.init_scenes import (
    BACK,
    BROKEN,
    NODE,
    lease,
    once,
    record,
    run,
    told,
    web,
)
from tests.cli.server import Cluster

KEY = f"resolve.sluice.dev/{NODE}"
UP, OLD = run(), run("42")
FAILED = told(State.FAILED, UP, BROKEN)
UNDONE = told(State.HELD, UP, BACK)


def put(
    cluster: Cluster,
    status: InitStatus,
    *entries: Entry,
    init: JsonObject | None = None,
    running: bool = False,
    **spec: bool,
) -> None:
    """Put the graph web with a node in that state, and what its record tells."""
    api = deployment("api", 3) if running else deployment("api", held=True)
    kept = record(*entries)
    cluster.put(web(init or once(NODE, "db"), status, **spec), stateful_set("db", 3), api)
    cluster.put(kept, lease())


def said_in(cluster: Cluster) -> str | None:
    return Body(cluster.read(REF)).labels("metadata", "annotations").get(KEY)


def status_in(graph: JsonObject) -> InitStatus:
    return GraphStatus.from_body(Body(graph).body("status")).init(NODE)
