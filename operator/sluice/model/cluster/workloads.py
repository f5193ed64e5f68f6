"""Deployments and ReplicaSets."""

from collections.abc import Mapping
from dataclasses import dataclass

from sluice.model.cluster.metadata import Metadata
from sluice.model.cluster.policies import LabelSelector
from sluice.model.json import Body, Json, digest
from sluice.model.references import DEPLOYMENTS, REPLICASETS

POD_TEMPLATE_HASH = "pod-template-hash"


def template_digest(template: Body) -> str:
    """Return the digest of a pod template without the label that the Deployment controller adds."""
    meta = template.body("metadata")
    labels = {key: v for key, v in meta.labels("labels").items() if key != POD_TEMPLATE_HASH}
    own: dict[str, Json] = {**meta.value, "labels": labels}
    return digest({**template.value, "metadata": own})


@dataclass(frozen=True, slots=True)
class Deployment:
    """A Deployment: what it asks for, what it has, and what keeps it from running in two versions.

    obstacles: sentences about fields that rule out two versions side by side, empty when none.
    available: its own bar (all replicas but maxUnavailable), as its condition Available says.
    """

    meta: Metadata
    replicas: int
    paused: bool
    selector: LabelSelector
    template_labels: Mapping[str, str]
    template_digest: str
    obstacles: tuple[str, ...]
    claims: tuple[str, ...]
    observed_generation: int
    updated_replicas: int
    ready_replicas: int
    available_replicas: int
    total_replicas: int
    available: bool
    failure: str

    @classmethod
    def from_body(cls, body: Body) -> "Deployment":
        """Read a Deployment (apps/v1)."""
        spec, status = body.body("spec"), body.body("status")
        template = spec.body("template")
        return cls(
            meta=Metadata.from_body(body, DEPLOYMENTS),
            replicas=spec.whole("replicas", default=1),
            paused=spec.flag("paused", default=False),
            selector=LabelSelector.from_body(spec.body("selector")),
            template_labels=template.body("metadata").labels("labels"),
            template_digest=template_digest(template),
            obstacles=_obstacles(spec),
            claims=_claims(template),
            observed_generation=status.whole("observedGeneration", default=0),
            updated_replicas=status.whole("updatedReplicas", default=0),
            ready_replicas=status.whole("readyReplicas", default=0),
            available_replicas=status.whole("availableReplicas", default=0),
            total_replicas=status.whole("replicas", default=0),
            available=_condition(status, "Available") is not None,
            failure=_failure(status),
        )


def _obstacles(spec: Body) -> tuple[str, ...]:
    found = []
    if spec.body("strategy").text("type", default="RollingUpdate") == "Recreate":
        found.append("spec.strategy.type is Recreate; write RollingUpdate")
    if spec.whole("revisionHistoryLimit", default=10) == 0:
        found.append("spec.revisionHistoryLimit is 0; write 2 or more, a return needs the old one")
    pod = spec.body("template").body("spec")
    for container in (*pod.bodies("containers"), *pod.bodies("initContainers")):
        found.extend(
            f"container {container.text('name')} has hostPort {port.whole('hostPort')}; remove it"
            for port in container.bodies("ports")
            if port.whole("hostPort", default=0)
        )
    return tuple(found)


def _claims(template: Body) -> tuple[str, ...]:
    """Return the names of the PersistentVolumeClaims that the pods mount."""
    volumes = template.body("spec").bodies("volumes")
    sources = [volume.body("persistentVolumeClaim") for volume in volumes]
    return tuple(source.text("claimName") for source in sources if source.value)


def _failure(status: Body) -> str:
    """Return why the controller cannot create pods (quota, admission), empty when it can."""
    failed = _condition(status, "ReplicaFailure")
    return "" if failed is None else failed.text("message", default="")


def _condition(status: Body, name: str) -> Body | None:
    """Return the condition of that type if it is true."""
    for condition in status.bodies("conditions"):
        if condition.text("type") == name and condition.text("status") == "True":
            return condition
    return None


@dataclass(frozen=True, slots=True)
class ReplicaSet:
    """A ReplicaSet of a Deployment."""

    meta: Metadata
    pod_template_hash: str
    replicas: int
    template_digest: str
    total_replicas: int
    ready_replicas: int
    available_replicas: int

    @classmethod
    def from_body(cls, body: Body) -> "ReplicaSet":
        """Read a ReplicaSet (apps/v1)."""
        spec, status = body.body("spec"), body.body("status")
        meta = Metadata.from_body(body, REPLICASETS)
        return cls(
            meta=meta,
            pod_template_hash=meta.labels.get(POD_TEMPLATE_HASH, ""),
            replicas=spec.whole("replicas", default=1),
            template_digest=template_digest(spec.body("template")),
            total_replicas=status.whole("replicas", default=0),
            ready_replicas=status.whole("readyReplicas", default=0),
            available_replicas=status.whole("availableReplicas", default=0),
        )
