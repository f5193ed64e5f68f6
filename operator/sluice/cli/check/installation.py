"""Whether Sluice is installed, as new as this program, and at work."""

from typing import Final

from sluice.cli.check.findings import APPLY, Finding, Row, failed, passed, skipped
from sluice.cli.check.site import Site
from sluice.model.json import Body
from sluice.model.references import ROLLOUTS, VERSION
from sluice.model.scalars import format_duration, parse_instant

_CATEGORY: Final = "Installation"
_CRD: Final = f"{ROLLOUTS.plural}.{ROLLOUTS.group}"
_CRDS: Final = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_APPLY_CRD: Final = "kubectl apply --server-side -k crds"

# A leader renews every 2 s and is replaced after 15 s; clocks of two machines differ a little.
_LEASE_SECONDS: Final = 30.0

# The API server drops fields that its schema does not know: status is the operator's memory, so an
# older CRD would make it forget.
STATUS_FIELDS: Final = frozenset(
    [
        "actualWeight",
        "after",
        "analysis",
        "badRequests",
        "bakeStartedAt",
        "capacity",
        "checkpoint.countedUntil",
        "checkpoint.logs",
        "checkpointAt",
        "conditions",
        "contested",
        "canary.ready",
        "canary.replicaSet",
        "canary.revision",
        "canary.size",
        "consumed.abort",
        "consumed.pause",
        "consumed.promote",
        "consumed.promoteFull",
        "consumed.resume",
        "consumed.retry",
        "ending.message",
        "ending.reason",
        "ending.weight",
        "history",
        "judgedFrom",
        "message",
        "nextAt",
        "observedGeneration",
        "overdispersion",
        "pausedByCommand",
        "pausedSince",
        "phase",
        "rejected.at",
        "rejected.message",
        "rejected.reason",
        "rejected.revision",
        "rolloutStartedAt",
        "routes",
        "stable.ready",
        "stable.replicaSet",
        "stable.revision",
        "stable.size",
        "stage",
        "stageSince",
        "startedAt",
        "step",
        "stepStartedAt",
        "stepText",
        "targetUID",
        "unprovenSteps",
        "verifiedAt",
        "weight",
    ]
)


async def _server(site: Site) -> Finding:
    version = Body(await site.cluster.read("/version")).text("gitVersion", default="unknown")
    return passed(f"{version} at {site.cluster.connection.server}")


async def _policies_served(site: Site) -> Finding:
    served = await site.served("admissionregistration.k8s.io/v1")
    if "mutatingadmissionpolicies" in served:
        return passed("MutatingAdmissionPolicy v1 is served")
    version = Body(await site.cluster.read("/version")).text("gitVersion", default="unknown")
    return failed(
        f"{version} serves no MutatingAdmissionPolicy v1, by which new versions are held back",
        "upgrade the cluster to Kubernetes 1.36 or newer",
    )


async def _crd_served(site: Site) -> Finding:
    found = await site.one(f"{_CRDS}/{_CRD}")
    if found is None:
        return failed(f"there is no {_CRD}", _APPLY_CRD)
    crd = Body(found)
    versions = [v.text("name") for v in crd.body("spec").bodies("versions") if v.flag("served")]
    if VERSION not in versions:
        sentence = f"{_CRD} serves {', '.join(versions)}, this program speaks {VERSION}"
        return failed(sentence, _APPLY_CRD)
    established = any(
        condition.text("type") == "Established" and condition.text("status") == "True"
        for condition in crd.body("status").bodies("conditions")
    )
    if not established:
        return failed(f"{_CRD} is not established", f"kubectl describe crd {_CRD}")
    return passed(f"{_CRD} {VERSION}")


async def _crd_knows_status(site: Site) -> Finding:
    found = await site.one(f"{_CRDS}/{_CRD}")
    if found is None:
        return skipped(f"there is no {_CRD}")
    versions = Body(found).body("spec").bodies("versions")
    schema = next((v for v in versions if v.text("name") == VERSION), Body({}))
    status = schema.body("schema", "openAPIV3Schema", "properties", "status")
    missing = sorted(STATUS_FIELDS - known_fields(status))
    if missing:
        names = ", ".join(missing)
        return failed(f"{len(missing)} fields of status are unknown to it: {names}", _APPLY_CRD)
    return passed(f"all {len(STATUS_FIELDS)} fields of status")


def known_fields(schema: Body, path: str = "") -> frozenset[str]:
    """Return the dotted paths of the fields of an object's schema; lists are one field each."""
    properties = schema.body("properties")
    if not properties.value:
        return frozenset({path})
    below = (
        known_fields(properties.body(name), f"{path}.{name}".removeprefix("."))
        for name in properties.value
    )
    return frozenset().union(*below)


async def _leader(site: Site) -> Finding:
    namespace = site.operator_namespace
    path = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases/sluice"
    look = f"kubectl logs -n {namespace} deployment/sluice"
    lease = await site.one(path)
    if lease is None:
        return failed(f"no operator has ever led in namespace {namespace}", APPLY)
    spec = Body(lease).body("spec")
    holder = spec.text("holderIdentity", default="")
    if not holder:
        return failed("no operator leads: the last one has given its Lease back", look)
    idle = site.clock.now() - parse_instant(spec.text("renewTime"))
    if idle > _LEASE_SECONDS:
        silent = f"{holder} has not renewed its Lease for {format_duration(idle)}, 15s are allowed"
        return failed(silent, look)
    return passed(f"{holder} leads")


ROWS: Final = (
    Row(_CATEGORY, "the API server answers", _server),
    Row(_CATEGORY, "the API server can hold new versions back", _policies_served),
    Row(_CATEGORY, "kind Rollout is served", _crd_served),
    Row(_CATEGORY, "the CRD is as new as this program", _crd_knows_status),
    Row(_CATEGORY, "an operator leads", _leader),
)
