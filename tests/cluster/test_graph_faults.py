"""Graphs when something breaks: the operator, its network, its rights, or the people around it."""

import asyncio
import json
import os
import signal
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pytest

from sluice.adapters.connection import connect
from sluice.adapters.kube import KubeClient
from sluice.engine.announcer import EVENTS
from sluice.engine.metrics import Metrics
from sluice.engine.registers import Pruning
from sluice.engine.writer import Writer
from sluice.model.json import Body, JsonObject
from sluice.model.names import GRAPH_LABEL, HEALTHY_GATE, HOLDERS, NODE_LABEL
from sluice.model.reasons import Reason
from sluice.model.references import DEPLOYMENTS, STARTUPGRAPHS, STATEFULSETS
from sluice.startup.release import released_register
from sluice.startup.states import State
from tests.cluster.audit import OPERATOR, AuditLog
from tests.cluster.ensemble import (
    GRAPH,
    Ensemble,
    condition,
    deployment,
    ensemble,
    job,
    node,
    statefulset,
    transition,
)
from tests.cluster.kubectl import Kubectl
from tests.cluster.pod_processes import processes_of
from tests.cluster.shop import Cluster
from tests.cluster.sluice_process import SluiceProcess
from tests.cluster.test_graph_gates import gate, gated
from tests.manifest_files import MANIFESTS

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]

SET: Final = "StatefulSet"
POLICIES: Final = tuple(
    f"sluice-startup-{name}" for name in ("hold", "keep", "readiness", "scheduling")
)
STATES: Final = (State.HELD, State.RELEASING, State.STARTING, State.GATING, State.READY)


async def test_the_operator_is_killed_in_every_state_and_nothing_starts_twice(
    cluster: Cluster, sluice: SluiceProcess
) -> None:
    await sluice.ready()
    async with ensemble(cluster) as town:
        await town.graph(
            node("migrate", kind="Job"),
            node("db", "migrate", kind="StatefulSet"),
            node("api", "db", gates=[gate(interval="2s")]),
            node("web", "api"),
        )
        killing = asyncio.create_task(_kill_at_each(town, sluice, "api"))
        await town.deploy(deployment("web"), deployment("api"), statefulset("db"), job("migrate"))

        await town.all_ready(within=240)

        await killing
        assert {len(town.chronicle.sets[name]) for name in ("api", "web")} == {1}
        assert len(town.chronicle.jobs["migrate"]) == 1
        assert town.chronicle.released["api"] > town.chronicle.first("db", State.READY)
        assert town.chronicle.released["web"] > town.chronicle.first("api", State.READY)


async def _kill_at_each(town: Ensemble, sluice: SluiceProcess, name: str) -> None:
    for state in STATES:
        await town.chronicle.until(
            lambda: state in town.chronicle.states(name),  # noqa: B023 - awaited at once
            120,
            f"{name} {state}",
        )
        sluice.kill_and_restart()
        await sluice.ready()


async def test_all_containers_die_and_the_operator_with_them(
    cluster: Cluster, sluice: SluiceProcess
) -> None:
    await sluice.ready()
    async with ensemble(cluster) as town:
        await town.graph(gated("api"), node("web", "api"))
        await town.deploy(deployment("api", replicas=3), deployment("web"))
        await town.all_ready()
        opened = {
            pod.text("metadata", "uid"): transition(pod, HEALTHY_GATE) for pod in town.pods("api")
        }
        restarts = [_restarts(pod) for pod in town.pods("api")]
        assert restarts == [0, 0, 0]

        for pod in town.pods("api"):
            _kill_containers(pod)
        sluice.kill()
        await town.chronicle.until(
            lambda: all(_restarts(pod) == 1 for pod in town.pods("api")), 60, "restarts"
        )
        sluice.start()

        # No deadlock: every gate was closed for the new containers, and opens by their passes.
        def passed_anew() -> bool:
            return town.gates("api") == ["True"] * 3 and all(
                transition(pod, HEALTHY_GATE) > opened[pod.text("metadata", "uid")]
                for pod in town.pods("api")
            )

        await town.chronicle.until(passed_anew, 90, "gates that passed anew")
        await town.all_ready()


