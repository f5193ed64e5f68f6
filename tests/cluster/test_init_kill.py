"""The operator is killed at every write of a run, and in every state: nothing runs twice."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from sluice.model.references import STARTUPGRAPHS
from sluice.startup.init.run import Result
from sluice.startup.init.states import State
from tests.cluster.cluster_api import cluster_api
from tests.cluster.ensemble import GRAPH, deployment, node
from tests.cluster.init_jobs import NODE, ORDERS, WAITING, init_node, migration, says
from tests.cluster.initialising import InitChronicle, Site, is_settled, site
from tests.cluster.interrupting import Interruptions, interrupting, through_here
from tests.cluster.kubectl import Kubectl
from tests.cluster.shop import Cluster
from tests.cluster.sluice_process import SluiceProcess, in_place_of_the_pod
from tests.servers.postgres import Postgres

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]

# Every write of a run that comes to a good end: while its Job runs, and afterwards.
BEGINNING = {
    "PATCH startupgraphs status migrate=Running,new api=Held,new",
    "POST configmaps",
    "POST leases",
    "PATCH leases held by name",
    "POST jobs",
    "PATCH startupgraphs status migrate=Running,seen api=Held,new",
    "PATCH leases held by UID",
}
END = {
    "PATCH startupgraphs status migrate=Recording,seen api=Held,new",
    "PATCH configmaps /data/version.43 /data/log.43",
    "PATCH jobs /metadata/finalizers /spec/ttlSecondsAfterFinished",
    "PATCH leases /spec/holderIdentity",
}


@asynccontextmanager
async def mortal(
    cluster: Cluster, kubectl: Kubectl, kubeconfig: Path, folder: Path
) -> AsyncIterator[tuple[Interruptions, SluiceProcess]]:
    """Give an operator that is killed at every kind of write, once a namespace is named."""
    ours = through_here(kubeconfig, folder / "kubeconfig.yaml")
    async with cluster_api(cluster.kubeconfig) as api, interrupting(api) as interruptions:
        place = (ours, cluster.prometheus_url, folder / "sluice.log")
        with in_place_of_the_pod(kubectl, *place) as process:
            interruptions.interrupt = process.kill_and_restart
            await process.ready()
            yield interruptions, process


@pytest.mark.usefixtures("alone")
async def test_the_operator_is_killed_before_and_after_every_write_and_nothing_runs_twice(
    cluster: Cluster,
    postgres: Postgres,
    kubectl: Kubectl,
    operator_kubeconfig: Path,
    tmp_path: Path,
) -> None:
    async with (
        mortal(cluster, kubectl, operator_kubeconfig, tmp_path) as (interruptions, process),
        site(cluster, postgres) as place,
    ):
        interruptions.namespace = place.namespace
        place.hold_statements()
        await place.write(_43_orders_up=ORDERS + WAITING)
        await place.deploy(deployment("api"))
        counted = interruptions.counted

        def all_twice(writes: set[str]) -> bool:
            return all(counted[write] >= 2 for write in writes)

        await place.graph(migration(), node("api", NODE))
        await place.until(lambda: all_twice(BEGINNING), "two deaths at each write of the beginning")
        place.let_go()

        await place.all_ready(within=200)
        await place.until(lambda: is_settled(place), "end of all work", 60)

        ran_once(place)
        assert all_twice(BEGINNING | END), f"{counted}; {process.tail()}"
        print(f"\nkilled {sum(min(count, 2) for count in counted.values())} times: {counted}")


@pytest.mark.usefixtures("alone")
async def test_the_operator_is_killed_at_every_write_about_what_is_left_half_done(
    cluster: Cluster,
    postgres: Postgres,
    kubectl: Kubectl,
    operator_kubeconfig: Path,
    tmp_path: Path,
) -> None:
    async with (
        mortal(cluster, kubectl, operator_kubeconfig, tmp_path) as (interruptions, process),
        site(cluster, postgres) as place,
    ):
        interruptions.namespace = place.namespace
        await place.graph(init_node(says("exit 20"), version="43"), node("api", NODE))

        await place.init_at(State.DIRTY, within=300)
        await place.until(lambda: is_settled(place), "end of all work", 60)

        assert len(place.chronicle.made) == 1, process.tail()
        (entry,) = place.chronicle.entries()
        assert (entry.run.number, entry.result) == (1, Result.DIRTY)
        agrees(place.chronicle)
        await place.resolve("Rerun", entry.job)
        await place.until(lambda: len(place.chronicle.made) == 2, "second Job", 120)
        await place.until(
            lambda: (
                [one.run.number for one in place.chronicle.entries()] == [2]
                and place.chronicle.init().state is State.DIRTY
            ),
            "second record",
            200,
        )
        agrees(place.chronicle)


@pytest.mark.usefixtures("alone")
async def test_the_operator_is_killed_at_every_write_while_a_graph_goes_that_runs_something(
    cluster: Cluster,
    postgres: Postgres,
    kubectl: Kubectl,
    operator_kubeconfig: Path,
    tmp_path: Path,
) -> None:
    async with (
        mortal(cluster, kubectl, operator_kubeconfig, tmp_path) as (interruptions, process),
        site(cluster, postgres) as place,
    ):
        interruptions.namespace = place.namespace
        place.hold_statements()
        await place.write(_43_orders_up=ORDERS + WAITING)
        await place.graph(migration())
        await place.is_waiting()
        await place.api.delete(place.ref(STARTUPGRAPHS, GRAPH))
        await place.init_stays(State.RUNNING, 3)
        place.let_go()

        def is_gone() -> bool:
            return not place.chronicle.get(STARTUPGRAPHS, GRAPH).value

        await place.until(is_gone, f"end of the graph; {process.tail()}", 120)
        assert is_settled(place)
        ran_once(place)


async def test_the_operator_is_killed_in_every_state_while_the_statement_runs(
    cluster: Cluster, postgres: Postgres, sluice: SluiceProcess
) -> None:
    await sluice.ready()
    async with site(cluster, postgres) as place:
        place.hold_statements()
        await place.write(_43_orders_up=ORDERS + WAITING)
        await place.graph(node("db"), migration("43", "db"), node("api", NODE))
        await place.deploy(deployment("api"))
        await place.until(lambda: bool(place.chronicle.init().reasons), "reason")
        assert place.chronicle.init().state is State.HELD
        await killed(sluice)
        await place.deploy(deployment("db"))
        await place.is_waiting()
        await killed(sluice)
        await place.init_stays(State.RUNNING, 3)
        # It is over while nobody looks.
        sluice.kill()
        place.let_go()
        await place.until(lambda: "completion" in place.chronicle.seen, "end of the Job")
        sluice.start()
        await sluice.ready()

        await place.all_ready()
        await killed(sluice)
        await place.until(lambda: is_settled(place), "end of all work", 30)
        ran_once(place)


async def killed(sluice: SluiceProcess) -> None:
    """Kill the operator, and wait until the next one has read everything."""
    sluice.kill_and_restart()
    await sluice.ready()


def ran_once(place: Site) -> None:
    """Check that database, Jobs, record and status tell of one run."""
    assert place.history() == [("43", "up", "applied")]
    assert len(place.chronicle.made) == 1
    assert all(len(sets) == 1 for sets in place.chronicle.sets.values())
    (entry,) = place.chronicle.entries()
    assert (entry.run.version, entry.run.number, entry.result) == ("43", 1, Result.COMPLETE)
    agrees(place.chronicle)


def agrees(chronicle: InitChronicle) -> None:
    """Check that record and status say the same of the run."""
    (entry,), status = chronicle.entries(), chronicle.init()
    told = (entry.run, entry.outcome, entry.job, entry.uid)
    assert told == (status.run, status.outcome, status.job, status.uid)
