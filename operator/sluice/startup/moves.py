"""From what happened to the nodes to their next status: one write carries all of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from sluice.model.plan import Note
from sluice.model.reasons import Reason
from sluice.startup.bars import has_started, is_complete
from sluice.startup.events import event_of
from sluice.startup.inits import under_way
from sluice.startup.scene import NodeScene, Scene
from sluice.startup.states import BEFORE_RELEASE, BEFORE_START, Event, State, advance
from sluice.startup.status import NodeStatus

_NAMES_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Step:
    """One node's change: what happened, and what it is afterwards."""

    name: str
    event: Event
    status: NodeStatus


def steps(scene: Scene) -> tuple[Step, ...]:
    """Return every node's change in this observation, in the order of the spec.

    What waits for parents is looked at after all others have changed: a child goes in the very
    write that says that its last parent is ready.
    """
    waits = {name: node.status.state in _WAITING for name, node in scene.nodes.items()}
    changed = _changes(scene, (node for node in scene.nodes.values() if not waits[node.name]))
    then = with_changes(scene, changed)
    waiting = (node for node in then.nodes.values() if waits[node.name])
    started = _started(then, _changes(then, waiting))
    found = {step.name: step for step in (*changed, *started)}
    return tuple(found[name] for name in scene.nodes if name in found)


def _changes(scene: Scene, nodes: Iterable[NodeScene]) -> tuple[Step, ...]:
    return tuple(
        Step(node.name, event, _after(scene, node, event))
        for node in nodes
        if (event := event_of(scene, node)) is not None
    )


def with_changes(scene: Scene, changed: Iterable[Step]) -> Scene:
    """Return the scene as it is when the changes are written."""
    after = {step.name: replace(scene.nodes[step.name], status=step.status) for step in changed}
    return replace(scene, nodes={**scene.nodes, **after})


def _started(scene: Scene, found: tuple[Step, ...]) -> tuple[Step, ...]:
    """Return the steps that there are slots for; what starts by itself takes one as well."""
    limit = scene.own.spec.max_parallel
    taken = under_way(scene) + sum(step.event in _BY_ITSELF for step in found)
    cleared = [step for step in found if step.event is Event.CLEARED]
    kept = cleared[: max(limit - taken, 0)] if limit else cleared
    return tuple(step for step in found if step.event is not Event.CLEARED or step in kept)


def _after(scene: Scene, node: NodeScene, event: Event) -> NodeStatus:
    state, uid = advance(node.status.state, event), node.status.uid
    if node.workload is not None and event in _NEW_WORKLOAD:
        uid = node.workload.meta.uid
    if event in _NEW_WORKLOAD or state is State.ABSENT:
        fresh = NodeStatus(node.name, state, scene.now, "" if state is State.ABSENT else uid)
        return fresh if state in BEFORE_RELEASE else replace(fresh, released_at=scene.now)
    released_at, ready_at = node.status.released_at, node.status.ready_at
    if state in BEFORE_RELEASE:
        released_at = None
    elif released_at is None:
        released_at = scene.now
    if state is State.READY and ready_at is None:
        ready_at = scene.now
    return replace(
        node.status, state=state, since=scene.now, released_at=released_at, ready_at=ready_at
    )


_WAITING: Final = frozenset({State.HELD, State.BLOCKED})
_BY_ITSELF: Final = frozenset({Event.REPLACED, Event.LET_GO})
_NEW_WORKLOAD: Final = frozenset({Event.APPEARED, Event.RUNS, Event.RECREATED, Event.REPLACED})


def begun(status: NodeStatus, now: float) -> NodeStatus:
    """Return the status with an instant since when, also for a node that is new to the graph."""
    return status if status.since else replace(status, since=now)


def latched(node: NodeScene, status: NodeStatus) -> NodeStatus:
    """Return the status with what has been seen once of this UID, for edges to rest on."""
    seen = node.workload is not None and node.workload.meta.uid == status.uid
    if not seen or status.uid != node.status.uid or status.state in BEFORE_START:
        return status
    return replace(status, started=has_started(node), complete=is_complete(node))


_TOLD: Final[Mapping[Event, tuple[Reason, str]]] = {
    Event.CLEARED: (Reason.NODES_RELEASED, "released, every parent is satisfied"),
    Event.LET_GO: (
        Reason.BYPASSED,
        "parents are not waited for (bypass, hold None, or somebody took the hold off)",
    ),
    Event.PASSED: (Reason.NODES_READY, "ready"),
    Event.LOST: (Reason.NODES_DEGRADED, "not ready any more"),
    Event.BACK: (Reason.NODES_READY, "ready again"),
    Event.OVERDUE: (Reason.NODES_TIMED_OUT, "not ready within the timeout of the node"),
    Event.GAVE_UP: (Reason.NODES_FAILED, "failed, not ready in time and onTimeout is Fail"),
    Event.JOB_FAILED: (Reason.NODES_FAILED, "failed, the Job will not be tried again"),
    Event.PARENT_FAILED: (Reason.NODES_BLOCKED, "blocked, a parent failed"),
    Event.RECREATED: (Reason.NODES_HELD, "recreated and held anew"),
}


def notes(found: tuple[Step, ...]) -> tuple[Note, ...]:
    """Return what is told of the changes: one sentence for all nodes to which the same happened."""
    told: dict[Event, list[str]] = {}
    for step in found:
        if step.event in _TOLD:
            told.setdefault(step.event, []).append(step.name)
    return tuple(
        Note(_TOLD[event][0], f"{listed(names)}: {_TOLD[event][1]}")
        for event, names in told.items()
    )


def listed(names: list[str]) -> str:
    """Return names as people read them, the first ten of many."""
    shown = ", ".join(names[:_NAMES_SHOWN])
    more = len(names) - _NAMES_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown
