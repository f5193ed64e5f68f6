"""What only a person can decide about an init node waits for him, and says what to write."""

import re

import pytest

from sluice.model.json import JsonObject
from sluice.model.names import RECORD_FINALIZER
from sluice.model.reasons import Reason
from sluice.model.references import JOBS
from sluice.startup.init.run import Result
from sluice.startup.init.states import State
from sluice.startup.states import State as NodeState
from tests.cluster.ensemble import deployment, node
from tests.cluster.init_jobs import (
    DATABASE,
    NODE,
    ORDERS,
    WAITING,
    from_secret,
    init_node,
    migrates,
    migration,
)
from tests.cluster.initialising import Site, site
from tests.cluster.shop import Cluster
from tests.servers.postgres import Postgres

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]

MORE: JsonObject = {"name": "MORE", "value": "1"}
CHANGES: dict[str, JsonObject] = {
    "arguments": migrates("up", "--lock-timeout", "30s"),
    "environment": migrates(env=[from_secret("DATABASE_URL", DATABASE), MORE]),
    "files": migrates(files="corrected"),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_a_changed_job_of_one_version_waits_until_a_person_accepts_it(
    cluster: Cluster, postgres: Postgres, change: str
) -> None:
    async with site(cluster, postgres) as place:
        await place.write(_43_orders_up=ORDERS)
        await place.write("corrected", _43_orders_up="CREATE TABLE orders (id bigint);")
        await place.graph(migration(), node("api", NODE))
        await place.init_at(State.COMPLETE)
        await place.edit(nodes=[init_node(CHANGES[change], version="43"), node("api", NODE)])
        await place.init_at(State.MISMATCH)
        await place.deploy(deployment("api"))
        await place.at("api", NodeState.BLOCKED)
        await place.stays("api", NodeState.BLOCKED, 3)
        assert not place.chronicle.sets

        ready = place.chronicle.ready
        assert ready.reason == Reason.INIT_MISMATCH
        asked = re.search(
            r"migrate: version 43 was completed by job (\w{12}), the graph has (\w{12}); "
            r"write a new version; or: sluice graph resolve town migrate --accept or --rerun",
            ready.message,
        )
        assert asked, ready.message
        await place.resolve("Accept", asked[1])  # what was, not what is: it resolves nothing
        await place.init_stays(State.MISMATCH, 2)
        await place.resolve("Accept", asked[2])

        await place.init_at(State.COMPLETE)
        await place.all_ready()
        assert place.history() == [("43", "up", "applied")]
        assert len(place.chronicle.made) == 1
        (entry,) = place.chronicle.entries()
        assert (entry.outcome.by, entry.result) == (place.user, Result.COMPLETE)


async def waits_midway(place: Site, *children: JsonObject) -> str:
    """Begin a migration that stands in its statement; return the name of its Job."""
    place.hold_statements()
    await place.write(_43_orders_up=ORDERS + WAITING)
    await place.graph(migration(), *children)
    await place.is_waiting()
    return place.chronicle.init().job


async def rerun(place: Site, job: str) -> None:
    """Check that the migration is dirty and stays so; let it run again, as its second run."""
    await place.init_at(State.DIRTY)
    await place.at("api", NodeState.BLOCKED)
    await place.init_stays(State.DIRTY, 5)
    assert place.chronicle.ready.reason == Reason.INIT_DIRTY
    assert "sluice graph resolve town migrate --applied or --rerun" in place.chronicle.ready.message
    assert set(place.chronicle.made) == {job}
    (entry,) = place.chronicle.entries()
    assert (entry.run.number, entry.result) == (1, Result.DIRTY)
    assert place.told(Reason.INIT_DIRTY)
    place.let_go()

    await place.resolve("Rerun", job)

    await place.all_ready()
    (entry,) = place.chronicle.entries()
    assert (entry.run.number, entry.result) == (2, Result.COMPLETE)
    assert len(place.chronicle.made) == 2
    assert place.history() == [("43", "up", "applied")]


async def test_a_job_that_is_deleted_with_its_pods_midway_is_dirty_until_a_person_lets_it_rerun(
    cluster: Cluster, postgres: Postgres
) -> None:
    async with site(cluster, postgres) as place:
        await place.deploy(deployment("api"))
        job = await waits_midway(place, node("api", NODE))

        await place.api.delete(place.ref(JOBS, job), "Foreground")

        await rerun(place, job)


async def test_a_job_that_is_torn_out_midway_is_dirty_until_a_person_lets_it_rerun(
    cluster: Cluster, postgres: Postgres
) -> None:
    async with site(cluster, postgres) as place:
        await place.deploy(deployment("api"))
        job = await waits_midway(place, node("api", NODE))
        ref = place.ref(JOBS, job)
        await place.api.delete(ref)
        kept = [
            name
            for name in (await place.api.get(ref)).texts("metadata", "finalizers")
            if name != RECORD_FINALIZER
        ]

        await place.api.merge(ref, {"metadata": {"finalizers": kept}})

        await place.until(lambda: not place.chronicle.get(JOBS, job).value, "end of the Job", 30)
        await rerun(place, job)


async def test_a_job_that_is_deleted_midway_without_its_pods_comes_to_its_end_and_is_recorded(
    cluster: Cluster, postgres: Postgres
) -> None:
    async with site(cluster, postgres) as place:
        await place.deploy(deployment("api"))
        job = await waits_midway(place, node("api", NODE))

        await place.api.delete(place.ref(JOBS, job))
        await place.init_stays(State.RUNNING, 3)
        place.let_go()

        await place.all_ready()
        (entry,) = place.chronicle.entries()
        assert (entry.run.number, entry.result) == (1, Result.COMPLETE)
        assert place.history() == [("43", "up", "applied")]
        await place.until(lambda: not place.chronicle.get(JOBS, job).value, "end of the Job", 30)
