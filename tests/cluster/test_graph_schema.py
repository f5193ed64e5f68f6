"""What the API server says of a StartupGraph that cannot work, and of one that can."""

import json

import pytest
from kubernetes import client

from sluice.model.json import Body, Json, JsonObject
from sluice.model.references import STARTUPGRAPHS
from sluice.startup.init.spec import read_init
from sluice.startup.shape import faults
from sluice.startup.spec import GraphSpec
from tests.cluster.kubectl import Kubectl
from tests.cluster.refusals import check_refusal, check_unknown_field, each_invalid, refused
from tests.graph_manifests import API, DB, MIGRATE, MINIMAL, minimal_graph

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("prerequisites")]

GATE = {"interval": "5s", "passes": 3, "failures": 3, "timeout": "2s", "critical": True}
NODE = {
    "minReady": "100%",
    "whenScaledToZero": "Satisfied",
    "hold": "Auto",
    "podReadiness": False,
    "timeout": "10m",
    "onTimeout": "Hold",
}


@each_invalid(STARTUPGRAPHS)
def test_refuses_and_names_field_value_and_example(kube: client.ApiClient, case: Body) -> None:
    check_refusal(kube, STARTUPGRAPHS, minimal_graph(case.body("set").value), case)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        pytest.param(
            {f"{DB}.dependsOn": [{"node": "api"}]},
            "nodes db -> api -> migrate -> db depend on each other; remove one of these edges",
            id="a cycle",
        ),
        pytest.param(
            {f"{API}.dependsOn": [{"node": "migrat"}]},
            "node api depends on migrat, which is no node of this graph; write migrate",
            id="an unknown parent",
        ),
        pytest.param(
            {f"{API}.dependsOn": [{"node": "db", "until": "Complete"}]},
            "node api waits until db is Complete, but it is a StatefulSet; write until: Ready",
            id="the end of what does not end",
        ),
        pytest.param(
            {f"{API}.dependsOn": [{"node": "migrate", "minReady": 1}]},
            "node api waits for minReady 1 of migrate, but it is a Job; remove minReady",
            id="ready pods of a Job",
        ),
        pytest.param(
            {f"{API}.workload": {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "db"}},
            "nodes db and api both start StatefulSet db; "
            "write another workload for one of them, or remove it",
            id="one workload in two nodes",
        ),
    ],
)
def test_leaves_to_the_operator_what_takes_two_nodes(
    kubectl: Kubectl, changes: dict[str, Json], sentence: str
) -> None:
    stored = create(kubectl, minimal_graph(changes))
    assert faults(GraphSpec.from_body(stored.body("spec"), "shop")) == (sentence,)


def create(kubectl: Kubectl, manifest: dict[str, Json]) -> Body:
    """Return the graph as the API server would store it."""
    command = ("create", "--dry-run=server", "--validate=strict", "-o", "json", "-f", "-")
    said = kubectl.ask(*command, manifest=manifest)
    assert said.succeeded, said.complaints
    assert not said.warnings
    return Body(json.loads(said.output))


def test_kubectl_refuses_a_field_that_does_not_exist(kubectl: Kubectl) -> None:
    manifest = minimal_graph({f"{API}.dependOn": [{"node": "db"}]})
    check_unknown_field(kubectl, manifest, "spec.nodes[2].dependOn")


@pytest.mark.parametrize("amount", [2, "50%"], ids=["a number", "a percentage"])
def test_accepts_an_amount_of_pods(kubectl: Kubectl, amount: Json) -> None:
    stored = create(kubectl, minimal_graph({f"{API}.minReady": amount}))
    assert stored.bodies("spec", "nodes")[2].json("minReady") == amount


def test_the_minimal_graph_gets_every_default(kubectl: Kubectl) -> None:
    workload = {name: node.json("workload") for name, node in by_name(Body(MINIMAL)).items()}
    assert create(kubectl, MINIMAL).json("spec") == {
        "suspend": False,
        "maxParallel": 0,
        "gateDefaults": {**GATE, "minAvailable": "50%"},
        "nodes": [
            {"name": "db", "workload": workload["db"], **NODE},
            {
                "name": "migrate",
                "workload": workload["migrate"],
                "dependsOn": [{"node": "db", "optional": False}],
                **NODE,
            },
            {
                "name": "api",
                "workload": workload["api"],
                "dependsOn": [{"node": "migrate", "optional": False}],
                "gates": [
                    {"name": "http", "http": {"path": "/ready", "port": 8080, "status": "200-399"}}
                ],
                **NODE,
            },
        ],
    }