def _restarts(pod: Body) -> int:
    statuses = pod.bodies("status", "containerStatuses")
    return sum(status.whole("restartCount", default=0) for status in statuses)


def _kill_containers(pod: Body) -> None:
    """End the containers of a pod as the kernel's out-of-memory killer would."""
    for process in processes_of(pod.text("metadata", "uid"), "faulty"):
        os.kill(process, signal.SIGKILL)


async def test_no_pod_flips_when_the_operators_own_network_is_cut(
    cluster: Cluster, sluice: SluiceProcess
) -> None:
    await sluice.ready()
    async with ensemble(cluster) as town:
        await town.graph(gated("api"), gated("web"))
        # No readiness probe: the cut hits everything that this machine sends to the pods.
        await town.deploy(_unprobed("api", 3), _unprobed("web", 2))
        await town.all_ready()
        addresses = [
            pod.text("status", "podIP") for name in ("api", "web") for pod in town.pods(name)
        ]

        with no_way_to(addresses):
            await town.chronicle.stays(
                lambda: {*town.gates("api"), *town.gates("web")} == {"True"}, 30, "open"
            )
        await town.stays("api", State.READY, 5)


def _unprobed(name: str, replicas: int) -> JsonObject:
    found = Body(deployment(name, replicas))
    template = found.body("spec", "template")
    (container,) = template.bodies("spec", "containers")
    bare = {key: value for key, value in container.value.items() if key != "readinessProbe"}
    pod = {**template.body("spec").value, "containers": [bare]}
    changed = {**template.value, "spec": pod}
    return {**found.value, "spec": {**found.body("spec").value, "template": changed}}


@contextmanager
def no_way_to(addresses: list[str]) -> Iterator[None]:
    """Drop what this machine's processes send to the addresses, as a broken network would."""
    table = "sluice_tests"
    rules = (
        f"add table ip {table}",
        f"add chain ip {table} out {{ type filter hook output priority 0; }}",
        f"add rule ip {table} out ip daddr {{ {', '.join(addresses)} }} tcp dport 8080 drop",
    )
    subprocess.run(["nft", "-f", "-"], input="\n".join(rules), text=True, check=True)
    try:
        yield
    finally:
        subprocess.run(["nft", "delete", "table", "ip", table], check=True)


async def test_one_node_that_may_not_be_released_stops_nobody_else(
    cluster: Cluster, kubectl: Kubectl
) -> None:
    async with ensemble(cluster) as town:
        names = [f"leaf-{number}" for number in range(6)]
        await town.graph(node("root"), *(node(name, "root") for name in names))
        await town.deploy(*(deployment(name) for name in names))
        with _forbidden(kubectl, town.namespace, "leaf-3"):
            write = ("annotate", "deployment/leaf-3", "trial=1", "-n", town.namespace)
            trial = (*write, "--dry-run=server", f"--as={OPERATOR}")
            await town.chronicle.until(
                lambda: not kubectl.ask(*trial).succeeded, 30, "policy that is in force"
            )
            await town.deploy(deployment("root"))
            for name in ("root", *(one for one in names if one != "leaf-3")):
                await town.at(name, State.READY)
            await town.chronicle.until(
                lambda: "leaf-3" in _stalled(town), 60, "Stalled condition that names leaf-3"
            )
            assert town.chronicle.status.node("leaf-3").state is State.RELEASING
            assert "leaf-3" not in town.chronicle.sets

        await town.all_ready()


def _stalled(town: Ensemble) -> str:
    return " ".join(
        one.message for one in town.chronicle.status.conditions if one.type == "Stalled"
    )


@contextmanager
def _forbidden(kubectl: Kubectl, namespace: str, name: str) -> Iterator[None]:
    """Have the API server refuse the operator's writes to one Deployment."""
    policy: JsonObject = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": namespace},
        "spec": {
            "matchConstraints": {
                "resourceRules": [
                    {
                        "apiGroups": ["apps"],
                        "apiVersions": ["v1"],
                        "operations": ["UPDATE"],
                        "resources": ["deployments"],
                        "resourceNames": [name],
                    }
                ]
            },
            "validations": [
                {
                    "expression": f"request.userInfo.username != '{OPERATOR}'",
                    "message": f"nobody may release {name}",
                    "reason": "Forbidden",
                }
            ],
        },
    }
    binding: JsonObject = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": namespace},
        "spec": {
            "policyName": namespace,
            "validationActions": ["Deny"],
            "matchResources": {
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
            },
        },
    }
    for manifest in (policy, binding):
        kubectl("apply", "-f", "-", manifest=manifest)
    try:
        yield
    finally:
        for kind in ("validatingadmissionpolicybinding", "validatingadmissionpolicy"):
            kubectl("delete", kind, namespace)


