"""Rollouts at rest cost the API server nothing."""

import asyncio

import pytest

from sluice.model.references import ROLLOUTS
from sluice.rollout.phases import Stage
from tests.cluster import app_manifests
from tests.cluster.app_manifests import Plan, Version
from tests.cluster.audit import AuditLog
from tests.cluster.faults import CRASHING
from tests.cluster.shop import Cluster, empty_shop, open_shop

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]

SECONDS = 60.0


@pytest.mark.usefixtures("alone")
async def test_nothing_is_written_for_a_minute_about_rollouts_at_rest(cluster: Cluster) -> None:
    async with (
        open_shop(cluster) as healthy,
        open_shop(cluster) as rejected,
        empty_shop(cluster, Plan()) as waiting,
    ):
        await waiting.create(ROLLOUTS, app_manifests.rollout(waiting.plan))
        await rejected.release(Version("v2", CRASHING))
        await rejected.rolled_back(within=120)
        await asyncio.sleep(5)  # the last events are posted

        log = AuditLog.from_now()
        await rejected.stays_for(SECONDS, Stage.ROLLED_BACK)

        assert log.operator_writes() == []
        assert healthy.is_at_rest()
