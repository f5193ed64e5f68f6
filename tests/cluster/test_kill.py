"""The operator is killed, in every stage, and comes back: the world goes on as if it never was."""

import asyncio

import pytest

from sluice.model.reasons import Reason
from sluice.rollout.commands import Verb
from sluice.rollout.phases import Stage
from tests.cluster import sluice_pod
from tests.cluster.app_manifests import Plan, Version
from tests.cluster.faults import ERRORS
from tests.cluster.kubectl import Kubectl
from tests.cluster.shop import FIRST, SECOND, SLOW_ROLL, Cluster, Shop, open_shop
from tests.cluster.sluice_process import SluiceProcess

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]

ON_THE_WAY_UP = (
    Stage.CREATING,
    Stage.SCALING,
    Stage.SHIFTING,
    Stage.VERIFYING,
    Stage.JUDGING,
    Stage.BAKING,
    Stage.PROMOTING_SCALING,
    Stage.PROMOTING_SHIFTING,
    Stage.ROLLING,
    Stage.RETURNING,
    Stage.DRAINING,
)
REVERTING = (Stage.REVERTING_FILLING, Stage.REVERTING_RETURNING, Stage.ROLLING_BACK_DRAINING)
ON_THE_WAY_BACK = (Stage.ROLLING_BACK_SHIFTING, Stage.ROLLING_BACK_DRAINING)


async def test_a_rollout_is_promoted_although_the_operator_is_killed_in_every_stage(
    cluster: Cluster, sluice: SluiceProcess
) -> None:
    await sluice.ready()
    async with open_shop(cluster) as shop:
        await shop.release(SECOND)
        killing = asyncio.create_task(_kill_at_each(shop, sluice, ON_THE_WAY_UP))

        entry = await shop.promoted(SECOND, within=300)

        await killing
        shop.nobody_noticed()
        assert shop.sampler.shifts == [0, 10, 50, 95, 100, 90, 50, 0]
        assert entry.bad_requests == 0


async def test_a_rollout_is_rolled_back_although_the_operator_is_killed_in_every_stage(
    cluster: Cluster, sluice: SluiceProcess
) -> None:
    await sluice.ready()
    async with open_shop(cluster, rate=100) as shop:
        await shop.release(SECOND)
        await shop.at(Stage.JUDGING)
        killing = asyncio.create_task(_kill_at_each(shop, sluice, ON_THE_WAY_BACK))
        await shop.fault(ERRORS)

        await shop.rolled_back(within=120)

        await killing
        assert shop.sampler.shifts == [0, 10, 0]


async def test_a_promotion_is_taken_back_although_the_operator_is_killed_in_every_stage(
    cluster: Cluster, sluice: SluiceProcess
) -> None:
    await sluice.ready()
    async with open_shop(cluster, SLOW_ROLL) as shop:
        await shop.release(SECOND)
        await shop.at(Stage.ROLLING, within=120)
        killing = asyncio.create_task(_kill_at_each(shop, sluice, REVERTING))
        await shop.command(Verb.ABORT)

        entry = await shop.rolled_back(within=180)

        await killing
        assert entry.reason == Reason.ABORTED, entry.message
        shop.nobody_noticed()
        await shop.users_see(FIRST)


async def test_a_newer_version_takes_over_although_the_operator_is_killed_meanwhile(
    cluster: Cluster, sluice: SluiceProcess
) -> None:
    await sluice.ready()
    async with open_shop(cluster, SLOW_ROLL) as shop:
        await shop.release(SECOND)
        await shop.mid_roll()
        killing = asyncio.create_task(_kill_at_each(shop, sluice, (Stage.UNIFYING,)))
        third = Version("v3")
        await shop.release(third)

        await shop.taken_over(third)

        await killing
        shop.nobody_noticed()


async def _kill_at_each(shop: Shop, sluice: SluiceProcess, stages: tuple[Stage, ...]) -> None:
    for stage in stages:
        await shop.sampler.until(
            lambda: stage in shop.sampler.stages,  # noqa: B023 - awaited at once
            120,
            stage,
        )
        sluice.kill_and_restart()
        await sluice.ready()


async def test_a_fault_that_began_while_the_operator_was_dead_is_seen_when_it_is_back(
    cluster: Cluster, sluice: SluiceProcess
) -> None:
    await sluice.ready()
    plan = Plan(steps=({"weight": 10, "duration": "60s"},), analysis={"maxDuration": "60s"})
    async with open_shop(cluster, plan, rate=100) as shop:
        await shop.release(SECOND)
        await shop.at(Stage.JUDGING)
        sluice.kill()
        await shop.fault(ERRORS)
        await asyncio.sleep(10)  # nobody is there to act on it
        assert shop.sampler.weight == 10
        sluice.start()

        entry = await shop.rolled_back()

        assert entry.reason in {Reason.OUTAGE, Reason.HARM}


async def test_a_stopped_operator_ends_soon_and_its_successor_leads_at_once(
    cluster: Cluster, sluice: SluiceProcess
) -> None:
    await sluice.ready()
    async with open_shop(cluster) as shop:
        await shop.release(SECOND)
        await shop.at(Stage.JUDGING)
        assert sluice.stop() < 5
        sluice.start()
        await sluice.ready()

        await shop.promoted(SECOND)


@pytest.mark.usefixtures("alone")
async def test_a_killed_container_is_started_anew_and_takes_its_lease_back(
    cluster: Cluster, kubectl: Kubectl
) -> None:
    async with open_shop(cluster) as shop:
        await shop.release(SECOND)
        await shop.at(Stage.JUDGING)
        before = await asyncio.to_thread(sluice_pod.restarts, kubectl)
        sluice_pod.kill(kubectl)

        await shop.promoted(SECOND)

        assert await asyncio.to_thread(sluice_pod.restarts, kubectl) == before + 1
        shop.nobody_noticed()
