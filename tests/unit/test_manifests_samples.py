"""The samples fit the schema, and code and schema agree on what can be carried out."""

import re
from pathlib import Path

import pytest

from sluice.model.json import Body, MalformedError
from sluice.model.names import GRAPH_LABEL, NODE_LABEL
from sluice.model.references import ROLLOUTS, STARTUPGRAPHS, Resource
from sluice.rollout.spec import InvalidSpecError, RolloutSpec
from sluice.startup.hosts import host_faults
from sluice.startup.init.spec import read_init
from sluice.startup.shape import faults
from sluice.startup.spec import GraphSpec
from tests.manifest_files import (
    MANIFESTS,
    documents,
    leaves,
    places,
    schema_of,
    stored,
    strays,
)
from tests.rollout_manifests import INVALID, minimal

SAMPLES = MANIFESTS / "samples"
OWN_KINDS = (ROLLOUTS, STARTUPGRAPHS)


def of_kind(kind: Resource, path: Path) -> tuple[Body, ...]:
    return tuple(body for body in documents(path) if body.text("kind") == kind.kind)


def only(kind: Resource, path: Path) -> Body:
    (body,) = of_kind(kind, path)
    return body


def samples_of(kind: Resource) -> list[Path]:
    return [path for path in sorted(SAMPLES.glob("*.yaml")) if of_kind(kind, path)]


def nodes_with(part: str, path: Path) -> tuple[Body, ...]:
    nodes = only(STARTUPGRAPHS, path).bodies("spec", "nodes")
    return tuple(node for node in nodes if node.has(part))


INIT = [path for path in samples_of(STARTUPGRAPHS) if nodes_with("init", path)]

each_rollout = pytest.mark.parametrize("path", samples_of(ROLLOUTS), ids=lambda path: path.name)
each_graph = pytest.mark.parametrize("path", samples_of(STARTUPGRAPHS), ids=lambda path: path.name)


def test_every_sample_is_of_one_of_our_kinds() -> None:
    assert sorted(SAMPLES.glob("*.yaml")) == sorted(
        path for kind in OWN_KINDS for path in samples_of(kind)
    )


@pytest.mark.parametrize(
    ("kind", "path"),
    [pytest.param(kind, path, id=path.name) for kind in OWN_KINDS for path in samples_of(kind)],
)
def test_it_has_what_is_required_and_nothing_unknown(kind: Resource, path: Path) -> None:
    schema = schema_of(kind).body("properties", "spec")
    assert list(strays(only(kind, path).json("spec"), schema)) == []


@each_rollout
def test_a_rollout_is_read_as_the_api_server_stores_it(path: Path) -> None:
    sample = only(ROLLOUTS, path)
    spec = RolloutSpec.from_body(stored(sample.value).body("spec"))
    assert spec.target == sample.text("metadata", "name")


@each_graph
def test_a_graph_is_read_as_the_api_server_stores_it_and_can_be_carried_out(path: Path) -> None:
    sample = only(STARTUPGRAPHS, path)
    spec = GraphSpec.from_body(stored(sample.value, STARTUPGRAPHS).body("spec"), "shop")
    names = [node.text("name") for node in sample.bodies("spec", "nodes")]
    assert [node.name for node in spec.entries] == names
    assert (*faults(spec), *host_faults(spec, "shop", allowed=())) == ()


@pytest.mark.parametrize("path", INIT, ids=lambda path: path.name)
def test_init_nodes_are_read_as_the_api_server_stores_them(path: Path) -> None:
    graph = stored(only(STARTUPGRAPHS, path).value, STARTUPGRAPHS)
    written = {node.text("name"): node.body("init") for node in nodes_with("init", path)}
    for node in graph.bodies("spec", "nodes"):
        if node.has("init"):
            init = read_init(node.body("init"), "shop", node.text("name"))
            # Nothing that a default added, or the checksum would not be of what was written.
            assert init.job.written == written[init.node].json("job")
            assert (init.down.written if init.down else None) == written[init.node].json("down")


@each_graph
def test_the_workloads_beside_a_graph_carry_its_labels(path: Path) -> None:
    graph = only(STARTUPGRAPHS, path)
    nodes = {
        (node.text("workload", "kind"), node.text("workload", "name")): node.text("name")
        for node in nodes_with("workload", path)
    }
    for workload in documents(path):
        if workload.text("kind") == STARTUPGRAPHS.kind:
            continue
        node = nodes[workload.text("kind"), workload.text("metadata", "name")]
        wanted = {GRAPH_LABEL: graph.text("metadata", "name"), NODE_LABEL: node}
        for where in (("metadata",), ("spec", "template", "metadata")):
            assert wanted.items() <= workload.body(*where).labels("labels").items()


@pytest.mark.parametrize("kind", OWN_KINDS, ids=lambda kind: kind.kind)
def test_the_full_sample_shows_every_field(kind: Resource) -> None:
    schema = schema_of(kind).body("properties", "spec")
    known = {place.path for place in places(schema) if place.type not in {"object", "array"}}
    sample = only(kind, SAMPLES / f"{kind.kind.lower()}.yaml")
    # Of several that exclude each other (sources, gates), each stands somewhere. Initialising has
    # a sample of its own; what undoes a version has the fields of what brings it.
    init = {leaf for path in INIT if kind is STARTUPGRAPHS for leaf in leaves_of(path)}
    twins = {leaf.replace(".init.job.", ".init.down.") for leaf in init}
    assert known - set(leaves(sample.json("spec"))) - init - twins == set()


def leaves_of(path: Path) -> set[str]:
    return set(leaves(only(STARTUPGRAPHS, path).json("spec")))


# Names are the API server's business: a name that it refuses names no object.
REFUSED_BY_CODE = [
    case
    for case in INVALID
    if not re.search(r"(name|kind|apiVersion|labelKey)$", case.text("field"))
]


@pytest.mark.parametrize("case", REFUSED_BY_CODE, ids=lambda case: str(case.text("refuses")))
def test_the_code_refuses_what_the_schema_refuses(case: Body) -> None:
    # An object may be older than a rule of the schema.
    with pytest.raises((InvalidSpecError, MalformedError)):
        RolloutSpec.from_body(stored(minimal(case.body("set").value)).body("spec"))
