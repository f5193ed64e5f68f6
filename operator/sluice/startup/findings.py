"""What of a graph is not held or not gated although it should be: named, never stopped."""

from sluice.model.scalars import format_duration
from sluice.startup.scene import NodeScene, Scene
from sluice.startup.spec import HoldChoice

ORPHAN_AFTER_SECONDS = 120.0


def findings(scene: Scene) -> tuple[str, ...]:
    """Return sentences about labels, pods without our gate, and workloads that are no node."""
    found: list[str] = []
    for node in scene.nodes.values():
        found.extend(_of_node(node))
    for stranger in scene.strangers:
        kind, name = stranger.meta.ref.resource.kind, stranger.meta.ref.name
        after = format_duration(ORPHAN_AFTER_SECONDS)
        found.append(
            f"{kind} {name} carries the graph's label and is no node of it: it is let go {after} "
            "after its creation"
        )
    return tuple(found)


def _of_node(node: NodeScene) -> list[str]:
    found = []
    what = f"node {node.name}: {node.node.resource.kind} {node.node.workload}"
    if node.labels_fault and node.node.hold is not HoldChoice.NONE:
        found.append(f"{what} {node.labels_fault}, so it is not held")
    bare = any(not pod.gated and not pod.meta.deleting for pod in node.pods)
    if node.node.pod_readiness and bare:
        # Without names and numbers, which change with every pod that is replaced.
        advice = "label the pod template and replace them"
        found.append(f"{what} has pods without the readiness gate: {advice}")
    return found
