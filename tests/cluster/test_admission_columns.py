"""What `kubectl get` shows of a Rollout that waits for a person at its first step."""

import asyncio

import pytest

from sluice.rollout.phases import Stage
from tests.cluster.app_manifests import NAME, Plan
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

        for name in ("rollouts", "ro", "sluice"):
            head, row = await get(name)
            assert head.split() == COLUMNS
            assert row.split()[:-1] == [NAME, "False", "Progressing", "1/2", "10"]

        head, row = await get("ro", "-o", "wide")
        status = shop.status
        assert head.split() == WIDE_COLUMNS
        versions, message = row.split(maxsplit=8)[6:8], row.split(maxsplit=8)[8]
        assert versions == [status.stable.revision, status.canary.revision]
        assert message.startswith("step 1/2: ")

        wait = ("--for=condition=Ready=False", f"rollout/{NAME}", "--timeout=5s")
        await asyncio.to_thread(kubectl, "wait", "-n", shop.namespace, *wait)
