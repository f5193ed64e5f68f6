"""Why a node is where it is: unmet parents, gates, numbers, and what is next; pure.

Decided by the functions by which the operator decides, on a scene in which no probe was asked.
"""

from dataclasses import dataclass

from sluice.cli.graph.amounts import amount, named
from sluice.cli.graph.answers import Answer, Published, answers, published
from sluice.cli.graph.next_steps import next_step
from sluice.cli.graph.parents import Parent, parents
from sluice.model.json import JsonObject
from sluice.model.scalars import format_instant
from sluice.startup.moves import Step, steps
from sluice.startup.scene import NodeScene, Scene
from sluice.startup.states import BEFORE_RELEASE, State


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
    waits = parents(scene, node) if status.state in BEFORE_RELEASE else ()
    doubtful = any(parent.met is None for parent in waits)
    return Story(
        name=node.name,
        state=status.state,
        since=status.since or None,
        workload=named(node),
        amount=amount(node, scene.now),
        told=status.message,
        parents=waits,
        gates=answers(node),
        pods=published(node),
        following=next_step(scene, node, coming, doubtful=doubtful, program=program),
    )
