"""The Job controller: one run of some seconds, which succeeds or fails as its image says.

It makes no pod: nothing in a start asks for the pods of a Job that is a node's workload. Those of
init nodes make some: `runs`.
"""

from collections.abc import Iterator

from sluice.model.json import Body, Json, JsonObject
from sluice.model.references import JOBS, ObjectRef
from sluice.model.scalars import parse_instant
from tests.converge.deployments import SYSTEM
from tests.converge.kubelet import Kubelet, Start, image_of, is_of_init
from tests.converge.store import Store, whole_second

RUN_SECONDS = 2.0
_ENDS = {Start.READY: ("Complete", "it succeeded"), Start.CRASH: ("Failed", "backoffLimit 0")}


def control_jobs(store: Store, kubelet: Kubelet) -> None:
    """Take one step for every Job."""
    for ref, job in tuple(store.every(JOBS)):
        if _is_over(job) or is_of_init(job):
            continue
        if job.flag("spec", "suspend", default=False):
            if job.has("status", "startTime"):
                _write(store, ref, job, {})
        elif not job.has("status", "startTime"):
            _write(store, ref, job, {"startTime": whole_second(store.now())})
        elif _ends_at(job) <= store.now():
            end = _ENDS.get(kubelet.image(image_of(job.body("spec", "template"))).start)
            if end is not None:
                condition: Json = {"type": end[0], "status": "True", "message": end[1]}
                _write(store, ref, job, {**job.body("status").value, "conditions": [condition]})


def due_jobs(store: Store) -> Iterator[float]:
    """Yield the instants to come at which a Job ends."""
    for _, job in store.every(JOBS):
        if is_of_init(job):
            continue
        if job.has("status", "startTime") and not _is_over(job) and _ends_at(job) > store.now():
            yield _ends_at(job)


def _is_over(job: Body) -> bool:
    return bool(job.bodies("status", "conditions"))


def _ends_at(job: Body) -> float:
    return parse_instant(job.text("status", "startTime")) + RUN_SECONDS


def _write(store: Store, ref: ObjectRef, job: Body, status: JsonObject) -> None:
    store.update(ref, {**job.value, "status": status}, SYSTEM, "status")
