"""`explain` decides as the operator does, on what it gathers with a person's rights."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from sluice.adapters.clock import SystemClock
from sluice.adapters.failures import ForbiddenError
from sluice.adapters.prometheus import NoMetrics, Prometheus
from sluice.cli import cluster as kube
from sluice.cli.exits import Exit
from sluice.cli.gather import Gatherer
from sluice.model.kind import Descendants, InNamespace, Observation, One
from sluice.model.references import (
    AUTOSCALERS,
    DEPLOYMENTS,
    HTTPROUTES,
    PODMONITORS,
    PODS,
    ObjectRef,
    Resource,
)
from sluice.rollout.canary import canary_name
from sluice.rollout.kind import RolloutKind
from tests.builders import NAME, NAMESPACE, as_stored, http_route, service
from tests.cli import site
from tests.cli.conftest import Command
from tests.cli.scenes import CANARY, HEALTHY, JUDGING, body, under_way
from tests.cli.server import ROLLOUT, Cluster
from tests.plain_connection import plain_connection

SHIFTED = replace(JUDGING, checkpoint=None, stable_replica_set=f"{NAME}-5d21")


@pytest.fixture(autouse=True)
def judging(cluster: Cluster) -> None:
    site.furnish(cluster)
    cluster.surround(under_way())
    cluster.put(body(SHIFTED), as_stored(service()), as_stored(http_route()))


async def gathered(cluster: Cluster, source: Prometheus | NoMetrics) -> Observation:
    client = kube.Cluster(plain_connection(cluster.http.url))
    try:
        return await Gatherer(client, source, SystemClock()).observe(RolloutKind(15.0), ROLLOUT)
    finally:
        await client.close()
        await source.close()


async def test_every_wish_of_the_kind_is_met(cluster: Cluster) -> None:
    source = Prometheus(cluster.http.url + site.PROMETHEUS)

    seen = await gathered(cluster, source)

    wants = RolloutKind(15.0).wants(seen.body, seen.found)
    assert set(seen.found) == set(wants.selections)
    assert set(seen.answers) == {want.query for want in wants.metrics}
    assert set(seen.wholes) == set(wants.wholes)


async def test_pods_are_found_through_their_replica_sets(cluster: Cluster) -> None:
    seen = await gathered(cluster, NoMetrics())

    canary = ObjectRef(DEPLOYMENTS, NAMESPACE, canary_name(NAME, CANARY))
    pods = seen.found[Descendants(PODS, canary)]
    assert [pod.meta.ref.name for pod in pods] == [f"{NAME}-canary-7c9f-00"]


async def test_a_resource_that_is_not_installed_is_none_found(cluster: Cluster) -> None:
    cluster.http.resources.remove(HTTPROUTES)

    seen = await gathered(cluster, NoMetrics())

    assert seen.found[One(ObjectRef(HTTPROUTES, NAMESPACE, NAME))] == ()


def forbid(cluster: Cluster, resource: Resource) -> None:
    path = f"{resource.root}/namespaces/{NAMESPACE}/{resource.plural}"
    cluster.http.refusals[path] = (403, "Forbidden")


async def test_an_optional_resource_that_one_may_not_read_is_none_found(cluster: Cluster) -> None:
    # The API server says so to a mere viewer, whether or not the resource is installed.
    forbid(cluster, PODMONITORS)

    seen = await gathered(cluster, NoMetrics())

    assert seen.found[InNamespace(PODMONITORS, NAMESPACE)] == ()


async def test_any_other_resource_that_one_may_not_read_is_said(cluster: Cluster) -> None:
    forbid(cluster, AUTOSCALERS)

    with pytest.raises(ForbiddenError):
        await gathered(cluster, NoMetrics())


async def test_metrics_that_cannot_be_asked_are_failing_not_empty(cluster: Cluster) -> None:
    seen = await gathered(cluster, NoMetrics())

    assert seen.answers
    assert all(answer.failing_since is not None for answer in seen.answers.values())


async def test_answers_cover_all_that_was_wanted(cluster: Cluster) -> None:
    seen = await gathered(cluster, Prometheus(cluster.http.url + site.PROMETHEUS))

    wants = RolloutKind(15.0).wants(seen.body, seen.found)
    for want in wants.metrics:
        answer = seen.answers[want.query]
        assert answer.covered_until == seen.now
        assert answer.covered_from <= want.since or answer.covered_from < seen.now - 15000


def test_the_last_check_says_what_is_next(cluster: Cluster, sluice: Command) -> None:
    url = cluster.http.url + site.PROMETHEUS

    said = sluice("rollout", "explain", NAME, "--prometheus-url", url, "-o", "json")

    value = json.loads(said.out)
    assert said.code == Exit.DONE
    assert value["rollout"] == NAME
    assert value["checks"][-1]["name"] == "next"
    assert all(set(check) == {"name", "passed", "message"} for check in value["checks"])
    assert cluster.http.written == []


def test_a_prometheus_that_knows_its_people_is_asked_with_credentials(
    cluster: Cluster, sluice: Command, tmp_path: Path
) -> None:
    explain = ("rollout", "explain", NAME, "--prometheus-url", cluster.http.url + site.PROMETHEUS)
    shown = site.guard_prometheus(cluster)

    said = sluice(*explain, "--prometheus-credentials", str(site.credentials(tmp_path)))

    assert said.code == Exit.DONE
    assert set(shown) == {site.AUTHORIZATION}


def test_without_prometheus_it_says_what_to_give(sluice: Command) -> None:
    said = sluice("rollout", "explain", NAME)

    assert said.code == Exit.DONE
    assert "--prometheus-url" in said.err


def test_a_wrong_url_is_a_usage_error(sluice: Command) -> None:
    said = sluice("rollout", "explain", NAME, "--prometheus-url", "prometheus:9090")

    assert said.code == Exit.USAGE
    assert "prometheus:9090" in said.err


def test_an_object_that_cannot_be_read_is_explained_by_the_field_that_is_wrong(
    cluster: Cluster, sluice: Command
) -> None:
    unreadable = body(SHIFTED)
    status = unreadable["status"]
    assert isinstance(status, dict)
    cluster.put({**unreadable, "status": {**status, "weight": "ten"}})

    said = sluice("rollout", "explain", NAME)

    assert said.code == Exit.DONE
    assert "weight: expected an integer" in said.out


def test_at_rest_nothing_is_asked_of_prometheus(cluster: Cluster, sluice: Command) -> None:
    cluster.put(body(HEALTHY))
    url = cluster.http.url + site.PROMETHEUS

    sluice("rollout", "explain", NAME, "--prometheus-url", url)

    assert not [request for request in cluster.http.requests if site.PROMETHEUS in request]