async def events_are_posted(town: Ensemble, ending: str, of: set[str]) -> None:
    """Return once the events that end so have named all these nodes; the last come after status."""
    async with asyncio.timeout(30):
        while True:
            notes = [event.text("note") for event in await town.api.list(EVENTS, town.namespace)]
            found = (note.removesuffix(f": {ending}").split(", ") for note in notes)
            if of <= {name for names in found for name in names}:
                return


@pytest.mark.usefixtures("alone")
async def test_a_graph_at_rest_costs_the_api_server_nothing(cluster: Cluster) -> None:
    async with ensemble(cluster) as town:
        await town.graph(gated("api"), node("web", "api"), node("set", kind="StatefulSet"))
        await town.deploy(deployment("api", 2), deployment("web"), statefulset("set"))
        await town.all_ready()
        await events_are_posted(town, "ready", of={"api", "web", "set"})

        log = AuditLog.from_now()
        await town.stays("api", State.READY, 60)

        # The namespace of the test before may still be on its way out.
        here = [one for one in log.operator_writes() if one.namespace == town.namespace]
        assert here == []


@pytest.mark.usefixtures("alone")
async def test_uninstalling_opens_every_gate_and_lets_everything_go(
    cluster: Cluster, kubectl: Kubectl
) -> None:
    async with ensemble(cluster) as town:
        await town.graph(gated("shut"), node("db"), node("api", "db"), node("set", "db", kind=SET))
        await town.deploy(
            deployment("shut", env={"GATE": "F"}), deployment("api"), statefulset("set", 1)
        )
        await town.at("api", State.HELD)
        await town.at("set", State.HELD)
        await town.chronicle.until(lambda: bool(town.pods("shut")), 60, "pod of shut")

        # As docs/startupgraph.md says: the policies first, so that nothing new is held or gated.
        try:
            _switch_off_the_policies(kubectl)
            await town.chronicle.until(lambda: not gates_a_trial(kubectl), 30, "pod without gates")
            kubectl("delete", "startupgraphs", "--all", "-n", town.namespace, "--timeout=60s")
            await town.chronicle.until(
                lambda: _ready(town, "shut") == _ready(town, "api") == _ready(town, "set") == 1,
                90,
                "one Ready pod each",
            )
        finally:
            where = str(MANIFESTS / "prerequisites")
            kubectl("apply", "--server-side", "--force-conflicts", "-k", where)
            await town.chronicle.until(lambda: gates_a_trial(kubectl), 30, "pod with gates")
        left = town.chronicle.get(DEPLOYMENTS, "api")
        assert HOLDERS not in left.labels("metadata", "annotations")
        assert not left.flag("spec", "paused", default=False)


def _switch_off_the_policies(kubectl: Kubectl) -> None:
    """Bind the policies to no namespace; the manifests, applied anew, bind them again.

    Not by deletion: once no binding names a ConfigMap, the API server never again hears of changes
    of it until it is restarted (kubernetes/kubernetes#130887), and the other tests need it.
    """
    nowhere = [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["nowhere"]}]
    path = "/spec/matchResources/namespaceSelector/matchExpressions"
    patch = json.dumps([{"op": "replace", "path": path, "value": nowhere}])
    for name in POLICIES:
        kubectl("patch", "mutatingadmissionpolicybinding", name, "--type=json", "-p", patch)


def gates_a_trial(kubectl: Kubectl) -> bool:
    """Tell whether a labelled pod would get a readiness gate."""
    labels = f"--labels={GRAPH_LABEL}=trial,{NODE_LABEL}=trial"
    show = ("--dry-run=server", "-o", "jsonpath={.spec.readinessGates}")
    return bool(kubectl("run", "trial", "--image=trial", "-n", "default", labels, *show))


