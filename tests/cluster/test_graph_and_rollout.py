"""A StartupGraph and a Rollout on one Deployment: each holds for its own reason."""

from collections.abc import Mapping

import pytest

from sluice.model.json import Body, JsonObject
from sluice.model.names import HEALTHY_GATE, ROLE_LABEL
from sluice.model.references import (
    DEPLOYMENTS,
    HTTPROUTES,
    PODS,
    REPLICASETS,
    ROLLOUTS,
    SERVICES,
    STARTUPGRAPHS,
    STATEFULSETS,
)
from sluice.rollout.phases import Stage
from tests.cluster import app_manifests, ensemble
from tests.cluster.app_manifests import NAME, Plan, Version
from tests.cluster.ensemble import condition, labels
from tests.cluster.shop import FIRST, READY_SECONDS, SECOND, Cluster, Shop, empty_shop
from tests.cluster.test_graph_gates import gate, gated

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(400)]


def ordered(version: Version, plan: Plan) -> JsonObject:
    """Return the application as a node of the graph: labelled, and its pod template too."""
    found = Body(app_manifests.deployment(version, plan))
    meta = {**found.body("metadata").value, "labels": labels(NAME)}
    spec = {**found.body("spec").value, "template": template(version)}
    return {**found.value, "metadata": meta, "spec": spec}


def template(version: Version) -> JsonObject:
    """Return the pod template of a version of the ordered application."""
    found = Body(app_manifests.template(version))
    own = found.labels("metadata", "labels")
    meta = {**found.body("metadata").value, "labels": {**own, **labels(NAME)}}
    return {**found.value, "metadata": meta}


async def open_ordered(shop: Shop) -> None:
    """Create the application, its Rollout, and a graph in which it comes after a database."""
    api = gated(NAME, gate("/readyz"), dependsOn=[{"node": "db"}])
    await shop.create(STARTUPGRAPHS, ensemble.graph(ensemble.node("db", kind="StatefulSet"), api))
    await shop.create(DEPLOYMENTS, ordered(FIRST, shop.plan))
    await shop.create(SERVICES, app_manifests.service())
    await shop.create(HTTPROUTES, app_manifests.route(shop.host))
    await shop.create(ROLLOUTS, app_manifests.rollout(shop.plan))


async def served(shop: Shop, version: Version) -> None:
    """Let the database come, and wait until the application serves."""
    assert not await shop.api.list(REPLICASETS, shop.namespace)
    await shop.create(STATEFULSETS, ensemble.statefulset("db", replicas=1))
    await shop.sampler.until(shop.is_at_rest, READY_SECONDS, "Healthy Rollout")
    await shop.sampler.until(shop.serves, READY_SECONDS, f"answer of {version.name}")
    shop.load.answers.clear()


async def test_a_canary_of_a_gated_node_gets_traffic_after_its_passes(cluster: Cluster) -> None:
    async with empty_shop(cluster) as shop:
        await open_ordered(shop)
        await shop.sampler.stays(lambda: not _pods(shop), 3, "held")
        await served(shop, FIRST)

        patch: JsonObject = {"spec": {"template": template(SECOND)}}
        await shop.api.merge(shop.ref(DEPLOYMENTS), patch)
        await shop.at(Stage.JUDGING)

        for pod in _pods(shop, role="canary"):
            assert condition(pod, HEALTHY_GATE).text("reason") == "GatesPassed"
        await shop.promoted(SECOND)
        shop.nobody_noticed()


async def test_a_version_that_changes_before_the_first_start_starts_without_a_rollout(
    cluster: Cluster,
) -> None:
    async with empty_shop(cluster) as shop:
        await open_ordered(shop)
        # The Rollout has claimed it, so the change is held back by both.
        await shop.sampler.until(
            lambda: _labels(shop).get("sluice.dev/rollout") == NAME, 30, "claim of the Rollout"
        )
        patch: JsonObject = {"spec": {"template": template(SECOND)}}
        await shop.api.merge(shop.ref(DEPLOYMENTS), patch)
        await shop.sampler.stays(lambda: not _pods(shop), 3, "held")

        await served(shop, SECOND)

        assert len(await shop.api.list(REPLICASETS, shop.namespace, f"app={NAME}")) == 1
        await shop.users_see(SECOND)


def _labels(shop: Shop) -> Mapping[str, str]:
    return shop.sampler.get(DEPLOYMENTS, NAME).labels("metadata", "labels")


def _pods(shop: Shop, role: str = "") -> list[Body]:
    return [
        pod
        for pod in shop.sampler.present(PODS)
        if pod.labels("metadata", "labels").get(ROLE_LABEL, "") == role
        and pod.text("metadata", "name").startswith(NAME)
    ]
