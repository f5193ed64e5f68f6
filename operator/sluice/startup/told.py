"""The conditions of a graph: what tools wait for, and what is said to people by their changes."""

from sluice.model.announcing import announced
from sluice.model.conditions import READY, RECONCILING, Claim, Condition, claims_of, merge
from sluice.model.plan import Note
from sluice.model.problems import Stalled
from sluice.model.reasons import Reason
from sluice.startup.findings import findings
from sluice.startup.init_problems import delays, init_problem
from sluice.startup.moves import listed
from sluice.startup.requires import held_updates
from sluice.startup.scene import Scene
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
    if problem := init_problem(scene, nodes):
        return claims_of(problem)
    of_state = {
        state: listed([node.name for node in nodes if node.state is state]) for state in State
    }
    if failed := of_state[State.FAILED]:
        blocked = of_state[State.BLOCKED]
        after = f"; held for it: {blocked}" if blocked else ""
        return claims_of(Stalled(Reason.NODES_FAILED, f"failed: {failed}{after}"))
    counted = f"{status.ready} nodes are ready"
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
    waits = f"{counted}; waiting for {status.waiting_for}{delays(scene)}"
    return _reconciling(Reason.STARTING, waits)


def _reconciling(reason: Reason, message: str) -> tuple[Claim, ...]:
    return (Claim(READY, False, reason, message), Claim(RECONCILING, True, reason, message))


def _covered(scene: Scene) -> Claim:
    found = findings(scene)
    if found:
        return Claim(COVERED, False, Reason.NOT_COVERED, ". ".join(found))
    return Claim(COVERED, True, Reason.COVERED, "every node carries the labels that hold it")
