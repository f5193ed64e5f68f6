"""A cluster in which every check passes, to be spoiled by a test."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

import yaml
from aiohttp import web

from sluice.adapters.clock import SystemClock
from sluice.adapters.prometheus import Prometheus
from sluice.cli import cluster as kube
from sluice.cli.check.buildinfo import BuildInfo
from sluice.cli.check.site import Site
from sluice.model.json import Body, Json, JsonObject
from sluice.model.names import (
    GRAPH_LABEL,
    HELD,
    HELD_PENDING,
    HOLDERS,
    NODE_LABEL,
    STARTUP_GATE,
)
from sluice.model.references import ROLLOUTS, STARTUPGRAPHS, Resource
from sluice.model.scalars import format_instant
from tests import manifest_files
from tests.builders import NAMESPACE
from tests.cli.scenes import HEALTHY, at_rest, body
from tests.cli.server import Cluster
from tests.engine.apiserver import Fault
from tests.engine.store import RefusalError
from tests.plain_connection import plain_connection

ADMISSION = "/apis/admissionregistration.k8s.io/v1"
GATEWAY = "/apis/gateway.networking.k8s.io/v1"
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
CRD_OF = {kind: f"{CRDS}/{kind.plural}.{kind.group}" for kind in (ROLLOUTS, STARTUPGRAPHS)}
LEASE = "/apis/coordination.k8s.io/v1/namespaces/sluice-system/leases/sluice"
RELEASED = "/api/v1/namespaces/sluice-system/configmaps/sluice-released"
SET_UID = "5f0c6d1e-0000-4000-8000-000000000001"
STARTUP = ("hold", "keep", "requires", "scheduling", "readiness")
GUARDS = ("rights", "commands", "records", "locks", "own")
PROMETHEUS = "/prometheus"
AUTHORIZATION = "Bearer secret"
QUERY = f"{PROMETHEUS}/api/v1/query"


def furnish(cluster: Cluster) -> None:
    """Give the cluster all that Sluice needs, and a Rollout at rest."""
    cluster.http.answers |= {
        "/version": {"gitVersion": "v1.36.3"},
        ADMISSION: resources("mutatingadmissionpolicies", "validatingadmissionpolicies"),
        f"{ADMISSION}/mutatingadmissionpolicies/sluice-hold": {},
        f"{ADMISSION}/mutatingadmissionpolicybindings/sluice-hold": bound("sluice-hold"),
        f"{ADMISSION}/validatingadmissionpolicies/sluice-hold-notice": {},
        f"{ADMISSION}/validatingadmissionpolicybindings/sluice-hold-notice": {},
        **{path: crd(kind) for kind, path in CRD_OF.items()},
        LEASE: lease(renewed_seconds_ago=1),
        GATEWAY: resources("httproutes", "gateways"),
        f"{GATEWAY}/gateways": {"metadata": {}, "items": [gateway(ready=True)]},
        f"{PROMETHEUS}/api/v1/status/buildinfo": {"data": {"version": "3.5.0"}},
        QUERY: samples(10, 20),
        RELEASED: listed(SET_UID),
        f"{ADMISSION}/validatingadmissionpolicies/sluice-startup-notice": {},
        f"{ADMISSION}/validatingadmissionpolicybindings/sluice-startup-notice": {},
    }
    for policy in (f"sluice-startup-{name}" for name in STARTUP):
        cluster.http.answers |= {
            f"{ADMISSION}/mutatingadmissionpolicies/{policy}": {},
            f"{ADMISSION}/mutatingadmissionpolicybindings/{policy}": bound(policy),
        }
    for policy in (f"sluice-init-{name}" for name in GUARDS):
        cluster.http.answers |= {
            f"{ADMISSION}/validatingadmissionpolicies/{policy}": {},
            f"{ADMISSION}/validatingadmissionpolicybindings/{policy}": {},
        }
    cluster.http.admission = held
    cluster.surround(at_rest())
    cluster.put(body(HEALTHY))


def guard_prometheus(cluster: Cluster) -> list[str]:
    """Have Prometheus answer only who shows the token of `credentials`; return what is shown."""
    shown: list[str] = []

    def is_stranger(request: web.Request) -> bool:
        if not request.path.startswith(PROMETHEUS):
            return False
        shown.append(request.headers.get("Authorization", ""))
        return shown[-1] != AUTHORIZATION

    refusal = RefusalError(401, "Unauthorized", "who are you?")
    cluster.http.faults.append(Fault(is_stranger, refusal))
    return shown


def credentials(folder: Path) -> Path:
    """Return a directory with what opens a guarded Prometheus."""
    (folder / "token").write_text(AUTHORIZATION.removeprefix("Bearer ") + "\n")
    return folder


@asynccontextmanager
async def visited(cluster: Cluster) -> AsyncIterator[Site]:
    """Give the cluster as checks see it."""
    client = kube.Cluster(plain_connection(cluster.http.url))
    prometheus = Prometheus(cluster.http.url + PROMETHEUS)
    yield Site(
        cluster=client,
        namespace=NAMESPACE,
        operator_namespace="sluice-system",
        metrics=prometheus,
        build_info=BuildInfo(cluster.http.url + PROMETHEUS, None),
        scrape_seconds=15.0,
        clock=SystemClock(),
    )
    await client.close()
    await prometheus.close()


def resources(*plurals: str) -> JsonObject:
    """Return what an API group says that it serves."""
    return {"resources": [{"name": plural} for plural in plurals]}


def bound(policy: str) -> JsonObject:
    """Return the binding of a policy."""
    return {"spec": {"policyName": policy}}


@cache
def crd(kind: Resource) -> JsonObject:
    """Return a CRD of this repository as the API server has it."""
    written: JsonObject = yaml.load(manifest_files.CRDS[kind].read_text(), yaml.CSafeLoader)
    return {**written, "status": {"conditions": [{"type": "Established", "status": "True"}]}}


def lease(*, renewed_seconds_ago: float, holder: str = "sluice-0") -> JsonObject:
    """Return the operator's Lease."""
    renewed = format_instant(SystemClock().now() - renewed_seconds_ago)
    return {"spec": {"holderIdentity": holder, "renewTime": renewed}}


