"""What commands about graphs write to stdout, and with which code they end."""

import json
from collections.abc import Callable

import pytest
import yaml

from sluice.cli.exits import Exit
from sluice.model.json import Json, JsonObject
from sluice.model.references import STARTUPGRAPHS
from tests.builders import NAMESPACE
from tests.cli.conftest import Command
from tests.cli.graph_scenes import AROUND, GRAPH, REF, STARTING, graph, node
from tests.cli.server import Cluster

READS = [
    pytest.param(("list",), id="list"),
    pytest.param(("list", "-A"), id="list of all namespaces"),
    pytest.param(("get", GRAPH), id="get"),
    pytest.param(("explain", GRAPH), id="explain"),
    pytest.param(("show", GRAPH), id="show"),
    pytest.param(("show", GRAPH, "--format", "dot"), id="show as dot"),
]
FORMS = [param for param in READS if "show" not in str(param.id)]


@pytest.fixture(autouse=True)
def starting(cluster: Cluster) -> None:
    cluster.put(STARTING, *AROUND)


@pytest.mark.parametrize("words", READS)
def test_reading_changes_nothing_and_writes_to_stdout_alone(
    cluster: Cluster, sluice: Command, words: tuple[str, ...]
) -> None:
    said = sluice("graph", *words)

    assert said.code == Exit.DONE
    assert "web" in said.out
    assert "\x1b" not in said.out
    assert said.err == ""
    assert cluster.http.writes == []


@pytest.mark.parametrize("words", FORMS)
@pytest.mark.parametrize("form", ["json", "yaml"])
def test_output_for_programs_is_whole_and_alone_on_stdout(
    sluice: Command, words: tuple[str, ...], form: str
) -> None:
    said = sluice("graph", *words, "-o", form)

    value = json.loads(said.out) if form == "json" else yaml.safe_load(said.out)
    assert isinstance(value, dict)
    assert said.err == ""


def test_get_as_json_is_the_object_itself(cluster: Cluster, sluice: Command) -> None:
    assert json.loads(sluice("graph", "get", GRAPH, "-o", "json").out) == cluster.store.get(REF)


def test_list_as_json_is_a_list_as_kubectl_has_it(sluice: Command) -> None:
    value = json.loads(sluice("graph", "list", "-o", "json").out)

    assert (value["kind"], value["apiVersion"]) == ("List", "v1")
    assert [item["metadata"]["name"] for item in value["items"]] == [GRAPH]


@pytest.mark.parametrize(
    ("words", "where"),
    [
        pytest.param((), "in namespace shop", id="in one namespace"),
        pytest.param(("-A",), "in any namespace", id="in all"),
    ],
)
def test_an_empty_list_teaches(
    cluster: Cluster, sluice: Command, words: tuple[str, ...], where: str
) -> None:
    del cluster.store.objects[REF]

    said = sluice("graph", "list", *words)

    assert (said.code, said.out) == (Exit.DONE, "")
    assert where in said.err
    assert "sluice graph import FILE" in said.err


@pytest.mark.parametrize("verb", ["get", "explain", "show", "suspend", "resume"])
def test_an_unknown_graph_is_not_found_and_the_nearest_is_named(sluice: Command, verb: str) -> None:
    said = sluice("graph", verb, "wbe")

    assert said.code == Exit.NOT_FOUND
    assert "there is no StartupGraph wbe among the 1 in namespace shop" in said.err
    assert "did you mean web?" in said.err


def test_a_name_that_is_near_to_none_is_not_guessed(sluice: Command) -> None:
    assert "list them with -A" in sluice("graph", "get", "zzzzz").err


def test_a_refusal_of_the_server_has_its_code(cluster: Cluster, sluice: Command) -> None:
    cluster.refuse("GET", 403, "Forbidden")

    assert sluice("graph", "list").code == Exit.FORBIDDEN


