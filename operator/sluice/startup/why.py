"""Why a node is where it is, in the words of its status.

Without numbers that change from pass to pass: status is written when something changes.
"""

from sluice.model.cluster import Job
from sluice.model.names import REQUIRES
from sluice.model.scalars import format_duration
from sluice.startup.bars import critical, keeps_bar, standings
from sluice.startup.edges import unmet
from sluice.startup.moves import listed
from sluice.startup.requires import awaited, keeps_update
from sluice.startup.scene import NodeScene, Scene
from sluice.startup.states import State
from sluice.startup.status import NodeStatus
from sluice.startup.workload import failure_of

_MESSAGE_LIMIT = 240


def why(scene: Scene, node: NodeScene, status: NodeStatus) -> str:
    """Return what a node waits for or suffers from; empty if nothing is amiss."""
    texts = (_held_update(scene, node), _why(scene, node, status))
    return "; ".join(text for text in texts if text)[:_MESSAGE_LIMIT]


def _held_update(scene: Scene, node: NodeScene) -> str:
    if node.workload is None or not keeps_update(scene, node):
        return ""
    missing = awaited(node.workload, scene.records)
    what = f"for {listed(list(missing))} to be complete" if missing else "while it is suspended"
    return f"its new version is held {what} ({REQUIRES})"


def _why(scene: Scene, node: NodeScene, status: NodeStatus) -> str:
    kind, name = node.node.resource.kind, node.node.workload
    match status.state:
        case State.ABSENT:
            return node.labels_fault or f"{kind} {name} does not exist"
        case State.HELD | State.BLOCKED:
            return _waits(scene, node, status)
        case State.STARTING:
            return _below_bar(node)
        case State.GATING:
            return "; ".join(f"gate {name} has not passed yet" for name in _closed(scene, node))
        case State.READY:
            return "; ".join(
                f"gate {name} fails, it is not critical" for name in _ailing(scene, node)
            )
        case State.DEGRADED:
            return "; ".join(_missing(scene, node))
        case State.TIMED_OUT:
            return f"not ready within {format_duration(node.node.timeout_seconds)}"
        case State.FAILED:
            return failure_of(node.workload) or "not ready in time"
        case _:
            return ""


def _below_bar(node: NodeScene) -> str:
    if isinstance(node.workload, Job):
        return "the Job has not completed"
    return f"fewer pods are available than minReady {node.node.min_ready.text}"


def _closed(scene: Scene, node: NodeScene) -> list[str]:
    return [one.gate.name for one in critical(node, scene.probes) if not one.passed]


def _ailing(scene: Scene, node: NodeScene) -> list[str]:
    """A critical gate that fails takes the node out of Ready, so these are not."""
    return [one.gate.name for one in standings(node, scene.probes) if one.lost]


def _missing(scene: Scene, node: NodeScene) -> list[str]:
    missing = [] if keeps_bar(node) else ["too few pods are available"]
    for one in critical(node, scene.probes):
        if not one.passed:
            what = "is lost" if one.lost else "has not passed again"
            missing.append(f"gate {one.gate.name} {what}")
    return missing


def _waits(scene: Scene, node: NodeScene, status: NodeStatus) -> str:
    missing = unmet(scene, node)
    if status.state is State.BLOCKED:
        return f"failed: {listed([str(one) for one in missing if one.failed])}"
    if scene.own.faults:
        return "the graph cannot be carried out"
    if missing:
        return f"waits for {listed([str(one) for one in missing])}"
    if node.workload is not None and (records := awaited(node.workload, scene.records)):
        return f"waits for {listed(list(records))} to be complete ({REQUIRES})"
    if scene.own.spec.suspend:
        return "the graph is suspended"
    if scene.own.spec.max_parallel:
        return f"waits for one of {scene.own.spec.max_parallel} slots (maxParallel)"
    return "its turn has come"
