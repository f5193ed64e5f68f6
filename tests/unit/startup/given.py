"""A graph, its workloads and pods as the API server has them, and what is observed of them."""

from collections.abc import Iterable, Mapping
from itertools import count

from sluice.model.cluster import DaemonSet, Deployment, Job, Pod, Projection, StatefulSet
from sluice.model.json import Body, Json, JsonObject
from sluice.model.kind import Descendants, InNamespace, Labelled, Observation, One, Selection
from sluice.model.probes import HttpProbe, Outcome, ProbeRun, ProbeWant
from sluice.model.references import (
    CONFIGMAPS,
    DAEMONSETS,
    DEPLOYMENTS,
    JOBS,
    STATEFULSETS,
    ObjectRef,
)
from sluice.model.scalars import format_instant
from sluice.startup.kind import StartupGraphKind
from sluice.startup.own import Own
from sluice.startup.scene import NodeScene, Scene, read_scene
from sluice.startup.states import State
from sluice.startup.status import GraphStatus, NodeStatus
from sluice.startup.workload import Workload

NAMESPACE, GRAPH = "shop", "shop"
NOW = 1_795_000_000.0
CREATED = NOW - 60.0
RELEASED = ObjectRef(CONFIGMAPS, "sluice-system", "sluice-released")
KIND = StartupGraphKind()
RESOURCES = {one.kind: one for one in (DEPLOYMENTS, STATEFULSETS, DAEMONSETS, JOBS)}
GATE_DEFAULTS: JsonObject = {
    "interval": "5s",
    "passes": 3,
    "failures": 3,
    "timeout": "2s",
    "critical": True,
    "minAvailable": "50%",
}
POD_HTTP: JsonObject = {"path": "/ready", "port": 8080, "status": "200-399"}
NODE_HTTP: JsonObject = {"url": "http://api:8080/ready", "status": "200-399"}


def node(
    name: str, kind: str = "Deployment", *parents: str | JsonObject, **more: Json
) -> JsonObject:
    """Return an entry of spec.nodes; its workload has its name unless another one is given."""
    edges = [edge(parent) if isinstance(parent, str) else parent for parent in parents]
    workload = {"apiVersion": RESOURCES[kind].api_version, "kind": kind, "name": name}
    return {
        "name": name,
        "workload": {**workload, "name": more.pop("workload", name)},
        "dependsOn": edges,
        "minReady": "100%",
        "whenScaledToZero": "Satisfied",
        "hold": "Auto",
        "podReadiness": False,
        "timeout": "10m",
        "onTimeout": "Hold",
        **more,
    }


def edge(parent: str, **more: Json) -> JsonObject:
    return {"node": parent, "optional": False, **more}


def meta(name: str, uid: str, generation: int = 1, **more: Json) -> dict[str, Json]:
    return {
        "name": name,
        "namespace": NAMESPACE,
        "uid": uid,
        "resourceVersion": "7",
        "generation": generation,
        "creationTimestamp": format_instant(CREATED),
        **more,
    }


def graph(
    *nodes: JsonObject,
    status: Iterable[NodeStatus] = (),
    own: JsonObject | None = None,
    more: Mapping[str, Json] | None = None,
    suspend: bool = False,
) -> JsonObject:
    """Return a StartupGraph with its finalizer; own: more of its metadata; more: of its spec."""
    nodes_status = tuple(status)
    written = GraphStatus(nodes=nodes_status).to_json() if nodes_status else {}
    finalizers: dict[str, Json] = {"finalizers": ["sluice.dev/cleanup"]}
    spec: dict[str, Json] = {
        "suspend": suspend,
        "maxParallel": 0,
        "gateDefaults": GATE_DEFAULTS,
        "nodes": nodes,
        **(more or {}),
    }
    return {
        "metadata": {**meta(GRAPH, "uid-of-graph"), **finalizers, **(own or {})},
        "spec": spec,
        "status": written,
    }


def was(name: str, state: State, **more: object) -> NodeStatus:
    """Return what is persisted of a node; its UID is that of the workload of its name."""
    past = state not in {State.ABSENT, State.HELD, State.BLOCKED}
    fields: dict[str, object] = {
        "since": CREATED,
        "uid": "" if state is State.ABSENT else f"uid-of-{name}",
        "released_at": CREATED if past else None,
        **more,
    }
    return NodeStatus(name, state, **fields)  # type: ignore[arg-type]  # any field, by its name


