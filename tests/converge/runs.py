"""Jobs whose pods run to an end, as those of init nodes: tries, the rule for exit 20, deletion.

After kubernetes/pkg/controller/job: `syncJob`, `trackJobStatusAndRemoveFinalizers`, and
podReplacementPolicy Failed. One that is being deleted makes no more pods, and its pods go on.
"""

from collections.abc import Iterator

from sluice.model.json import Body, JsonObject
from sluice.model.references import JOBS, PODS, ObjectRef
from sluice.model.scalars import parse_instant
from tests.builders import owner
from tests.converge.deployments import SYSTEM, dependants
from tests.converge.kubelet import GRACE_SECONDS, Kubelet, Start, image_of, is_of_init
from tests.converge.store import Store, whole_second

RUN_SECONDS = 2.0
_TRACKED = "batch.kubernetes.io/job-tracking"
_DIRTY, _KILLED = 20, 143
_ENDED = {"Succeeded", "Failed"}


def control_runs(store: Store, kubelet: Kubelet) -> None:
    """Take one step for every Job of an init node and its pods."""
    for ref, job in tuple(store.every(JOBS)):
        if is_of_init(job):
            _control(store, ref, job)
    for ref, pod in tuple(store.every(PODS)):
        if is_of_init(pod):
            _live(store, kubelet, ref, pod)


def due_runs(store: Store, kubelet: Kubelet) -> Iterator[float]:
    """Yield the instants to come at which a pod ends."""
    for _, pod in store.every(PODS):
        if is_of_init(pod) and is_live(pod):
            at = _ends_at(kubelet, pod)
            if at is not None and at > store.now():
                yield at


def is_live(pod: Body) -> bool:
    """Whether something may run in a pod."""
    return pod.text("status", "phase", default="Pending") not in _ENDED


def pods_of(store: Store, job: Body) -> list[tuple[ObjectRef, Body]]:
    """Return the pods of a Job."""
    return list(dependants(store, PODS, job.text("metadata", "uid")))


def _control(store: Store, ref: ObjectRef, job: Body) -> None:
    status = dict(job.body("status").value)
    status.setdefault("startTime", whole_second(store.now()))
    counted = [pod for pod in pods_of(store, job) if _is_uncounted(pod[1])]
    for _, pod in counted:
        succeeded, disrupted = pod.text("status", "phase") == "Succeeded", _is_disrupted(pod)
        which = "succeeded" if succeeded else "failed"
        if succeeded or not disrupted or _code(pod) == _DIRTY:
            status[which] = Body(status).whole(which, default=0) + 1
    going = job.has("metadata", "deletionTimestamp")
    if not job.bodies("status", "conditions"):
        live = any(is_live(pod) for _, pod in pods_of(store, job))
        end = _end(store, job, Body(status))
        if end is not None and not live:
            status["conditions"] = [end]
        elif end is None and not live and not going:
            _create_pod(store, ref, job, Body(status).whole("failed", default=0))
        elif end is not None:
            for one, _ in pods_of(store, job):
                store.delete(one, SYSTEM)
    store.update(ref, {**job.value, "status": status}, SYSTEM, "status")
    for pod_ref, pod in counted:
        _unfinalize(store, pod_ref, pod)


def _end(store: Store, job: Body, status: Body) -> JsonObject | None:
    """Return the condition with which a Job ends, None while it goes on."""
    if status.whole("succeeded", default=0):
        return _condition(store, "Complete", "CompletionsReached", "it succeeded")
    if any(not is_live(pod) and _code(pod) == _DIRTY for _, pod in pods_of(store, job)):
        return _condition(store, "Failed", "PodFailurePolicy", "exit code 20 matches FailJob")
    if status.whole("failed", default=0) > job.whole("spec", "backoffLimit"):
        return _condition(store, "Failed", "BackoffLimitExceeded", "it failed too often")
    allowed = job.whole("spec", "activeDeadlineSeconds")
    if store.now() >= parse_instant(status.text("startTime")) + allowed:
        return _condition(store, "Failed", "DeadlineExceeded", "it was active too long")
    return None