def test_refuses_a_node_that_is_a_workload_and_initialises(kube: client.ApiClient) -> None:
    graph = minimal_graph({f"{MIGRATE}.init": init_node({})["init"]})
    messages = [cause.message for cause in refused(kube, STARTUPGRAPHS, graph)]
    assert any('"migrate" has both workload and init: write exactly one' in m for m in messages)


STEP: JsonObject = {"image": "shop/db:43", "args": ["up"], "resources": {"limits": {"cpu": 1}}}


def init_node(init: JsonObject) -> JsonObject:
    return {"name": "migrate", "init": {"kind": "Migration", "job": {**STEP}, **init}}


def test_an_init_node_gets_its_defaults_and_its_jobs_get_none(kubectl: Kubectl) -> None:
    stored = create(kubectl, minimal_graph({MIGRATE: init_node({"down": STEP})}))
    init = {"kind": "Migration", "job": STEP, "down": STEP, "backoffLimit": 2, "timeout": "30m"}
    assert by_name(stored)["migrate"].value == {
        "name": "migrate",
        "init": init,
        **NODE,
    }


def test_the_code_reads_what_the_api_server_stores_of_an_init_node(kubectl: Kubectl) -> None:
    init: JsonObject = {"version": "43", "lock": "shop-db", "down": STEP}
    stored = create(kubectl, minimal_graph({MIGRATE: init_node(init)}))
    node = by_name(stored)["migrate"]
    read = read_init(node.body("init"), "shop", "migrate")
    assert (read.version, read.lock, read.timeout_seconds) == ("43", "shop-db", 1800)
    assert read.job.written == STEP


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("privileged", id="of the container"),
        pytest.param("securityContext.privileged", id="of what it may not do"),
    ],
)
def test_kubectl_refuses_a_field_of_a_job_that_a_graph_may_not_write(
    kubectl: Kubectl, path: str
) -> None:
    changes: JsonObject = {MIGRATE: init_node({}), f"{MIGRATE}.init.job.{path}": True}
    check_unknown_field(kubectl, minimal_graph(changes), f"spec.nodes[1].init.job.{path}")


def test_of_a_field_that_a_graph_may_not_write_nothing_is_stored(kubectl: Kubectl) -> None:
    changes: JsonObject = {MIGRATE: init_node({}), f"{MIGRATE}.init.job.privileged": True}
    words = ("create", "--dry-run=server", "--validate=ignore", "-o", "json", "-f", "-")
    stored = Body(json.loads(kubectl(*words, manifest=minimal_graph(changes))))
    assert by_name(stored)["migrate"].json("init", "job") == STEP


def test_the_status_of_an_init_node_is_kept_even_when_it_is_empty(
    kubectl: Kubectl, namespace: str
) -> None:
    where = f"--namespace={namespace}"
    kubectl("create", where, "-f", "-", manifest=minimal_graph({MIGRATE: init_node({})}))
    states: list[Json] = [
        {"name": "migrate", "state": "Recording", "init": {}},
        {"name": "api", "state": "Mismatch", "init": {"reasons": ["waits", "and waits"]}},
    ]
    change = json.dumps({"status": {"nodes": states}})
    words = ("patch", "sg/shop", where, "--subresource=status", "--type=merge", "-p", change)
    stored = Body(json.loads(kubectl(*words, "-o", "json")))
    assert stored.json("status", "nodes") == states


def by_name(graph: Body) -> dict[str, Body]:
    """Return the nodes of a manifest."""
    return {node.text("name"): node for node in graph.bodies("spec", "nodes")}


def test_accepts_the_largest_graph_that_is_promised(kubectl: Kubectl) -> None:
    nodes: list[Json] = [
        {
            "name": f"n{number}",
            "workload": {"apiVersion": "apps/v1", "kind": "Deployment", "name": f"n{number}"},
            "dependsOn": [{"node": f"n{parent}"} for parent in range(max(0, number - 10), number)],
            "gates": [{"name": "http", "http": {"path": "/ready", "port": 80}}],
        }
        for number in range(500)
    ]
    stored = create(kubectl, minimal_graph({"spec.nodes": nodes}))
    assert len(stored.bodies("spec", "nodes")) == 500


def test_accepts_a_graph_of_that_size_that_only_initialises(kubectl: Kubectl) -> None:
    env = [{"name": f"V{number}", "value": "x" * 20} for number in range(10)]
    init: JsonObject = {"kind": "Task", "version": "43", "job": {"image": "db:43", "env": env}}
    nodes: list[Json] = [{"name": f"n{number}", "init": init} for number in range(500)]
    stored = create(kubectl, minimal_graph({"spec.nodes": nodes}))
    assert len(stored.bodies("spec", "nodes")) == 500
