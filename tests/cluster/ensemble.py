"""Several workloads and a StartupGraph over them, in a namespace of their own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final
from uuid import uuid4

from sluice.model.json import Body, Json, JsonObject
from sluice.model.names import GRAPH_LABEL, HEALTHY_GATE, NODE_LABEL
from sluice.model.references import (
    DAEMONSETS,
    DEPLOYMENTS,
    ENDPOINTSLICES,
    JOBS,
    PODS,
    REPLICASETS,
    STARTUPGRAPHS,
    STATEFULSETS,
    ObjectRef,
    Resource,
)
from sluice.model.scalars import parse_instant
from sluice.startup.states import State
from sluice.startup.status import GraphStatus
from tests.cluster.app_manifests import IMAGE, PORT
from tests.cluster.cluster_api import NAMESPACES, ClusterApi, Sighting, cluster_api
from tests.cluster.shop import Cluster
from tests.cluster.watching import Watcher, watching

GRAPH: Final = "town"
WATCHED: Final = (
    STARTUPGRAPHS,
    DEPLOYMENTS,
    STATEFULSETS,
    DAEMONSETS,
    JOBS,
    REPLICASETS,
    PODS,
    ENDPOINTSLICES,
)
READY_SECONDS: Final = 120.0


@dataclass(frozen=True, slots=True)
class Fact:
    """One version of the graph's status, in the order of all writes of the cluster."""

    version: int
    status: GraphStatus


@dataclass(slots=True)
class Chronicle(Watcher):
    """What the namespace went through: statuses of the graph, and when each workload was let go.

    ready: when a pod of a node was first Ready, by node. released: the resourceVersion of the
    first ReplicaSet of each Deployment, and of the first write of a Job that is not suspended.
    """

    statuses: list[Fact] = field(default_factory=list)
    sets: dict[str, list[str]] = field(default_factory=dict)
    jobs: dict[str, set[str]] = field(default_factory=dict)
    released: dict[str, int] = field(default_factory=dict)

    def take(self, resource: Resource, sighting: Sighting) -> None:
        """Take in one event of a watch."""
        super(Chronicle, self).take(resource, sighting)
        body, name = sighting.body, sighting.name
        if sighting.deleted:
            return
        if (resource, name) == (STARTUPGRAPHS, GRAPH):
            found = GraphStatus.from_body(Body(body.body("status").value))
            self.statuses.append(Fact(sighting.version, found))
        if resource is REPLICASETS:
            (owner,) = body.bodies("metadata", "ownerReferences")
            sets = self.sets.setdefault(owner.text("name"), [])
            if name not in sets:
                sets.append(name)
            self.released.setdefault(owner.text("name"), sighting.version)
        if resource is JOBS and not body.flag("spec", "suspend", default=False):
            self.jobs.setdefault(name, set()).add(body.text("metadata", "uid"))
            self.released.setdefault(name, sighting.version)

    @property
    def status(self) -> GraphStatus:
        """The graph's last status."""
        return self.statuses[-1].status if self.statuses else GraphStatus()

    def states(self, node: str) -> list[State]:
        """Return every state that a node has been in, in order."""
        found: list[State] = []
        for fact in self.statuses:
            state = fact.status.node(node).state
            if not found or found[-1] is not state:
                found.append(state)
        return found

    def first(self, node: str, *states: State) -> int:
        """Return the version of the first status in which a node was in one of the states."""
        return next(
            fact.version for fact in self.statuses if fact.status.node(node).state in states
        )

    def __str__(self) -> str:
        nodes = ", ".join(
            f"{node.name} {node.state} «{node.message}»" for node in self.status.nodes
        )
        return f"graph {self.status.phase} {self.status.ready}: {nodes}"


@dataclass(frozen=True, slots=True)
class Ensemble:
    """The workloads and their graph."""

    api: ClusterApi
    namespace: str
    chronicle: Chronicle

    def ref(self, resource: Resource, name: str) -> ObjectRef:
        """Return the name of an object of the namespace."""
        return ObjectRef(resource, self.namespace, name)

    async def graph(self, *nodes: JsonObject, **spec: Json) -> None:
        """Create the graph."""
        await self.api.create(STARTUPGRAPHS, self.namespace, graph(*nodes, **spec))

    async def edit(self, **spec: Json) -> None:
        """Merge fields into the graph's spec, as its user."""
        await self.api.merge(self.ref(STARTUPGRAPHS, GRAPH), {"spec": dict(spec)})

    async def deploy(self, *manifests: JsonObject) -> None:
        """Create workloads."""
        for manifest in manifests:
            await self.api.create(_RESOURCES[Body(manifest).text("kind")], self.namespace, manifest)

    async def at(self, node: str, *states: State, within: float = READY_SECONDS) -> None:
        """Wait until a node is in one of the states."""
        await self.chronicle.until(
            lambda: self.chronicle.status.node(node).state in states,
            within,
            f"{node} {' or '.join(states)}",
        )

    async def all_ready(self, within: float = READY_SECONDS) -> None:
        """Wait until every node of the graph is ready, as `kubectl wait` would see it."""

        def is_ready() -> bool:
            return any(
                condition.type == "Ready" and condition.status == "True"
                for condition in self.chronicle.status.conditions
            )

        await self.chronicle.until(is_ready, within, "Ready condition of the graph")

    async def stays(self, node: str, state: State, seconds: float) -> None:
        """Watch a node stay in a state for so long."""
        await self.chronicle.stays(
            lambda: self.chronicle.status.node(node).state is state, seconds, f"{node} {state}"
        )

    def pods(self, node: str) -> list[Body]:
        """Return a node's pods."""
        return [
            pod
            for pod in self.chronicle.present(PODS)
            if pod.labels("metadata", "labels").get(NODE_LABEL) == node
            and not pod.has("metadata", "deletionTimestamp")
        ]

    def gates(self, node: str) -> list[str]:
        """Return what the readiness gate of each of a node's pods says; empty while unsaid."""
        return [condition(pod, HEALTHY_GATE).text("status", default="") for pod in self.pods(node)]

    def endpoints(self, service: str) -> frozenset[str]:
        """Return the ready addresses of a Service."""
        return frozenset(
            address
            for found in self.chronicle.present(ENDPOINTSLICES)
            if found.labels("metadata", "labels").get("kubernetes.io/service-name") == service
            for endpoint in found.bodies("endpoints")
            if endpoint.body("conditions").flag("ready", default=True)
            for address in endpoint.texts("addresses")
        )


