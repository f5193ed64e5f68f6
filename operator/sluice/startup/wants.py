"""What the next decision about a graph rests on: workloads, Jobs, records, pods and probes."""

from sluice.model.cluster import Pod
from sluice.model.fields import InvalidSpecError
from sluice.model.found import Found
from sluice.model.json import Body, JsonObject, MalformedError
from sluice.model.kind import Descendants, Observation, One, Selection, Wants
from sluice.model.probes import ProbeWant
from sluice.model.references import JOBS, PODS
from sluice.startup.health import node_gates, node_want, pod_gates, pod_want
from sluice.startup.hosts import host_of, is_allowed
from sluice.startup.inits import init_selections, init_wholes
from sluice.startup.own import Own
from sluice.startup.scene import NodeScene, Scene, lost_wants, read_scene
from sluice.startup.spec import Gate
from sluice.startup.states import BEFORE_START


def wants(body: JsonObject, found: Found, allowed: tuple[str, ...] = ()) -> Wants:
    """Return the wants; called again with what was found until nothing is added.

    allowed: hosts besides the namespace's Services that gates may ask.
    """
    try:
        own = Own.from_body(Body(body), allowed)
    except (InvalidSpecError, MalformedError):
        return Wants()
    scene = read_scene(own, Observation(0.0, {}, found))
    return Wants(
        selections=_selections(own, found),
        wholes=init_wholes(scene),
        probes=_probes(own, scene),
    )


def _selections(own: Own, found: Found) -> tuple[Selection, ...]:
    refs = [own.workload_ref(node) for node in own.spec.nodes]
    pods = [Descendants(PODS, ref) for ref in refs if ref.resource != JOBS]
    inits = (*init_selections(own, found), *lost_wants(own, found))
    return (*map(One, refs), *pods, *own.labelled_workloads, own.labelled_pods, *inits)


def _probes(own: Own, scene: Scene) -> tuple[ProbeWant, ...]:
    found_wants: dict[ProbeWant, None] = {}
    for node in scene.nodes.values():
        for want in _of_node(own, node):
            found_wants[want] = None
    return tuple(found_wants)


def _of_node(own: Own, node: NodeScene) -> list[ProbeWant]:
    """Return the probes of a node: those of the node as a whole once it has been let go."""
    started = node.status.state not in BEFORE_START and not node.is_new
    of_node = node_gates(node.node.gates) if started else ()
    asked = [node_want(gate, node) for gate in of_node if _may_ask(own, gate)]
    for pod in _asked_pods(node, started=started):
        asked += [pod_want(gate, pod) for gate in pod_gates(node.node.gates)]
    return [want for want in asked if want is not None]


def _asked_pods(node: NodeScene, *, started: bool) -> list[Pod]:
    # Pods that wait for traffic are asked whatever becomes of the workload: they may be a canary's,
    # or older than the hold (adopted by a workload that was created anew).
    pods = node.gated if node.node.pod_readiness else node.pods if started else ()
    return [pod for pod in pods if _runs(pod)]


def _runs(pod: Pod) -> bool:
    return pod.containers.started and not pod.meta.deleting


def _may_ask(own: Own, gate: Gate) -> bool:
    host = host_of(gate.check)
    return not host or is_allowed(host, own.meta.ref.namespace, own.allowed)
