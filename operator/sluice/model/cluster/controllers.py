"""StatefulSets, DaemonSets and Jobs."""

from collections.abc import Mapping
from dataclasses import dataclass

from sluice.model.cluster.metadata import Metadata
from sluice.model.json import Body
from sluice.model.references import DAEMONSETS, JOBS, STATEFULSETS
from sluice.model.scalars import parse_instant


@dataclass(frozen=True, slots=True)
class StatefulSet:
    """A StatefulSet: what it asks for and what it has.

    ordered: its pods start one after the other. update_revision: the newest revision, as its pods
    carry it in the label `controller-revision-hash`.
    """

    meta: Metadata
    replicas: int
    ordered: bool
    template_labels: Mapping[str, str]
    observed_generation: int
    update_revision: str
    ready_replicas: int
    available_replicas: int

    @classmethod
    def from_body(cls, body: Body) -> "StatefulSet":
        """Read a StatefulSet (apps/v1)."""
        spec, status = body.body("spec"), body.body("status")
        policy = spec.text("podManagementPolicy", default="OrderedReady")
        return cls(
            meta=Metadata.from_body(body, STATEFULSETS),
            replicas=spec.whole("replicas", default=1),
            ordered=policy == "OrderedReady",
            template_labels=spec.body("template").body("metadata").labels("labels"),
            observed_generation=status.whole("observedGeneration", default=0),
            update_revision=status.text("updateRevision", default=""),
            ready_replicas=status.whole("readyReplicas", default=0),
            available_replicas=status.whole("availableReplicas", default=0),
        )


@dataclass(frozen=True, slots=True)
class DaemonSet:
    """A DaemonSet: on how many nodes it is wanted and on how many it is available."""

    meta: Metadata
    template_labels: Mapping[str, str]
    observed_generation: int
    desired: int
    available: int

    @classmethod
    def from_body(cls, body: Body) -> "DaemonSet":
        """Read a DaemonSet (apps/v1)."""
        spec, status = body.body("spec"), body.body("status")
        return cls(
            meta=Metadata.from_body(body, DAEMONSETS),
            template_labels=spec.body("template").body("metadata").labels("labels"),
            observed_generation=status.whole("observedGeneration", default=0),
            desired=status.whole("desiredNumberScheduled", default=0),
            available=status.whole("numberAvailable", default=0),
        )


@dataclass(frozen=True, slots=True)
class Job:
    """A Job. started: startTime, None before. failure: why it failed for good, empty if not.

    failure_reason: the same in one word. ended: when it completed or failed.
    tries: how many of its pods have ended.
    """

    meta: Metadata
    suspended: bool
    template_labels: Mapping[str, str]
    started: float | None
    complete: bool
    failure: str
    failure_reason: str = ""
    ended: float | None = None
    tries: int = 0
    finalizers: tuple[str, ...] = ()

    @property
    def finished(self) -> bool:
        """Whether it will not make another pod: it has completed, or failed for good."""
        return self.complete or bool(self.failure)

    @classmethod
    def from_body(cls, body: Body) -> "Job":
        """Read a Job (batch/v1)."""
        spec, status = body.body("spec"), body.body("status")
        true = {
            condition.text("type"): condition
            for condition in status.bodies("conditions")
            if condition.text("status") == "True"
        }
        failed = true.get("Failed")
        end = failed or true.get("Complete")
        return cls(
            meta=Metadata.from_body(body, JOBS),
            suspended=spec.flag("suspend", default=False),
            template_labels=spec.body("template").body("metadata").labels("labels"),
            started=_instant(status, "startTime"),
            complete="Complete" in true,
            failure="" if failed is None else failed.text("message", default="") or "it failed",
            failure_reason="" if failed is None else failed.text("reason", default=""),
            ended=None if end is None else _instant(end, "lastTransitionTime"),
            tries=status.whole("succeeded", default=0) + status.whole("failed", default=0),
            finalizers=body.body("metadata").texts("finalizers"),
        )


def _instant(body: Body, name: str) -> float | None:
    return parse_instant(body.text(name)) if body.has(name) else None
