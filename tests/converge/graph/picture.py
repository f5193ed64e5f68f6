"""The cluster in the words of the tests: what the graphs say, and what there really is."""

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from sluice.model import names
from sluice.model.conditions import Condition
from sluice.model.json import Body, Json, JsonObject
from sluice.model.references import (
    CONFIGMAPS,
    DAEMONSETS,
    DEPLOYMENTS,
    JOBS,
    LEASES,
    PODS,
    STARTUPGRAPHS,
    STATEFULSETS,
    ObjectRef,
)
from sluice.startup.init import states as init_states
from sluice.startup.states import State
from tests.converge.cluster import RELEASED
from tests.converge.deployments import is_ready
from tests.converge.graph.manifests import GRAPH
from tests.converge.ledger import entries
from tests.converge.store import Store

AnyState: TypeAlias = State | init_states.State

WORKLOADS = (DEPLOYMENTS, STATEFULSETS, DAEMONSETS, JOBS)
_PAUSES = {"Deployment": "paused", "Job": "suspend"}


def states(store: Store, ref: ObjectRef = GRAPH) -> dict[str, AnyState]:
    """Return the state of each node that is persisted."""
    found = store.find(ref)
    nodes = () if found is None else found.bodies("status", "nodes")
    return {node.text("name"): state_of(node) for node in nodes}


def state_of(node: Body) -> AnyState:
    """Return the state of an entry of `status.nodes`."""
    state = node.text("state")
    return init_states.State(state) if node.has("init") else State(state)


def recorded(store: Store) -> dict[str, str]:
    """Return what the records say, by «<node> <version>»."""
    return {
        f"{node} {entry.text('version')}": entry.text("result")
        for node, record in records(store)
        for entry in entries(record)
    }


def records(store: Store) -> Iterator[tuple[str, Body]]:
    """Yield every record, by the node of which it tells."""
    for _, body in store.every(CONFIGMAPS):
        node = body.labels("metadata", "labels").get(names.RECORD_LABEL)
        if node is not None:
            yield node, body


def holders(store: Store) -> dict[str, str]:
    """Return which Job has each lock, by the name of the Lease; none: empty."""
    return {
        ref.name: body.body("spec").text("holderIdentity", default="").partition("/")[0]
        for ref, body in store.every(LEASES)
    }


def is_held(workload: Body) -> bool:
    """Whether our hold is on a Deployment or Job."""
    annotations = workload.labels("metadata", "annotations")
    return "startup" in annotations.get(names.HOLDERS, "").split(",")


def is_gated(pod: Body) -> bool:
    """Whether our scheduling gate is on a pod."""
    gates = pod.bodies("spec", "schedulingGates")
    return any(gate.text("name") == names.STARTUP_GATE for gate in gates)


def gate_of(pod: Body) -> Body | None:
    """Return the condition of our readiness gate."""
    conditions = pod.bodies("status", "conditions")
    return next((c for c in conditions if c.text("type") == names.HEALTHY_GATE), None)


def is_open(pod: Body) -> bool:
    """Whether our readiness gate lets traffic to a pod."""
    condition = gate_of(pod)
    return condition is not None and condition.text("status") == "True"


def node_of(body: Body) -> str:
    """Return the node that a workload or pod names."""
    return body.labels("metadata", "labels").get(names.NODE_LABEL, "")


def ready_pods(store: Store, node: str) -> int:
    """Return how many pods of a node get traffic."""
    return sum(is_ready(pod) for _, pod in store.every(PODS) if node_of(pod) == node)


def held(store: Store) -> frozenset[str]:
    """Return the nodes whose workload, or a pod of it, is held."""
    stopped = [body for _, body in workloads(store) if is_held(body)]
    gated = [pod for _, pod in store.every(PODS) if is_gated(pod)]
    return frozenset(map(node_of, (*stopped, *gated)))


def workloads(store: Store) -> Iterator[tuple[ObjectRef, Body]]:
    """Yield every workload."""
    for resource in WORKLOADS:
        yield from store.every(resource)


def summary(store: Store) -> JsonObject:
    """Return all that must be the same however a story was disturbed: no times, no versions."""
    return {
        "graphs": {ref.name: _graph(body) for ref, body in store.every(STARTUPGRAPHS)},
        "workloads": {str(ref): _workload(body) for ref, body in workloads(store)},
        "pods": sorted(_pod(pod) for _, pod in store.every(PODS)),
        "released": _released(store),
        "records": {body.text("metadata", "name"): _record(body) for _, body in records(store)},
        "locks": holders(store),
    }


def _record(body: Body) -> Json:
    return [
        [e.json("version"), e.json("result"), e.json("run"), e.json("by")] for e in entries(body)
    ]


def _graph(body: Body) -> Json:
    status = body.body("status")
    conditions = tuple(Condition.from_body(c) for c in status.bodies("conditions"))
    return {
        "phase": status.json("phase"),
        "ready": status.json("ready"),
        "nodes": {
            node.text("name"): [
                node.json("state"),
                node.json("complete"),
                node.json("message"),
                node.json("init", "reasons"),
            ]
            for node in status.bodies("nodes")
        },
        "conditions": {c.type: [str(c.status), c.reason] for c in conditions},
        "deleting": body.has("metadata", "deletionTimestamp"),
    }


def _workload(body: Body) -> Json:
    pause = _PAUSES.get(body.text("kind"))
    annotations = body.labels("metadata", "annotations").items()
    return {
        "stopped": None if pause is None else body.flag("spec", pause, default=False),
        "marks": {key: value for key, value in annotations if key.startswith(names.PREFIX)},
        "replicas": body.json("spec", "replicas"),
    }


def _pod(pod: Body) -> str:
    gate = gate_of(pod)
    said = "" if gate is None else f"{gate.text('status')} {gate.text('reason')}"
    return f"{node_of(pod)} gated={is_gated(pod)} ready={is_ready(pod)} {said}"


def _released(store: Store) -> Json:
    listed = store.find(RELEASED)
    data: Mapping[str, Json] = {} if listed is None else listed.body("data").value
    return sorted(str(value) for key, value in data.items() if key != "README")
