"""`graph import`: three forms in, one manifest out; what is wrong is told as the operator does."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from sluice.cli.exits import Exit
from sluice.cli.graph.importing import with_defaults
from sluice.model.json import Body, Json, JsonObject
from sluice.model.references import STARTUPGRAPHS
from tests.cli.conftest import Command, Said
from tests.manifest_files import schema_of, stored, strays

Import = Callable[..., Said]

PLAIN = {"nodes": {"api": ["db", "cache"], "db": [], "cache": None}}
LISTED = {
    "nodes": [
        {
            "name": "api",
            "dependsOn": ["db", {"node": "job", "until": "Complete", "optional": True}],
        },
        {"name": "db", "workload": {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "pg"}},
        {"name": "job", "workload": {"apiVersion": "batch/v1", "kind": "Job", "name": "job"}},
    ]
}
COMPOSE = """
name: web
services:
  Web_App:
    image: app
    depends_on:
      db: {condition: service_healthy, restart: true}
      migrate: {condition: service_completed_successfully}
      mail: {required: false}
  db: {image: postgres, x-since: 2026-11-21}
  migrate: {depends_on: [db]}
  mail: {}
"""


@pytest.fixture
def imported(sluice: Command, tmp_path: Path) -> Import:
    """Return a function that imports a text, or a value as JSON."""

    def run(text: Json, *words: str, name: str = "shop.json") -> Said:
        path = tmp_path / name
        path.write_text(text if isinstance(text, str) else json.dumps(text))
        return sluice("graph", "import", str(path), *words)

    return run


def edges(said: Said) -> dict[str, list[dict[str, object]]]:
    nodes = yaml.safe_load(said.out)["spec"]["nodes"]
    return {node["name"]: node.get("dependsOn", []) for node in nodes}


def workloads(said: Said) -> dict[str, str]:
    nodes = yaml.safe_load(said.out)["spec"]["nodes"]
    return {node["name"]: "{apiVersion} {kind} {name}".format(**node["workload"]) for node in nodes}


def test_a_map_of_names_becomes_deployments_in_order(imported: Import) -> None:
    said = imported(PLAIN)

    assert said.code == Exit.DONE
    assert edges(said) == {"api": [{"node": "db"}, {"node": "cache"}], "db": [], "cache": []}
    assert workloads(said)["api"] == "apps/v1 Deployment api"
    assert "nothing is applied" in said.err
    assert "sluice.dev/graph: shop" in said.err


def test_a_list_of_nodes_may_name_edges_and_workloads_in_full(imported: Import) -> None:
    said = imported(LISTED)

    optional = {"node": "job", "until": "Complete", "optional": True}
    assert edges(said) == {"api": [{"node": "db"}, optional], "db": [], "job": []}
    assert workloads(said) == {
        "api": "apps/v1 Deployment api",
        "db": "apps/v1 StatefulSet pg",
        "job": "batch/v1 Job job",
    }
    assert "left out" not in said.err


ONCE: JsonObject = {
    "kind": "Migration",
    "version": "43",
    "job": {"image": "shop/migrate:43"},
}


def test_a_node_may_run_once_instead_of_starting_a_workload(imported: Import) -> None:
    nodes = [{"name": "migrate", "init": ONCE}, {"name": "api", "dependsOn": ["migrate"]}]

    said = imported({"nodes": nodes})

    assert said.code == Exit.DONE
    found = yaml.safe_load(said.out)["spec"]["nodes"]
    assert found[0] == {"name": "migrate", "init": ONCE, "dependsOn": []}
    assert found[1]["dependsOn"] == [{"node": "migrate"}]


def test_what_runs_once_has_its_own_defaults_and_none_of_a_workload() -> None:
    filled = with_defaults(Body({"nodes": [{"name": "migrate", "init": ONCE}]})).bodies("nodes")[0]

    assert filled.body("init").value == {**ONCE, "backoffLimit": 2, "timeout": "30m"}
    assert set(filled.value) == {"name", "init", "dependsOn"}


def test_fields_that_a_graph_has_no_place_for_are_named(imported: Import) -> None:
    said = imported({"nodes": [{"name": "db", "image": "x", "color": "red"}]})

    assert said.code == Exit.DONE
    assert "left out of the nodes: color, image" in said.err


def test_a_compose_file_keeps_what_its_conditions_mean(imported: Import) -> None:
    said = imported(COMPOSE, name="compose.yaml")

    assert said.code == Exit.DONE
    assert edges(said) == {
        "web-app": [
            {"node": "db", "until": "Ready"},
            {"node": "migrate", "until": "Complete"},
            {"node": "mail", "until": "Started", "optional": True},
        ],
        "db": [],
        "migrate": [{"node": "db", "until": "Started"}],
        "mail": [],
    }
    assert workloads(said)["migrate"] == "batch/v1 Job migrate"
    assert workloads(said)["db"] == "apps/v1 Deployment db"
    assert "service Web_App is node web-app" in said.err
    assert "node migrate is a Job, because others wait for its end" in said.err


def test_a_compose_file_may_be_json(imported: Import) -> None:
    said = imported({"services": {"api": {"depends_on": ["db"]}, "db": {}}})

    assert edges(said) == {"api": [{"node": "db", "until": "Started"}], "db": []}


@pytest.mark.parametrize(
    ("words", "file", "name"),
    [
        pytest.param((), "compose.yaml", "web", id="what the file says"),
        pytest.param(("--name", "other"), "compose.yaml", "other", id="what the line says"),
    ],
)
def test_the_name_of_a_compose_file_is_the_graph_s(
    imported: Import, words: tuple[str, ...], file: str, name: str
) -> None:
    said = imported(COMPOSE, *words, name=file)

    assert yaml.safe_load(said.out)["metadata"] == {"name": name}


@pytest.mark.parametrize(("file", "name"), [("shop.json", "shop"), ("My Graph.json", "imported")])
def test_the_name_is_the_file_s_if_it_can_be(imported: Import, file: str, name: str) -> None:
    assert yaml.safe_load(imported(PLAIN, name=file).out)["metadata"]["name"] == name


def test_stdin_is_read_at_a_dash(
    sluice: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "in"
    path.write_text(json.dumps(PLAIN))
    with path.open() as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        said = sluice("graph", "import", "-", "--name", "shop", "-n", "prod", "-o", "json")

    value = json.loads(said.out)
    assert value["metadata"] == {"name": "shop", "namespace": "prod"}
    assert value["apiVersion"] == "sluice.dev/v1alpha1"


@pytest.mark.parametrize("form", [PLAIN, LISTED, COMPOSE])
def test_the_manifest_fits_the_schema(imported: Import, form: Json) -> None:
    value = yaml.safe_load(imported(form).out)

    assert list(strays(value, schema_of(STARTUPGRAPHS))) == []


@pytest.mark.parametrize("form", [PLAIN, LISTED, COMPOSE])
def test_what_is_judged_is_what_the_server_would_store(imported: Import, form: Json) -> None:
    value = yaml.safe_load(imported(form).out)
    judged = dict(with_defaults(Body(value["spec"])).value)
    whole = stored(value, STARTUPGRAPHS).body("spec")

    nodes = [{"dependsOn": [], **node.value} for node in whole.bodies("nodes")]
    assert judged == {**whole.value, "nodes": nodes}


FAULTS = [
    pytest.param(
        {"nodes": {"api": ["db"], "db": ["api"]}},
        "nodes api -> db -> api depend on each other; remove one of these edges",
        id="a cycle",
    ),
    pytest.param(
        {"nodes": {"api": ["cahce"], "cache": []}},
        "node api depends on cahce, which is no node of this graph; write cache",
        id="an unknown parent",
    ),
    pytest.param(
        {"nodes": {"api": ["api"]}}, "dependsOn 'api' is the node itself", id="a node by itself"
    ),
    pytest.param(
        {"nodes": {"api": ["db", "db"], "db": []}}, "'db' stands there 2 times", id="a parent twice"
    ),
    pytest.param({"nodes": []}, "nodes are not between 1 and 500", id="no nodes"),
    pytest.param({"nodes": {"my_db": []}}, '"my_db" is not a node name', id="a name that is none"),
    pytest.param(
        {"services": {"a_b": {}, "a-b": {}}}, "'a-b' stands there 2 times", id="one name for two"
    ),
    pytest.param({"name": "My Web", "services": {"a": {}}}, '"My Web" is not a name', id="title"),
    pytest.param({"edges": []}, "neither `nodes` nor `services`", id="another form"),
    pytest.param("[1, 2]", "expected an object with `nodes` or `services`, found [1,2]", id="list"),
    pytest.param({"nodes": {"api": "db"}}, "nodes.api: expected a list", id="a parent alone"),
    pytest.param({"nodes": {"api": [1]}}, "nodes.api.0: expected a string", id="a number"),
    pytest.param(
        {"nodes": [{"name": "api", "dependsOn": "db"}]},
        'nodes[0].dependsOn: expected a list, found "db"',
        id="a parent alone in a list",
    ),
    pytest.param(
        {"nodes": [{"name": "api", "dependsOn": [{"node": "db", "until": "Up"}]}, {"name": "db"}]},
        "until 'Up' is none of Ready, Started, Complete",
        id="an unknown until",
    ),
    pytest.param(
        {"services": {"api": {"depends_on": {"db": {"condition": "up"}}}}},
        "services.api.depends_on.db.condition: 'up' is none of service_started",
        id="an unknown condition",
    ),
    pytest.param(
        {"nodes": [{"name": "a", "init": {"kind": "Migration", "job": {"image": "a", "tty": 1}}}]},
        "init.job.tty 1 is none of the fields image, command",
        id="a field that no init Job has",
    ),
    pytest.param(
        {"nodes": [{"name": "a", "init": {}, "workload": {"name": "a"}}]},
        "workload a is on a node that has init as well",
        id="both sorts at once",
    ),
    pytest.param("a: [", "is neither JSON nor YAML", id="a broken file"),
    pytest.param("2026-11-21: x", "is neither JSON nor YAML", id="keys that are no texts"),
]


@pytest.mark.parametrize(("form", "sentence"), FAULTS)
def test_what_cannot_be_carried_out_is_told_and_not_printed(
    imported: Import, form: Json, sentence: str
) -> None:
    said = imported(form)

    assert said.code == Exit.NEGATIVE
    assert said.out == ""
    assert sentence in said.err
    assert "fix:   correct the file" in said.err


def test_what_is_no_text_is_told(sluice: Command, tmp_path: Path) -> None:
    path = tmp_path / "graph.json"
    path.write_bytes(b"\xff\xfe\x00")

    assert sluice("graph", "import", str(path)).code == Exit.NEGATIVE


def test_a_file_that_is_not_there_is_a_usage_error(sluice: Command) -> None:
    assert sluice("graph", "import", "/nowhere/at/all").code == Exit.USAGE
