"""A version is undone when a person asks and nobody uses it; it comes back if he says so."""

import pytest

from sluice.model.json import Body, JsonObject
from sluice.model.reasons import Reason
from sluice.model.references import DEPLOYMENTS
from sluice.startup.init.run import Direction, Result
from sluice.startup.init.states import State
from tests.cluster.ensemble import deployment, node
from tests.cluster.init_jobs import NODE, ORDERS, init_node, migrates
from tests.cluster.initialising import Site, site
from tests.cluster.shop import Cluster
from tests.servers.postgres import Postgres

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]

FIRST = init_node(migrates("up", "--to", "42"), version="42")
DOWN = migrates("down", "--to", "42")


async def bring_both(place: Site, second: JsonObject) -> None:
    """Bring version 42, then 43, to a database that an application uses."""
    await place.write(
        _42_users_up="CREATE TABLE users (id int);",
        _43_orders_up=ORDERS,
        _43_orders_down="DROP TABLE orders;",
    )
    await place.graph(FIRST, node("api", NODE))
    await place.deploy(lingering("api"))
    await place.all_ready()
    await place.edit(nodes=[second, node("api", NODE)])
    await place.until(lambda: len(place.chronicle.entries()) == 2, "record of 43")
    await place.init_at(State.COMPLETE)
    assert place.has_table("orders")


def lingering(name: str) -> JsonObject:
    """Return a Deployment whose pod ends some seconds after it was told to."""
    found = Body(deployment(name))
    template = found.body("spec", "template")
    (container,) = template.bodies("spec", "containers")
    stays = {**container.value, "lifecycle": {"preStop": {"sleep": {"seconds": 6}}}}
    pod: JsonObject = {"terminationGracePeriodSeconds": 10, "containers": [stays]}
    changed: JsonObject = {**template.value, "spec": pod}
    return {**found.value, "spec": {**found.body("spec").value, "template": changed}}


async def test_a_version_is_undone_once_nobody_uses_it_and_applied_again_when_a_person_says_so(
    cluster: Cluster, postgres: Postgres
) -> None:
    async with site(cluster, postgres) as place:
        await bring_both(place, init_node(migrates(), version="43", down=DOWN))
        await place.resolve("Down", "42")
        await place.until(lambda: bool(place.told(Reason.INIT_ANSWERED)), "answer", 20)
        assert place.told(Reason.INIT_ANSWERED) == [
            "migrate: version 43 stays: stop api first, and ask again"
        ]
        await place.init_stays(State.COMPLETE, 2)
        assert place.has_table("orders")

        (pod,) = (found.text("metadata", "name") for found in place.pods("api"))
        await place.api.merge(place.ref(DEPLOYMENTS, "api"), {"spec": {"replicas": 0}})
        await place.until(lambda: not place.pods("api"), "end that was asked for", 20)
        await asks_until_undone(place)

        await place.init_at(State.HELD)
        assert not place.has_table("orders")
        assert place.has_table("users")
        first, second = place.chronicle.entries()
        assert (first.result, second.result) == (Result.COMPLETE, Result.UNDONE)
        assert (second.run.direction, second.run.number) == (Direction.DOWN, 2)
        assert place.chronicle.released[second.job] > place.chronicle.ended[pod]
        await place.until(lambda: bool(place.chronicle.init().reasons), "reason", 10)
        assert place.chronicle.init().reasons == (
            "version 43 was undone",
            "write the version that is in effect; or: sluice graph resolve town migrate --rerun",
        )
        await place.init_stays(State.HELD, 5)

        await place.resolve("Rerun", second.job)

        await place.init_at(State.COMPLETE)
        assert place.has_table("orders")
        assert place.history() == [
            ("42", "up", "applied"),
            ("43", "up", "applied"),
            ("43", "down", "undone"),
            ("43", "up", "applied"),
        ]
        assert place.chronicle.entries()[1].run.number == 3


async def asks_until_undone(place: Site) -> None:
    """Ask, and ask again whenever the answer is that something still runs."""
    while place.chronicle.init().state is State.COMPLETE:
        answers = len(place.told(Reason.INIT_ANSWERED))
        await place.resolve("Down", "42")
        await place.until(
            lambda: (
                len(place.told(Reason.INIT_ANSWERED)) > answers  # noqa: B023 - awaited at once
                or place.chronicle.init().state is not State.COMPLETE
            ),
            "answer",
            20,
        )
    await place.until(
        lambda: place.chronicle.entries()[-1].result is not Result.COMPLETE, "record of the undoing"
    )


async def test_a_version_without_a_step_that_undoes_it_stays(
    cluster: Cluster, postgres: Postgres
) -> None:
    async with site(cluster, postgres) as place:
        await bring_both(place, init_node(migrates(), version="43"))
        (pod,) = (found.text("metadata", "name") for found in place.pods("api"))
        await place.api.merge(place.ref(DEPLOYMENTS, "api"), {"spec": {"replicas": 0}})
        await place.until(lambda: pod in place.chronicle.ended, "end of the pod", 60)

        await place.resolve("Down", "42")

        await place.until(lambda: bool(place.told(Reason.INIT_ANSWERED)), "answer", 20)
        assert place.told(Reason.INIT_ANSWERED) == [
            "migrate: version 43 stays: it has no step that undoes it (init.down)"
        ]
        await place.init_stays(State.COMPLETE, 2)
        assert place.has_table("orders")
        assert len(place.chronicle.made) == 2
