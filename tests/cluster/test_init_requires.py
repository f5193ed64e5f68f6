"""Migration 43 comes before application 43, in whatever order one apply brings them."""

import pytest

from sluice.model.json import Body, JsonObject
from sluice.model.names import REQUIRES
from sluice.model.reasons import Reason
from sluice.model.references import DEPLOYMENTS, HTTPROUTES, ROLLOUTS, SERVICES
from tests.cluster import app_manifests
from tests.cluster.app_manifests import NAME, Plan, Version
from tests.cluster.ensemble import graph, labels, node
from tests.cluster.init_jobs import DATABASE, NODE, from_secret, init_node, migrates
from tests.cluster.initialising import Site, site
from tests.cluster.kubectl import Kubectl
from tests.cluster.shop import READY_SECONDS, Cluster, shop_in
from tests.cluster.test_graph_and_rollout import ordered
from tests.localcluster.addresses import OPERATOR_IMAGE
from tests.servers.postgres import Postgres

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]

# It leaves a row, and fails if it starts before its migration is there.
CHECK = """
import os, psycopg
version = os.environ["VERSION"]
with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as database:
    found = database.execute(
        "SELECT FROM schema_migrations WHERE version = %s AND status = 'applied'", [version]
    ).fetchall()
    database.execute(
        "INSERT INTO starts VALUES (%s, %s)", [version, "in time" if found else "too early"]
    )
assert found
"""
STAYS = "import signal; signal.pause()"


def python(name: str, version: str, text: str) -> JsonObject:
    """Return a container that runs a program with the database and the version at hand."""
    return {
        "name": name,
        "image": OPERATOR_IMAGE,
        "imagePullPolicy": "Never",
        "command": ["/usr/bin/python3.11", "-c", text],
        "env": [{"name": "VERSION", "value": version}, from_secret("DATABASE_URL", DATABASE)],
    }


def application(version: str, name: str = "api") -> JsonObject:
    """Return the application of a version, which requires the migration of the same."""
    container = python("app", version, CHECK + STAYS)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": name,
            "labels": labels(name),
            "annotations": {REQUIRES: f"{NODE}={version}"},
        },
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name, **labels(name)}},
                "spec": {"terminationGracePeriodSeconds": 1, "containers": [container]},
            },
        },
    }


def graph_of(version: str, name: str = "api") -> JsonObject:
    """Return the graph in which the migration of a version comes before the application."""
    migration = init_node(migrates("up", "--to", version), version=version)
    return graph(migration, node(name, NODE))


def apply(kubectl: Kubectl, place: Site, *documents: JsonObject) -> None:
    """Apply documents in one call, in their order."""
    every: JsonObject = {"apiVersion": "v1", "kind": "List", "items": list(documents)}
    kubectl("apply", "-n", place.namespace, "-f", "-", manifest=every)


async def furnished(place: Site) -> None:
    """Have the files of both versions, the second of which takes its time."""
    place.ask("CREATE TABLE starts (version text, said text)")
    await place.write(
        _42_users_up="CREATE TABLE users (id int);",
        _43_orders_up="SELECT pg_sleep(2); CREATE TABLE orders (id int);",
    )


async def runs(place: Site, version: str) -> None:
    """Wait until two pods of a version stand, and no other."""

    def stands() -> bool:
        deployment = place.chronicle.get(DEPLOYMENTS, "api")
        status = deployment.body("status")
        wanted = deployment.labels("metadata", "annotations").get(REQUIRES)
        return (
            wanted == f"{NODE}={version}"
            and status.whole("observedGeneration", default=0)
            == deployment.whole("metadata", "generation")
            and status.whole("replicas", default=0) == 2
            and status.whole("updatedReplicas", default=0) == 2
            and status.whole("availableReplicas", default=0) == 2
        )

    await place.until(stands, f"two pods of {version}")
    await place.until(lambda: starts(place, version) == ["in time"] * 2, f"starts of {version}", 20)
    await place.all_ready()


def starts(place: Site, version: str) -> list[object]:
    """Return what each container of a version found when it started."""
    return [row[0] for row in place.ask(f"SELECT said FROM starts WHERE version = '{version}'")]  # noqa: S608 - ours


