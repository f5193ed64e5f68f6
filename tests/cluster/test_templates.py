"""The user changes their mind while a rollout is under way, or works around it."""

import pytest

from sluice.model.json import JsonObject
from sluice.model.references import DEPLOYMENTS
from sluice.rollout.phases import Stage
from tests.cluster import app_manifests
from tests.cluster.app_manifests import NAME, Plan, Version
from tests.cluster.kubectl import Kubectl
from tests.cluster.shop import FIRST, SECOND, SLOW_ROLL, Cluster, open_shop

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(400)]

THIRD = Version("v3")
TOLERANT: JsonObject = {
    "slos": [{"name": "errors", "errorRate": {"max": "1%"}, "source": {"preset": "traefik"}}],
    "maxDuration": "60s",
}


@pytest.mark.parametrize(
    "stage",
    [
        pytest.param(Stage.SCALING, id="its pods start"),
        pytest.param(Stage.JUDGING, id="it is judged"),
        pytest.param(Stage.BAKING, id="it bakes"),
        pytest.param(Stage.PROMOTING_SHIFTING, id="it gets everything"),
        pytest.param(Stage.ROLLING, id="the Deployment rolls"),
        pytest.param(Stage.RETURNING, id="traffic goes back to the Deployment"),
    ],
)
async def test_a_newer_version_takes_over_from_one_while(cluster: Cluster, stage: Stage) -> None:
    async with open_shop(cluster, SLOW_ROLL) as shop:
        await shop.release(SECOND)
        await shop.at(stage, within=120)
        await shop.release(THIRD)

        await shop.taken_over(THIRD)

        shop.nobody_noticed()


@pytest.mark.parametrize(
    "stage",
    [
        pytest.param(Stage.SCALING, id="its pods start"),
        pytest.param(Stage.JUDGING, id="it is judged"),
        pytest.param(Stage.BAKING, id="it bakes"),
        pytest.param(Stage.ROLLING, id="the Deployment rolls"),
    ],
)
async def test_a_version_is_withdrawn_while(cluster: Cluster, stage: Stage) -> None:
    async with open_shop(cluster, SLOW_ROLL) as shop:
        await shop.release(SECOND)
        await shop.at(stage, within=120)
        await shop.release(FIRST)

        await shop.withdrawn(within=120)

        shop.nobody_noticed()
        await shop.users_see(FIRST)
        assert shop.status.rejected is None


@pytest.mark.parametrize(
    "words",
    [
        pytest.param("replace -f -", id="replaced by the same manifest"),
        pytest.param(f"rollout resume deployment/{NAME}", id="resumed"),
        pytest.param("apply --server-side --force-conflicts -f -", id="applied once more"),
    ],
)
async def test_a_held_deployment_stays_held_when_it_is(
    cluster: Cluster, kubectl: Kubectl, words: str
) -> None:
    async with open_shop(cluster) as shop:
        production = shop.stable_pods()
        await shop.release(SECOND)
        await shop.at(Stage.JUDGING)
        manifest = app_manifests.deployment(SECOND, shop.plan)
        kubectl(f"--namespace={shop.namespace}", *words.split(), manifest=manifest)

        await shop.at(Stage.BAKING)
        assert shop.stable_pods() == production
        await shop.promoted(SECOND)
        shop.nobody_noticed()


async def test_a_fix_goes_through_although_the_stable_version_is_broken(cluster: Cluster) -> None:
    async with open_shop(cluster, Plan(analysis=TOLERANT), rate=100) as shop:
        await shop.fault("errors=0.3", canary=False)
        await shop.release(SECOND)

        await shop.promoted(SECOND, within=240)

        shop.nobody_noticed(shop.status.stage_since)


async def test_a_broken_environment_is_not_blamed_on_the_version(cluster: Cluster) -> None:
    # That the canary is no worse is proven after some 700 requests: the step lasts longer.
    plan = Plan(analysis=TOLERANT, steps=({"weight": 50, "duration": "60s"},))
    async with open_shop(cluster, plan, rate=100) as shop:
        await shop.release(SECOND)
        await shop.at(Stage.JUDGING)
        await shop.fault("errors=0.2", canary=False)
        await shop.fault("errors=0.2", canary=True)

        await shop.sampler.until(
            lambda: "both versions miss" in shop.status.message, 60, "blame of the environment"
        )
        await shop.stays_for(10, Stage.JUDGING)
        await shop.fault("", canary=False)
        await shop.fault("", canary=True)

        await shop.promoted(SECOND)


async def test_a_version_let_through_by_hand_is_adopted(cluster: Cluster, kubectl: Kubectl) -> None:
    async with open_shop(cluster) as shop:
        await shop.release(SECOND)
        await shop.at(Stage.JUDGING)
        held = (await shop.api.get(shop.ref(DEPLOYMENTS))).labels("metadata", "annotations")
        where = f"--namespace={shop.namespace}"
        bypass = f"sluice.dev/bypass={held['sluice.dev/held']}"
        kubectl("annotate", where, f"deployment/{NAME}", bypass)
        kubectl("rollout", "resume", where, f"deployment/{NAME}")

        await shop.taken_over(SECOND)
