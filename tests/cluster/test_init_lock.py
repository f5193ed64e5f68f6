"""Nodes of several graphs that name one lock never run beside each other."""

import pytest

from sluice.model.json import JsonObject
from sluice.model.references import STARTUPGRAPHS
from sluice.startup.init.run import Result
from tests.cluster.ensemble import graph
from tests.cluster.init_jobs import ORDERS, init_node, migration, says
from tests.cluster.initialising import Site, site
from tests.cluster.shop import Cluster
from tests.servers.postgres import Postgres

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]

LOCK = "shop-db"


def named(name: str, *nodes: JsonObject) -> JsonObject:
    """Return a graph of another name."""
    return {**graph(*nodes), "metadata": {"name": name}}


async def create(place: Site, *graphs: JsonObject) -> None:
    """Create graphs, one right after the other."""
    for one in graphs:
        await place.api.create(STARTUPGRAPHS, place.namespace, one)


def are_ready(place: Site, *names: str) -> bool:
    """Tell whether every one of the graphs is ready."""
    phases = {
        place.chronicle.get(STARTUPGRAPHS, name).text("status", "phase", default="")
        for name in names
    }
    return phases == {"Ready"}


async def test_the_jobs_of_graphs_with_one_lock_run_one_after_the_other(
    cluster: Cluster, postgres: Postgres
) -> None:
    async with site(cluster, postgres) as place:
        names = ("east", "north", "west")
        for name in names:
            job = init_node(says("sleep 2"), name=name, kind="Task", version="1", lock=LOCK)
            await create(place, named(name, job))

        await place.until(lambda: are_ready(place, *names), "end of all three")

        assert len(place.chronicle.made) == 3
        assert place.chronicle.most_at_once == 1
        for name in names:
            assert [one.result for one in place.chronicle.entries(name)] == [Result.COMPLETE]


async def test_a_migration_that_two_graphs_share_runs_once(
    cluster: Cluster, postgres: Postgres
) -> None:
    async with site(cluster, postgres) as place:
        await place.write(_43_orders_up=ORDERS)
        shared = migration("43", lock=LOCK)

        await create(place, named("east", shared), named("west", shared))

        await place.until(lambda: are_ready(place, "east", "west"), "end of both")
        assert len(place.chronicle.made) == 1
        assert place.history() == [("43", "up", "applied")]
