"""A pod gets traffic after its gates passed so many times in a row, and only then: on real pods."""

import asyncio

import aiohttp
import pytest

from sluice.model.json import Body, Json, JsonObject
from sluice.model.names import HEALTHY_GATE
from sluice.model.references import DEPLOYMENTS, PODS, SERVICES
from sluice.model.scalars import parse_instant
from sluice.startup.states import State
from tests.cluster.app_manifests import PORT
from tests.cluster.ensemble import (
    Ensemble,
    condition,
    deployment,
    ensemble,
    node,
    service,
    transition,
)
from tests.cluster.shop import Cluster

CHECKED_SECONDS = 60.0

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(400)]


def gate(path: str = "/gate", **fields: Json) -> JsonObject:
    """Return an http gate on the pods, asked every second."""
    found: JsonObject = {
        "name": "answers",
        "http": {"path": path, "port": PORT},
        "interval": "1s",
        "timeout": "1s",
    }
    return {**found, **fields}


def gated(name: str, *gates: JsonObject, **spec: Json) -> JsonObject:
    """Return a node whose pods are gated."""
    asked = list(gates or (gate(),))
    return node(name, gates=asked, podReadiness=True, **spec)  # type: ignore[arg-type]  # any field


async def checks(town: Ensemble, pod: Body) -> list[float]:
    """Return when a pod answered each of its health checks, in whole seconds, by its log."""
    path = f"{town.ref(PODS, pod.text('metadata', 'name')).path}/log"
    async with town.api.session.get(path) as answer:
        answer.raise_for_status()
        lines = (await answer.text()).splitlines()
    stamps = (line.partition(" gate: check")[0] for line in lines if " gate: check" in line)
    return [parse_instant(f"{stamp.replace('/', '-')}+00:00") for stamp in stamps]


async def checked(town: Ensemble, pod: Body, times: int) -> None:
    """Return once a pod has answered so many health checks, by following its log."""
    path = f"{town.ref(PODS, pod.text('metadata', 'name')).path}/log"
    async with (
        asyncio.timeout(CHECKED_SECONDS),
        town.api.session.get(path, params={"follow": "true"}) as answer,
    ):
        answer.raise_for_status()
        async for line in answer.content:
            times -= b" gate: check" in line
            if times == 0:
                return


async def post(pod: Body, path: str) -> None:
    """Switch something in a pod."""
    url = f"http://{pod.text('status', 'podIP')}:{PORT}/{path}"
    async with aiohttp.ClientSession() as session, session.post(url) as answer:
        answer.raise_for_status()


async def test_a_failure_begins_the_run_anew(cluster: Cluster) -> None:
    async with ensemble(cluster) as town:
        await town.graph(gated("api"), node("web", "api"))
        await town.deploy(deployment("web"), deployment("api", env={"GATE": "PPFPPP"}))

        await town.all_ready()

        (pod,) = town.pods("api")
        message = condition(pod, HEALTHY_GATE).text("message")
        assert message.startswith("answers: 3 of 3 passes in a row"), message
        # Opened by the sixth answer, two seconds after the third that passed: P, P, F, P, P, P.
        opened, asked = transition(pod, HEALTHY_GATE), await checks(town, pod)
        assert asked[5] <= opened <= asked[5] + 1
        (child,) = town.pods("web")
        assert child.text("metadata", "creationTimestamp") >= condition(pod, "Ready").text(
            "lastTransitionTime"
        )


async def test_a_gate_that_has_only_two_passes_stays_closed(cluster: Cluster) -> None:
    async with ensemble(cluster) as town:
        await town.api.create(SERVICES, town.namespace, service("api"))
        await town.graph(gated("api"))
        await town.deploy(deployment("api", env={"GATE": "PPFPPFPPFPPFPPFPPFPPFF"}))
        await town.at("api", State.STARTING)
        await town.chronicle.until(
            lambda: any(
                condition(pod, "ContainersReady").text("status", default="") == "True"
                for pod in town.pods("api")
                if pod.has("status", "conditions")
            ),
            60,
            "containers that are ready",
        )

        await town.stays("api", State.STARTING, 15)

        assert town.endpoints("api") == frozenset()
        assert "True" not in town.gates("api")


async def test_a_gate_that_is_not_critical_blocks_nothing(cluster: Cluster) -> None:
    async with ensemble(cluster) as town:
        failing = gate("/nowhere-but-500", name="extra", critical=False)
        await town.graph(gated("api", gate(), failing), node("web", "api"))
        await town.deploy(deployment("api", env={"FAULT": "errors=1"}), deployment("web"))

        await town.all_ready()

        await town.stays("api", State.READY, 5)
        (pod,) = town.pods("api")
        assert "extra:" in condition(pod, HEALTHY_GATE).text("message")


