"""What is deleted while a migration runs goes as soon as its end is written down."""

import asyncio
import time
from typing import Final

import pytest

from sluice.model.reasons import Reason
from sluice.model.references import JOBS, STARTUPGRAPHS
from sluice.startup.init.run import Result
from sluice.startup.init.states import State
from sluice.startup.states import State as NodeState
from tests.cluster.ensemble import GRAPH, deployment, node
from tests.cluster.init_jobs import NODE, ORDERS, WAITING, migration
from tests.cluster.initialising import Site, is_settled, site
from tests.cluster.kubectl import Kubectl
from tests.cluster.shop import Cluster
from tests.servers.postgres import Postgres

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]

# The pod has half a minute to end; the namespace controller looks again ever less often.
NAMESPACE_BOUND: Final = "--timeout=90s"


async def waits_midway(place: Site) -> None:
    """Begin a migration that stands in its statement, with a child that waits for it."""
    place.hold_statements()
    await place.write(_43_orders_up=ORDERS + WAITING)
    await place.graph(migration(), node("api", NODE))
    await place.deploy(deployment("api"))
    await place.is_waiting()


def is_gone(place: Site) -> bool:
    """Tell whether there is no graph any more."""
    return not place.chronicle.get(STARTUPGRAPHS, GRAPH).value


async def test_a_graph_that_is_deleted_while_its_migration_runs_waits_for_the_record(
    cluster: Cluster, postgres: Postgres
) -> None:
    async with site(cluster, postgres) as place:
        await waits_midway(place)

        await place.api.delete(place.ref(STARTUPGRAPHS, GRAPH))

        await place.until(
            lambda: place.chronicle.ready.reason == Reason.DELETION_WAITS, "reason", 10
        )
        assert place.chronicle.ready.message == "waits until the end of migrate is recorded"
        await place.stays("api", NodeState.HELD, 5)
        assert not place.chronicle.sets
        place.let_go()
        await place.until(lambda: is_gone(place), "end of the graph", 30)
        (entry,) = place.chronicle.entries()
        assert entry.result is Result.COMPLETE
        assert place.history() == [("43", "up", "applied")]
        await place.until(lambda: is_settled(place), "Job that is let go", 10)
        # And one of its name knows that all is done.
        await place.graph(migration(), node("api", NODE))
        await place.all_ready()
        assert len(place.chronicle.made) == 1


async def test_a_graph_that_is_deleted_before_its_migration_may_run_goes_at_once(
    cluster: Cluster, postgres: Postgres
) -> None:
    async with site(cluster, postgres) as place:
        await place.graph(node("db"), migration("43", "db"))
        await place.until(lambda: bool(place.chronicle.init().reasons), "reason")
        assert place.chronicle.init().state is State.HELD

        await place.api.delete(place.ref(STARTUPGRAPHS, GRAPH))

        await place.until(lambda: is_gone(place), "end of the graph", 10)
        assert not place.chronicle.present(JOBS)


async def test_a_namespace_that_is_deleted_while_a_migration_runs_goes(
    cluster: Cluster, postgres: Postgres, kubectl: Kubectl
) -> None:
    async with site(cluster, postgres) as place:
        await waits_midway(place)
        began = time.monotonic()

        await place.api.delete_namespace(place.namespace)

        gone = ("wait", "--for=delete", f"namespace/{place.namespace}", NAMESPACE_BOUND)
        await asyncio.to_thread(kubectl, *gone)
        print(f"\nthe namespace was gone after {time.monotonic() - began:.1f} s")
