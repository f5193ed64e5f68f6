"""The StatefulSet and DaemonSet controllers, as far as a start can tell them from the real ones."""

from collections.abc import Mapping

from sluice.model.cluster.workloads import template_digest
from sluice.model.json import Body, JsonObject
from sluice.model.references import DAEMONSETS, PODS, STATEFULSETS, ObjectRef
from tests.builders import owner
from tests.converge.deployments import SYSTEM, dependants, is_ready, terminate
from tests.converge.store import Store

# How many nodes the cluster has; a DaemonSet with a nodeSelector is wanted on none of them.
MACHINES = 2
REVISION = "controller-revision-hash"

_Pods = Mapping[str, Body]


def control_stateful_sets(store: Store) -> None:
    """Take one step for every StatefulSet."""
    for ref, body in tuple(store.every(STATEFULSETS)):
        _order(store, ref, body)
        _tell_stateful_set(store, ref, body)


def _order(store: Store, ref: ObjectRef, body: Body) -> None:
    """Create, remove or replace the next pod (updateStatefulSet in the real controller)."""
    asked = body.whole("spec", "replicas", default=1)
    ordered = body.text("spec", "podManagementPolicy", default="OrderedReady") == "OrderedReady"
    pods = _pods(store, body)
    names = [f"{ref.name}-{ordinal}" for ordinal in range(asked)]
    for name in names:
        if name not in pods:
            if ObjectRef(PODS, ref.namespace, name) not in store.objects:
                _create(store, ref, body, name)
            if ordered:
                return
        elif ordered and not is_ready(pods[name]):
            return
    surplus = sorted(set(pods) - set(names), reverse=True)
    outdated = [name for name in reversed(names) if name in pods and _is_outdated(pods[name], body)]
    for name in (surplus or outdated)[:1]:
        terminate(store, ObjectRef(PODS, ref.namespace, name))


def _tell_stateful_set(store: Store, ref: ObjectRef, body: Body) -> None:
    pods = [pod for pod in _pods(store, body).values() if not _is_going(pod)]
    ready = sum(is_ready(pod) for pod in pods)
    status: JsonObject = {
        "observedGeneration": body.whole("metadata", "generation"),
        "replicas": len(pods),
        "readyReplicas": ready,
        "availableReplicas": ready,
        "updateRevision": _revision(body),
    }
    store.update(ref, {**store.get(ref), "status": status}, SYSTEM, "status")


def control_daemon_sets(store: Store) -> None:
    """Take one step for every DaemonSet."""
    for ref, body in tuple(store.every(DAEMONSETS)):
        asked = 0 if body.has("spec", "template", "spec", "nodeSelector") else MACHINES
        pods = {name: pod for name, pod in _pods(store, body).items() if not _is_going(pod)}
        for _ in range(asked - len(pods)):
            _create(store, ref, body, f"{ref.name}-{store.version + 1:05d}")
        surplus = sorted(pods)[asked:]
        replaced = [name for name, pod in pods.items() if _is_outdated(pod, body)]
        whole = all(is_ready(pod) for name, pod in pods.items() if name not in replaced)
        for name in surplus or replaced[: int(whole and len(pods) == asked)]:
            terminate(store, ObjectRef(PODS, ref.namespace, name))
        _tell_daemon_set(store, ref, body, asked)


def _tell_daemon_set(store: Store, ref: ObjectRef, body: Body, asked: int) -> None:
    pods = [pod for pod in _pods(store, body).values() if not _is_going(pod)]
    status: JsonObject = {
        "observedGeneration": body.whole("metadata", "generation"),
        "desiredNumberScheduled": asked,
        "numberReady": (ready := sum(is_ready(pod) for pod in pods)),
        "numberAvailable": ready,
    }
    store.update(ref, {**store.get(ref), "status": status}, SYSTEM, "status")


def _pods(store: Store, body: Body) -> _Pods:
    return {ref.name: pod for ref, pod in dependants(store, PODS, body.text("metadata", "uid"))}


def _is_going(pod: Body) -> bool:
    return pod.has("metadata", "deletionTimestamp")


def _revision(body: Body) -> str:
    return template_digest(body.body("spec", "template"))[:10]


def _is_outdated(pod: Body, body: Body) -> bool:
    return pod.labels("metadata", "labels")[REVISION] != _revision(body)


def _create(store: Store, ref: ObjectRef, body: Body, name: str) -> None:
    template, kind = body.body("spec", "template"), body.text("kind")
    manifest: JsonObject = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": ref.namespace,
            "labels": {**template.labels("metadata", "labels"), REVISION: _revision(body)},
            "ownerReferences": [owner(kind, ref.name, body.text("metadata", "uid"))],
        },
        "spec": template.body("spec").value,
    }
    store.create(PODS, manifest, SYSTEM)