def labels(name: str, graph_name: str = GRAPH) -> dict[str, Json]:
    return {"sluice.dev/graph": graph_name, "sluice.dev/node": name}


def _object(
    name: str,
    uid: str | None,
    marks: Mapping[str, Json] | None,
    spec: Mapping[str, Json],
    status: Mapping[str, Json],
    own: Mapping[str, Json],
) -> Body:
    marked = labels(name) if marks is None else marks
    template: JsonObject = {"metadata": {"labels": marked}}
    base = meta(name, f"uid-of-{name}" if uid is None else uid, labels=marked)
    written: JsonObject = {"template": template, **spec}
    return Body({"metadata": {**base, **own}, "spec": written, "status": status})


def _annotations(holders: str, more: Mapping[str, Json]) -> dict[str, Json]:
    return {**({"sluice.dev/holders": holders} if holders else {}), **more}


def deployment(
    name: str = "api",
    *,
    holders: str = "",
    available: int = 0,
    replicas: int = 2,
    uid: str | None = None,
    marks: Mapping[str, Json] | None = None,
    notes: Mapping[str, Json] | None = None,
    observed: int = 1,
    own_bar: bool = False,
    own: Mapping[str, Json] | None = None,
) -> Deployment:
    """Return a Deployment; own_bar: its condition Available."""
    condition = {"type": "Available", "status": "True" if own_bar else "False"}
    body = _object(
        name,
        uid,
        marks,
        {"replicas": replicas, "paused": bool(holders), "selector": {"matchLabels": {"app": name}}},
        {
            "observedGeneration": observed,
            "availableReplicas": available,
            "conditions": [condition],
        },
        {"annotations": _annotations(holders, notes or {}), **(own or {})},
    )
    return Deployment.from_body(body)


def statefulset(
    name: str = "db",
    *,
    available: int = 0,
    replicas: int = 1,
    uid: str | None = None,
    marks: Mapping[str, Json] | None = None,
    notes: Mapping[str, Json] | None = None,
    observed: int = 1,
    policy: str = "OrderedReady",
    revision: str = "db-2",
    own: Mapping[str, Json] | None = None,
    spec: Mapping[str, Json] | None = None,
) -> StatefulSet:
    status: dict[str, Json] = {
        "observedGeneration": observed,
        "availableReplicas": available,
        "updateRevision": revision,
    }
    fields: dict[str, Json] = {"replicas": replicas, "podManagementPolicy": policy, **(spec or {})}
    body = _object(name, uid, marks, fields, status, {"annotations": notes or {}, **(own or {})})
    return StatefulSet.from_body(body)


def daemonset(
    name: str = "agent", *, available: int = 0, desired: int = 2, observed: int = 1
) -> DaemonSet:
    status: dict[str, Json] = {
        "observedGeneration": observed,
        "numberAvailable": available,
        "desiredNumberScheduled": desired,
    }
    return DaemonSet.from_body(_object(name, None, None, {}, status, {}))


def job(
    name: str = "migrate",
    *,
    holders: str = "",
    ended: str = "",
    started: bool = False,
    uid: str | None = None,
    notes: Mapping[str, Json] | None = None,
) -> Job:
    """Return a Job; ended: Complete or Failed."""
    ends: list[Json] = [{"type": ended, "status": "True", "message": "BackoffLimitExceeded"}]
    status: dict[str, Json] = {"conditions": ends if ended else []}
    if started:
        status["startTime"] = format_instant(CREATED)
    own = {"annotations": _annotations(holders, notes or {})}
    return Job.from_body(_object(name, uid, None, {"suspend": bool(holders)}, status, own))


_numbers = count(1)


