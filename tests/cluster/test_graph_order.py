"""Workloads start in the order of the graph: on real pods, in any order of arrival."""

import asyncio
from typing import Final

import pytest
from prometheus_client.parser import text_string_to_metric_families

from sluice.model.json import Body
from sluice.model.names import BYPASS, HOLDERS
from sluice.model.references import DEPLOYMENTS, JOBS, STARTUPGRAPHS, STATEFULSETS
from sluice.model.scalars import parse_instant
from sluice.startup.states import State
from tests.cluster.ensemble import (
    GRAPH,
    Ensemble,
    condition,
    daemonset,
    deployment,
    ensemble,
    job,
    node,
    statefulset,
    transition,
)
from tests.cluster.kubectl import Kubectl
from tests.cluster.shop import Cluster

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(400)]

METRICS: Final = "/api/v1/namespaces/sluice-system/services/sluice:http/proxy/metrics"
CHAIN = (node("db"), node("api", "db"), node("web", "api"))
CHAIN_WORKLOADS = tuple(deployment(name) for name in ("web", "api", "db"))


def started_after(town: Ensemble, child: str, *parents: str) -> None:
    """Check by the Ready transitions of the pods that a node started after its parents."""
    born = min(_created(pod) for pod in town.pods(child))
    for parent in parents:
        ready = max(transition(pod, "Ready") for pod in town.pods(parent))
        assert born >= ready, f"{child} has a pod {ready - born:.1f} s before {parent} is ready"


def _created(pod: Body) -> float:
    return parse_instant(pod.text("metadata", "creationTimestamp"))


def _is_ready(pod: Body) -> bool:
    return condition(pod, "Ready").text("status", default="") == "True"


@pytest.mark.parametrize("arrival", ["first", "in between", "last"])
async def test_a_chain_starts_in_order_wherever_the_graph_arrives(
    cluster: Cluster, arrival: str
) -> None:
    async with ensemble(cluster) as town:
        before = {"first": 0, "in between": 2, "last": 3}[arrival]
        await town.deploy(*CHAIN_WORKLOADS[:before])
        await town.graph(*CHAIN)
        await town.deploy(*CHAIN_WORKLOADS[before:])

        await town.all_ready()

        started_after(town, "api", "db")
        started_after(town, "web", "api")
        for name in ("db", "api", "web"):
            assert len(town.chronicle.sets[name]) == 1
            assert State.RELEASING in town.chronicle.states(name)


async def shows_what_status_says(town: Ensemble, kubectl: Kubectl) -> None:
    """Check the operator's metrics of a graph that is ready."""
    text = await asyncio.to_thread(kubectl, "get", "--raw", METRICS)
    samples = [
        sample
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.labels.get("namespace") == town.namespace
    ]
    states = {one.labels["node"]: one.labels["state"] for one in samples if "state" in one.labels}
    seconds = {one.name: one.value for one in samples if one.labels.get("node", "end") == "end"}
    status = town.chronicle.status
    end = status.node("end")
    assert states == dict.fromkeys((node.name for node in status.nodes), "Ready")
    assert end.ready_at is not None
    assert end.released_at is not None
    assert status.ready_at is not None
    assert status.started_at is not None
    took = end.ready_at - end.released_at
    assert seconds["sluice_startup_node_start_seconds"] == pytest.approx(took)
    whole = status.ready_at - status.started_at
    assert seconds["sluice_startup_start_seconds"] == pytest.approx(whole)


async def test_the_arms_of_a_diamond_start_side_by_side(cluster: Cluster, kubectl: Kubectl) -> None:
    async with ensemble(cluster) as town:
        slow = [deployment(name, ready_after=5) for name in ("left", "right")]
        await town.graph(
            node("top"), node("left", "top"), node("right", "top"), node("end", "left", "right")
        )
        await town.deploy(deployment("end"), *slow, deployment("top"))

        await town.all_ready()

        started_after(town, "left", "top")
        started_after(town, "right", "top")
        started_after(town, "end", "left", "right")
        first = [town.chronicle.first(name, State.STARTING) for name in ("left", "right")]
        ready = [town.chronicle.first(name, State.READY) for name in ("left", "right")]
        assert max(first) < min(ready)
        await shows_what_status_says(town, kubectl)


async def test_a_fan_of_twenty_starts_five_at_a_time(cluster: Cluster) -> None:
    async with ensemble(cluster) as town:
        names = [f"leaf-{number:02}" for number in range(20)]
        await town.graph(node("root"), *(node(name, "root") for name in names), maxParallel=5)
        await town.deploy(*(deployment(name) for name in names), deployment("root"))

        await town.all_ready(within=300)

        under_way = [
            sum(one.state in {State.RELEASING, State.STARTING} for one in fact.status.nodes)
            for fact in town.chronicle.statuses
        ]
        assert max(under_way) == 5
        assert all(len(town.chronicle.sets[name]) == 1 for name in names)


