"""Prometheus goes away and comes back."""

import asyncio

import pytest

from sluice.rollout.phases import Stage
from tests.cluster.app_manifests import Plan
from tests.cluster.kubectl import Kubectl
from tests.cluster.shop import SECOND, Cluster, open_shop

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(400)]

PROMETHEUS = ("deployment/prometheus", "--namespace=monitoring")
GONE_SECONDS = 60.0


@pytest.mark.usefixtures("alone")
async def test_a_healthy_canary_holds_while_prometheus_is_gone_and_goes_on_when_it_is_back(
    cluster: Cluster, kubectl: Kubectl
) -> None:
    plan = Plan(steps=({"weight": 10}, {"weight": 50}))
    async with open_shop(cluster, plan) as shop:
        await shop.release(SECOND)
        await shop.at(Stage.JUDGING, weight=50)
        await asyncio.to_thread(kubectl, "scale", *PROMETHEUS, "--replicas=0")
        try:
            await shop.sampler.until(
                lambda: "no data since" in shop.status.message, 30, "complaint about the data"
            )
            await shop.stays_for(GONE_SECONDS, Stage.JUDGING)
            assert shop.sampler.weight == 50
        finally:
            await asyncio.to_thread(kubectl, "scale", *PROMETHEUS, "--replicas=1")

        await shop.promoted(SECOND)
        shop.nobody_noticed()
