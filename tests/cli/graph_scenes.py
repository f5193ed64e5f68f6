"""StartupGraphs in the states that the command line shows, with what they start."""

from collections.abc import Mapping

from sluice.cli.graph.overview import Overview
from sluice.engine.cache import Cache
from sluice.engine.informer import project
from sluice.model.cluster import Projection
from sluice.model.conditions import Condition, Status
from sluice.model.json import Body, Json, JsonObject
from sluice.model.kind import Observation, Selection
from sluice.model.names import GRAPH_LABEL, HEALTHY_GATE, HOLDERS, NODE_LABEL, STARTUP_GATE
from sluice.model.references import (
    CONFIGMAPS,
    DAEMONSETS,
    DEPLOYMENTS,
    JOBS,
    LEASES,
    PODS,
    REPLICASETS,
    STARTUPGRAPHS,
    STATEFULSETS,
    ObjectRef,
)
from sluice.model.scalars import format_instant, parse_instant
from sluice.startup.init.status import InitStatus
from sluice.startup.inits import surrounded
from sluice.startup.kind import StartupGraphKind
from sluice.startup.own import Own
from sluice.startup.scene import Scene, read_scene
from sluice.startup.states import State
from sluice.startup.status import GraphStatus, NodeStatus, Phase
from tests.builders import CREATED, NAMESPACE, as_stored, metadata, owner
from tests.manifest_files import stored

GRAPH = "web"
REF = ObjectRef(STARTUPGRAPHS, NAMESPACE, GRAPH)
BEGUN = parse_instant(CREATED)
NOW = BEGUN + 720.0
HTTP: JsonObject = {"name": "http", "http": {"path": "/ready", "port": 8080}}
_WORKLOADS = (DEPLOYMENTS, STATEFULSETS, DAEMONSETS, JOBS)
_RESOURCES = {r.kind: r for r in (*_WORKLOADS, REPLICASETS, PODS, CONFIGMAPS, LEASES)}
_HELD: Mapping[str, str] = {HOLDERS: "startup"}


def node(name: str, *parents: Json, kind: str = "Deployment", **more: Json) -> JsonObject:
    """Return an entry of spec.nodes; a parent is a name, or an edge."""
    edges = [{"node": parent} if isinstance(parent, str) else parent for parent in parents]
    version = _RESOURCES[kind].api_version
    workload = {"apiVersion": version, "kind": kind, "name": name}
    return {"name": name, "workload": workload, "dependsOn": edges, **more}


def graph(*nodes: JsonObject, status: GraphStatus | None = None, **spec: Json) -> JsonObject:
    """Return a StartupGraph as the API server has it."""
    manifest: JsonObject = {
        "apiVersion": STARTUPGRAPHS.api_version,
        "kind": STARTUPGRAPHS.kind,
        "metadata": metadata(GRAPH),
        "spec": {**spec, "nodes": nodes},
    }
    whole = as_stored(stored(manifest, STARTUPGRAPHS).value)
    return whole if status is None else {**whole, "status": status.to_json()}


def condition(kind: str, *, holds: bool, reason: str, message: str) -> Condition:
    """Return a condition that has been like this from the start."""
    return Condition(kind, Status.TRUE if holds else Status.FALSE, reason, message, BEGUN, 1)


def status(
    phase: Phase,
    *nodes: NodeStatus,
    message: str = "",
    conditions: tuple[Condition, ...] = (),
    inits: tuple[InitStatus, ...] = (),
) -> GraphStatus:
    """Return the status of a graph that says `message` of itself."""
    waiting = [one.name for one in nodes if one.state is not State.READY]
    ready = condition("Ready", holds=phase is Phase.READY, reason=str(phase), message=message)
    return GraphStatus(
        phase=phase,
        nodes=nodes,
        ready=f"{len(nodes) - len(waiting)}/{len(nodes)}",
        waiting_for=", ".join(waiting),
        observed_generation=1,
        conditions=(ready, *conditions),
        inits=inits,
    )


def seen(name: str, state: State, *, ago: float = 180.0, **more: object) -> NodeStatus:
    """Return what the operator has written of a node."""
    uid = "" if state is State.ABSENT else f"uid-of-{name}"
    fields = {"since": NOW - ago, "uid": uid, **more}
    return NodeStatus(name, state, **fields)  # type: ignore[arg-type]  # any field, by its name


def deployment(name: str, have: int = 0, of: int = 3, *, held: bool = False) -> JsonObject:
    """Return a node's Deployment with so many of its pods available."""
    return _workload(
        "Deployment", name, {"replicas": of, "paused": held}, _counted(have, of), held=held
    )


def stateful_set(name: str, have: int = 0, of: int = 3) -> JsonObject:
    """Return a node's StatefulSet with so many of its pods available."""
    return _workload("StatefulSet", name, {"replicas": of}, _counted(have, of))


def job(name: str, state: JsonObject | None = None, *, held: bool = False) -> JsonObject:
    """Return a node's Job."""
    return _workload("Job", name, {"suspend": held}, state or {}, held=held)