def condition(body: Body, name: str) -> Body:
    """Return a condition of an object, an empty one while it is not there."""
    found = (one for one in body.bodies("status", "conditions") if one.text("type") == name)
    return next(found, Body({}))


def transition(body: Body, name: str) -> float:
    """Return when a condition changed last."""
    return parse_instant(condition(body, name).text("lastTransitionTime"))


def graph(*nodes: JsonObject, **spec: Json) -> JsonObject:
    """Return a graph."""
    return {
        "apiVersion": "sluice.dev/v1alpha1",
        "kind": "StartupGraph",
        "metadata": {"name": GRAPH},
        "spec": {"nodes": list(nodes), **spec},
    }


def node(name: str, *parents: str, kind: str = "Deployment", **spec: Json) -> JsonObject:
    """Return a node; a parent is its name or «name:Until»."""
    version = "batch/v1" if kind == "Job" else "apps/v1"
    edges: list[Json] = []
    for parent in parents:
        other, _, until = parent.partition(":")
        edges.append({"node": other, **({"until": until} if until else {})})
    found: dict[str, Json] = {
        "name": name,
        "workload": {"apiVersion": version, "kind": kind, "name": name},
    }
    if edges:
        found["dependsOn"] = edges
    return {**found, **spec}


def labels(name: str, graph_name: str = GRAPH) -> JsonObject:
    """Return the labels by which a node is held and its pods are gated."""
    return {GRAPH_LABEL: graph_name, NODE_LABEL: name}


def template(name: str, env: dict[str, str] | None = None, ready_after: int = 0) -> JsonObject:
    """Return a pod template of the application. ready_after: seconds of its startup."""
    container: JsonObject = {
        "name": "app",
        "image": IMAGE,
        "imagePullPolicy": "Never",
        "env": [{"name": key, "value": value} for key, value in (env or {}).items()],
        "readinessProbe": {
            "httpGet": {"path": "/readyz", "port": PORT},
            "periodSeconds": 1,
            "initialDelaySeconds": ready_after,
        },
        "resources": {"requests": {"cpu": "1m", "memory": "8Mi"}},
    }
    return {
        "metadata": {"labels": {"app": name, **labels(name)}},
        "spec": {"terminationGracePeriodSeconds": 1, "containers": [container]},
    }


def deployment(
    name: str, replicas: int = 1, env: dict[str, str] | None = None, ready_after: int = 0
) -> JsonObject:
    """Return a Deployment of a node."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": labels(name)},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": template(name, env, ready_after),
        },
    }


def statefulset(name: str, replicas: int = 2) -> JsonObject:
    """Return a StatefulSet of a node."""
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": name, "labels": labels(name)},
        "spec": {
            "replicas": replicas,
            "serviceName": name,
            "selector": {"matchLabels": {"app": name}},
            "template": template(name),
        },
    }


def daemonset(name: str) -> JsonObject:
    """Return a DaemonSet of a node."""
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": name, "labels": labels(name)},
        "spec": {"selector": {"matchLabels": {"app": name}}, "template": template(name)},
    }


def job(name: str, fault: str = "done=true", **spec: Json) -> JsonObject:
    """Return a Job of a node. fault: how its program begins; by default it succeeds at once."""
    container: JsonObject = {
        "name": "job",
        "image": IMAGE,
        "imagePullPolicy": "Never",
        "env": [{"name": "FAULT", "value": fault}],
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "labels": labels(name)},
        "spec": {
            "backoffLimit": 0,
            "template": {
                "metadata": {"labels": labels(name)},
                "spec": {"restartPolicy": "Never", "containers": [container]},
            },
            **spec,
        },
    }


def service(name: str) -> JsonObject:
    """Return a Service over a node's pods."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": PORT}]},
    }


_RESOURCES: Final = {
    "Deployment": DEPLOYMENTS,
    "StatefulSet": STATEFULSETS,
    "DaemonSet": DAEMONSETS,
    "Job": JOBS,
}


@asynccontextmanager
async def ensemble(cluster: Cluster) -> AsyncIterator[Ensemble]:
    """Give an empty namespace that is watched; check the laws at the end."""
    name = f"town-{uuid4().hex[:8]}"
    async with cluster_api(cluster.kubeconfig) as api:
        await api.create(NAMESPACES, "", {"metadata": {"name": name}})
        chronicle = Chronicle()
        try:
            async with watching(api, name, WATCHED, chronicle):
                yield Ensemble(api, name, chronicle)
        finally:
            await api.delete_namespace(name)
