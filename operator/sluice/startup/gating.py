"""The readiness gate of each pod: what it should say, and the patches that make it say so.

Level-triggered, with no stage in status: what is wanted follows from the containers that run now,
the runs of probe answers, and the condition that is published (which survives a restart of ours).
"""

from dataclasses import dataclass

from sluice.model.cluster import Pod
from sluice.model.conditions import Status
from sluice.model.names import HEALTHY_GATE
from sluice.model.plan import Action, Merge
from sluice.model.scalars import format_instant
from sluice.startup.health import Probes, Standing, pod_gates, pod_standing
from sluice.startup.scene import NodeScene, Scene
from sluice.startup.spec import Node

_MESSAGE_LIMIT = 1024
OPEN, PASSED, FAILED, RESTARTED = "Open", "GatesPassed", "GateFailed", "ContainersRestarted"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a pod's condition should be. by_probe: it is a probe's word that takes it to False."""

    holds: bool
    reason: str
    message: str
    by_probe: bool = False


def gate_patches(scene: Scene) -> tuple[Action, ...]:
    """Return the patches of all pods whose condition is not what it should be."""
    opened = tuple(
        _patch(pod, _opened("no node of the graph has this name"), scene.now)
        for pod in scene.loose_pods
        if not is_open(pod)
    )
    return opened + tuple(patch for node in scene.nodes.values() for patch in _of_node(scene, node))


def open_all(pods: tuple[Pod, ...], why: str, now: float) -> tuple[Action, ...]:
    """Return the patches that open the gates of pods that nobody judges any more."""
    return tuple(_patch(pod, _opened(why), now) for pod in pods if not is_open(pod))


def is_open(pod: Pod) -> bool:
    """Whether our readiness gate lets traffic to the pod."""
    return pod.gate is not None and pod.gate.status == Status.TRUE


def _of_node(scene: Scene, node: NodeScene) -> tuple[Action, ...]:
    if not node.node.pod_readiness:
        return open_all(node.gated, "the node asks for no podReadiness", scene.now)
    wishes = [(pod, wanted(node.node, pod, scene.probes)) for pod in node.gated]
    kept = node.node.min_available.of(len(wishes))
    allowed = sum(is_open(pod) for pod in node.gated) - kept
    patches = []
    # What is certain (a restart) goes first and uses up what the probes may still take away.
    for pod, wish in sorted(wishes, key=lambda item: item[1] is not None and item[1].by_probe):
        if wish is None:
            continue
        if is_open(pod) and not wish.holds:
            allowed -= 1
            if wish.by_probe and allowed < 0:
                continue
        patches.append(_patch(pod, wish, scene.now))
    return tuple(patches)


def wanted(node: Node, pod: Pod, probes: Probes) -> Wanted | None:
    """Return what the condition should become, None if it may stay as it is."""
    instance, published = pod.containers.instance, pod.gate
    standings = [pod_standing(gate, pod, probes) for gate in pod_gates(node.gates)]
    critical = [standing for standing in standings if standing.gate.critical]
    passed = None
    if instance and all(standing.passed for standing in critical):
        passed = Wanted(True, PASSED, f"{_text(standings)} [{instance}]")
    if published is None or not is_open(pod):
        return passed
    # Opened when nobody judged it: it stays open until its gates have spoken, one way or the other.
    unjudged = published.reason == OPEN
    if unjudged and passed is not None:
        return passed
    if not unjudged and not (instance and published.message.endswith(f"[{instance}]")):
        return Wanted(False, RESTARTED, "its containers are not those that passed the gates")
    lost = [standing for standing in critical if standing.lost]
    return Wanted(False, FAILED, _text(lost), by_probe=True) if lost else None


def _opened(why: str) -> Wanted:
    return Wanted(True, OPEN, why)


def _text(standings: list[Standing]) -> str:
    return "; ".join(f"{standing.gate.name}: {standing.detail}" for standing in standings)


def _patch(pod: Pod, wish: Wanted, now: float) -> Merge:
    status = str(Status.TRUE if wish.holds else Status.FALSE)
    changed = pod.gate is None or pod.gate.status != status
    since = now if changed or pod.gate is None else pod.gate.since
    condition = {
        "type": HEALTHY_GATE,
        "status": status,
        "reason": wish.reason,
        "message": wish.message[-_MESSAGE_LIMIT:],
        "lastTransitionTime": format_instant(since),
    }
    ref = pod.meta.ref
    return Merge(str(ref), ref, pod.meta.uid, {"status": {"conditions": [condition]}}, "status")
