"""What was true in the store and until when, told independently of the code under test."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sluice.model.cluster import Pod
from sluice.model.json import Body
from sluice.model.references import PODS
from tests.converge.graph import picture
from tests.converge.store import Change, Store

_LEFT = float("inf")


@dataclass
class Readiness:
    """Since when workloads are what an edge may ask for, and until when they were.

    _until: by the word of the edge and the UID; infinite while it is so.
    """

    store: Store
    _until: dict[tuple[str, str], float] = field(default_factory=dict)
    _ready: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        for ref, body in picture.workloads(self.store):
            self._note(ref.resource.kind, body)
        for _, body in self.store.every(PODS):
            self._note_pod(body)

    def note(self, change: Change) -> None:
        """Take in a change."""
        body = Body(change.new)
        if change.ref.resource == PODS:
            self._note_pod(body)
        elif change.ref.resource in picture.WORKLOADS:
            self._note(change.ref.resource.kind, body, gone=change.type == "DELETED")

    def was(self, until: str, uid: str, since: float) -> bool:
        """Whether a workload has been so at some instant after `since`."""
        return self._until.get((until, uid), 0.0) >= since

    def was_ready(self, uid: str, instance: str) -> bool:
        """Whether the containers of a pod have been ready, those that the instance stands for."""
        return (uid, instance) in self._ready

    def _note(self, kind: str, body: Body, *, gone: bool = False) -> None:
        uid = body.text("metadata", "uid")
        for until, holds in _standing(kind, body).items():
            if holds and not gone:
                self._until[until, uid] = _LEFT
            elif self._until.get((until, uid)) == _LEFT:
                self._until[until, uid] = self.store.now()

    def _note_pod(self, body: Body) -> None:
        pod = Pod.from_body(body)
        if pod.containers.ready:
            self._ready.add((pod.meta.uid, pod.containers.instance))


def _standing(kind: str, body: Body) -> Mapping[str, bool]:
    spec, status = body.body("spec"), body.body("status")
    if kind == "Job":
        done = any(c.text("type") == "Complete" for c in status.bodies("conditions"))
        return {"Complete": done, "Ready": done, "Started": status.has("startTime")}
    if kind == "DaemonSet":
        wanted = status.whole("desiredNumberScheduled", default=0)
        available = status.whole("numberAvailable", default=0)
    else:
        wanted = spec.whole("replicas", default=1)
        available = status.whole("availableReplicas", default=0)
    # Any bar is at least one pod; which one it is, the unit tests know.
    return {"Ready": available >= min(wanted, 1) and status.has("observedGeneration")}