def ended(kind: str, message: str = "") -> JsonObject:
    """Return the status of a Job that has ended."""
    said: JsonObject = {"type": kind, "status": "True", "message": message}
    return {"startTime": CREATED, "conditions": [said]}


def _counted(have: int, of: int) -> JsonObject:
    full = {"type": "Available", "status": str(have == of)}
    return {"observedGeneration": 1, "availableReplicas": have, "conditions": [full]}


def _workload(
    kind: str, name: str, spec: JsonObject, state: JsonObject, *, held: bool = False
) -> JsonObject:
    labels = {GRAPH_LABEL: GRAPH, NODE_LABEL: name}
    marks = {"annotations": _HELD} if held else {}
    return as_stored(
        {
            "apiVersion": _RESOURCES[kind].api_version,
            "kind": kind,
            "metadata": metadata(name, labels=labels, **marks),
            "spec": {**spec, "template": {"metadata": {"labels": labels}}},
            "status": state,
        }
    )


def replica_set(name: str) -> JsonObject:
    """Return the ReplicaSet of a node's Deployment."""
    of = [owner("Deployment", name, f"uid-of-{name}")]
    meta = metadata(f"{name}-1", ownerReferences=of)
    return as_stored({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": meta, "spec": {}})


def pod(
    name: str,
    of: str,
    *,
    kind: str = "ReplicaSet",
    ready: bool = True,
    gate: JsonObject | None = None,
    held: bool = False,
) -> JsonObject:
    """Return a pod of a node. gate: what its readiness gate's condition says, None for no gate."""
    above = f"{of}-1" if kind == "ReplicaSet" else of
    labels = {GRAPH_LABEL: GRAPH, NODE_LABEL: of}
    meta = metadata(name, labels=labels, ownerReferences=[owner(kind, above, f"uid-of-{above}")])
    runs: JsonObject = {
        "name": "app",
        "containerID": f"containerd://{name}",
        "state": {"running": {}},
        "started": True,
        "ready": ready,
    }
    conditions = [{"type": HEALTHY_GATE, **gate}] if gate else []
    return as_stored(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": meta,
            "spec": {
                "readinessGates": [] if gate is None else [{"conditionType": HEALTHY_GATE}],
                "schedulingGates": [{"name": STARTUP_GATE}] if held else [],
            },
            "status": {
                "phase": "Pending" if held else "Running",
                "podIP": "" if held else "10.0.0.7",
                "containerStatuses": [] if held else [runs],
                "conditions": conditions,
            },
        }
    )


def gate(status: str, reason: str, message: str, *, ago: float = 120.0) -> JsonObject:
    """Return the condition of a pod's readiness gate."""
    since = format_instant(NOW - ago)
    return {"status": status, "reason": reason, "message": message, "lastTransitionTime": since}


def scene(body: JsonObject, *objects: JsonObject) -> Scene:
    """Return the scene of a graph among objects, as it is gathered."""
    cache = Cache()
    for item in objects:
        projection = project(_RESOURCES[Body(item).text("kind")], item)
        assert projection is not None
        cache.put(projection)
    found: dict[Selection, tuple[Projection, ...]] = {}
    for _ in range(2):  # the lock names a Job that is wanted, too
        wants = StartupGraphKind().wants(body, found)
        found = {selection: cache.select(selection) for selection in wants.selections}
    return surrounded(read_scene(Own.from_body(Body(body)), Observation(NOW, body, found)))


def overview(body: JsonObject) -> Overview:
    """Return a graph as the command line reads it."""
    return Overview.from_body(body)


# db runs, migrate runs after it, and api waits for both; cache has lost a pod.
STARTING = graph(
    node("db", kind="StatefulSet"),
    node("cache", podReadiness=True, gates=[HTTP]),
    node("migrate", "db", kind="Job"),
    node("api", "migrate", {"node": "cache", "minReady": 3}, gates=[HTTP]),
    node("mail", {"node": "api", "until": "Started", "optional": True}),
    status=status(
        Phase.STARTING,
        seen("db", State.READY, ago=600.0, released_at=BEGUN, started=True),
        seen("cache", State.STARTING, released_at=NOW - 180.0),
        seen("migrate", State.STARTING, ago=60.0, released_at=NOW - 60.0),
        seen("api", State.HELD, message="waits for migrate Complete, cache Ready"),
        seen("mail", State.ABSENT, message="Deployment mail does not exist"),
        message="1/5 nodes are ready; waiting for cache, migrate, api, mail",
    ),
)
AROUND = (
    stateful_set("db", have=3),
    deployment("cache", have=2),
    replica_set("cache"),
    pod("cache-1-a", "cache", gate=gate("True", "GatesPassed", "http: 3 of 3 passes in a row")),
    pod("cache-1-b", "cache", gate=gate("True", "GatesPassed", "http: 3 of 3 passes in a row")),
    pod(
        "cache-1-c",
        "cache",
        gate=gate("False", "GateFailed", "http: 3 of 3 failures in a row: HTTP 503"),
    ),
    pod("cache-1-d", "cache", ready=False, gate={}),
    job("migrate", {"startTime": format_instant(NOW - 55.0)}),
    deployment("api", held=True),
)
