"""Whether a node's parents are satisfied, and by which edges they are not.

Ready is asked of the present observation, for all parents at once; Started and Complete are
latched. What has been let go is never held again.
"""

from dataclasses import dataclass
from typing import Final, assert_never

from sluice.startup.bars import critical, has_started, is_complete, keeps_bar, lost_gates, meets_bar
from sluice.startup.health import Probes
from sluice.startup.init import states as init_states
from sluice.startup.init.situation import Situation
from sluice.startup.scene import InitScene, NodeScene, Scene
from sluice.startup.spec import Edge, OnTimeout, Until
from sluice.startup.states import BEFORE_START, State
from sluice.startup.workload import is_observed

_GIVEN_UP = frozenset({State.ABSENT, State.FAILED, State.TIMED_OUT})
_NOT_RUNNING = BEFORE_START | {State.FAILED}
NEEDS_A_PERSON: Final = frozenset(
    {init_states.State.FAILED, init_states.State.DIRTY, init_states.State.MISMATCH}
)


@dataclass(frozen=True, slots=True)
class Unmet:
    """An edge whose parent is not satisfied. failed: it will not be without somebody's help."""

    edge: Edge
    state: State | init_states.State
    failed: bool

    def __str__(self) -> str:
        return f"{self.edge.parent} {self.edge.until}"


def unmet(scene: Scene, node: NodeScene | InitScene) -> tuple[Unmet, ...]:
    """Return the edges of a node that keep it waiting, in the order of the spec."""
    found = []
    for edge in node.node.depends_on:
        parent, init = scene.nodes.get(edge.parent), scene.inits.get(edge.parent)
        if init is not None:
            if not _is_done(edge, init.situation):
                at = init.situation.status.state
                found.append(Unmet(edge, at, at in NEEDS_A_PERSON))
        elif parent is None:
            found.append(Unmet(edge, State.ABSENT, failed=False))
        elif not is_satisfied(edge, parent, scene.probes):
            state = parent.status.state
            found.append(Unmet(edge, state, state is State.FAILED))
    return tuple(found)


def is_satisfied(edge: Edge, parent: NodeScene, probes: Probes) -> bool:
    """Whether a parent is what the edge asks for, in this observation."""
    if parent.is_new:
        return False
    if edge.optional and parent.status.state in _GIVEN_UP:
        return True
    match edge.until:
        case Until.COMPLETE:
            return is_complete(parent)
        case Until.STARTED:
            return parent.status.state not in BEFORE_START and has_started(parent)
        case Until.READY:
            return _is_ready(edge, parent, probes)
        case _:
            assert_never(edge.until)


def _is_done(edge: Edge, parent: Situation) -> bool:
    """Whether an init node is what the edge asks for: Ready and Complete are one to it."""
    if parent.complete:
        return True
    # What is half done is no foundation, whatever the edge says.
    if edge.optional and parent.status.state is init_states.State.FAILED:
        return True
    begun = parent.agrees and parent.status.state in init_states.UNDER_WAY
    started = begun and parent.job is not None and parent.job.started is not None
    return edge.until is Until.STARTED and started


def _is_ready(edge: Edge, parent: NodeScene, probes: Probes) -> bool:
    state = parent.status.state
    if state in _NOT_RUNNING:
        return False
    if state is State.TIMED_OUT and parent.node.on_timeout is OnTimeout.OPEN:
        return True
    if parent.workload is not None and not is_observed(parent.workload):
        return False  # its numbers speak of another spec
    if lost_gates(parent, probes):
        return False
    if edge.min_ready is not None:
        return meets_bar(parent, edge.min_ready) and _has_passed(parent, probes)
    return state in {State.READY, State.DEGRADED} and keeps_bar(parent)


def _has_passed(parent: NodeScene, probes: Probes) -> bool:
    """Whether the node's critical gates have passed: once, if it has been ready before."""
    if parent.status.state in {State.READY, State.DEGRADED}:
        return True
    return all(one.passed for one in critical(parent, probes))