def _condition(store: Store, kind: str, reason: str, message: str) -> JsonObject:
    return {
        "type": kind,
        "status": "True",
        "reason": reason,
        "message": message,
        "lastTransitionTime": whole_second(store.now()),
    }


def _is_uncounted(pod: Body) -> bool:
    return not is_live(pod) and _TRACKED in pod.body("metadata").texts("finalizers")


def _is_disrupted(pod: Body) -> bool:
    conditions = pod.bodies("status", "conditions")
    return any(one.text("type") == "DisruptionTarget" for one in conditions)


def _code(pod: Body) -> int:
    (container,) = pod.bodies("status", "containerStatuses")
    return container.whole("state", "terminated", "exitCode")


def _unfinalize(store: Store, ref: ObjectRef, pod: Body) -> None:
    meta: JsonObject = {**pod.body("metadata").value, "finalizers": []}
    store.update(ref, {**pod.value, "metadata": meta}, SYSTEM)


def _create_pod(store: Store, ref: ObjectRef, job: Body, failed: int) -> None:
    template, meta = job.body("spec", "template"), job.body("metadata")
    manifest: JsonObject = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{ref.name}-{store.version + 1:05d}",
            "namespace": ref.namespace,
            "labels": template.labels("metadata", "labels"),
            "annotations": {"try": str(failed)},
            "ownerReferences": [owner("Job", ref.name, meta.text("uid"))],
            "finalizers": [_TRACKED],
        },
        "spec": template.body("spec").value,
    }
    store.create(PODS, manifest, SYSTEM)


def _live(store: Store, kubelet: Kubelet, ref: ObjectRef, pod: Body) -> None:
    """Start a pod, or end it in its time; nobody tracks those of a Job that is gone."""
    now = store.now()
    if is_live(pod):
        at = _ends_at(kubelet, pod)
        if not pod.has("status", "startTime"):
            status: JsonObject = {"phase": "Running", "startTime": whole_second(now)}
            store.update(ref, {**pod.value, "status": status}, SYSTEM, "status")
        elif at is not None and at <= now:
            status = {**pod.body("status").value, **_ending(kubelet, pod, now)}
            store.update(ref, {**pod.value, "status": status}, SYSTEM, "status")
    elif pod.has("metadata", "deletionTimestamp"):
        job = pod.bodies("metadata", "ownerReferences")[0].text("uid")
        jobs = {one.text("metadata", "uid") for _, one in store.every(JOBS)}
        if not (_is_uncounted(pod) and job in jobs):
            _unfinalize(store, ref, pod)


def _ends_at(kubelet: Kubelet, pod: Body) -> float | None:
    """Return when a pod ends; None if it goes on for ever, or has not begun."""
    if not pod.has("status", "startTime"):
        return None
    started = parse_instant(pod.text("status", "startTime"))
    if pod.has("metadata", "deletionTimestamp"):
        return parse_instant(pod.text("metadata", "deletionTimestamp")) + GRACE_SECONDS
    endless = kubelet.image(image_of(pod)).start is Start.NEVER_READY
    return None if endless else started + RUN_SECONDS


def _ending(kubelet: Kubelet, pod: Body, now: float) -> JsonObject:
    image, tries = kubelet.image(image_of(pod)), int(pod.labels("metadata", "annotations")["try"])
    code = (*image.codes[: tries + 1],)[-1]
    said = image.said
    if pod.has("metadata", "deletionTimestamp"):
        code, said = _KILLED, "terminated"
    end: JsonObject = {"exitCode": code, "message": said, "finishedAt": whole_second(now)}
    return {
        "phase": "Failed" if code else "Succeeded",
        "containerStatuses": [{"name": "init", "state": {"terminated": end}}],
    }
