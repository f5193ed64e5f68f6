"""`sluice check` of what StartupGraphs need, and of each of them."""

from dataclasses import replace

import pytest

from sluice.cli.check import startup
from sluice.cli.check.findings import Outcome
from sluice.cli.check.running import STATIC_ROWS, run_row
from sluice.model.conditions import Condition
from sluice.model.json import Body, Json
from sluice.model.references import STARTUPGRAPHS
from sluice.startup.status import Phase
from tests.cli import site
from tests.cli.graph_scenes import condition, graph, node, status
from tests.cli.server import Cluster
from tests.cli.spoiling import (
    Spoil,
    answering,
    assert_failed,
    assert_skipped,
    found,
    refusing,
    untouched,
    without,
)
from tests.manifest_files import of_kind


def started(cluster: Cluster) -> None:
    cluster.http.admission = lambda written: (
        written if site.is_node(written) else site.held(written)
    )


def with_graph(
    *conditions: Condition, observed: int = 1, generation: int = 1, **more: Json
) -> Spoil:
    seen = replace(status(Phase.READY), ready="1/1", observed_generation=observed)
    body = graph({**node("db"), **more}, status=replace(seen, conditions=conditions))
    meta = {**Body(body).body("metadata").value, "generation": generation}
    return lambda cluster: cluster.put({**body, "metadata": meta})


def unaudited(cluster: Cluster) -> None:
    cluster.put(graph(node("db")))


COVERED = condition("Covered", holds=True, reason="Covered", message="every node carries")
BARE = condition("Covered", holds=False, reason="NotCovered", message="node db: no label, so")
KNOWN = "graph shop/web is known to the operator"
AUDIT = "graph shop/web holds and gates all its nodes"
ADMISSION = site.ADMISSION
FAILURES = [
    pytest.param(
        without(f"{ADMISSION}/mutatingadmissionpolicies/sluice-startup-hold"),
        "a first start is held back",
        "no MutatingAdmissionPolicy sluice-startup-hold: Deployments and Jobs start at once",
        "manifests/base",
        id="no policy for first starts",
    ),
    pytest.param(
        started,
        "a Deployment of a graph is held back",
        "a dry-run Deployment in namespace shop came back unpaused",
        "manifests/base",
        id="no hold of first starts",
    ),
    pytest.param(
        without(f"{ADMISSION}/mutatingadmissionpolicybindings/sluice-startup-readiness"),
        "pods get their readiness gate",
        "no MutatingAdmissionPolicyBinding sluice-startup-readiness",
        "manifests/base",
        id="no binding of the readiness gate",
    ),
    pytest.param(
        answering(
            f"{ADMISSION}/mutatingadmissionpolicybindings/sluice-startup-keep", site.bound("other")
        ),
        "what is held stays held",
        "sluice-startup-keep binds 'other'",
        "manifests/base",
        id="a binding of another policy for what is held",
    ),
    pytest.param(
        without(f"{ADMISSION}/validatingadmissionpolicybindings/sluice-init-records"),
        "who writes a graph gains no right",
        "validatingadmissionpolicybindings/sluice-init-records is missing: who may write a graph",
        "manifests/base",
        id="no guard of records",
    ),
    pytest.param(
        without(site.RELEASED),
        "released sets are remembered",
        "no ConfigMap sluice-system/sluice-released: pods of sets do not wait",
        "manifests/base",
        id="no list of released sets",
    ),
    pytest.param(
        with_graph(observed=1, generation=2),
        KNOWN,
        "spec is at generation 2, the operator has seen 1",
        "operator leads",
        id="a graph whose newest spec no operator has seen",
    ),
    pytest.param(
        with_graph(hold="Maybe"),
        KNOWN,
        "spec.nodes[0].hold 'Maybe'",
        "correct the spec",
        id="a graph from before a rule",
    ),
    pytest.param(
        with_graph(dependsOn=[{"node": "pg", "optional": False}]),
        KNOWN,
        "depends on pg, which is no node",
        "correct the spec",
        id="a graph with an unknown parent",
    ),
    pytest.param(
        with_graph(BARE), AUDIT, "node db: no label, so", "#notcovered", id="a node without a label"
    ),
]


