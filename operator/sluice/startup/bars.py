"""Whether a node has started, is ready, or has lost what it had: the page's table of kinds."""

from sluice.model.cluster import DaemonSet, Job
from sluice.startup.health import (
    Probes,
    Standing,
    node_gates,
    node_standing,
    pod_gates,
    pod_standing,
)
from sluice.startup.scene import NodeScene
from sluice.startup.spec import MinReady, WhenScaledToZero
from sluice.startup.workload import desired, is_observed, keeps_its_bar, reaches


def has_started(node: NodeScene) -> bool:
    """Whether so many pods have all their containers started; latched per UID."""
    workload = node.workload
    if workload is None:
        return node.status.complete
    if node.status.started or isinstance(workload, Job):
        seen = isinstance(workload, Job) and (workload.started is not None or workload.complete)
        return seen or node.status.started
    # A DaemonSet that its controller has not seen yet wants no pods.
    if not is_observed(workload):
        return False
    if idle := _at_zero(node):
        return idle is WhenScaledToZero.SATISFIED
    started = sum(pod.containers.started for pod in node.pods if not pod.meta.deleting)
    return started >= node.node.min_ready.of(desired(workload))


def is_complete(node: NodeScene) -> bool:
    """Whether the Job of this UID has completed; latched, since a TTL may delete it."""
    seen = isinstance(node.workload, Job) and node.workload.complete
    return seen or node.status.complete


def is_ready(node: NodeScene, probes: Probes) -> bool:
    """Whether the node meets its bar for the first time and every critical gate has passed."""
    return meets_bar(node) and all(one.passed for one in critical(node, probes))


def meets_bar(node: NodeScene, min_ready: MinReady | None = None) -> bool:
    """Whether enough pods are available for a first start, by the node's bar or an edge's."""
    workload = node.workload
    if workload is None:
        return node.status.complete
    if idle := _at_zero(node):
        return idle is WhenScaledToZero.SATISFIED and is_observed(workload)
    return reaches(workload, min_ready or node.node.min_ready)


def keeps_bar(node: NodeScene) -> bool:
    """Whether a node that was ready is so still, by its workload's own bar."""
    workload = node.workload
    if workload is None:
        return node.status.complete
    if idle := _at_zero(node):
        return idle is WhenScaledToZero.SATISFIED
    return keeps_its_bar(workload, node.node.min_ready)


def _at_zero(node: NodeScene) -> WhenScaledToZero | None:
    """Return what 0 wanted pods mean; None if some are wanted."""
    workload = node.workload
    if workload is None or isinstance(workload, Job) or desired(workload) > 0:
        return None
    # No machine asks for the daemon: there is nothing that could be missing.
    if isinstance(workload, DaemonSet):
        return WhenScaledToZero.SATISFIED
    return node.node.when_scaled_to_zero


def critical(node: NodeScene, probes: Probes) -> tuple[Standing, ...]:
    """Return what the critical gates say that decide about the node itself."""
    return tuple(one for one in standings(node, probes) if one.gate.critical)


def standings(node: NodeScene, probes: Probes) -> tuple[Standing, ...]:
    """Return what the gates say that decide about the node itself.

    Those of pods do so only without `podReadiness`; with it, they decide what is available.
    """
    of_node = [node_standing(gate, node, probes) for gate in node_gates(node.node.gates)]
    return (*of_node, *_of_pods(node, probes))


def _of_pods(node: NodeScene, probes: Probes) -> tuple[Standing, ...]:
    if node.node.pod_readiness or node.workload is None:
        return ()
    wanted = node.node.min_ready.of(desired(node.workload))
    found = []
    for gate in pod_gates(node.node.gates):
        each = [pod_standing(gate, pod, probes) for pod in node.pods if not pod.meta.deleting]
        passed, lost = sum(one.passed for one in each), sum(one.lost for one in each)
        detail = f"{passed} of {wanted} pods passed"
        # Pods that are not there yet have not failed: whether they are missed is the bar's matter.
        spare = max(len(each) - wanted, 0)
        found.append(Standing(gate, passed >= wanted, lost > spare, detail))
    return tuple(found)


def lost_gates(node: NodeScene, probes: Probes) -> tuple[Standing, ...]:
    """Return the critical gates of the node that failed often enough to count."""
    return tuple(one for one in critical(node, probes) if one.lost)
