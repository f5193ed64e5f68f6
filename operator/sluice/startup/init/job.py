"""The Job of a run: what it is made of, and how it is let go once a record tells of it."""

import json
from math import ceil
from typing import Final

from sluice.model.cluster import Job, Pod
from sluice.model.json import Body, Json, JsonObject, canonical
from sluice.model.names import RECORD_FINALIZER, ROLE_INIT
from sluice.model.names import RUN as RUN_ANNOTATION
from sluice.model.plan import Operation
from sluice.model.references import JOBS, ObjectRef
from sluice.startup.init.names import job_labels
from sluice.startup.init.run import Run
from sluice.startup.init.spec import Init
from sluice.startup.init.step import DEFAULT_ACCOUNT, Step

DIRTY_EXIT: Final = 20
_KEPT_SECONDS: Final = 7 * 24 * 3600


def job_manifest(ref: ObjectRef, init: Init, run: Run, step: Step) -> JsonObject:
    """Return the Job of a run.

    It has no owner: a foreground deletion of the graph would kill its pods in the middle. It has no
    TTL before a record tells of it, and its finalizer keeps it until then.
    """
    labels = job_labels(init.graph, init.node, run)
    return {
        "apiVersion": JOBS.api_version,
        "kind": JOBS.kind,
        "metadata": {
            "name": ref.name,
            "namespace": ref.namespace,
            "labels": labels,
            "annotations": {RUN_ANNOTATION: canonical(run.to_json())},
            "finalizers": [RECORD_FINALIZER],
        },
        "spec": {
            "completions": 1,
            "parallelism": 1,
            "backoffLimit": init.backoff_limit,
            "activeDeadlineSeconds": ceil(init.timeout_seconds),
            # Not while the former pod is still ending: two tries would overlap.
            "podReplacementPolicy": "Failed",
            "podFailurePolicy": {"rules": _RULES},
            "template": {"metadata": {"labels": labels}, "spec": _pod(step)},
        },
    }


# The exit code comes first: a pod that was evicted and says that it is dirty, is.
_RULES: Final[tuple[JsonObject, ...]] = (
    {
        "action": "FailJob",
        "onExitCodes": {"containerName": ROLE_INIT, "operator": "In", "values": [DIRTY_EXIT]},
    },
    {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
)


def _pod(step: Step) -> JsonObject:
    container: JsonObject = {
        "name": ROLE_INIT,
        **step.container,
        "terminationMessagePolicy": "FallbackToLogsOnError",
    }
    pod: dict[str, Json] = {
        "restartPolicy": "Never",
        "serviceAccountName": step.account,
        "containers": [container],
    }
    if step.volumes:
        pod["volumes"] = step.volumes
    # Whoever names an account wants what it may do, and the account itself says whether its token
    # is mounted. `default` is what nobody chose; its token serves an intruder only.
    if step.account == DEFAULT_ACCOUNT:
        pod["automountServiceAccountToken"] = False
    return pod


def run_of(job: Job) -> Run | None:
    """Return the run that a Job carries out; None if it does not say so."""
    try:
        return Run.from_body(Body(json.loads(job.meta.annotations.get(RUN_ANNOTATION, ""))))
    except ValueError:
        return None


def is_kept(job: Job) -> bool:
    """Whether our finalizer keeps a Job."""
    return RECORD_FINALIZER in job.finalizers


def letting_go(job: Job) -> tuple[Operation, ...]:
    """Return the operations after which a Job may go: at the latest after a week."""
    kept = [name for name in job.finalizers if name != RECORD_FINALIZER]
    return (
        Operation("replace", "/metadata/finalizers", kept),
        Operation("add", "/spec/ttlSecondsAfterFinished", _KEPT_SECONDS),
    )


def is_live(pod: Pod) -> bool:
    """Whether something may still run in a pod."""
    return pod.phase not in {"Succeeded", "Failed"}


def is_over(job: Job | None, pods: tuple[Pod, ...]) -> bool:
    """Whether nothing of a Job runs, and nothing of it will.

    job: None if it is gone. pods: its own. One that is being deleted makes no more pods.
    """
    ended = job is None or job.finished or job.meta.deleting
    return ended and not any(is_live(pod) for pod in pods)