def pod(
    owner: Workload | None,
    name: str | None = None,
    *,
    node_name: str | None = None,
    held: bool = False,
    running: bool = True,
    ready: bool = True,
    container: str = "one",
    gated: bool = False,
    published: JsonObject | None = None,
    address: str = "10.0.0.1",
    revision: str = "",
    phase: str = "Running",
    own: Mapping[str, Json] | None = None,
) -> Pod:
    """Return a pod of a workload (None: of nobody), by way of a ReplicaSet if it is a Deployment.

    held: by our scheduling gate. gated: carries our readiness gate; published: its condition.
    """
    name = name or f"pod-{next(_numbers)}"
    carried = labels(node_name or ("" if owner is None else owner.meta.ref.name))
    if revision:
        carried["controller-revision-hash"] = revision
    status: dict[str, Json] = {"phase": "Pending" if held else phase}
    if published is not None:
        status["conditions"] = [{"type": "sluice.dev/healthy", **published}]
    if not held:
        state: JsonObject = {"running": {}} if running else {"waiting": {"reason": "CrashLoop"}}
        one: JsonObject = {"name": "app", "containerID": container, "state": state}
        status["podIP"] = address
        status["containerStatuses"] = [{**one, "started": running, "ready": ready and running}]
    base = meta(name, f"uid-of-{name}", labels=carried, ownerReferences=_owners(owner))
    metadata: JsonObject = {**base, **(own or {})}
    body: JsonObject = {
        "metadata": metadata,
        "spec": {
            "schedulingGates": [
                {"name": "other"},
                *([{"name": "sluice.dev/startup"}] if held else []),
            ],
            "readinessGates": [{"conditionType": "sluice.dev/healthy"}] if gated else [],
        },
        "status": status,
    }
    return Pod.from_body(Body(body))


def _owners(owner: Workload | None) -> list[Json]:
    if owner is None:
        return []
    name, kind = owner.meta.ref.name, owner.meta.ref.resource.kind
    if kind == "Deployment":
        return [{"kind": "ReplicaSet", "name": f"{name}-rs", "uid": f"uid-of-{name}-rs"}]
    return [{"kind": kind, "name": name, "uid": owner.meta.uid}]


def opened(owner: Pod, reason: str = "GatesPassed") -> JsonObject:
    """Return the condition that says True of the containers that run in a pod."""
    suffix = "" if reason == "Open" else f" [{owner.containers.instance}]"
    return {
        "status": "True",
        "reason": reason,
        "message": f"http: 3 of 3{suffix}",
        "lastTransitionTime": format_instant(CREATED),
    }


def shut() -> JsonObject:
    return {
        "status": "False",
        "reason": "GateFailed",
        "message": "http: 3 of 3 failures in a row",
        "lastTransitionTime": format_instant(CREATED),
    }


PASSES = ProbeRun(passes=3, outcome=Outcome.PASSED)
FAILS = ProbeRun(failures=3, outcome=Outcome.FAILED, detail="HTTP 500")


def target(want: ProbeWant) -> str:
    """Return whom a probe asks: the host of a URL, or the host."""
    if isinstance(want.probe, HttpProbe):
        return want.probe.url.split("/")[2].rsplit(":", 1)[0]
    return want.probe.host


def selected(selection: Selection, objects: Iterable[Projection]) -> tuple[Projection, ...]:
    """Return what the engine's cache finds."""
    match selection:
        case One(ref):
            return tuple(one for one in objects if one.meta.ref == ref)
        case Labelled(resource, namespace, label, value):
            ours = (
                o
                for o in objects
                if (o.meta.ref.resource, o.meta.ref.namespace) == (resource, namespace)
            )
            return tuple(one for one in ours if one.meta.labels.get(label) == value)
        case Descendants(resource, ancestor):
            kind, name = ancestor.resource.kind, ancestor.name
            owner = ("ReplicaSet", f"{name}-rs") if kind == "Deployment" else (kind, name)
            below = (o for o in objects if o.meta.ref.resource == resource)
            return tuple(o for o in below if owner in [(w.kind, w.name) for w in o.meta.owners])
        case InNamespace():
            raise AssertionError(selection)


def observe(
    body: JsonObject,
    *objects: Projection,
    runs: Mapping[str, ProbeRun] | None = None,
    now: float = NOW,
) -> Observation:
    """Return what the engine observes; runs: what is known of the probes, by whom they ask."""
    wanted = KIND.wants(body, {})
    found = {one: selected(one, objects) for one in wanted.selections}
    wanted = KIND.wants(body, found)
    known = (
        {want: runs[target(want)] for want in wanted.probes if target(want) in (runs or {})}
        if runs
        else {}
    )
    return Observation(now=now, body=body, found=found, probes=known)


def scene(
    body: JsonObject,
    *objects: Projection,
    runs: Mapping[str, ProbeRun] | None = None,
    now: float = NOW,
) -> Scene:
    return read_scene(Own.from_body(Body(body)), observe(body, *objects, runs=runs, now=now))


def alone(given: Scene) -> NodeScene:
    """Return the last node of a scene: the one that a test is about."""
    return list(given.nodes.values())[-1]
