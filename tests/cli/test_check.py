"""`sluice check`: passes where all is there, and names each thing that is not, with its fix."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from sluice.adapters.clock import SystemClock
from sluice.cli.check.access import OPERATOR_RIGHTS, OWN_RIGHTS, Right
from sluice.cli.check.crds import known_fields
from sluice.cli.check.findings import Outcome
from sluice.cli.check.running import STATIC_ROWS, has_failed, run_until_passed
from sluice.cli.check.status_fields import STATUS_FIELDS
from sluice.cli.exits import Exit
from sluice.model.json import Body
from sluice.model.references import ROLLOUTS, STARTUPGRAPHS, Resource
from sluice.rollout.phases import Stage
from tests.cli import site
from tests.cli.conftest import Command
from tests.cli.golden import assert_golden
from tests.cli.scenes import JUDGING, body, target, under_way
from tests.cli.server import ROLLOUT, Cluster
from tests.cli.spoiling import (
    Spoil,
    answering,
    assert_failed,
    assert_skipped,
    denying,
    found,
    refusing,
    untouched,
    without,
)
from tests.engine.virtual_time import ManualClock
from tests.manifest_files import of_kind, only, schema_of


def test_all_pass_where_all_is_there(cluster: Cluster, sluice: Command) -> None:
    site.furnish(cluster)
    url = cluster.http.url + site.PROMETHEUS

    said = sluice("check", "-o", "json", "--prometheus-url", url)

    value = json.loads(said.out)
    skipped = [row["check"] for row in value["checks"] if row["outcome"] == "skipped"]
    assert said.code == Exit.DONE
    assert skipped == ["shop/checkout counts no probes in SLO errors"]
    assert value["count"] == {"passed": 31, "warned": 0, "failed": 0, "skipped": 1}


def forgetting(kind: Resource, *path: str) -> Spoil:
    """Take a field out of the schema of status: of properties and items, the names on the way."""

    def spoil(cluster: Cluster) -> None:
        crd = json.loads(json.dumps(site.crd(kind)))
        schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        *way, last = path
        for name in ("properties", "status", "properties", *way):
            schema = schema[name]
        del schema[last]
        cluster.http.answers[site.CRD_OF[kind]] = crd

    return spoil


def unheld(cluster: Cluster) -> None:
    cluster.http.admission = lambda written: (
        site.held(written) if site.is_node(written) else written
    )


def unseen(cluster: Cluster) -> None:
    cluster.store.objects[ROLLOUT]["metadata"]["generation"] = 2


def invalid(cluster: Cluster) -> None:
    cluster.store.objects[ROLLOUT]["spec"]["steps"] = [{"weight": 50, "pause": False}] * 2


def probed(cluster: Cluster) -> None:
    cluster.surround(under_way())
    cluster.put(body(replace(JUDGING, stage=Stage.SCALING, weight=0, actual_weight=0)))


ADMISSION, GATEWAY = site.ADMISSION, site.GATEWAY
BUILD_INFO = f"{site.PROMETHEUS}/api/v1/status/buildinfo"
FAILURES = [
    pytest.param(
        answering(ADMISSION, site.resources("validatingadmissionpolicies")),
        "the API server can hold new versions back",
        "v1.36.3 serves no MutatingAdmissionPolicy v1",
        "Kubernetes 1.36",
        id="an older cluster",
    ),
    pytest.param(
        without(site.CRD_OF[ROLLOUTS]),
        "kind Rollout is served",
        "there is no rollouts.sluice.dev",
        "kubectl apply --server-side -k crds",
        id="no CRD of Rollout",
    ),
    pytest.param(
        without(site.CRD_OF[STARTUPGRAPHS]),
        "kind StartupGraph is served",
        "there is no startupgraphs.sluice.dev",
        "kubectl apply --server-side -k crds",
        id="no CRD of StartupGraph",
    ),
    pytest.param(
        answering(
            site.CRD_OF[STARTUPGRAPHS],
            {"spec": {"versions": [{"name": "v1", "served": True}]}},
        ),
        "kind StartupGraph is served",
        "startupgraphs.sluice.dev serves v1, this program speaks v1alpha1",
        "kubectl apply --server-side -k crds",
        id="a CRD of another version",
    ),
    pytest.param(
        answering(site.CRD_OF[ROLLOUTS], {**site.crd(ROLLOUTS), "status": {}}),
        "kind Rollout is served",
        "rollouts.sluice.dev is not established",
        "kubectl describe crd rollouts.sluice.dev",
        id="a CRD that the API server has not taken up",
    ),
    pytest.param(
        forgetting(ROLLOUTS, "checkpoint"),
        "the CRD of Rollout is as new as this program",
        "2 of 76 fields of status are unknown to it: checkpoint.countedUntil, checkpoint.logs",
        "kubectl apply --server-side -k crds",
        id="a CRD that would drop a field of a Rollout's status",
    ),
    pytest.param(
        forgetting(STARTUPGRAPHS, "nodes", "items", "properties", "releasedAt"),
        "the CRD of StartupGraph is as new as this program",
        "1 of 40 fields of status are unknown to it: nodes[].releasedAt",
        "kubectl apply --server-side -k crds",
        id="a CRD that would drop a field of a node's status",
    ),
    pytest.param(
        without(site.LEASE), "an operator leads", "ever led", "manifests/base", id="no operator"
    ),
    pytest.param(
        answering(site.LEASE, site.lease(renewed_seconds_ago=300)),
        "an operator leads",
        "sluice-0 has not renewed its Lease for 5m",
        "kubectl logs",
        id="an operator that has gone silent",
    ),
    pytest.param(
        answering(site.LEASE, site.lease(renewed_seconds_ago=1, holder="")),
        "an operator leads",
        "given its Lease back",
        "kubectl logs",
        id="an operator that was stopped",
    ),
    pytest.param(
        without(f"{ADMISSION}/mutatingadmissionpolicies/sluice-hold"),
        "the policy is there",
        "no MutatingAdmissionPolicy sluice-hold",
        "manifests/base",
        id="no policy",
    ),
    pytest.param(
        without(f"{ADMISSION}/mutatingadmissionpolicybindings/sluice-hold"),
        "the policy is bound",
        "guards nothing",
        "manifests/base",
        id="no binding",
    ),
    pytest.param(
        answering(f"{ADMISSION}/mutatingadmissionpolicybindings/sluice-hold", site.bound("other")),
        "the policy is bound",
        "binds 'other'",
        "manifests/base",
        id="a binding of another policy",
    ),
    pytest.param(
        unheld, "a new version is held back", "came back unpaused", "manifests/base", id="no hold"
    ),
    pytest.param(
        denying("patch httproutes"),
        "the operator may do its work",
        "lacks 1 of 68 rights in all namespaces: patch httproutes.gateway.networking.k8s.io",
        "manifests/base",
        id="an operator without a right",
    ),
    pytest.param(
        denying("patch configmaps"),
        "the operator may write its list and its Lease",
        "lacks 1 of 5 rights in namespace sluice-system: patch configmaps sluice-released",
        "manifests/base",
        id="an operator that cannot list released sets",
    ),
    pytest.param(
        answering(GATEWAY, site.resources()),
        "the Gateway API is installed",
        "no httproutes",
        "CRDs of the Gateway API",
        id="no Gateway API",
    ),
    pytest.param(
        answering(f"{GATEWAY}/gateways", {"metadata": {}, "items": []}),
        "a Gateway is ready",
        "no Gateway",
        "create a Gateway",
        id="no Gateway",
    ),
    pytest.param(
        answering(f"{GATEWAY}/gateways", {"items": [site.gateway(ready=False)], "metadata": {}}),
        "a Gateway is ready",
        "none of 1 is accepted and programmed, for example gateway/web",
        "kubectl describe gateway -n gateway web",
        id="a Gateway that is not programmed",
    ),
    pytest.param(
        lambda cluster: cluster.http.refusals.update({BUILD_INFO: (500, "Down")}),
        "Prometheus answers",
        "it answers HTTP 500",
        "--prometheus-url",
        id="a Prometheus that fails",
    ),
    pytest.param(
        answering(site.QUERY, site.samples()),
        "shop/checkout has samples for SLO errors",
        "no sample in 1m15s for traefik_service_requests_total",
        "send a request through the gateway",
        id="a selector without samples",
    ),
    pytest.param(
        unseen,
        "shop/checkout is known to the operator",
        "spec is at generation 2, the operator has seen 1",
        "operator leads",
        id="a spec that no operator has seen",
    ),
    pytest.param(
        invalid,
        "shop/checkout is known to the operator",
        "spec.steps",
        "correct the spec",
        id="a spec from before a rule",
    ),
    pytest.param(
        probed,
        "shop/checkout counts no probes in SLO errors",
        "10 requests in 1m15s at weight 0",
        "exclude probes",
        id="a metric that counts probes",
    ),
]


@pytest.mark.parametrize(("spoil", "claim", "message", "fix"), FAILURES)
async def test_what_is_missing_is_named_with_its_fix(
    cluster: Cluster, spoil: Spoil, claim: str, message: str, fix: str
) -> None:
    finding = await found(cluster, claim, spoil)

    assert_failed(finding, message, fix)


WARNINGS = [
    pytest.param(
        without(f"{ADMISSION}/validatingadmissionpolicies/sluice-hold-notice"),
        "who is held back is told",
        id="no notice",
    ),
    pytest.param(denying("list pods"), "you may look", id="no right to look"),
    pytest.param(denying("patch rollouts"), "you may steer", id="no right to steer"),
]


@pytest.mark.parametrize(("spoil", "claim"), WARNINGS)
async def test_what_is_only_a_pity_warns(cluster: Cluster, spoil: Spoil, claim: str) -> None:
    finding = await found(cluster, claim, spoil)

    assert finding.outcome is Outcome.WARNED


SKIPS = [
    pytest.param(
        without(site.QUERY),
        "shop/checkout has samples for SLO errors",
        "cannot be asked",
        id="samples of a Prometheus that is away",
    ),
    pytest.param(
        lambda cluster: cluster.put(target(replicas=0)),
        "a new version is held back",
        "no labelled Deployment",
        id="the hold of no Deployment with pods",
    ),
    pytest.param(
        refusing(site.CRD_OF[ROLLOUTS]),
        "kind Rollout is served",
        "you may not look",
        id="what one may not look at",
    ),
]


@pytest.mark.parametrize(("spoil", "claim", "message"), SKIPS)
async def test_what_cannot_be_told_is_skipped(
    cluster: Cluster, spoil: Spoil, claim: str, message: str
) -> None:
    finding = await found(cluster, claim, spoil)

    assert_skipped(finding, message)


async def test_a_prometheus_that_does_not_tell_its_version_is_one(cluster: Cluster) -> None:
    nameless = answering(BUILD_INFO, {"data": {"version": ""}})

    finding = await found(cluster, "Prometheus answers", nameless)

    assert finding.outcome is Outcome.PASSED
    assert finding.message.endswith("version unknown")


async def test_the_trial_writes_nothing(cluster: Cluster) -> None:
    await found(cluster, "a new version is held back", untouched)

    assert cluster.http.tried == ["/apis/apps/v1/namespaces/shop/deployments/checkout"]
    assert cluster.http.written == []


def test_an_unreachable_cluster_is_no_failed_check(cluster: Cluster, sluice: Command) -> None:
    cluster.refuse("GET", 503, "ServiceUnavailable")

    assert sluice("check").code == Exit.UNREACHABLE


def test_the_table_has_a_line_to_fix_each_failure(cluster: Cluster, sluice: Command) -> None:
    site.furnish(cluster)
    unheld(cluster)
    without(site.LEASE)(cluster)

    said = sluice("check")

    assert_golden("check", said.out.replace(cluster.http.url, "https://cluster.example"))
    assert "2 failed" in said.err


def test_short_has_only_what_is_not_well(cluster: Cluster, sluice: Command) -> None:
    site.furnish(cluster)
    unheld(cluster)

    said = sluice("check", "-o", "short")

    lines = said.out.splitlines()
    assert len(lines) == 3
    assert lines[0] == "Hold"
    assert "fix: kubectl apply -k manifests/base" in lines[2]


def test_yaml_says_the_same_as_json(cluster: Cluster, sluice: Command) -> None:
    site.furnish(cluster)
    unheld(cluster)

    as_json, as_yaml = sluice("check", "-o", "json"), sluice("check", "-o", "yaml")

    assert as_yaml.code == as_json.code == Exit.NEGATIVE
    assert as_yaml.out.startswith("checks:\n")
    assert yaml.safe_load(as_yaml.out) == json.loads(as_json.out)


def test_a_prometheus_that_knows_its_people_is_asked_with_credentials(
    cluster: Cluster, sluice: Command, tmp_path: Path
) -> None:
    site.furnish(cluster)
    site.guard_prometheus(cluster)
    url = cluster.http.url + site.PROMETHEUS
    where = ("--prometheus-url", url, "--prometheus-credentials", str(site.credentials(tmp_path)))

    assert sluice("check", "--prometheus-url", url).code == Exit.NEGATIVE
    assert sluice("check", *where).code == Exit.DONE


async def test_waiting_repeats_until_all_pass(cluster: Cluster) -> None:
    site.furnish(cluster)
    unheld(cluster)
    pauses = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        cluster.http.admission = site.held

    async with site.visited(cluster) as place:
        results = await run_until_passed(place, SystemClock(), wait_seconds=10, sleep=sleep)

    assert not has_failed(results)
    assert pauses == [2.0]


async def test_waiting_ends_when_the_time_is_over(cluster: Cluster) -> None:
    site.furnish(cluster)
    unheld(cluster)
    clock = ManualClock()

    async def sleep(seconds: float) -> None:
        clock.elapsed += seconds

    async with site.visited(cluster) as place:
        results = await run_until_passed(place, clock, wait_seconds=5, sleep=sleep)

    assert has_failed(results)
    assert clock.elapsed == ManualClock().elapsed + 4


@pytest.mark.parametrize("kind", [ROLLOUTS, STARTUPGRAPHS], ids=lambda kind: kind.kind)
def test_the_status_fields_are_those_of_the_schema(kind: Resource) -> None:
    fields = known_fields(schema_of(kind).body("properties", "status"))

    assert fields == STATUS_FIELDS[kind]


def test_the_operator_s_rights_are_those_of_its_role() -> None:
    assert granted_by(only("ClusterRole", "sluice-operator")) == OPERATOR_RIGHTS


def test_the_operator_s_rights_at_home_are_those_of_its_roles() -> None:
    granted = {right for role in of_kind("Role") for right in granted_by(role)}

    assert granted == OWN_RIGHTS


async def test_rights_at_home_are_asked_for_by_name_and_there_alone(cluster: Cluster) -> None:
    await found(cluster, "the operator may write its list and its Lease", untouched)

    places = {(str(one["resource"]), str(one["name"])) for one in cluster.http.reviewed}
    assert places == {("configmaps", "sluice-released"), ("leases", ""), ("leases", "sluice")}
    assert {one["namespace"] for one in cluster.http.reviewed} == {"sluice-system"}


def granted_by(role: Body) -> set[Right]:
    return {
        Right(group, resource, verb, name)
        for rule in role.bodies("rules")
        for group in rule.texts("apiGroups")
        for resource in rule.texts("resources")
        for verb in rule.texts("verbs")
        for name in rule.texts("resourceNames") or ("",)
    }


def test_claims_are_unique() -> None:
    claims = [row.claim for row in STATIC_ROWS]

    assert sorted(set(claims)) == sorted(claims)
