"""How much of a node is there, in numbers."""

from sluice.cli.views.times import age
from sluice.model.cluster import Job
from sluice.startup.bars import has_started
from sluice.startup.scene import NodeScene
from sluice.startup.spec import MinReady, WhenScaledToZero
from sluice.startup.workload import available, desired, gated_pods, is_observed


def named(node: NodeScene) -> str:
    """Return kind and name of a node's workload."""
    return f"{node.node.resource.kind} {node.node.workload}"


def amount(node: NodeScene, now: float, bar: MinReady | None = None) -> str:
    """Return how many pods are available and how many are needed: by the node's bar, or an edge's.

    Of a Job: how far it has come.
    """
    workload = node.workload
    if workload is None:
        return _absence(node)
    if isinstance(workload, Job):
        return _progress(workload, now)
    wanted, have = desired(workload), available(workload)
    if not wanted:
        zero = node.node.when_scaled_to_zero
        counts = "" if zero is WhenScaledToZero.SATISFIED else ", and whenScaledToZero is Blocked"
        return f"{named(node)} wants no pods{counts}"
    least = bar or node.node.min_ready
    needed = least.of(wanted)
    parts = [f"{have} of {wanted} pods available"]
    if have < needed:
        parts.append(f"{needed} needed (minReady {least.text})")
    if waiting := len(gated_pods(node.pods)):
        parts.append(f"{waiting} at the scheduling gate")
    if not is_observed(workload):
        parts.append("its controller has not looked at its newest spec yet")
    return ", ".join(parts)


def started(node: NodeScene, now: float) -> str:
    """Return how many pods have started, and how many are needed."""
    workload = node.workload
    if workload is None or isinstance(workload, Job) or has_started(node):
        return amount(node, now)
    wanted = desired(workload)
    if not wanted:
        return amount(node, now)
    running = sum(pod.containers.started for pod in node.pods if not pod.meta.deleting)
    needed = node.node.min_ready.of(wanted)
    return (
        f"{running} of {wanted} pods have started all containers, "
        f"{needed} needed (minReady {node.node.min_ready.text})"
    )


def _absence(node: NodeScene) -> str:
    if node.status.complete:
        return f"{named(node)} has completed and is gone"
    return f"{named(node)} {node.labels_fault or 'does not exist'}"


def _progress(job: Job, now: float) -> str:
    what = f"Job {job.meta.ref.name}"
    if job.complete:
        return f"{what} has completed"
    if job.failure:
        return f"{what} failed: {job.failure}"
    if job.started is None:
        return f"{what} has not begun" + (" and is suspended" if job.suspended else "")
    return f"{what} has been running for {age(job.started, now)}"
