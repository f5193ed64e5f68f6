"""A migration runs once, however often its graph is applied, deleted and applied again."""

import pytest

from sluice.model.json import Body, JsonObject
from sluice.model.names import RECORD_FINALIZER
from sluice.model.reasons import Reason
from sluice.model.references import JOBS, LEASES, STARTUPGRAPHS
from sluice.startup.init.run import Result
from sluice.startup.init.states import State
from tests.cluster.audit import AuditLog
from tests.cluster.ensemble import GRAPH, deployment, graph, node
from tests.cluster.init_jobs import NODE, ORDERS, init_node, migrates, migration, says
from tests.cluster.initialising import Site, is_settled, site
from tests.cluster.kubectl import Kubectl
from tests.cluster.shop import Cluster
from tests.servers.postgres import Postgres

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]

IDLE_SECONDS = 20.0


def ran_once(place: Site, version: str = "43") -> None:
    """Check database, Jobs and record: the version was brought in one run."""
    assert place.history() == [(version, "up", "applied")]
    assert len(place.chronicle.made) == 1
    (entry,) = place.chronicle.entries()
    assert (entry.run.version, entry.run.number, entry.result) == (version, 1, Result.COMPLETE)


def apply(kubectl: Kubectl, place: Site, *nodes: JsonObject) -> None:
    """Apply the graph, as a pipeline would."""
    kubectl("apply", "--server-side", "-n", place.namespace, "-f", "-", manifest=graph(*nodes))


async def test_a_migration_that_is_applied_again_and_again_runs_once(
    cluster: Cluster, postgres: Postgres, kubectl: Kubectl
) -> None:
    async with site(cluster, postgres) as place:
        await place.write(_43_orders_up=ORDERS)
        apply(kubectl, place, migration())
        apply(kubectl, place, migration())
        await place.init_at(State.COMPLETE)
        ran_once(place)

        # The same in another order, and with what is not run.
        written = Body(migrates())
        turned = dict(reversed(list(written.value.items())))
        again = init_node(turned, version="43", kind="Task", timeout="20m", backoffLimit=5)
        apply(kubectl, place, again, node("api", NODE))
        await place.deploy(deployment("api"))
        await place.all_ready()

        ran_once(place)
        settled(place)


def settled(place: Site) -> None:
    """Check that Job and lock have been let go."""
    (job,) = place.chronicle.present(JOBS)
    assert RECORD_FINALIZER not in job.texts("metadata", "finalizers")
    assert job.whole("spec", "ttlSecondsAfterFinished") == 7 * 24 * 3600
    (lease,) = place.chronicle.present(LEASES)
    assert not lease.body("spec").has("holderIdentity")


async def test_a_graph_that_is_deleted_and_applied_again_runs_nothing_again(
    cluster: Cluster, postgres: Postgres
) -> None:
    async with site(cluster, postgres) as place:
        await place.write(_43_orders_up=ORDERS)
        await place.graph(migration(), node("api", NODE))
        await place.init_at(State.COMPLETE)
        await place.api.delete(place.ref(STARTUPGRAPHS, GRAPH))
        await place.until(
            lambda: not place.chronicle.get(STARTUPGRAPHS, GRAPH).value, "end of the graph", 20
        )

        await place.graph(migration(), node("api", NODE))
        await place.deploy(deployment("api"))

        await place.all_ready()
        ran_once(place)


async def test_a_child_starts_soon_after_its_parent_is_complete_and_then_nothing_is_written(
    cluster: Cluster, postgres: Postgres
) -> None:
    async with site(cluster, postgres) as place:
        await place.deploy(deployment("api"))
        began = await place.until(lambda: True, "now")
        await place.graph(init_node(says("true"), version="1"), node("api", NODE))

        await place.all_ready()

        seen = place.chronicle.seen
        print(
            f"\nfrom apply to Complete {seen['transition'] - began:.2f} s, from the Job's end to"
            f" the record {seen['record'] - seen['completion']:.2f} s, from there to Complete"
            f" {seen['transition'] - seen['record']:.2f} s, and to the child's ReplicaSet"
            f" {seen['release'] - seen['transition']:.2f} s"
        )
        assert seen["record"] < seen["transition"] < seen["release"]
        assert seen["release"] - seen["completion"] < 10
        await place.until(lambda: is_settled(place), "end of all work", 10)
        await place.until(lambda: bool(place.told(Reason.NODES_READY)), "last Event", 10)
        log = AuditLog.from_now()
        await place.chronicle.stays(lambda: is_settled(place), IDLE_SECONDS, "idle")
        written = [one for one in log.operator_writes() if one.namespace == place.namespace]
        assert written == []
