"""What happens to a node in an observation: a chain of checks per state, first hit wins."""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from sluice.startup.bars import critical, is_ready, keeps_bar, lost_gates, meets_bar
from sluice.startup.edges import unmet
from sluice.startup.requires import awaited
from sluice.startup.scene import NodeScene, Scene
from sluice.startup.spec import HoldChoice, OnTimeout
from sluice.startup.states import Event, State
from sluice.startup.workload import GATED, Workload, failure_of, is_bypassed, is_held

HeldCheck: TypeAlias = Callable[[Scene, NodeScene, Workload], Event | None]
Check: TypeAlias = Callable[[Scene, NodeScene], Event | None]


def event_of(scene: Scene, node: NodeScene) -> Event | None:
    """Return what happens to a node, None if nothing does. Free slots are the caller's matter."""
    state, workload = node.status.state, node.workload
    # A Job that has completed may be deleted by its TTL: what it did is not undone.
    if state in _AFTER and not node.is_new and (workload is not None or node.status.complete):
        return _AFTER[state](scene, node)
    if workload is None:
        return None if state is State.ABSENT else Event.VANISHED
    if node.is_new and state is not State.ABSENT:
        return Event.RECREATED if _is_held(node, workload) else Event.REPLACED
    return _BEFORE[state](scene, node, workload)


def _is_held(node: NodeScene, workload: Workload) -> bool:
    return is_held(workload, node.pods)


def _is_let_go(scene: Scene, node: NodeScene, workload: Workload) -> bool:
    """Whether it starts without waiting for its parents."""
    if is_bypassed(workload) or not _is_held(node, workload):
        return True
    # Its labels hold it, since admission cannot see the graph; the graph may ask for no hold. What
    # its own manifest requires is another matter.
    return node.node.hold is HoldChoice.NONE and not awaited(workload, scene.records)


def _absent(_: Scene, node: NodeScene, workload: Workload) -> Event:
    return Event.APPEARED if _is_held(node, workload) else Event.RUNS


def _held(scene: Scene, node: NodeScene, workload: Workload) -> Event | None:
    if _is_let_go(scene, node, workload):
        return Event.LET_GO
    if scene.own.faults:
        return None
    missing = unmet(scene, node)
    if any(one.failed for one in missing):
        return Event.PARENT_FAILED
    waits = missing or scene.own.spec.suspend or awaited(workload, scene.records)
    return None if waits else Event.CLEARED


def _blocked(scene: Scene, node: NodeScene, workload: Workload) -> Event | None:
    if _is_let_go(scene, node, workload):
        return Event.LET_GO
    failed = any(one.failed for one in unmet(scene, node))
    return None if failed else Event.PARENT_BACK


def _releasing(scene: Scene, node: NodeScene, workload: Workload) -> Event | None:
    if not _is_held(node, workload):
        return Event.UNHELD
    if isinstance(workload, GATED):
        # A set cannot be taken back: its UID may be on the list of those that are not held again.
        # One without pods shows no hold that could be seen to go; those that come are let go.
        return None if node.pods else Event.UNHELD
    waits = scene.own.spec.suspend or scene.own.faults or awaited(workload, scene.records)
    return Event.SUSPENDED if waits else None


def _starting(scene: Scene, node: NodeScene) -> Event | None:
    if failure_of(node.workload):
        return Event.JOB_FAILED
    if is_ready(node, scene.probes):
        return Event.PASSED
    if meets_bar(node) and critical(node, scene.probes):
        return Event.STARTED
    return Event.OVERDUE if _is_overdue(scene, node) else None


def _gating(scene: Scene, node: NodeScene) -> Event | None:
    if is_ready(node, scene.probes):
        return Event.PASSED
    if _is_overdue(scene, node):
        return Event.OVERDUE
    return None if meets_bar(node) else Event.BAR_LOST


def _ready(scene: Scene, node: NodeScene) -> Event | None:
    lost = not keeps_bar(node) or lost_gates(node, scene.probes)
    return Event.LOST if lost else None


def _degraded(scene: Scene, node: NodeScene) -> Event | None:
    back = keeps_bar(node) and all(one.passed for one in critical(node, scene.probes))
    return Event.BACK if back else None


def _timed_out(scene: Scene, node: NodeScene) -> Event | None:
    if is_ready(node, scene.probes):
        return Event.PASSED
    if failure_of(node.workload):
        return Event.JOB_FAILED
    return Event.GAVE_UP if node.node.on_timeout is OnTimeout.FAIL else None


def _failed(scene: Scene, node: NodeScene) -> Event | None:
    return Event.PASSED if is_ready(node, scene.probes) else None


_BEFORE: Final[Mapping[State, HeldCheck]] = {
    State.ABSENT: _absent,
    State.HELD: _held,
    State.BLOCKED: _blocked,
    State.RELEASING: _releasing,
}
_AFTER: Final[Mapping[State, Check]] = {
    State.STARTING: _starting,
    State.GATING: _gating,
    State.READY: _ready,
    State.DEGRADED: _degraded,
    State.TIMED_OUT: _timed_out,
    State.FAILED: _failed,
}


def deadline_of(node: NodeScene) -> float | None:
    """Return the instant by which the node has to be ready; None before it is let go."""
    released = node.status.released_at
    return None if released is None else released + node.node.timeout_seconds


def _is_overdue(scene: Scene, node: NodeScene) -> bool:
    deadline = deadline_of(node)
    return deadline is not None and scene.now >= deadline