ORDERS_OF_ARRIVAL = pytest.mark.parametrize(
    "order", [(0, 1), (1, 0)], ids=("graph first", "graph last")
)


@ORDERS_OF_ARRIVAL
async def test_the_first_start_and_an_upgrade_wait_for_their_migration_in_any_order(
    cluster: Cluster, postgres: Postgres, kubectl: Kubectl, order: tuple[int, int]
) -> None:
    async with site(cluster, postgres) as place:
        await furnished(place)
        for version in ("42", "43"):
            documents = (graph_of(version), application(version))

            apply(kubectl, place, *(documents[at] for at in order))

            await runs(place, version)
        assert starts(place, "42") == starts(place, "43") == ["in time"] * 2
        assert place.history("version, status") == [("42", "applied"), ("43", "applied")]
        assert len(place.chronicle.sets["api"]) == 2
        assert len(place.chronicle.made) == 2


async def test_an_application_that_comes_long_before_its_migration_waits_and_the_old_one_serves(
    cluster: Cluster, postgres: Postgres, kubectl: Kubectl
) -> None:
    async with site(cluster, postgres) as place:
        await furnished(place)
        apply(kubectl, place, graph_of("42"), application("42"))
        await runs(place, "42")

        apply(kubectl, place, application("43"))

        await place.until(
            lambda: place.chronicle.ready.reason == Reason.AWAITS_RECORD, "reason", 20
        )
        await place.chronicle.stays(
            lambda: len(place.pods("api")) == 2 and len(place.chronicle.sets["api"]) == 1,
            5,
            "served by 42",
        )
        apply(kubectl, place, graph_of("43"))
        await runs(place, "43")
        assert starts(place, "43") == ["in time"] * 2


async def test_a_version_that_nobody_migrates_to_never_starts(
    cluster: Cluster, postgres: Postgres, kubectl: Kubectl
) -> None:
    async with site(cluster, postgres) as place:
        await furnished(place)
        apply(kubectl, place, application("43"), graph_of("42"))
        await place.until(lambda: bool(place.chronicle.entries()), "record of 42")
        await place.chronicle.stays(lambda: not place.pods("api"), 5, "held")
        assert not place.chronicle.sets
        assert not place.ask("SELECT FROM starts")


def rolled(version: str) -> JsonObject:
    """Return an application that a Rollout rolls out, and that checks its migration first."""
    found = Body(ordered(Version(f"v{version}"), Plan()))
    template = found.body("spec", "template")
    checked = {**template.body("spec").value, "initContainers": [python("check", version, CHECK)]}
    changed: JsonObject = {**template.value, "spec": checked}
    notes: JsonObject = {REQUIRES: f"{NODE}={version}"}
    return {
        **found.value,
        "metadata": {**found.body("metadata").value, "annotations": notes},
        "spec": {**found.body("spec").value, "template": changed},
    }


@ORDERS_OF_ARRIVAL
async def test_a_canary_waits_for_its_migration_as_well(
    cluster: Cluster, postgres: Postgres, kubectl: Kubectl, order: tuple[int, int]
) -> None:
    async with (
        site(cluster, postgres) as place,
        shop_in(cluster, place.api, place.namespace, Plan(), 50) as shop,
    ):
        await furnished(place)
        await shop.create(SERVICES, app_manifests.service())
        await shop.create(HTTPROUTES, app_manifests.route(shop.host))
        await shop.create(ROLLOUTS, app_manifests.rollout(shop.plan))
        first = (graph_of("42", NAME), rolled("42"))
        apply(kubectl, place, *(first[at] for at in order))
        await shop.sampler.until(shop.is_at_rest, READY_SECONDS, "Healthy Rollout")
        await shop.sampler.until(shop.serves, READY_SECONDS, "answer of 42")
        shop.load.answers.clear()

        second = (graph_of("43", NAME), rolled("43"))
        apply(kubectl, place, *(second[at] for at in order))

        await shop.promoted(Version("v43"))
        shop.nobody_noticed()
        assert set(starts(place, "42")) == set(starts(place, "43")) == {"in time"}
        assert len(starts(place, "43")) >= 3  # with the canary's
        assert place.history("version, status") == [("42", "applied"), ("43", "applied")]
        assert len(place.chronicle.made) == 2
