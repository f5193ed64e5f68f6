"""What `kubectl get` shows of a Rollout at its first step, and of a graph that waits."""

import asyncio

import pytest

from sluice.rollout.phases import Stage
from sluice.startup.states import State
from tests.cluster.app_manifests import NAME, Plan
from tests.cluster.ensemble import GRAPH, deployment, ensemble, node
from tests.cluster.kubectl import Kubectl
from tests.cluster.shop import SECOND, Cluster, open_shop

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]

PAUSED_AT_THE_FIRST = Plan(steps=({"weight": 10, "pause": True}, {"weight": 50}))
COLUMNS = ["NAME", "READY", "PHASE", "STEP", "WEIGHT", "AGE"]
WIDE_COLUMNS = [*COLUMNS, "STABLE", "CANARY", "MESSAGE"]


async def test_kubectl_shows_where_a_rollout_stands(cluster: Cluster, kubectl: Kubectl) -> None:
    async with open_shop(cluster, PAUSED_AT_THE_FIRST) as shop:
        await shop.release(SECOND)
        await shop.at(Stage.JUDGING)

        async def get(*words: str) -> list[str]:
            answer = await asyncio.to_thread(kubectl, "get", *words, "-n", shop.namespace)
            return answer.splitlines()

        # The category has several kinds, so kubectl names the kind with the object.
        shown = {"rollouts": NAME, "ro": NAME, "sluice": f"rollout.sluice.dev/{NAME}"}
        for name, called in shown.items():
            head, row = await get(name)
            assert head.split() == COLUMNS
            assert row.split()[:-1] == [called, "False", "Progressing", "1/2", "10"]

        head, row = await get("ro", "-o", "wide")
        status = shop.status
        assert head.split() == WIDE_COLUMNS
        versions, message = row.split(maxsplit=8)[6:8], row.split(maxsplit=8)[8]
        assert versions == [status.stable.revision, status.canary.revision]
        assert message.startswith("step 1/2: ")

        wait = ("--for=condition=Ready=False", f"rollout/{NAME}", "--timeout=5s")
        await asyncio.to_thread(kubectl, "wait", "-n", shop.namespace, *wait)


async def test_kubectl_shows_what_a_graph_waits_for(cluster: Cluster, kubectl: Kubectl) -> None:
    async with ensemble(cluster) as town:
        await town.graph(node("db"), node("api", "db"))
        await town.deploy(deployment("api"))
        await town.at("api", State.HELD)

        for name in ("startupgraphs", "sg"):
            words = ("get", name, "-n", town.namespace)
            head, row = (await asyncio.to_thread(kubectl, *words)).splitlines()
            assert head.split() == ["NAME", "READY", "PHASE", "NODES", "WAITING-FOR", "AGE"]
            assert row.split()[:-1] == [GRAPH, "0/2", "Pending", "2", "db"]
