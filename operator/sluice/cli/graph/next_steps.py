"""What happens to a node next, and what a person can do about it."""

from collections.abc import Mapping
from typing import Final

from sluice.cli.graph.amounts import named
from sluice.cli.views.times import until
from sluice.model.scalars import format_instant
from sluice.startup.edges import unmet
from sluice.startup.events import deadline_of
from sluice.startup.init.states import UNDER_WAY as RUNS
from sluice.startup.moves import Step, listed
from sluice.startup.scene import NodeScene, Scene
from sluice.startup.spec import OnTimeout
from sluice.startup.states import UNDER_WAY, State

_SETTLED: Final[Mapping[State, str]] = {
    State.READY: "nothing: it is never held again",
    State.DEGRADED: "Ready again when pods and critical gates are; look at its pods",
    State.TIMED_OUT: "Ready after all when pods and critical gates are; look at its pods",
}


def next_step(
    scene: Scene, node: NodeScene, coming: Step | None, *, doubtful: bool, program: str
) -> str:
    """Return the next step of a node.

    coming: what the operator is about to write of it, as far as can be told from here.
    doubtful: whether a parent may keep it waiting for a gate that only the operator knows.
    """
    if coming is not None and not doubtful:
        return f"the operator writes {coming.status.state}, because {coming.event}"
    match node.status.state:
        case State.ABSENT:
            return f"create {named(node)}, or remove the node"
        case State.HELD:
            return _out_of_hold(scene, node, doubtful=doubtful, program=program)
        case State.BLOCKED:
            failed = listed([one.edge.parent for one in unmet(scene, node) if one.failed])
            return f"mend {failed}; {_out_of_turn(scene, node, program)}"
        case State.RELEASING:
            return f"the operator takes the hold off; if that lasts: {program} check"
        case State.STARTING | State.GATING:
            return f"Ready when pods and critical gates are{_deadline(scene, node)}"
        case State.FAILED:
            return f"mend {named(node)} and create it anew, which starts it over"
        case _:
            return _SETTLED[node.status.state]


def _out_of_hold(scene: Scene, node: NodeScene, *, doubtful: bool, program: str) -> str:
    graph, turn = scene.own.meta.ref.name, _out_of_turn(scene, node, program)
    if scene.own.faults:
        return f"correct the graph, until then nothing is released; {turn}"
    if unmet(scene, node) or doubtful:
        return f"released when all of these are satisfied; {turn}"
    if scene.own.spec.suspend:
        return f"released after {program} graph resume {graph}"
    return f"released when {free_slot(scene)}"


def free_slot(scene: Scene) -> str:
    """Return what has to be for the next node to start, and who keeps it from it."""
    busy = [one.name for one in scene.nodes.values() if one.status.state in UNDER_WAY]
    busy += [one.name for one in scene.every_init if one.situation.status.state in RUNS]
    limit = scene.own.spec.max_parallel
    return f"one of {limit} slots (maxParallel) is free; taken by {listed(busy)}"


def _out_of_turn(scene: Scene, node: NodeScene, program: str) -> str:
    graph = scene.own.meta.ref.name
    return f"to start it all the same: {program} graph release {graph} {node.name}"


def _deadline(scene: Scene, node: NodeScene) -> str:
    deadline = deadline_of(node)
    if deadline is None:
        return ""
    after = {
        OnTimeout.HOLD: "TimedOut, its children stay held",
        OnTimeout.FAIL: "Failed, its children stay held",
        OnTimeout.OPEN: "TimedOut, its children start all the same",
    }[node.node.on_timeout]
    return f"; otherwise {after}, {until(deadline, scene.now)} ({format_instant(deadline)})"
