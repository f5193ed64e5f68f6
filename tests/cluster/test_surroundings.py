"""What lies around a Rollout is missing, changed by others, or in its way."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Final

import pytest

from sluice.engine.announcer import EVENTS
from sluice.model.json import Body, JsonObject
from sluice.model.reasons import Reason
from sluice.model.references import (
    DEPLOYMENTS,
    HTTPROUTES,
    NETWORKPOLICIES,
    PODMONITORS,
    ROLLOUTS,
    SERVICES,
    Resource,
)
from sluice.rollout.commands import Verb
from sluice.rollout.phases import Stage
from tests.cluster import app_manifests
from tests.cluster.app_manifests import NAME, Plan
from tests.cluster.kubectl import Kubectl
from tests.cluster.sampler import CANARY
from tests.cluster.shop import FIRST, SECOND, SLOW_ROLL, Cluster, Shop, empty_shop, open_shop

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]

POD_MONITOR_TYPE: JsonObject = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": f"{PODMONITORS.plural}.{PODMONITORS.group}"},
    "spec": {
        "group": PODMONITORS.group,
        "scope": "Namespaced",
        "names": {"plural": PODMONITORS.plural, "kind": PODMONITORS.kind},
        "versions": [
            {
                "name": PODMONITORS.version,
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "x-kubernetes-preserve-unknown-fields": True,
                    }
                },
            }
        ],
    },
}
# The operator looks once a minute whether the type has come.
NOTICED_SECONDS: Final = 65.0

STABLE_ONLY: list[JsonObject] = [{"name": NAME, "port": 80}]


def all_for_the_canary() -> list[JsonObject]:
    return [
        {"name": NAME, "port": 80, "weight": 0},
        {"name": CANARY, "port": 80, "weight": 100},
    ]


def ready_reason(shop: Shop) -> str:
    ready = (condition for condition in shop.status.conditions if condition.type == "Ready")
    return next((condition.reason for condition in ready), "")


@pytest.mark.parametrize(
    ("missing", "reason"),
    [
        pytest.param(DEPLOYMENTS, Reason.TARGET_NOT_FOUND, id="Deployment"),
        pytest.param(SERVICES, Reason.SERVICE_NOT_FOUND, id="Service"),
        pytest.param(HTTPROUTES, Reason.ROUTE_NOT_FOUND, id="HTTPRoute"),
    ],
)
async def test_a_rollout_waits_for_its(cluster: Cluster, missing: Resource, reason: Reason) -> None:
    async with empty_shop(cluster) as shop:
        parts: dict[Resource, Callable[[], JsonObject]] = {
            DEPLOYMENTS: lambda: app_manifests.deployment(FIRST, shop.plan),
            SERVICES: app_manifests.service,
            HTTPROUTES: lambda: app_manifests.route(shop.host),
            ROLLOUTS: lambda: app_manifests.rollout(shop.plan),
        }
        late = parts.pop(missing)
        for resource, manifest in parts.items():
            await shop.create(resource, manifest())
        await shop.sampler.until(lambda: ready_reason(shop) == reason, 30, reason)

        await shop.create(missing, late())

        await shop.sampler.until(shop.is_at_rest, 60, "Healthy Rollout")
        await shop.sampler.until(lambda: ready_reason(shop) == Reason.HEALTHY, 30, "Ready")


@pytest.mark.parametrize(
    ("missing", "reason"),
    [
        pytest.param(SERVICES, Reason.SERVICE_NOT_FOUND, id="Service"),
        pytest.param(HTTPROUTES, Reason.ROUTE_NOT_FOUND, id="HTTPRoute"),
    ],
)
async def test_a_rollout_under_way_waits_for_its(
    cluster: Cluster, missing: Resource, reason: Reason
) -> None:
    plan = Plan(steps=({"weight": 10, "duration": "60s"},), analysis={"maxDuration": "60s"})
    async with open_shop(cluster, plan) as shop:
        parts: dict[Resource, JsonObject] = {
            SERVICES: app_manifests.service(),
            HTTPROUTES: app_manifests.route(shop.host),
        }
        await shop.release(SECOND)
        await shop.at(Stage.JUDGING)
        await shop.api.delete(shop.ref(missing))
        await shop.sampler.until(lambda: ready_reason(shop) == reason, 30, reason)

        await shop.create(missing, parts[missing])

        await shop.sampler.until(lambda: ready_reason(shop) == Reason.PROGRESSING, 30, "going on")
        await shop.sampler.until(lambda: shop.sampler.weight == 10, 30, "10% again")
        await shop.command(Verb.PROMOTE_FULL)
        await shop.promoted(SECOND)


async def test_a_network_policy_that_leaves_the_canary_out_blocks_the_start(
    cluster: Cluster,
) -> None:
    policy: JsonObject = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "only-the-shop"},
        "spec": {"podSelector": {"matchLabels": {"app": NAME}}, "ingress": [{}]},
    }
    async with open_shop(cluster) as shop:
        await shop.create(NETWORKPOLICIES, policy)
        await shop.release(SECOND)
        reason = Reason.NETWORK_POLICY_EXCLUDES_CANARY
        await shop.sampler.until(lambda: ready_reason(shop) == reason, 30, reason)
        assert "only-the-shop" in shop.status.message
        assert shop.sampler.shifts == []

        await shop.api.delete(shop.ref(NETWORKPOLICIES, "only-the-shop"))

        await shop.promoted(SECOND)


@pytest.fixture
def pod_monitors(kubectl: Kubectl) -> Iterator[None]:
    """Install the type PodMonitor, which the local cluster does not have, for one test."""
    name = f"crd/{PODMONITORS.plural}.{PODMONITORS.group}"
    kubectl("apply", "-f", "-", manifest=POD_MONITOR_TYPE)
    try:
        kubectl("wait", "--for=condition=Established", "--timeout=30s", name)
        yield
    finally:
        kubectl("delete", name, "--wait=false")


@pytest.mark.usefixtures("pod_monitors")
async def test_a_pod_monitor_that_misses_the_canary_is_named_and_the_rollout_goes_on(
    cluster: Cluster,
) -> None:
    monitor: JsonObject = {
        "apiVersion": PODMONITORS.api_version,
        "kind": PODMONITORS.kind,
        "metadata": {"name": "only-the-shop"},
        "spec": {
            "selector": {"matchLabels": {"app": NAME}},
            "podMetricsEndpoints": [{"port": "http"}],
        },
    }
    async with open_shop(cluster) as shop:
        await shop.create(PODMONITORS, monitor)
        await shop.stays_for(NOTICED_SECONDS, Stage.HEALTHY)

        await shop.release(SECOND)

        await shop.promoted(SECOND)
        events = await shop.api.list(EVENTS, shop.namespace)
        reason = Reason.POD_MONITOR_MISSES_CANARY
        (said,) = (event.text("note") for event in events if event.text("reason") == reason)
        assert "PodMonitor only-the-shop" in said
        assert f"app: {CANARY}" in said
        shop.nobody_noticed()


async def test_weights_that_somebody_takes_away_are_put_back(cluster: Cluster) -> None:
    plan = Plan(steps=({"weight": 10, "duration": "60s"},), analysis={"maxDuration": "60s"})
    async with open_shop(cluster, plan) as shop:
        await shop.release(SECOND)
        await shop.at(Stage.JUDGING)
        for edit in (STABLE_ONLY, all_for_the_canary(), STABLE_ONLY):
            await shop.edit_route(edit)
            await shop.sampler.until(lambda: shop.sampler.weight == 10, 10, "10% again")
            await asyncio.sleep(0.5)  # a tool that syncs does not come back within the same moment

        contested = Reason.ROUTE_CONTESTED
        await shop.sampler.until(lambda: ready_reason(shop) == contested, 20, contested)
        shop.nobody_noticed()


async def test_a_second_rollout_for_the_same_deployment_is_refused(cluster: Cluster) -> None:
    async with open_shop(cluster) as shop:
        manifest = app_manifests.rollout(shop.plan)
        await shop.create(ROLLOUTS, {**manifest, "metadata": {"name": "second"}})

        def is_refused() -> bool:
            found = shop.sampler.objects.get((ROLLOUTS, "second"), Body({}))
            return any(
                condition.text("reason") == Reason.CONFLICT
                for condition in found.bodies("status", "conditions")
            )

        await shop.sampler.until(is_refused, 30, "Conflict of the second Rollout")
        await shop.release(SECOND)

        await shop.promoted(SECOND)
        shop.nobody_noticed()


@pytest.mark.parametrize("propagation", ["Foreground", "Background"])
@pytest.mark.parametrize(
    "stage",
    [
        pytest.param(Stage.JUDGING, id="it is judged"),
        pytest.param(Stage.ROLLING, id="the Deployment rolls"),
    ],
)
async def test_a_rollout_deleted_while(cluster: Cluster, propagation: str, stage: Stage) -> None:
    async with open_shop(cluster, SLOW_ROLL) as shop:
        await shop.release(SECOND)
        await shop.at(stage, within=120)

        await shop.api.delete(shop.ref(ROLLOUTS), propagation)

        await shop.sampler.until(lambda: not shop.sampler.present(ROLLOUTS), 120, "end")
        names = {body.text("metadata", "name") for body in shop.sampler.present(DEPLOYMENTS)}
        assert names == {NAME}
        assert shop.sampler.weights[-1].canary is None
        shop.nobody_noticed()
        expected = SECOND if stage is Stage.ROLLING else FIRST
        assert {answer.version for answer in shop.load.answers[-20:]} == {expected.name}


@pytest.mark.parametrize(
    "stage",
    [
        pytest.param(Stage.HEALTHY, id="at rest"),
        pytest.param(Stage.JUDGING, id="while the canary is judged"),
        pytest.param(Stage.ROLLING, id="while the Deployment rolls"),
    ],
)
async def test_nothing_is_left_of_an_application_that_is_deleted_as_a_whole(
    cluster: Cluster, stage: Stage
) -> None:
    async with open_shop(cluster, SLOW_ROLL) as shop:
        if stage is not Stage.HEALTHY:
            await shop.release(SECOND)
            await shop.at(stage, within=120)

        await shop.delete_everything()

        await shop.sampler.until(lambda: not shop.sampler.present(ROLLOUTS), 60, "end")
