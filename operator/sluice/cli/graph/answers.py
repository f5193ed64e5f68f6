"""What gates say, as far as it can be told from here.

Levels (`container`, `pods`) are read off the pods. Answers to http and tcp gates are counted in
the operator's memory and nowhere else; of pods with a readiness gate, the published condition tells
what became of them.
"""

from dataclasses import dataclass
from typing import Final

from sluice.model.cluster import Pod
from sluice.model.json import JsonObject
from sluice.model.scalars import format_duration, format_instant
from sluice.startup.bars import critical
from sluice.startup.gating import is_open
from sluice.startup.health import node_standing, pod_standing
from sluice.startup.scene import NodeScene
from sluice.startup.spec import ContainerCheck, Gate, HttpCheck, PodsCheck, Scope, TcpCheck
from sluice.startup.states import BEFORE_START
from sluice.startup.workload import desired

COUNTED: Final = "counted in the operator, not known here"
_MOST_PODS: Final = 5


@dataclass(frozen=True, slots=True)
class Answer:
    """One gate. passed: None while that cannot be told from here."""

    gate: Gate
    passed: bool | None
    message: str

    def to_json(self) -> JsonObject:
        """Return the gate as data."""
        return {
            "name": self.gate.name,
            "scope": str(self.gate.scope),
            "critical": self.gate.critical,
            "passed": self.passed,
            "message": self.message,
        }


@dataclass(frozen=True, slots=True)
class Published:
    """What a pod's condition sluice.dev/healthy says. since: None before the first."""

    pod: str
    status: str
    reason: str
    message: str
    since: float | None

    def to_json(self) -> JsonObject:
        """Return the condition as data."""
        since = None if self.since is None else format_instant(self.since)
        return {
            "pod": self.pod,
            "status": self.status,
            "reason": self.reason,
            "message": self.message,
            "since": since,
        }


def answers(node: NodeScene) -> tuple[Answer, ...]:
    """Return every gate of a node with its last result."""
    return tuple(_answer(node, gate) for gate in node.node.gates)


def published(node: NodeScene) -> tuple[Published, ...]:
    """Return the conditions of the pods that get no traffic yet, the first few of many."""
    if not node.node.pod_readiness:
        return ()
    shut = [pod for pod in node.gated if not is_open(pod)]
    return tuple(_published(pod) for pod in shut[:_MOST_PODS])


def is_counted(gate: Gate) -> bool:
    """Whether the operator alone knows what the gate says."""
    return isinstance(gate.check, HttpCheck | TcpCheck)


def counted_critical(node: NodeScene) -> tuple[str, ...]:
    """Return the gates that decide about a node itself and of which only the operator knows."""
    return tuple(one.gate.name for one in critical(node, {}) if is_counted(one.gate))


def _answer(node: NodeScene, gate: Gate) -> Answer:
    workload = node.workload
    if workload is None and not (node.status.complete and gate.scope is Scope.NODE):
        return Answer(gate, None, "not asked, the workload is not there")
    if node.status.state in BEFORE_START:
        return Answer(gate, None, "not asked before the node is released")
    if isinstance(gate.check, PodsCheck):
        standing = node_standing(gate, node, {})
        return Answer(gate, standing.passed, f"{standing.detail} now")
    if workload is None or gate.scope is Scope.NODE:
        return Answer(gate, None, f"{_rhythm(gate)}; it is {COUNTED}")
    if isinstance(gate.check, ContainerCheck):
        pods = node.gated if node.node.pod_readiness else node.pods
        return _of_containers(pods, gate, node.node.min_ready.of(desired(workload)))
    if node.node.pod_readiness:
        return _of_gated(node.gated, gate)
    return Answer(gate, None, f"of {len(node.pods)} pods, {_rhythm(gate)}; it is {COUNTED}")


def _of_containers(pods: tuple[Pod, ...], gate: Gate, needed: int) -> Answer:
    ready = sum(pod_standing(gate, pod, {}).passed for pod in pods)
    message = f"containers ready in {ready} of {len(pods)} pods now, {needed} needed"
    return Answer(gate, ready >= needed, message)


def _of_gated(pods: tuple[Pod, ...], gate: Gate) -> Answer:
    """Return what conditions say; each speaks of all critical gates of its pod at once."""
    opened = sum(is_open(pod) for pod in pods)
    message = f"{opened} of {len(pods)} pods have passed"
    if pods and opened == len(pods):
        return Answer(gate, True, message)
    return Answer(gate, None, f"{message}, {_rhythm(gate)}; of the others it is {COUNTED}")


def _rhythm(gate: Gate) -> str:
    return f"{gate.passes} passes in a row needed, every {format_duration(gate.interval_seconds)}"


def _published(pod: Pod) -> Published:
    name, condition = pod.meta.ref.name, pod.gate
    if condition is None:
        return Published(name, "", "", "no condition is published yet", None)
    told = condition.message
    return Published(name, condition.status, condition.reason, told, condition.since)
