"""Letting a workload go: the one place that takes our hold off, for whatever reason.

A Deployment or Job: its pause field, in one patch that rests on the version that was seen. A
StatefulSet or DaemonSet: its UID is put on the list of those that have been let go, so that no new
pod of it is held again, whatever becomes of Sluice; then its pods' scheduling gates are removed.
"""

from typing import assert_never

from sluice.model.cluster import DaemonSet, Deployment, Job, Pod, StatefulSet
from sluice.model.holds import Holder, held_by_others, holds, taken_off
from sluice.model.names import BYPASS, STARTUP_GATE
from sluice.model.plan import Action, Delete, Fence, Merge, Operation, Patch, pointer
from sluice.model.references import CONFIGMAPS, DAEMONSETS, STATEFULSETS, ObjectRef
from sluice.model.registers import Register
from sluice.startup.requires import keeps_update
from sluice.startup.scene import NodeScene, Scene
from sluice.startup.states import BEFORE_RELEASE, State
from sluice.startup.workload import Workload, gated_pods

_REVISION = "controller-revision-hash"
_GATED_KINDS = frozenset({STATEFULSETS.kind, DAEMONSETS.kind})
_BYPASS = pointer("metadata", "annotations", BYPASS)


def due_releases(
    scene: Scene, released: ObjectRef, changing: frozenset[str] = frozenset()
) -> tuple[Action, ...]:
    """Return the patches that let go every node that is past its hold and still seen held.

    released: the ConfigMap with the UIDs of the sets that have been let go.
    changing: the nodes whose state is to change first; a release that is taken back is not done.
    """
    actions: list[Action] = []
    behind = scene.own.fence
    for node in scene.nodes.values():
        if node.workload is None or node.workload.meta.uid != node.status.uid:
            continue
        if node.status.state is State.RELEASING and node.name in changing:
            continue
        if node.status.state in BEFORE_RELEASE:
            actions.extend(delete_outdated(node, behind))
        elif not keeps_update(scene, node):
            actions.extend(let_go(node.workload, node.pods, released, behind))
    return tuple(actions)


def let_go(
    workload: Workload, pods: tuple[Pod, ...], released: ObjectRef, behind: Fence | None
) -> tuple[Action, ...]:
    """Return the actions after which our hold is off a workload; none when it is."""
    match workload:
        case Deployment():
            return _unpause(workload, "/spec/paused", behind)
        case Job():
            return _unpause(workload, "/spec/suspend", behind)
        case StatefulSet() | DaemonSet():
            return _ungate(workload, gated_pods(pods), released, behind)
        case _:
            assert_never(workload)


def _unpause(workload: Deployment | Job, field: str, behind: Fence | None) -> tuple[Action, ...]:
    meta = workload.meta
    if not holds(meta, Holder.STARTUP):
        return ()
    lift = () if held_by_others(meta, Holder.STARTUP) else (Operation("add", field, False),)
    answered = meta.annotations.get(BYPASS) == Holder.STARTUP
    bypass = (Operation("remove", _BYPASS),) if answered else ()
    operations = (*lift, *taken_off(meta, Holder.STARTUP), *bypass)
    return (Patch(str(meta.ref), meta.ref, operations, meta.resource_version, behind),)


def _ungate(
    workload: StatefulSet | DaemonSet,
    pods: tuple[Pod, ...],
    released: ObjectRef,
    behind: Fence | None,
) -> tuple[Action, ...]:
    """In one group: the UID is on the list before the first pod runs."""
    if not pods:
        return ()
    group = str(workload.meta.ref)
    return (
        _listed(group, workload.meta.uid, released, behind),
        *(_ungated(group, pod) for pod in pods),
    )


def ungate_strays(
    pods: tuple[Pod, ...], released: ObjectRef, behind: Fence | None
) -> tuple[Action, ...]:
    """Return the actions after which pods are not held whose owners carry no label themselves."""
    actions: list[Action] = []
    for pod in pods:
        group = str(pod.meta.ref)
        actions += [
            _listed(group, owner.uid, released, behind)
            for owner in pod.meta.owners
            if owner.kind in _GATED_KINDS
        ]
        actions.append(_ungated(group, pod, behind))
    return tuple(actions)


def _listed(group: str, uid: str, released: ObjectRef, behind: Fence | None) -> Merge:
    return Merge(group, released, "", {"data": {uid: group}}, fence=behind)


def _ungated(group: str, pod: Pod, behind: Fence | None = None) -> Merge:
    gate = {"spec": {"schedulingGates": [{"$patch": "delete", "name": STARTUP_GATE}]}}
    return Merge(group, pod.meta.ref, pod.meta.uid, gate, fence=behind)


def delete_outdated(node: NodeScene, behind: Fence) -> tuple[Action, ...]:
    """Return the deletions of held pods that an ordered StatefulSet would wait for in vain.

    With OrderedReady the controller replaces no pod that is not ready, so the fix of a template
    would be swallowed while its pods are held.
    """
    workload = node.workload
    if not isinstance(workload, StatefulSet) or not workload.ordered:
        return ()
    wanted = workload.update_revision
    return tuple(
        Delete(str(workload.meta.ref), pod.meta.ref, pod.meta.uid, behind)
        for pod in gated_pods(node.pods)
        if wanted and pod.meta.labels.get(_REVISION, wanted) != wanted
    )


def released_register(namespace: str) -> Register:
    """Return the register of the sets that have been let go."""
    return Register(released_list(namespace), (STATEFULSETS, DAEMONSETS))


def released_list(namespace: str) -> ObjectRef:
    """Return the ConfigMap whose data names the sets that have been let go, in our namespace."""
    return ObjectRef(CONFIGMAPS, namespace, "sluice-released")
