"""A run that is killed, that fails, or that leaves something half done."""

import pytest

from sluice.model.conditions import STALLED
from sluice.model.json import Body, JsonObject
from sluice.model.reasons import Reason
from sluice.model.references import JOBS, PODS
from sluice.startup.init.run import Result
from sluice.startup.init.states import State
from sluice.startup.states import State as NodeState
from tests.cluster.ensemble import deployment, node
from tests.cluster.init_jobs import (
    NODE,
    ORDERS,
    WAITING,
    from_secret,
    init_node,
    migration,
    says,
)
from tests.cluster.initialising import SECRETS, Site, is_finished, site
from tests.cluster.kubectl import Kubectl
from tests.cluster.shop import Cluster
from tests.servers.postgres import Postgres

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]


async def test_a_pod_that_is_killed_in_its_statement_is_tried_again_and_the_work_is_done_once(
    cluster: Cluster, postgres: Postgres, kubectl: Kubectl
) -> None:
    async with site(cluster, postgres) as place:
        place.hold_statements()
        await place.write(_43_orders_up=ORDERS + WAITING)
        await place.graph(migration(), node("api", NODE))
        await place.deploy(deployment("api"))
        await place.is_waiting()
        (first,) = place.runs()

        name = first.text("metadata", "name")
        kubectl("delete", "pod", name, "-n", place.namespace, "--grace-period=0", "--force")

        await place.until(lambda: _names(place) - {name} != set(), "second try")
        place.let_go()
        await place.all_ready()
        assert place.history() == [("43", "up", "applied")]
        (entry,) = place.chronicle.entries()
        assert (entry.run.number, entry.result) == (1, Result.COMPLETE)
        assert len(place.chronicle.made) == 1


def _names(place: Site) -> set[str]:
    return {pod.text("metadata", "name") for pod in place.runs()}


async def test_a_migration_that_is_left_half_done_blocks_what_comes_after_and_says_why(
    cluster: Cluster, postgres: Postgres
) -> None:
    async with site(cluster, postgres) as place:
        half = "-- sluice: no-transaction\n" + ORDERS + "\nSELECT 1 / 0;\n"
        await place.write(_43_orders_up=half)
        await place.graph(migration(), node("api", NODE), node("web", "api"), node("db"))
        await place.deploy(*(deployment(name) for name in ("web", "api", "db")))

        await place.init_at(State.DIRTY)

        await place.at("db", NodeState.READY)
        await place.at("api", NodeState.BLOCKED)
        await place.stays("api", NodeState.BLOCKED, 3)
        assert set(place.chronicle.sets) == {"db"}
        assert place.has_table("orders")
        ready = place.chronicle.ready
        assert ready.reason == Reason.INIT_DIRTY
        assert "division by zero" in ready.message
        assert "api" in ready.message.partition("Held for it: ")[2]
        (stalled,) = (one for one in place.chronicle.status.conditions if one.type == STALLED)
        assert stalled.status == "True"
        await place.until(
            lambda: "division by zero" in " ".join(place.told(Reason.INIT_DIRTY)), "Event", 10
        )
        (entry,) = place.chronicle.entries()
        assert (entry.outcome.exit_code, entry.outcome.tries) == (20, 1)
        log = place.chronicle.record().labels("data")["log.43"]
        assert "SELECT 1 / 0" in log


async def test_a_job_that_fails_three_times_is_failed_until_a_mended_one_is_written(
    cluster: Cluster, postgres: Postgres
) -> None:
    async with site(cluster, postgres) as place:
        script = "echo no region is set; exit 3"
        broken = init_node(says(script), version="43", kind="Task", backoffLimit=2)
        await place.graph(broken, node("api", NODE))
        await place.deploy(deployment("api"))

        await place.init_at(State.FAILED, within=150)

        await place.at("api", NodeState.BLOCKED)
        message = place.chronicle.ready.message
        assert "version 43 failed: 3 tries, exit code 3: no region is set" in message
        assert "apply a mended job" in message
        tries = [pod for pod in place.chronicle.present(PODS) if _exit_code(pod) == 3]
        assert len(tries) == 3
        await place.init_stays(State.FAILED, 3)

        mended = init_node(says("true"), version="43", kind="Task", backoffLimit=2)
        await place.edit(nodes=[mended, node("api", NODE)])

        await place.all_ready()
        (entry,) = place.chronicle.entries()
        assert (entry.run.number, entry.result) == (2, Result.COMPLETE)
        assert all(is_finished(job) for job in place.chronicle.present(JOBS))


def _exit_code(pod: Body) -> int | None:
    for status in pod.bodies("status", "containerStatuses"):
        ended = status.body("state", "terminated")
        if ended.value:
            return ended.whole("exitCode")
    return None


async def test_a_pod_that_cannot_start_is_told_and_starts_when_it_can(
    cluster: Cluster, postgres: Postgres
) -> None:
    async with site(cluster, postgres) as place:
        wants = says("echo done", env=[from_secret("URL", "later")])
        await place.graph(init_node(wants, version="43"))

        await place.until(
            lambda: 'secret "later" not found' in place.chronicle.ready.message, "why"
        )

        assert place.chronicle.ready.reason == Reason.STARTING
        assert place.chronicle.init().reasons[0].startswith("its pod does not start: ")
        data: JsonObject = {"metadata": {"name": "later"}, "stringData": {"url": "none"}}
        await place.api.create(SECRETS, place.namespace, data)
        await place.all_ready()
        (entry,) = place.chronicle.entries()
        assert (entry.run.number, entry.outcome.tries) == (1, 1)