def test_a_cluster_without_the_kind_is_not_found(cluster: Cluster, sluice: Command) -> None:
    cluster.http.resources.remove(STARTUPGRAPHS)

    assert sluice("graph", "list").code == Exit.NOT_FOUND


def test_explain_tells_programs_of_each_node_that_is_not_ready(sluice: Command) -> None:
    value = json.loads(sluice("graph", "explain", GRAPH, "-o", "json").out)

    nodes = {item["name"]: item for item in value["nodes"]}
    assert list(nodes) == ["cache", "migrate", "api", "mail"]
    assert [item["node"] for item in nodes["api"]["waitsFor"]] == ["migrate", "cache"]
    assert [item["satisfied"] for item in nodes["api"]["waitsFor"]] == [False, False]
    assert nodes["cache"]["gates"][0]["passed"] is None
    assert [item["since"] for item in nodes["cache"]["pods"]] == ["2026-11-21T12:10:00.000Z", None]
    assert nodes["cache"]["amount"] == "2 of 3 pods available, 3 needed (minReady 100%)"


def test_explain_of_one_node_tells_of_it_whatever_its_state(sluice: Command) -> None:
    value = json.loads(sluice("graph", "explain", GRAPH, "db", "-o", "json").out)

    assert [(item["name"], item["state"]) for item in value["nodes"]] == [("db", "Ready")]
    assert value["nodes"][0]["next"] == "nothing: it is never held again"


def test_explain_of_an_unknown_node_names_the_nearest(sluice: Command) -> None:
    said = sluice("graph", "explain", GRAPH, "cahce")

    assert said.code == Exit.NOT_FOUND
    assert "there is no node cahce among the 5 of StartupGraph shop/web" in said.err
    assert "did you mean cache?" in said.err


def test_explain_reads_with_labels_what_it_needs_by_labels(
    cluster: Cluster, sluice: Command
) -> None:
    sluice("graph", "explain", GRAPH)

    pods = f"GET /api/v1/namespaces/{NAMESPACE}/pods"
    assert cluster.http.requests.count(pods) == 2


def with_nodes(change: Callable[[list[dict[str, Json]]], object]) -> JsonObject:
    nodes = [dict(node("db")), dict(node("api", "db"))]
    written = graph(*nodes)
    spec = json.loads(json.dumps(written["spec"]))
    change(spec["nodes"])
    return {**written, "spec": spec}


@pytest.mark.parametrize("words", [("explain", GRAPH), ("show", GRAPH), ("release", GRAPH, "db")])
def test_a_graph_that_cannot_be_read_is_told_by_the_field_that_is_wrong(
    cluster: Cluster, sluice: Command, words: tuple[str, ...]
) -> None:
    cluster.put(with_nodes(lambda nodes: nodes[0].update(hold="Maybe")))

    said = sluice("graph", *words)

    assert said.code == Exit.NEGATIVE
    assert "spec.nodes[0].hold 'Maybe' is none of Auto, SchedulingGate, None" in said.err
    assert said.out == ""


CYCLE = with_nodes(lambda nodes: nodes[0].update(dependsOn=[{"node": "api", "optional": False}]))


def test_show_says_why_a_graph_has_no_order(cluster: Cluster, sluice: Command) -> None:
    cluster.put(CYCLE)

    said = sluice("graph", "show", GRAPH)

    assert said.code == Exit.NEGATIVE
    assert "nodes db -> api -> db depend on each other" in said.err
    assert said.out == ""


def test_dot_draws_a_graph_without_an_order_as_it_is(cluster: Cluster, sluice: Command) -> None:
    cluster.put(CYCLE)

    said = sluice("graph", "show", GRAPH, "--format", "dot")

    assert said.code == Exit.DONE
    assert '"api" -> "db";' in said.out


def test_a_graph_is_shown_without_any_status(cluster: Cluster, sluice: Command) -> None:
    cluster.put(graph(node("db")))

    assert "the operator has not looked at it yet" in sluice("graph", "show", GRAPH).out
