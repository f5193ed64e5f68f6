"""Which pods belong to what: to a workload, to a node by their labels, or to nobody."""

from collections.abc import Mapping

from sluice.model.cluster import Pod
from sluice.model.found import Found
from sluice.model.names import NODE_LABEL
from sluice.startup.workload import WORKLOADS, Workload, gated_pods


def owned_pods(pods: tuple[Pod, ...], workload: Workload) -> tuple[Pod, ...]:
    """Return the pods that name the workload as their owner."""
    uid = workload.meta.uid
    return tuple(pod for pod in pods if any(owner.uid == uid for owner in pod.meta.owners))


def strays(labelled: tuple[Pod, ...], found: Found) -> tuple[Pod, ...]:
    """Return the held pods whose owners are not among the workloads that were found.

    Admission sees the labels of a pod; its owner may have none, and then nobody decides about it.
    """
    known = {
        item.meta.uid for items in found.values() for item in items if isinstance(item, WORKLOADS)
    }
    return tuple(
        pod for pod in gated_pods(labelled) if not any(o.uid in known for o in pod.meta.owners)
    )


def by_node(labelled: tuple[Pod, ...]) -> Mapping[str, tuple[Pod, ...]]:
    """Return the pods that carry our readiness gate, by the node that their label names."""
    grouped: dict[str, list[Pod]] = {}
    for pod in labelled:
        if carries_gate(pod):
            grouped.setdefault(pod.meta.labels.get(NODE_LABEL, ""), []).append(pod)
    return {name: tuple(pods) for name, pods in grouped.items()}


def carries_gate(pod: Pod) -> bool:
    """Whether our readiness gate decides on a pod's traffic."""
    return pod.gated and not pod.meta.deleting and pod.phase not in {"Succeeded", "Failed"}
