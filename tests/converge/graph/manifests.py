"""Workloads and graphs as their authors write them."""

from collections.abc import Mapping, Sequence

from sluice.model import names
from sluice.model.json import Body, Json, JsonObject
from sluice.model.references import (
    DAEMONSETS,
    DEPLOYMENTS,
    JOBS,
    STARTUPGRAPHS,
    STATEFULSETS,
    ObjectRef,
    Resource,
)
from tests.builders import NAMESPACE, metadata, owner
from tests.manifest_files import stored

NAME = "shop"


def graph_ref(name: str) -> ObjectRef:
    """Return the reference of a graph."""
    return ObjectRef(STARTUPGRAPHS, NAMESPACE, name)


GRAPH = graph_ref(NAME)
_RESOURCES = {
    "Deployment": DEPLOYMENTS,
    "StatefulSet": STATEFULSETS,
    "DaemonSet": DAEMONSETS,
    "Job": JOBS,
}
HTTP_GATE: JsonObject = {"name": "http", "http": {"path": "/ready", "port": 8080}}
# Short enough for a test that follows a whole start second by second.
GATE_DEFAULTS: JsonObject = {"interval": "1s", "timeout": "1s"}


def resource_of(kind: str) -> Resource:
    """Return where the workloads of a kind live."""
    return _RESOURCES[kind]


def ref_of(name: str, kind: str = "Deployment") -> ObjectRef:
    """Return the reference of a workload."""
    return ObjectRef(_RESOURCES[kind], NAMESPACE, name)


def workload(name: str, kind: str = "Deployment", graph: str = NAME, /, **spec: Json) -> JsonObject:
    """Return the workload of the node that has its name; its image is named after it as well."""
    labels = {"app": name, names.GRAPH_LABEL: graph, names.NODE_LABEL: name}
    sized: JsonObject = {} if kind in {"Job", "DaemonSet"} else {"replicas": 2}
    container: JsonObject = {"name": "app", "image": f"{name}:1"}
    return {
        "apiVersion": _RESOURCES[kind].api_version,
        "kind": kind,
        "metadata": metadata(name, labels=labels),
        "spec": {
            **sized,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
            **spec,
        },
    }


def queued(manifest: JsonObject) -> JsonObject:
    """Return a Job that waits in a queue of Kueue's, which owns its `suspend`."""
    meta = Body(manifest).body("metadata")
    labels: JsonObject = {**meta.labels("labels"), "kueue.x-k8s.io/queue-name": "nightly"}
    return {**manifest, "metadata": {**meta.value, "labels": labels}}


def scheduled(manifest: JsonObject) -> JsonObject:
    """Return a Job that is one run of a CronJob."""
    owners = [owner("CronJob", "nightly", "uid-of-a-cronjob")]
    meta = Body(manifest).body("metadata").value
    return {**manifest, "metadata": {**meta, "ownerReferences": owners}}


def node(
    name: str,
    kind: str = "Deployment",
    /,
    after: Sequence[str | JsonObject] = (),
    workload: str = "",
    **more: Json,
) -> JsonObject:
    """Return a node, with its parents by name or as whole edges."""
    edges = [{"node": edge} if isinstance(edge, str) else edge for edge in after]
    target = {"kind": kind, "apiVersion": _RESOURCES[kind].api_version, "name": workload or name}
    return {"name": name, "workload": target, "dependsOn": edges, **more}


def init(
    name: str, version: str = "", after: Sequence[str | JsonObject] = (), /, **more: Json
) -> JsonObject:
    """Return an init node; its image is named after it and the version, unless `job` says so."""
    edges = [{"node": edge} if isinstance(edge, str) else edge for edge in after]
    written: JsonObject = {"version": version} if version else {}
    job: JsonObject = {"image": f"{name}:{version or 'any'}"}
    return {
        "name": name,
        "dependsOn": edges,
        "init": {"kind": "Migration", "job": job, **written, **more},
    }


def graph(*nodes: JsonObject, name: str = NAME, **spec: Json) -> JsonObject:
    """Return a StartupGraph with the defaults of its schema."""
    manifest: Mapping[str, Json] = {
        "apiVersion": STARTUPGRAPHS.api_version,
        "kind": STARTUPGRAPHS.kind,
        "metadata": metadata(name),
        "spec": {"gateDefaults": GATE_DEFAULTS, "nodes": list(nodes), **spec},
    }
    return stored(manifest, STARTUPGRAPHS).value
