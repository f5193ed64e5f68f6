"""The conditions of a graph: what tools wait for, and what is said to people by their changes."""

from collections.abc import Mapping
from typing import Final

from sluice.model.announcing import announced
from sluice.model.conditions import READY, RECONCILING, Claim, Condition, claims_of, merge
from sluice.model.plan import Note
from sluice.model.problems import Stalled
from sluice.model.reasons import Reason
from sluice.startup.findings import findings
from sluice.startup.init.due import may_leave
from sluice.startup.init.events import verdict
from sluice.startup.init.states import State as InitState
from sluice.startup.init.stays import Stay
from sluice.startup.moves import listed
from sluice.startup.requires import held_updates
from sluice.startup.scene import InitScene, Scene
from sluice.startup.states import State
from sluice.startup.status import GraphStatus, NodeStatus, Phase

COVERED = "Covered"
_TOLD_BY_STEPS = frozenset(
    {
        Reason.STARTING,
        Reason.NODES_READY,
        Reason.NODES_DEGRADED,
        Reason.NODES_TIMED_OUT,
        Reason.NODES_FAILED,
        Reason.COVERED,
        Reason.INIT_DIRTY,
        Reason.INIT_MISMATCH,
        Reason.INIT_FAILED,
    }
)


def notes_of(
    before: GraphStatus, after: GraphStatus, notes: tuple[Note, ...] = ()
) -> tuple[Note, ...]:
    """Return the notes of a write, with those of conditions whose reason it changes."""
    types = (READY, COVERED)
    return announced(before.conditions, after.conditions, types, _TOLD_BY_STEPS, notes)


def conditions(scene: Scene, status: GraphStatus, nodes: list[NodeStatus]) -> tuple[Condition, ...]:
    """Return the conditions of a graph whose nodes are as given, with one status for all of it."""
    claims = (*_kstatus(scene, status, nodes), _covered(scene))
    generation = scene.own.meta.generation
    return merge(scene.status.conditions, claims, scene.now, generation)


def _kstatus(scene: Scene, status: GraphStatus, nodes: list[NodeStatus]) -> tuple[Claim, ...]:
    if scene.own.faults:
        goes_on = ". Until then nothing is released, and the spec of before goes on"
        after = goes_on if scene.own.applied else ""
        return claims_of(Stalled(Reason.INVALID_GRAPH, ". ".join(scene.own.faults) + after))
    if stuck := _stuck(scene, nodes):
        return claims_of(stuck)
    of_state = {
        state: listed([node.name for node in nodes if node.state is state]) for state in State
    }
    if failed := of_state[State.FAILED]:
        blocked = of_state[State.BLOCKED]
        after = f"; held for it: {blocked}" if blocked else ""
        return claims_of(Stalled(Reason.NODES_FAILED, f"failed: {failed}{after}"))
    counted = f"{status.ready} nodes are ready"
    if scene.own.meta.deleting:
        running = listed([one.name for one in scene.every_init if not may_leave(one.situation)])
        return _reconciling(Reason.DELETION_WAITS, f"waits until the end of {running} is recorded")
    if status.phase is Phase.STARTING and (updates := held_updates(scene)):
        held = f"{counted}; new versions are held: {listed(list(updates))}"
        return _reconciling(Reason.AWAITS_RECORD, held)
    if status.phase is Phase.READY:
        return (Claim(READY, True, Reason.NODES_READY, counted),)
    if late := of_state[State.TIMED_OUT]:
        return _reconciling(Reason.NODES_TIMED_OUT, f"{counted}; not ready in time: {late}")
    if lost := of_state[State.DEGRADED]:
        return _reconciling(Reason.NODES_DEGRADED, f"{counted}; not ready any more: {lost}")
    if scene.own.spec.suspend:
        return _reconciling(Reason.SUSPENDED, f"{counted}; suspended: nothing more is released")
    return _reconciling(Reason.STARTING, f"{counted}; waiting for {status.waiting_for}")


def _stuck(scene: Scene, nodes: list[NodeStatus]) -> Stalled | None:
    """Return what a person has to do for init nodes, the first reason of all that there are."""
    inits = tuple(scene.inits.values())
    for one in inits:
        if problem := one.situation.record.problem:
            return problem
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


_STUCK: Final[Mapping[InitState, Reason]] = {
    InitState.DIRTY: Reason.INIT_DIRTY,
    InitState.MISMATCH: Reason.INIT_MISMATCH,
    InitState.FAILED: Reason.INIT_FAILED,
}


def _reconciling(reason: Reason, message: str) -> tuple[Claim, ...]:
    return (Claim(READY, False, reason, message), Claim(RECONCILING, True, reason, message))


def _covered(scene: Scene) -> Claim:
    found = findings(scene)
    if found:
        return Claim(COVERED, False, Reason.NOT_COVERED, ". ".join(found))
    return Claim(COVERED, True, Reason.COVERED, "every node carries the labels that hold it")
