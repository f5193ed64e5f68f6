"""What of its init nodes keeps a graph from being ready until a person, or time, resolves it."""

from collections.abc import Mapping
from typing import Final

from sluice.model.problems import Problem, Stalled, Waiting
from sluice.model.reasons import Reason
from sluice.startup.init.due import may_leave
from sluice.startup.init.events import verdict
from sluice.startup.init.states import UNDER_WAY
from sluice.startup.init.states import State as InitState
from sluice.startup.init.stays import Stay
from sluice.startup.moves import listed
from sluice.startup.scene import InitScene, Scene
from sluice.startup.states import State
from sluice.startup.status import NodeStatus

_STUCK: Final[Mapping[InitState, Reason]] = {
    InitState.DIRTY: Reason.INIT_DIRTY,
    InitState.MISMATCH: Reason.INIT_MISMATCH,
    InitState.FAILED: Reason.INIT_FAILED,
}


def init_problem(scene: Scene, nodes: list[NodeStatus]) -> Problem | None:
    """Return the first problem of the init nodes; nodes: of the workloads, as they are written."""
    return _unreadable(scene) or _leaving(scene) or _stuck(scene, nodes)


def _unreadable(scene: Scene) -> Stalled | None:
    problems = (one.situation.record.problem for one in scene.every_init)
    return next((problem for problem in problems if problem is not None), None)


def _leaving(scene: Scene) -> Waiting | None:
    if not scene.own.meta.deleting:
        return None
    running = [one.name for one in scene.every_init if not may_leave(one.situation)]
    what = f"waits until the end of {listed(running)} is recorded{delays(scene)}"
    return Waiting(Reason.DELETION_WAITS, what)


def delays(scene: Scene) -> str:
    """Return what keeps runs from their end, as the rest of a sentence; empty if nothing does."""
    kept = [
        f"; {one.name}: {one.situation.status.reasons[0]}"
        for one in scene.every_init
        if one.situation.status.state in UNDER_WAY and one.situation.status.reasons
    ]
    return "".join(kept)


def _stuck(scene: Scene, nodes: list[NodeStatus]) -> Stalled | None:
    inits = tuple(scene.inits.values())
    blocked = [node.name for node in nodes if node.state is State.BLOCKED]
    blocked += [one.name for one in inits if one.situation.status.state is InitState.BLOCKED]
    after = f". Held for it: {listed(blocked)}" if blocked else ""
    for state, reason in _STUCK.items():
        found = [one for one in inits if one.situation.status.state is state]
        if found:
            return Stalled(reason, ". ".join(_why(one) for one in found) + after)
    return None


def _why(one: InitScene) -> str:
    found = verdict(one.situation)
    texts = (found.why, found.next_step) if isinstance(found, Stay) else ()
    return f"{one.name}: {'; '.join(text for text in texts if text)}"
