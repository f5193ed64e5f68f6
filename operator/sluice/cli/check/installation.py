"""Whether Sluice is installed, as new as this program, and at work."""

from collections.abc import Iterator
from typing import Final

from sluice.cli.check.crds import KnowsStatus, Served
from sluice.cli.check.findings import APPLY, Finding, Row, failed, passed
from sluice.cli.check.site import Site
from sluice.cli.check.status_fields import STATUS_FIELDS
from sluice.model.json import Body
from sluice.model.references import Resource
from sluice.model.scalars import format_duration, parse_instant

_CATEGORY: Final = "Installation"

# A leader renews every 2 s and is replaced after 15 s; clocks of two machines differ a little.
_LEASE_SECONDS: Final = 30.0


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


def _rows_of(kind: Resource) -> Iterator[Row]:
    yield Row(_CATEGORY, f"kind {kind.kind} is served", Served(kind))
    yield Row(_CATEGORY, f"the CRD of {kind.kind} is as new as this program", KnowsStatus(kind))


ROWS: Final = (
    Row(_CATEGORY, "the API server answers", _server),
    Row(_CATEGORY, "the API server can hold new versions back", _policies_served),
    *(row for kind in STATUS_FIELDS for row in _rows_of(kind)),
    Row(_CATEGORY, "an operator leads", _leader),
)