async def test_every_kind_and_every_edge(cluster: Cluster) -> None:
    async with ensemble(cluster) as town:
        await town.graph(
            node("migrate", kind="Job"),
            node("db", "migrate:Complete", kind="StatefulSet"),
            node("agent", "db:Started", kind="DaemonSet"),
            node("api", "db", "agent"),
        )
        await town.deploy(deployment("api"), daemonset("agent"), statefulset("db"), job("migrate"))

        await town.all_ready()

        started_after(town, "api", "db", "agent")
        assert len(town.chronicle.jobs["migrate"]) == 1
        # A pod of a set that has been let go is not held again.
        scale = {"spec": {"replicas": 3}}
        await town.api.merge(town.ref(STATEFULSETS, "db"), scale)
        await town.chronicle.until(lambda: len(town.pods("db")) == 3, 60, "third pod of db")
        await town.all_ready()


async def test_a_failed_parent_never_releases_its_child(cluster: Cluster) -> None:
    async with ensemble(cluster) as town:
        await town.graph(node("migrate", kind="Job"), node("api", "migrate"))
        await town.deploy(deployment("api"), job("migrate", fault="crash=true"))

        await town.at("api", State.BLOCKED)

        assert town.chronicle.status.node("migrate").state is State.FAILED
        await town.stays("api", State.BLOCKED, 5)
        assert "api" not in town.chronicle.sets
        message = town.chronicle.status.node("api").message
        assert message == "failed: migrate Complete"
        # Its Job is made anew, and succeeds.
        await town.api.delete(town.ref(JOBS, "migrate"))
        await town.at("migrate", State.ABSENT)
        await town.deploy(job("migrate"))
        await town.all_ready()


async def test_suspend_stops_releases_and_resume_goes_on(cluster: Cluster) -> None:
    async with ensemble(cluster) as town:
        await town.graph(*CHAIN, suspend=True)
        await town.deploy(*CHAIN_WORKLOADS)
        await town.at("db", State.HELD)
        await town.stays("db", State.HELD, 3)
        assert not town.chronicle.sets

        await town.edit(suspend=False)

        await town.all_ready()


async def test_a_person_lets_a_node_go(cluster: Cluster) -> None:
    async with ensemble(cluster) as town:
        await town.graph(node("db"), node("api", "db"))
        await town.deploy(deployment("api"))
        await town.at("api", State.HELD)
        note = {"metadata": {"annotations": {BYPASS: "startup"}}}

        await town.api.merge(town.ref(DEPLOYMENTS, "api"), note)

        await town.at("api", State.READY)
        left = town.chronicle.get(DEPLOYMENTS, "api").labels("metadata", "annotations")
        assert {BYPASS, HOLDERS}.isdisjoint(left)


async def test_what_is_held_is_let_go_when_its_graph_is_deleted(cluster: Cluster) -> None:
    async with ensemble(cluster) as town:
        await town.graph(node("db"), node("api", "db"), node("set", "db", kind="StatefulSet"))
        await town.deploy(deployment("api"), statefulset("set"))
        await town.at("api", State.HELD)
        await town.at("set", State.HELD)

        await town.api.delete(town.ref(STARTUPGRAPHS, GRAPH))

        def is_free() -> bool:
            return all(
                len(town.pods(name)) == count
                and all(
                    condition(pod, "Ready").text("status", default="") == "True"
                    for pod in town.pods(name)
                )
                for name, count in (("api", 1), ("set", 2))
            )

        # Its pods carry the readiness gate, which nobody judges any more: opened for orphans.
        await town.chronicle.until(is_free, 200, "Ready pods of both")


async def test_a_replaced_held_workload_starts_once(cluster: Cluster) -> None:
    async with ensemble(cluster) as town:
        await town.graph(node("db"), node("api", "db"))
        await town.deploy(deployment("api"))
        await town.at("api", State.HELD)

        await town.api.replace(
            town.ref(DEPLOYMENTS, "api"), deployment("api", env={"VERSION": "2"})
        )
        await town.stays("api", State.HELD, 3)
        assert "api" not in town.chronicle.sets
        await town.deploy(deployment("db"))

        await town.all_ready()
        assert len(town.chronicle.sets["api"]) == 1


async def test_a_workload_that_is_recreated_is_held_anew(cluster: Cluster) -> None:
    async with ensemble(cluster) as town:
        await town.graph(node("db"), node("api", "db"))
        await town.deploy(deployment("api"), deployment("db"))
        await town.all_ready()
        await town.edit(suspend=True)

        await town.api.delete(town.ref(DEPLOYMENTS, "api"), "Foreground")
        await town.at("api", State.ABSENT)
        await town.deploy(deployment("api"))
        await town.at("api", State.HELD)
        await town.stays("api", State.HELD, 3)
        await town.edit(suspend=False)

        await town.all_ready()
