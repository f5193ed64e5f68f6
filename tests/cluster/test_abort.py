"""A person who says stop is obeyed in every stage, and no user notices."""

import pytest

from sluice.model.reasons import Reason
from sluice.rollout.commands import Verb
from sluice.rollout.phases import Stage
from tests.cluster.app_manifests import Version
from tests.cluster.shop import FIRST, SECOND, SLOW_ROLL, Cluster, open_shop

THIRD = Version("v3")

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]


@pytest.mark.parametrize(
    ("stage", "weight"),
    [
        pytest.param(Stage.CREATING, None, id="while the canary is made"),
        pytest.param(Stage.SCALING, None, id="while the canary starts"),
        pytest.param(Stage.SHIFTING, 10, id="while its first traffic is sent"),
        pytest.param(Stage.VERIFYING, 10, id="while its first traffic is verified"),
        pytest.param(Stage.JUDGING, 10, id="at the first step"),
        pytest.param(Stage.JUDGING, 50, id="at the second step"),
        pytest.param(Stage.BAKING, None, id="while it bakes"),
        pytest.param(Stage.PROMOTING_SCALING, None, id="before it gets everything"),
        pytest.param(Stage.PROMOTING_SHIFTING, None, id="while it gets everything"),
        pytest.param(Stage.ROLLING, None, id="while the Deployment rolls"),
        pytest.param(Stage.RETURNING, 50, id="while traffic goes back to the Deployment"),
    ],
)
async def test_abort(cluster: Cluster, stage: Stage, weight: int | None) -> None:
    async with open_shop(cluster) as shop:
        await shop.release(SECOND)
        await shop.at(stage, weight=weight, within=120)
        await shop.command(Verb.ABORT)

        entry = await shop.rolled_back(within=120)

        assert entry.reason == Reason.ABORTED, entry.message
        shop.nobody_noticed()
        await shop.users_see(FIRST)


async def test_abort_while_a_newer_version_waits_for_the_one_that_rolls(cluster: Cluster) -> None:
    async with open_shop(cluster, SLOW_ROLL) as shop:
        await shop.release(SECOND)
        await shop.mid_roll()
        await shop.release(THIRD)
        await shop.at(Stage.UNIFYING, within=30)
        await shop.command(Verb.ABORT)

        await shop.at(Stage.REVERTING_FILLING, within=30)

        await shop.taken_over(THIRD)
        shop.nobody_noticed()


async def test_abort_acts_while_the_rollout_is_paused(cluster: Cluster) -> None:
    async with open_shop(cluster) as shop:
        await shop.release(SECOND)
        await shop.at(Stage.JUDGING)
        await shop.command(Verb.PAUSE)
        await shop.sampler.until(lambda: shop.status.paused_since is not None, 10, "pause")

        await shop.command(Verb.ABORT)

        entry = await shop.rolled_back()
        assert entry.reason == Reason.ABORTED


async def test_an_abort_of_another_revision_is_not_taken(cluster: Cluster) -> None:
    async with open_shop(cluster) as shop:
        await shop.release(SECOND)
        await shop.at(Stage.JUDGING)
        await shop.annotate("sluice.dev/abort", "0123456789#1")

        await shop.promoted(SECOND)


async def test_a_pause_stops_the_clock_and_resume_starts_it_again(cluster: Cluster) -> None:
    async with open_shop(cluster) as shop:
        await shop.release(SECOND)
        await shop.at(Stage.JUDGING, weight=10)
        await shop.command(Verb.PAUSE)
        await shop.sampler.until(lambda: shop.status.paused_since is not None, 10, "pause")
        await shop.stays_for(15, Stage.JUDGING)  # maxDuration is 10 s
        assert shop.sampler.weight == 10

        await shop.command(Verb.RESUME)

        await shop.promoted(SECOND)
        shop.nobody_noticed()