def gateway(*, ready: bool) -> JsonObject:
    """Return a Gateway, programmed or not."""
    return {
        "metadata": {"namespace": "gateway", "name": "web"},
        "status": {
            "conditions": [
                {"type": "Accepted", "status": "True"},
                {"type": "Programmed", "status": str(ready)},
            ]
        },
    }


def listed(*uids: str) -> JsonObject:
    """Return the ConfigMap with the UIDs of sets, called db, db2 and so on."""
    named = {uid: f"StatefulSet shop/db{number or ''}" for number, uid in enumerate(uids)}
    return {"data": {"README": "Each other key is a UID.", **named}}


def gating(*known: str) -> Callable[[JsonObject], JsonObject]:
    """Return what gates the pods of a graph's sets, but for those that it knows as released."""

    def admit(written: JsonObject) -> JsonObject:
        meta = Body(written).body("metadata")
        (owner,) = meta.bodies("ownerReferences")
        set_like = (owner.text("apiVersion"), owner.text("kind")) == ("apps/v1", "StatefulSet")
        of_graph = meta.labels("labels").keys() >= {GRAPH_LABEL, NODE_LABEL}
        guarded = of_graph and set_like and owner.flag("controller")
        if not guarded or owner.text("uid") in known:
            return written
        spec = Body(written).body("spec").value
        return {**written, "spec": {**spec, "schedulingGates": [{"name": STARTUP_GATE}]}}

    return admit


def held(written: JsonObject) -> JsonObject:
    """Return a Deployment as the hold policies leave it, or a pod as that of sets does."""
    if Body(written).text("kind") == "Pod":
        return gating(SET_UID)(written)
    meta = Body(written).body("metadata")
    mark = {HOLDERS: "startup"} if is_node(written) else {HELD: HELD_PENDING}
    notes: JsonObject = {**meta.labels("annotations"), **mark}
    spec = Body(written).body("spec").value
    held_meta: JsonObject = {**meta.value, "annotations": notes}
    return {**written, "metadata": held_meta, "spec": {**spec, "paused": True}}


def is_node(written: JsonObject) -> bool:
    """Whether a Deployment is that of a StartupGraph's node."""
    return GRAPH_LABEL in Body(written).labels("metadata", "labels")


def samples(*values: float) -> JsonObject:
    """Return one counter with a sample for each value; none: no series at all."""
    pairs: list[Json] = [[at, str(value)] for at, value in enumerate(values, start=100)]
    result: JsonObject = {"metric": {}, "values": pairs}
    found: JsonObject = {"resultType": "matrix", "result": [result] if values else []}
    return {"status": "success", "data": found}
