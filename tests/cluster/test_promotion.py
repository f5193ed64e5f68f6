"""A good version goes into production, step by step, and no user notices."""

import asyncio

import pytest

from sluice.model.json import JsonObject
from sluice.model.reasons import Reason
from sluice.rollout.commands import Verb
from sluice.rollout.phases import Stage
from tests.cluster.app_manifests import Plan
from tests.cluster.faults import ERRORS
from tests.cluster.shop import SECOND, Cluster, open_shop

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]

FOUR_STEPS = ({"weight": 1}, {"weight": 10}, {"weight": 50})
LONG: JsonObject = {"maxDuration": "60s"}
UP, BACK = [0, 1, 10, 50, 95, 100], [90, 50, 0]


async def test_a_good_version_is_promoted_without_a_failed_request(cluster: Cluster) -> None:
    async with open_shop(cluster, Plan(steps=FOUR_STEPS), rate=100) as shop:
        await shop.release(SECOND)

        entry = await shop.promoted(SECOND)

        shop.nobody_noticed()
        assert shop.sampler.shifts == UP + BACK
        assert entry.bad_requests == 0


async def test_one_version_goes_in_while_another_is_thrown_out(cluster: Cluster) -> None:
    async with open_shop(cluster) as good, open_shop(cluster) as bad:
        await asyncio.gather(good.release(SECOND), bad.release(SECOND))
        await asyncio.gather(good.at(Stage.JUDGING), bad.at(Stage.JUDGING))
        await bad.fault(ERRORS)

        await asyncio.gather(good.promoted(SECOND), bad.rolled_back())

        good.nobody_noticed()
        assert good.sampler.shifts[:3] == [0, 10, 50]


async def test_a_step_with_a_pause_waits_for_a_person(cluster: Cluster) -> None:
    plan = Plan(steps=({"weight": 10, "pause": True}, {"weight": 50}))
    async with open_shop(cluster, plan) as shop:
        await shop.release(SECOND)
        await shop.sampler.until(
            lambda: "sluice rollout promote" in shop.status.message, 60, "request to promote"
        )
        assert shop.sampler.shifts == [0, 10]

        await shop.command(Verb.PROMOTE)

        await shop.promoted(SECOND)
        shop.nobody_noticed()


async def test_a_person_may_skip_the_rest_of_the_steps(cluster: Cluster) -> None:
    plan = Plan(steps=({"weight": 10, "pause": True}, {"weight": 50}))
    async with open_shop(cluster, plan) as shop:
        await shop.release(SECOND)
        await shop.at(Stage.JUDGING)

        await shop.command(Verb.PROMOTE_FULL)

        await shop.promoted(SECOND)
        assert shop.sampler.shifts == [0, 10, 100, *BACK]
        shop.nobody_noticed()


async def test_without_traffic_a_step_holds_until_a_person_goes_on(cluster: Cluster) -> None:
    async with open_shop(cluster, rate=100) as shop:
        shop.load.rate = 0.05
        await shop.release(SECOND)
        await shop.at(Stage.JUDGING, within=120)
        await shop.stays_for(15, Stage.JUDGING)  # maxDuration is 10 s
        assert shop.sampler.weight == 10

        await shop.command(Verb.PROMOTE_FULL)

        await shop.at(Stage.HEALTHY, within=120)
        assert shop.status.history[0].reason == Reason.PROMOTED


async def test_requests_may_be_counted_in_the_pods(cluster: Cluster) -> None:
    where = 'namespace="$namespace",pod=~"$pods"'
    counted: JsonObject = {
        "total": f"http_requests_total{{{where}}}",
        "bad": f'http_requests_total{{{where},code="500"}}',
    }
    slow: JsonObject = {"histogram": f"http_request_duration_seconds{{{where}}}"}
    slos: list[JsonObject] = [
        {"name": "errors", "errorRate": {"max": "1%"}, "source": counted},
        {"name": "latency", "latency": {"max": "500ms"}, "source": slow},
    ]
    plan = Plan(steps=({"weight": 50, "duration": "60s"},), analysis={"slos": slos, **LONG})
    async with open_shop(cluster, plan) as shop:
        await shop.release(SECOND)
        await shop.at(Stage.JUDGING)
        await shop.fault("errors=0.3")

        entry = await shop.rolled_back()

        assert entry.reason == Reason.HARM
        assert "canary requests failed" in entry.message
