"""What the gates say: of one pod, and of a node as a whole.

Counting is the prober's: `passes` and `failures` in a row. `container` and `pods` checks are
levels that the kubelet and the controllers keep by watch; they are not counted again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from sluice.model.cluster import Pod
from sluice.model.probes import HttpProbe, Outcome, Probe, ProbeRun, ProbeWant, TcpProbe
from sluice.startup.hosts import qualified
from sluice.startup.scene import NodeScene
from sluice.startup.spec import ContainerCheck, Gate, HttpCheck, PodsCheck, Scope, TcpCheck
from sluice.startup.workload import available, desired

Probes = Mapping[ProbeWant, ProbeRun]


@dataclass(frozen=True, slots=True)
class Standing:
    """What a gate says now.

    passed: as many passes in a row as it asks for. lost: as many failures in a row.
    Neither: not known well enough to change anything.
    """

    gate: Gate
    passed: bool
    lost: bool
    detail: str


def pod_gates(gates: tuple[Gate, ...]) -> tuple[Gate, ...]:
    """Return the gates that are checked on each pod."""
    return tuple(gate for gate in gates if gate.scope is Scope.POD)


def node_gates(gates: tuple[Gate, ...]) -> tuple[Gate, ...]:
    """Return the gates that are checked once for the node."""
    return tuple(gate for gate in gates if gate.scope is Scope.NODE)


def pod_want(gate: Gate, pod: Pod) -> ProbeWant | None:
    """Return the probe of a gate on a pod; None for a level, and while nothing can be asked."""
    if not pod.address or not pod.containers.instance:
        return None
    host = f"[{pod.address}]" if ":" in pod.address else pod.address
    probe: Probe
    match gate.check:
        case HttpCheck(path, port, _, low, high):
            probe = HttpProbe(f"http://{host}:{port}{path}", low, high, gate.timeout_seconds)
        case TcpCheck(port):
            probe = TcpProbe(pod.address, port, gate.timeout_seconds)
        case _:
            return None
    run = f"{pod.meta.uid}/{pod.containers.instance}"
    return _want(gate, probe, pod.meta.ref.namespace, run)


def node_want(gate: Gate, node: NodeScene) -> ProbeWant | None:
    """Return the probe of a gate on a node; a new UID of the workload counts anew."""
    namespace = node.namespace
    probe: Probe
    match gate.check:
        case HttpCheck(_, _, url, low, high):
            probe = HttpProbe(_in(namespace, url), low, high, gate.timeout_seconds)
        case TcpCheck(port, host):
            probe = TcpProbe(qualified(host, namespace), port, gate.timeout_seconds)
        case _:
            return None
    return _want(gate, probe, namespace, node.status.uid)


def _want(gate: Gate, probe: Probe, namespace: str, run: str) -> ProbeWant:
    return ProbeWant(probe, namespace, run, gate.interval_seconds, gate.passes, gate.failures)


def _in(namespace: str, url: str) -> str:
    """Return the URL with the host's full name: a Service is named as its own namespace does."""
    parts = urlsplit(url)
    host = qualified(parts.hostname or "", namespace)
    host = f"[{host}]" if ":" in host else host
    port = "" if parts.port is None else f":{parts.port}"
    return parts._replace(netloc=f"{host}{port}").geturl()


def pod_standing(gate: Gate, pod: Pod, probes: Probes) -> Standing:
    """Return what a gate says of a pod."""
    if isinstance(gate.check, ContainerCheck):
        # Never lost: the kubelet itself takes traffic from a pod whose containers are not ready.
        ready = pod.containers.ready
        detail = "containers ready" if ready else "containers not ready"
        return Standing(gate, passed=ready, lost=False, detail=detail)
    want = pod_want(gate, pod)
    return _counted(gate, None if want is None else probes.get(want))


def node_standing(gate: Gate, node: NodeScene, probes: Probes) -> Standing:
    """Return what a gate says of a node; a Job may be deleted once it has completed."""
    if isinstance(gate.check, PodsCheck):
        workload = node.workload
        has, total = int(node.status.complete), 1
        if workload is not None:
            has, total = available(workload), desired(workload)
        wants = gate.check.min_ready.of(total)
        return Standing(gate, has >= wants, has < wants, f"{has} of {wants} pods available")
    want = node_want(gate, node)
    return _counted(gate, None if want is None else probes.get(want))


def _counted(gate: Gate, run: ProbeRun | None) -> Standing:
    if run is None or run.outcome is None:
        return Standing(gate, passed=False, lost=False, detail="not asked yet")
    passed, lost = run.passes >= gate.passes, run.failures >= gate.failures
    if run.outcome is Outcome.UNKNOWN:
        detail = f"cannot be asked: {run.detail}"
    elif run.failures:
        detail = f"{run.failures} of {gate.failures} failures in a row: {run.detail}"
    else:
        detail = f"{min(run.passes, gate.passes)} of {gate.passes} passes in a row"
    return Standing(gate, passed, lost, detail)