@pytest.mark.parametrize(("spoil", "claim", "message", "fix"), FAILURES)
async def test_what_a_graph_lacks_is_named_with_its_fix(
    cluster: Cluster, spoil: Spoil, claim: str, message: str, fix: str
) -> None:
    finding = await found(cluster, claim, spoil)

    assert_failed(finding, message, fix)


async def test_a_missing_notice_only_warns(cluster: Cluster) -> None:
    spoil = without(f"{ADMISSION}/validatingadmissionpolicybindings/sluice-startup-notice")

    finding = await found(cluster, "whose node waits is told", spoil)

    assert finding.outcome is Outcome.WARNED


SKIPS = [
    pytest.param(
        refusing("/apis/apps/v1/namespaces/shop/deployments"),
        "a Deployment of a graph is held back",
        "cannot be tried in namespace shop: refused with 403",
        id="the hold of first starts where one may create nothing",
    ),
    pytest.param(unaudited, AUDIT, "has not audited it yet", id="the audit of a graph that is new"),
]


@pytest.mark.parametrize(("spoil", "claim", "message"), SKIPS)
async def test_what_cannot_be_told_of_a_graph_is_skipped(
    cluster: Cluster, spoil: Spoil, claim: str, message: str
) -> None:
    finding = await found(cluster, claim, spoil)

    assert_skipped(finding, message)


async def test_a_graph_that_is_known_and_covered_passes(cluster: Cluster) -> None:
    spoil = with_graph(COVERED)

    known, audit = await found(cluster, KNOWN, spoil), await found(cluster, AUDIT, spoil)

    assert (known.outcome, known.message) == (Outcome.PASSED, "Ready, 1/1 nodes ready")
    assert (audit.outcome, audit.message) == (Outcome.PASSED, "every node carries")


TRIALS = [
    pytest.param("kube-system", untouched, None, id="where nothing is held"),
    pytest.param("sluice-system", untouched, None, id="at the operator's own"),
    pytest.param(None, with_graph(), "shop", id="anywhere with a graph"),
    pytest.param(None, untouched, None, id="anywhere without a graph"),
    pytest.param(
        None,
        lambda cluster: cluster.http.resources.remove(STARTUPGRAPHS),
        None,
        id="anywhere without the kind",
    ),
]


@pytest.mark.parametrize(("checked", "spoil", "tried"), TRIALS)
async def test_a_first_start_is_tried_where_nodes_are_held(
    cluster: Cluster, checked: str | None, spoil: Spoil, tried: str | None
) -> None:
    site.furnish(cluster)
    spoil(cluster)
    (row,) = (row for row in STATIC_ROWS if row.claim == "a Deployment of a graph is held back")

    async with site.visited(cluster) as place:
        finding = await run_row(row, replace(place, namespace=checked))

    assert finding.outcome is (Outcome.SKIPPED if tried is None else Outcome.PASSED)
    assert cluster.http.written == []
    paths = [] if tried is None else [f"/apis/apps/v1/namespaces/{tried}/deployments"]
    assert cluster.http.tried == paths


async def test_where_the_kind_is_not_served_there_are_no_graphs(cluster: Cluster) -> None:
    site.furnish(cluster)
    cluster.http.resources.remove(STARTUPGRAPHS)

    async with site.visited(cluster) as place:
        assert await startup.rows(place) == ()


def test_the_policies_that_are_looked_for_are_those_that_are_installed() -> None:
    installed_names = {
        body.text("metadata", "name")
        for body in of_kind("MutatingAdmissionPolicy")
        if "startup" in body.text("metadata", "name")
    }

    assert installed_names == {f"sluice-startup-{name}" for name in site.STARTUP}


def test_the_guards_that_are_looked_for_are_those_that_are_bound_everywhere() -> None:
    bound_everywhere = {
        body.text("spec", "policyName")
        for body in of_kind("ValidatingAdmissionPolicyBinding")
        if not body.body("spec").has("matchResources")
    }

    assert bound_everywhere == {f"sluice-init-{name}" for name in site.GUARDS}
