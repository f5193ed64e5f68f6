"""One view of the four kinds of workload: how much is wanted, how much is there, who holds it."""

from typing import TypeAlias, assert_never

from sluice.model.cluster import DaemonSet, Deployment, Job, Pod, StatefulSet
from sluice.model.holds import Holder, holds
from sluice.model.names import BYPASS, GRAPH_LABEL, NODE_LABEL, STARTUP_GATE
from sluice.startup.spec import MinReady

Workload: TypeAlias = Deployment | StatefulSet | DaemonSet | Job
WORKLOADS = (Deployment, StatefulSet, DaemonSet, Job)
# Their first start is held by a scheduling gate on their pods, not by a field of their own.
GATED = (StatefulSet, DaemonSet)


def desired(workload: Workload) -> int:
    """Return how many pods are wanted."""
    match workload:
        case DaemonSet():
            return workload.desired
        case Job():
            return 1
        case Deployment() | StatefulSet():
            return workload.replicas
        case _:
            assert_never(workload)


def available(workload: Workload) -> int:
    """Return how many pods are available, as the workload's controller counts them."""
    match workload:
        case DaemonSet():
            return workload.available
        case Job():
            return int(workload.complete)
        case Deployment() | StatefulSet():
            return workload.available_replicas
        case _:
            assert_never(workload)


def is_observed(workload: Workload) -> bool:
    """Whether the controller's numbers speak of the spec that there is now."""
    return isinstance(workload, Job) or workload.observed_generation >= workload.meta.generation


def reaches(workload: Workload, min_ready: MinReady) -> bool:
    """Whether as many pods are available as are asked for (a Job: it is complete)."""
    if isinstance(workload, Job):
        return workload.complete
    return is_observed(workload) and available(workload) >= min_ready.of(desired(workload))


def keeps_its_bar(workload: Workload, min_ready: MinReady) -> bool:
    """Whether a workload that has been ready is so still, by its own bar: it may be rolling.

    A Deployment's own bar is its condition Available; the others replace one pod at a time. The
    last pod is missed even so: nobody could be served.
    """
    match workload:
        case Job():
            return workload.complete
        case Deployment():
            return workload.available or reaches(workload, min_ready)
        case StatefulSet() | DaemonSet():
            wanted = desired(workload)
            return available(workload) >= min(min_ready.of(wanted), max(wanted - 1, 1))
        case _:
            assert_never(workload)


def labels_fault(workload: Workload, graph: str, node: str) -> str:
    """Return what is wrong with the labels by which admission holds the workload, empty if none."""
    for label, wanted in ((GRAPH_LABEL, graph), (NODE_LABEL, node)):
        found = workload.meta.labels.get(label)
        if found is None:
            return f"has no label {label}: write {label}: {wanted}"
        if found != wanted:
            return f"has the label {label}: {found}, not {wanted}"
        if isinstance(workload, GATED) and workload.template_labels.get(label) != wanted:
            return f"has no label {label}: {wanted} in its pod template: write it there too"
    return ""


def is_held(workload: Workload, pods: tuple[Pod, ...]) -> bool:
    """Whether our hold keeps the workload from its first start.

    pods: those of a StatefulSet or DaemonSet. One without our gate says that the set has been
    started before; a set without any pods is held by what its pods will get, as admission gives it
    to those that carry both labels.
    """
    if not isinstance(workload, GATED):
        return holds(workload.meta, Holder.STARTUP)
    if not pods:
        labelled = {GRAPH_LABEL, NODE_LABEL} <= workload.template_labels.keys()
        return labelled and available(workload) == 0
    return all(STARTUP_GATE in pod.scheduling_gates for pod in pods)


def is_bypassed(workload: Workload) -> bool:
    """Whether a person lets the workload start without waiting for anything."""
    return workload.meta.annotations.get(BYPASS) == Holder.STARTUP


def gated_pods(pods: tuple[Pod, ...]) -> tuple[Pod, ...]:
    """Return the pods that our scheduling gate keeps from running."""
    return tuple(
        pod for pod in pods if STARTUP_GATE in pod.scheduling_gates and not pod.meta.deleting
    )


def failure_of(workload: Workload | None) -> str:
    """Return why a Job failed for good, empty for everything else."""
    return workload.failure if isinstance(workload, Job) else ""
