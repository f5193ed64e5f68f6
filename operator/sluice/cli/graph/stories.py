"""Why a node is where it is: unmet parents, gates, numbers, and what is next; pure.

Decided by the functions by which the operator decides, on a scene in which no probe was asked.
"""

from dataclasses import dataclass

from sluice.cli.graph.amounts import amount, named, started
from sluice.cli.graph.answers import (
    COUNTED,
    Answer,
    Published,
    answers,
    counted_critical,
    is_counted,
    published,
)
from sluice.cli.graph.next_steps import next_step
from sluice.cli.views.times import age
from sluice.model.json import JsonObject
from sluice.model.scalars import format_instant
from sluice.startup.bars import critical, meets_bar
from sluice.startup.edges import unmet
from sluice.startup.moves import Step, steps
from sluice.startup.scene import NodeScene, Scene
from sluice.startup.spec import Edge, Until
from sluice.startup.states import BEFORE_RELEASE, BEFORE_START, State


@dataclass(frozen=True, slots=True)
class Parent:
    """An edge that keeps a node waiting, or may do so.

    met: False, or None where that rests on answers that only the operator knows.
    """

    name: str
    until: str
    optional: bool
    met: bool | None
    message: str

    def to_json(self) -> JsonObject:
        """Return the edge as data."""
        return {
            "node": self.name,
            "until": self.until,
            "optional": self.optional,
            "satisfied": self.met,
            "message": self.message,
        }


@dataclass(frozen=True, slots=True)
class Story:
    """One node. since: None before the operator has seen it. told: what its status says."""

    name: str
    state: State
    since: float | None
    workload: str
    amount: str
    told: str
    parents: tuple[Parent, ...]
    gates: tuple[Answer, ...]
    pods: tuple[Published, ...]
    following: str

    def to_json(self) -> JsonObject:
        """Return the node as data."""
        return {
            "name": self.name,
            "state": str(self.state),
            "since": None if self.since is None else format_instant(self.since),
            "workload": self.workload,
            "amount": self.amount,
            "message": self.told,
            "waitsFor": [parent.to_json() for parent in self.parents],
            "gates": [gate.to_json() for gate in self.gates],
            "pods": [pod.to_json() for pod in self.pods],
            "next": self.following,
        }


def stories(scene: Scene, program: str, name: str = "") -> tuple[Story, ...]:
    """Return the stories of all nodes that are not Ready, or of the one that is named."""
    coming = {step.name: step for step in steps(scene)}
    return tuple(
        _story(scene, node, coming.get(node.name), program)
        for node in scene.nodes.values()
        if (node.name == name if name else node.status.state is not State.READY)
    )


def _story(scene: Scene, node: NodeScene, coming: Step | None, program: str) -> Story:
    status = node.status
    parents = _parents(scene, node) if status.state in BEFORE_RELEASE else ()
    doubtful = any(parent.met is None for parent in parents)
    return Story(
        name=node.name,
        state=status.state,
        since=status.since or None,
        workload=named(node),
        amount=amount(node, scene.now),
        told=status.message,
        parents=parents,
        gates=answers(node),
        pods=published(node),
        following=next_step(scene, node, coming, doubtful=doubtful, program=program),
    )


def _parents(scene: Scene, node: NodeScene) -> tuple[Parent, ...]:
    """Return the edges that are not satisfied, in the order of the spec."""
    missing = {one.edge.parent for one in unmet(scene, node)}
    found = []
    for edge in node.node.depends_on:
        parent = scene.nodes.get(edge.parent)
        if parent is None:
            found.append(_parent(edge, "is no node of this graph", met=False))
            continue
        met = _met(edge, parent, missing=edge.parent in missing)
        if met is not True:
            found.append(_parent(edge, _where(scene, parent, edge), met=met))
    return tuple(found)


def _met(edge: Edge, parent: NodeScene, *, missing: bool) -> bool | None:
    """Return whether a parent suffices, None if that rests on gates that are counted elsewhere.

    missing: whether it does not, as long as no such gate has been asked.
    """
    if edge.until is not Until.READY or not counted_critical(parent):
        return not missing
    if not missing:
        # It has lost something that is not to be seen here: such a gate, or pods that are back.
        return None if parent.status.state is State.DEGRADED else True
    rests = all(one.passed or is_counted(one.gate) for one in critical(parent, {}))
    enough = edge.min_ready is not None and meets_bar(parent, edge.min_ready)
    running = parent.status.state not in BEFORE_START | {State.FAILED} and not parent.is_new
    return None if running and enough and rests else False


def _parent(edge: Edge, message: str, *, met: bool | None) -> Parent:
    return Parent(edge.parent, str(edge.until), edge.optional, met, message)


def _where(scene: Scene, parent: NodeScene, edge: Edge) -> str:
    """Return how far a parent has come, by what the edge asks for."""
    state, since = parent.status.state, parent.status.since
    is_ = f"has been {state} for {age(since, scene.now)}" if since else f"is {state}"
    if edge.until is Until.STARTED:
        reached = started(parent, scene.now)
    else:
        reached = amount(parent, scene.now, edge.min_ready)
    if parent.is_new:
        return f"{is_}, {reached}; the operator has not looked at this workload yet"
    gates = () if edge.until is not Until.READY or state in BEFORE_START else answers(parent)
    waiting = (_of_gate(one) for one in gates if one.gate.critical and one.passed is not True)
    return "; ".join((f"{is_}, {reached}", *waiting))


def _of_gate(answer: Answer) -> str:
    state = "has not passed" if answer.passed is False else f"is {COUNTED}"
    return f"its gate {answer.gate.name} {state}"
