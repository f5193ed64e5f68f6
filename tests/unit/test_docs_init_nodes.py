"""The page about init nodes: its graphs can be carried out, its tables say what the schema has."""

import re
from collections.abc import Iterator, Mapping

import pytest
import yaml

from sluice.init.migrate.files import migrations
from sluice.init.migrate.statements import split_postgres, statements
from sluice.init.queue.topology import read_topology
from sluice.model.json import Body, Json
from sluice.model.names import GRAPH_LABEL, NODE_LABEL, REQUIRES
from sluice.model.references import STARTUPGRAPHS
from sluice.startup.hosts import host_faults
from sluice.startup.init import states
from sluice.startup.init.job import job_manifest
from sluice.startup.init.names import job_ref
from sluice.startup.init.run import Direction, Run
from sluice.startup.shape import faults
from sluice.startup.spec import GraphSpec
from tests.manifest_files import schema_of, stored, strays
from tests.pages import blocks, manifests, page, section

PAGE = "init-nodes.md"
EXAMPLES = ("SQL files and PostgreSQL", "Alembic in your own image", "Queues in RabbitMQ")
IN_TEMPLATE = ("spec", "template", "metadata")
ROW = re.compile(r"^\| `.*$", re.MULTILINE)
NAME = re.compile(r"`([a-zA-Z]+)`")


def example(heading: str) -> tuple[Body, ...]:
    (block,) = blocks(section(PAGE, heading), "yaml")
    return manifests(block)


def graph_of(objects: tuple[Body, ...]) -> Body:
    (graph,) = (body for body in objects if body.text("kind") == STARTUPGRAPHS.kind)
    return graph


def read(graph: Body) -> GraphSpec:
    name = graph.text("metadata", "name")
    return GraphSpec.from_body(stored(graph.value, STARTUPGRAPHS).body("spec"), name)


GRAPHS = tuple(
    body
    for block in blocks(page(PAGE), "yaml")
    for body in manifests(block)
    if body.text("kind") == STARTUPGRAPHS.kind
)

each_graph = pytest.mark.parametrize("graph", GRAPHS)
each_example = pytest.mark.parametrize("heading", EXAMPLES)


def test_every_example_has_a_graph_and_one_stands_before_them() -> None:
    assert len(GRAPHS) == len(EXAMPLES) + 1


@each_graph
def test_a_graph_can_be_carried_out_as_the_api_server_stores_it(graph: Body) -> None:
    schema = schema_of(STARTUPGRAPHS).body("properties", "spec")
    assert list(strays(graph.json("spec"), schema)) == []
    spec = read(graph)
    assert spec.inits
    assert (*faults(spec), *host_faults(spec, "shop", allowed=())) == ()


@each_graph
def test_its_jobs_are_of_what_was_written(graph: Body) -> None:
    written = {node.text("name"): node.body("init") for node in graph.bodies("spec", "nodes")}
    for node in read(graph).inits:
        init = node.init
        run = Run(init.lock, init.version, init.checksum, Direction.UP, 1)
        job = job_manifest(job_ref("shop", init.graph, init.node, run), init, run, init.job)
        (container,) = Body(job).bodies("spec", "template", "spec", "containers")
        assert container.text("image") == written[node.name].text("job", "image")
        # A default below it would change the checksum.
        assert init.job.written == written[node.name].json("job")


@each_example
def test_the_workloads_of_an_example_are_nodes_of_its_graph(heading: str) -> None:
    objects = example(heading)
    graph = graph_of(objects)
    beside = {(body.text("kind"), body.text("metadata", "name")): body for body in objects}
    for node in read(graph).nodes:
        workload = beside[node.resource.kind, node.workload]
        wanted = {GRAPH_LABEL: graph.text("metadata", "name"), NODE_LABEL: node.name}
        for where in (("metadata",), IN_TEMPLATE):
            assert wanted.items() <= workload.body(*where).labels("labels").items()


