"""What stories of a graph are made of: graphs, deeds, and beginnings that several share."""

from collections.abc import Mapping

from sluice.model.json import JsonObject
from sluice.startup.states import State
from tests.converge.graph.manifests import HTTP_GATE, graph, node
from tests.converge.graph.people import People
from tests.converge.graph.scenario import Deed, Step
from tests.converge.kubelet import Start

ABSENT, HELD, BLOCKED, RELEASING = State.ABSENT, State.HELD, State.BLOCKED, State.RELEASING
STARTING, GATING, READY = State.STARTING, State.GATING, State.READY
DEGRADED, TIMED_OUT, FAILED = State.DEGRADED, State.TIMED_OUT, State.FAILED

NO_NODES: Mapping[str, State] = {}
# Pods that come after their graph is gone wait so long for another one before they get traffic.
NOBODY_COMES_SECONDS = 125.0
PAIR = graph(node("db"), node("api", after=["db"]))
CHAIN = graph(node("db"), node("api", after=["db"]), node("web", after=["api"]))
DIAMOND = graph(
    node("db"),
    node("left", after=["db"]),
    node("right", after=["db"]),
    node("top", after=["left", "right"]),
)
FAN = [f"leaf{number:02d}" for number in range(20)]
KINDS = graph(
    node("db", "StatefulSet"),
    node("agent", "DaemonSet"),
    node("migrate", "Job", after=["db", {"node": "agent", "until": "Started"}]),
    node("api", after=["migrate", {"node": "db", "minReady": 1}]),
)
JOBBED = graph(node("migrate", "Job"), node("api", after=["migrate"]))
TRAFFIC = graph(node("api", podReadiness=True, gates=[HTTP_GATE]), node("web", after=["api"]))
URL_GATE: JsonObject = {"name": "url", "http": {"url": "http://api:8080/ready"}}
API_HOST = "api.shop.svc"
GATED = graph(node("api", gates=[URL_GATE]), node("web", after=["api"]))


def all_ready(*nodes: str) -> Mapping[str, State]:
    """Return the states of nodes that are all ready."""
    return dict.fromkeys(nodes, READY)


def applies(manifest: JsonObject) -> Deed:
    """Write a graph."""
    return lambda people: people.apply(manifest)


def creates(*workloads: str | tuple[str, str]) -> Deed:
    """Create workloads: Deployments by name, others with their kind."""

    def create(people: People) -> None:
        for one in workloads:
            name, kind = (one, "Deployment") if isinstance(one, str) else one
            people.create(name, kind)

    return create


def both(*deeds: Deed) -> Deed:
    """Do several things at once."""

    def do(people: People) -> None:
        for deed in deeds:
            deed(people)

    return do


THREE = creates("web", "api", "db")
CREATE_KINDS = creates(("db", "StatefulSet"), ("agent", "DaemonSet"), ("migrate", "Job"), "api")
CREATE_JOBBED = creates(("migrate", "Job"), "api")


# What several stories begin with; no crash is tried twice that is in one of them alone.
A_CHAIN = Step(both(THREE, applies(CHAIN)))
A_PAIR = Step(both(creates("api", "db"), applies(PAIR)))
ALL_KINDS = Step(both(CREATE_KINDS, applies(KINDS)))
A_FAILURE = Step(both(CREATE_JOBBED, lambda p: p.behave("migrate:1", Start.CRASH), applies(JOBBED)))
