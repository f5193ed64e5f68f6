"""What is let go although no node of a graph asks for it: orphans, strays, and all at the end."""

from sluice.model.cluster import Pod
from sluice.model.own import drop_finalizer
from sluice.model.plan import Action, Fence
from sluice.model.references import ObjectRef
from sluice.startup.findings import ORPHAN_AFTER_SECONDS
from sluice.startup.gating import open_all
from sluice.startup.inits import due_inits
from sluice.startup.release import let_go, ungate_strays
from sluice.startup.requires import awaited
from sluice.startup.scene import Scene
from sluice.startup.workload import Workload, is_held


def orphans(scene: Scene, released: ObjectRef) -> tuple[Action, ...]:
    """Let go what carries the graph's label and is no node of it (any more)."""
    known = {node.uid for node in scene.status.nodes}
    behind = scene.own.fence
    let = tuple(
        action
        for one in scene.strangers
        for its in [scene.stranger_pods(one)]
        # Of a set that was let go in part, the other pods are let go at once.
        if not awaited(one, scene.records)
        and (one.meta.uid in known or is_orphan(one, scene.now) or not is_held(one, its))
        for action in let_go(one, its, released, behind)
    )
    return (*let, *late_strays(scene.stray_pods, released, scene.now, behind))


def late_strays(
    strays: tuple[Pod, ...], released: ObjectRef, now: float, behind: Fence | None
) -> tuple[Action, ...]:
    """Let go the held pods of unlabelled owners that have waited long enough."""
    return ungate_strays(tuple(pod for pod in strays if is_orphan(pod, now)), released, behind)


def orphaned_at(held: Workload | Pod) -> float:
    """Return until when something waits for a graph that names it."""
    return held.meta.created + ORPHAN_AFTER_SECONDS


def is_orphan(held: Workload | Pod, now: float) -> bool:
    """Whether something has waited long enough for a graph that names it."""
    return now >= orphaned_at(held)


def leave(scene: Scene, released: ObjectRef) -> tuple[Action, ...]:
    """Let everything go and open every gate; the finalizer goes when nothing is left to undo."""
    pods = [pod for node in scene.nodes.values() for pod in node.gated]
    workloads = [
        (node.workload, node.pods) for node in scene.nodes.values() if node.workload is not None
    ]
    workloads += [(one, scene.stranger_pods(one)) for one in scene.strangers]
    # Another graph may have the name by now, and its nodes are not ours to let go.
    behind = Fence(scene.own.meta.ref, scene.own.meta.uid, ())
    undone = (
        *(
            action
            for one, its in workloads
            if not awaited(one, scene.records)
            for action in let_go(one, its, released, behind)
        ),
        *ungate_strays(scene.stray_pods, released, behind),
        *open_all((*pods, *scene.loose_pods), "the graph is deleted", scene.now),
        *due_inits(scene),
    )
    return undone or drop_finalizer(scene.own.meta)