def _ready(town: Ensemble, name: str) -> int:
    found = (condition(pod, "Ready").text("status", default="") for pod in town.pods(name))
    return sum(status == "True" for status in found)


@pytest.mark.usefixtures("alone")
async def test_a_missing_list_of_released_sets_is_told_and_the_set_starts_once_it_is_back(
    cluster: Cluster, kubectl: Kubectl
) -> None:
    listed = ("configmap/sluice-released", "-n", "sluice-system")
    async with ensemble(cluster) as town:
        await town.graph(node("db"), node("set", "db", kind=SET))
        await town.deploy(statefulset("set", 1))
        await town.chronicle.until(lambda: bool(town.pods("set")), 60, "pod of set")
        found = Body(json.loads(kubectl("get", *listed, "-o", "json")))
        kubectl("delete", *listed)
        try:
            await town.deploy(deployment("db"))
            await town.chronicle.until(
                lambda: "ConfigMap sluice-system/sluice-released does not exist" in _stalled(town),
                60,
                "Stalled condition that names the list",
            )
            assert town.chronicle.status.node("set").state is State.RELEASING
            assert _ready(town, "set") == 0
        finally:
            meta = found.body("metadata")
            kept = {"name": meta.text("name"), "namespace": meta.text("namespace")}
            labels = dict(meta.labels("labels"))
            again: JsonObject = {**found.value, "metadata": {**kept, "labels": labels}}
            # Not applied: the next `apply` of the manifests would take the UIDs away as its own.
            kubectl("create", "-f", "-", manifest=again)

        await town.all_ready()
        assert _ready(town, "set") == 1


async def test_the_list_of_released_sets_forgets_those_that_are_gone(cluster: Cluster) -> None:
    released = released_register("sluice-system")
    client = KubeClient(await connect(cluster.kubeconfig, None))
    pruning = Pruning(client, Writer(client, lambda: True, Metrics()), released)
    async with ensemble(cluster) as town:
        await town.graph(node("set", kind=SET))
        await town.deploy(statefulset("set", 1))
        await town.all_ready()
        uid = town.chronicle.get(STATEFULSETS, "set").text("metadata", "uid")
        gone = str(uuid.uuid4())
        await town.api.merge(released.ref, {"data": {gone: "StatefulSet nowhere/gone"}})

        try:
            await pruning.prune()
        finally:
            await client.close()

        listed = (await town.api.get(released.ref)).labels("data")
        assert uid in listed
        assert gone not in listed


async def test_two_graphs_on_one_workload(cluster: Cluster) -> None:
    async with ensemble(cluster) as town:
        await town.graph(node("db"), node("api", "db"))
        await town.deploy(deployment("api"))
        await town.at("api", State.HELD)
        rival: JsonObject = {
            "apiVersion": "sluice.dev/v1alpha1",
            "kind": "StartupGraph",
            "metadata": {"name": "rival"},
            "spec": {"nodes": [node("api")]},
        }

        await town.api.create(STARTUPGRAPHS, town.namespace, rival)

        def told() -> str:
            status = town.chronicle.get(STARTUPGRAPHS, "rival").body("status")
            return " ".join(one.text("message") for one in status.bodies("conditions"))

        await town.chronicle.until(lambda: GRAPH in told(), 30, f"word of {GRAPH}")
        await town.stays("api", State.HELD, 3)
        annotations = town.chronicle.get(DEPLOYMENTS, "api").labels("metadata", "annotations")
        assert annotations[HOLDERS] == "startup"


async def test_a_workload_whose_graph_never_comes_is_let_go(cluster: Cluster) -> None:
    async with ensemble(cluster) as town:
        await town.deploy(deployment("api"), job("migrate"))
        await town.chronicle.stays(lambda: not town.pods("api"), 20, "held")

        def runs() -> bool:
            return any(
                condition(pod, "Ready").text("status", default="") == "True"
                for pod in town.pods("api")
            )

        # After two minutes the workload is let go, and two minutes later its pod's gate is opened.
        await town.chronicle.until(runs, 300, "Ready pod of api")
        told = [
            event.text("regarding", "name")
            for event in await town.api.list(EVENTS, town.namespace)
            if event.text("reason") == Reason.ORPHAN_RELEASED
        ]
        assert sorted(told) == ["api", "migrate"]
