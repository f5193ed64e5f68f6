"""A bad version is thrown out, and production never notices more than its share of traffic."""

import pytest

from sluice.model.reasons import Reason
from sluice.rollout.commands import Verb
from sluice.rollout.phases import Stage
from tests.cluster import faults
from tests.cluster.app_manifests import READY, Plan, Version
from tests.cluster.faults import CRASHING, ERRORS, HALF, HANGING, SLOW, UNREADY
from tests.cluster.shop import SECOND, SLOW_ROLL, Cluster, open_shop

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]

SEEN_BAD = {Reason.OUTAGE, Reason.HARM}
# From the first bad answer to weight 0, on a machine that is busy with other tests.
OUTAGE_SECONDS = 15.0


@pytest.mark.parametrize(
    ("fault", "reasons"),
    [
        pytest.param(ERRORS, SEEN_BAD, id="answers nothing but errors"),
        pytest.param(HALF, SEEN_BAD, id="fails every second request"),
        pytest.param("errors=0.1", {Reason.HARM}, id="fails every tenth request"),
        pytest.param(SLOW, {Reason.HARM}, id="takes two seconds for every request"),
        pytest.param(HANGING, {Reason.SILENCE, *SEEN_BAD}, id="never answers"),
    ],
)
@pytest.mark.parametrize("weight", [10, 50])
async def test_a_version_that_turns_bad_is_rolled_back_when_it(
    cluster: Cluster, fault: str, reasons: set[Reason], weight: int
) -> None:
    plan = Plan(steps=({"weight": weight, "duration": "60s"},), analysis={"maxDuration": "60s"})
    async with open_shop(cluster, plan, rate=100) as shop:
        production = shop.stable_pods()
        await shop.release(SECOND)
        await shop.at(Stage.JUDGING, weight=weight)
        switched = await shop.fault(fault)
        await shop.weight_zero(switched)

        entry = await shop.rolled_back()

        assert entry.reason in reasons, entry.message
        assert f"{weight}%" in entry.message
        assert shop.stable_pods() == production
        assert set(shop.sampler.shifts) == {0, weight}


async def test_a_version_that_is_bad_from_the_start_never_gets_beyond_its_first_step(
    cluster: Cluster,
) -> None:
    async with open_shop(cluster, rate=100) as shop:
        production = shop.stable_pods()
        await shop.release(Version("v2", ERRORS))

        entry = await shop.rolled_back(within=90)

        assert entry.reason in SEEN_BAD
        assert shop.sampler.shifts == [0, 10, 0]
        assert shop.stable_pods() == production


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        pytest.param(CRASHING, Reason.CRASHED, id="crashes at its start"),
        pytest.param(UNREADY, Reason.PROGRESS_DEADLINE, id="is never ready"),
    ],
)
async def test_a_version_gets_no_traffic_at_all_when_it(
    cluster: Cluster, fault: str, reason: Reason
) -> None:
    async with open_shop(cluster) as shop:
        production = shop.stable_pods()
        await shop.release(Version("v2", fault))

        entry = await shop.rolled_back(within=120)

        assert entry.reason == reason, entry.message
        assert shop.sampler.shifts == [0]
        shop.nobody_noticed()
        assert shop.stable_pods() == production


async def test_a_version_that_crashes_under_traffic_is_rolled_back(cluster: Cluster) -> None:
    plan = Plan(steps=({"weight": 50, "duration": "60s"},), analysis={"maxDuration": "60s"})
    async with open_shop(cluster, plan) as shop:
        await shop.release(SECOND)
        await shop.at(Stage.JUDGING)
        (canary,) = (pod for pod in faults.serving(shop.sampler) if pod.canary)
        await faults.crash(canary)

        entry = await shop.rolled_back()

        assert entry.reason in {Reason.CRASHED, Reason.NO_READY_ENDPOINTS}, entry.message
        # What was on its way to the pod, until the gateway knew that it is gone.
        assert len(shop.load.failures()) < 0.5 * shop.load.rate * OUTAGE_SECONDS


@pytest.mark.parametrize(
    ("stage", "weight"),
    [
        pytest.param(Stage.JUDGING, 50, id="at the second step"),
        pytest.param(Stage.BAKING, 95, id="while it bakes"),
        pytest.param(Stage.PROMOTING_SCALING, None, id="before it gets everything"),
        pytest.param(Stage.ROLLING, None, id="while the Deployment rolls"),
    ],
)
async def test_a_version_is_still_rolled_back_when_it_turns_bad(
    cluster: Cluster, stage: Stage, weight: int | None
) -> None:
    async with open_shop(cluster, SLOW_ROLL, rate=100) as shop:
        await shop.release(SECOND)
        await shop.at(stage, weight=weight, within=120)
        await shop.fault(ERRORS)

        entry = await shop.rolled_back(within=120)

        assert entry.reason in SEEN_BAD, entry.message
        since = shop.status.stage_since
        shop.nobody_noticed(since)


async def test_a_rejected_version_is_tried_again_on_request(cluster: Cluster) -> None:
    async with open_shop(cluster) as shop:
        await shop.release(SECOND)
        await shop.at(Stage.JUDGING)
        await shop.fault(ERRORS)
        await shop.rolled_back()
        await shop.stays_for(5, Stage.ROLLED_BACK)

        # Its new pods begin without the fault.
        await shop.command(Verb.RETRY)

        await shop.promoted(SECOND)


async def test_a_new_version_follows_a_rejected_one(cluster: Cluster) -> None:
    async with open_shop(cluster) as shop:
        await shop.release(Version("v2", ERRORS))
        await shop.rolled_back(within=90)

        third = Version("v3", READY)
        await shop.release(third)

        await shop.promoted(third)