async def test_a_failing_gate_takes_a_pod_out_and_a_rolling_update_waits(cluster: Cluster) -> None:
    async with ensemble(cluster) as town:
        await town.api.create(SERVICES, town.namespace, service("api"))
        await town.graph(gated("api", gate("/")))
        await town.deploy(deployment("api", replicas=4))
        await town.all_ready()
        assert len(town.endpoints("api")) == 4

        for pod in town.pods("api")[:3]:
            await post(pod, "fault?errors=1")

        # No more than half of a node's pods go by the word of a probe (minAvailable).
        await town.chronicle.until(lambda: len(town.endpoints("api")) == 2, 60, "2 endpoints")
        await town.chronicle.stays(lambda: len(town.endpoints("api")) == 2, 8, "2 endpoints")
        await town.at("api", State.DEGRADED)

        for pod in town.pods("api"):
            await post(pod, "fault?errors=0")
        await town.chronicle.until(lambda: len(town.endpoints("api")) == 4, 60, "4 endpoints")
        await town.at("api", State.READY)

        broken = deployment("api", replicas=4, env={"GATE": "F"})
        spec = Body(broken).body("spec", "template").value
        gates = [gate()]
        await town.edit(nodes=[gated("api", *gates)])
        await town.api.merge(town.ref(DEPLOYMENTS, "api"), {"spec": {"template": spec}})
        await town.chronicle.until(
            lambda: (
                town.chronicle.get(DEPLOYMENTS, "api").whole("status", "updatedReplicas", default=0)
                >= 1
            ),
            60,
            "pod of the broken version",
        )
        await town.chronicle.stays(lambda: len(town.endpoints("api")) >= 3, 15, "3 endpoints")


async def test_a_pod_that_goes_between_two_passes_starts_the_run_again(cluster: Cluster) -> None:
    async with ensemble(cluster) as town:
        slow = gate(interval="4s")
        await town.graph(gated("api", slow), node("web", "api"))
        await town.deploy(deployment("api"), deployment("web"))
        await town.chronicle.until(lambda: bool(town.pods("api")), 60, "pod of api")
        (first,) = town.pods("api")

        await town.chronicle.until(
            lambda: (
                condition(
                    town.chronicle.get(PODS, first.text("metadata", "name")), "ContainersReady"
                ).text("status", default="")
                == "True"
            ),
            60,
            "containers of api",
        )
        await checked(town, first, 2)
        await town.api.delete(town.ref(PODS, first.text("metadata", "name")))

        await town.all_ready()

        (second,) = town.pods("api")
        assert second.text("metadata", "uid") != first.text("metadata", "uid")
        assert len(await checks(town, second)) >= 3


async def test_a_crash_closes_the_gate_until_it_passes_anew(cluster: Cluster) -> None:
    async with ensemble(cluster) as town:
        await town.api.create(SERVICES, town.namespace, service("api"))
        await town.graph(gated("api"))
        await town.deploy(deployment("api", replicas=2))
        await town.all_ready()
        pods = town.pods("api")
        opened = {pod.text("metadata", "name"): transition(pod, HEALTHY_GATE) for pod in pods}

        for pod in pods:  # all of them: no guard keeps a gate open for containers that are gone
            try:
                await post(pod, "crash")
            except aiohttp.ServerDisconnectedError:
                continue

        def all_closed_once() -> bool:
            return all(
                transition(pod, HEALTHY_GATE) > opened[pod.text("metadata", "name")]
                for pod in town.pods("api")
            )

        await town.chronicle.until(all_closed_once, 60, "gates that changed")
        await town.chronicle.until(
            lambda: town.gates("api") == ["True", "True"] and len(town.endpoints("api")) == 2,
            90,
            "2 endpoints behind open gates",
        )


async def test_pods_of_a_node_without_pod_readiness_are_not_kept_waiting(cluster: Cluster) -> None:
    async with ensemble(cluster) as town:
        await town.graph(node("api"))
        await town.deploy(deployment("api", replicas=2))
        await town.all_ready()
        assert town.gates("api") == ["True", "True"]
        reasons = {condition(pod, HEALTHY_GATE).text("reason") for pod in town.pods("api")}
        assert reasons == {"Open"}


async def test_an_edit_that_cannot_be_carried_out_leaves_the_gates_of_before(
    cluster: Cluster,
) -> None:
    async with ensemble(cluster) as town:
        await town.graph(gated("api"), node("web", "api"))
        await town.deploy(deployment("api"), deployment("web"))
        await town.all_ready()

        # The gate is gone, and each waits for the other.
        await town.edit(nodes=[node("api", "web"), node("web", "api")])
        await town.chronicle.until(
            lambda: any(
                one.reason == "InvalidGraph" and one.message.endswith("the spec of before goes on")
                for one in town.chronicle.status.conditions
            ),
            30,
            "a graph that says that the spec of before goes on",
        )
        (former,) = town.pods("api")
        await town.api.delete(town.ref(PODS, former.text("metadata", "name")))

        def of_the_new_pod() -> str:
            return next(
                (
                    condition(pod, HEALTHY_GATE).text("message", default="")
                    for pod in town.pods("api")
                    if pod.text("metadata", "uid") != former.text("metadata", "uid")
                    and condition(pod, HEALTHY_GATE).text("status", default="") == "True"
                ),
                "",
            )

        await town.chronicle.until(lambda: of_the_new_pod() != "", 60, "an open gate of it")
        assert of_the_new_pod().startswith("answers: 3 of 3 passes in a row")