@each_example
def test_a_workload_requires_what_its_graph_brings(heading: str) -> None:
    objects = example(heading)
    brought = {f"{node.name}={node.init.version}" for node in read(graph_of(objects)).inits}
    required = {
        one
        for body in objects
        for one in body.body("metadata").labels("annotations").get(REQUIRES, "").split(",")
        if one
    }
    assert required == brought


@each_example
def test_an_example_has_every_object_that_it_refers_to(heading: str) -> None:
    objects = example(heading)
    keys = {
        (body.text("kind"), body.text("metadata", "name")): set(
            (body.labels("data") or body.labels("stringData")).keys()
        )
        for body in objects
        if body.text("kind") in {"ConfigMap", "Secret"}
    }
    found = [one for body in objects for one in references(body.value)]
    assert found
    for kind, name, key in found:
        assert not key or key in keys[kind, name]
        assert (kind, name) in keys


def references(value: Json) -> Iterator[tuple[str, str, str]]:
    """Find the ConfigMaps and Secrets that a value refers to: kind, name, key if there is one."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            if name in KINDS and isinstance(item, Mapping):
                reference = Body(item)
                yield KINDS[name], reference.text("name"), reference.text("key", default="")
            else:
                yield from references(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from references(item)


KINDS = {
    "configMap": "ConfigMap",
    "configMapRef": "ConfigMap",
    "configMapKeyRef": "ConfigMap",
    "secret": "Secret",
    "secretRef": "Secret",
    "secretKeyRef": "Secret",
}


def config_map(heading: str) -> Mapping[str, str]:
    (found,) = (body for body in example(heading) if body.text("kind") == "ConfigMap")
    return found.labels("data")


def test_the_sql_files_are_migrations_up_to_the_version_of_the_node() -> None:
    (node,) = read(graph_of(example(EXAMPLES[0]))).inits
    found = migrations(config_map(EXAMPLES[0]))
    assert str(found[-1].number) == node.init.version
    for one in found:
        assert one.down is not None
        for script in (one.up, one.down):
            assert len(statements(script, split_postgres)) == 1


def test_the_script_for_alembic_is_that_of_the_page_about_sluice_init() -> None:
    (script,) = (block for block in blocks(page("sluice-init.md"), "sh") if "alembic" in block)
    assert config_map(EXAMPLES[1])["migrate.sh"] == script


def test_the_queues_can_be_read() -> None:
    topology = read_topology(yaml.safe_load(config_map(EXAMPLES[2])["queues.yaml"]))
    assert topology.needs_rabbitmq


def rows(heading: str, table: int) -> list[list[str]]:
    """Return the cells of a table whose rows begin with a name."""
    parts = section(PAGE, heading).split("\n|---")
    return [row.strip("|").split("|") for row in ROW.findall(parts[table])]


def test_the_page_tells_every_field_of_init_and_its_default() -> None:
    schema = schema_of(STARTUPGRAPHS).body("properties", "spec", "properties", "nodes", "items")
    init = schema.body("properties", "init")
    told = {row[0].strip(" `"): row[1].strip() for row in rows("Fields", 1)}
    assert set(told) == set(init.body("properties").value)
    for name, said in told.items():
        field = init.body("properties", name)
        if field.has("default"):
            assert said == str(field.json("default"))
        else:
            assert (said == "required") == (name in init.texts("required"))


def test_the_page_tells_every_field_of_a_job() -> None:
    schema = schema_of(STARTUPGRAPHS).body("properties", "spec", "properties", "nodes", "items")
    job = schema.body("properties", "init", "properties", "job", "properties")
    told = [name for row in rows("Fields", 2) for name in NAME.findall(row[0])]
    assert sorted(told) == sorted(job.value)


def test_the_page_tells_every_state() -> None:
    table = [line for line in section(PAGE, "States").splitlines() if line.startswith("|")]
    _, _, *told = (line.split("|")[1].strip() for line in table)
    assert told == [str(state) for state in states.State]
