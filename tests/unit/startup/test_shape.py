"""What is wrong with a graph as a whole, and the order that follows from it."""

import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from graphlib import CycleError
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.model.references import DEPLOYMENTS, JOBS, Resource
from sluice.startup.shape import children, cycles, faults, ranks
from sluice.startup.spec import (
    Edge,
    Gate,
    GraphSpec,
    HoldChoice,
    HttpCheck,
    MinReady,
    Node,
    OnTimeout,
    Until,
    WhenScaledToZero,
)
from tests.manifest_files import ROOT


def edge(parent: str, until: Until = Until.READY, min_ready: str = "") -> Edge:
    return Edge(parent, until, MinReady(min_ready) if min_ready else None, optional=False)


def node(
    name: str, *edges: Edge, resource: Resource = DEPLOYMENTS, workload: str | None = None
) -> Node:
    return Node(
        name=name,
        resource=resource,
        workload=workload or name,
        depends_on=edges,
        min_ready=MinReady("100%"),
        when_scaled_to_zero=WhenScaledToZero.SATISFIED,
        hold=HoldChoice.AUTO,
        gates=(),
        pod_readiness=False,
        min_available=MinReady("50%"),
        timeout_seconds=600.0,
        on_timeout=OnTimeout.HOLD,
    )


def graph(*nodes: Node) -> GraphSpec:
    return GraphSpec(suspend=False, max_parallel=0, entries=nodes)


def drawn(parents: Mapping[str, Iterable[str]]) -> GraphSpec:
    """Return the graph in which each name depends on the names beside it."""
    return graph(*(node(name, *map(edge, beside)) for name, beside in parents.items()))


RING = {f"n{number}": [f"n{(number + 1) % 15}"] for number in range(15)}
CLIQUE = {
    f"n{number}": [f"n{other}" for other in range(6) if other != number] for number in range(6)
}


@pytest.mark.parametrize(
    ("spec", "sentences"),
    [
        pytest.param(drawn({"db": "", "api": ["db"]}), (), id="a sound graph"),
        pytest.param(
            drawn({"db": ["api"], "api": ["db"]}),
            ("nodes db -> api -> db depend on each other; remove one of these edges",),
            id="two that wait for each other",
        ),
        pytest.param(
            drawn({"db": ["db"]}),
            ("nodes db -> db depend on each other; remove one of these edges",),
            id="one that waits for itself",
        ),
        pytest.param(
            drawn({"a": ["b"], "b": ["a"], "c": ["a", "d"], "d": ["e"], "e": ["c"]}),
            (
                "nodes a -> b -> a depend on each other; remove one of these edges",
                "nodes c -> d -> e -> c depend on each other; remove one of these edges",
            ),
            id="two cycles",
        ),
        pytest.param(
            drawn(RING),
            (
                (
                    "nodes n0 -> n1 -> n2 -> n3 -> n4 -> n5 -> ... 3 more ... -> n9 -> n10 -> "
                    "n11 -> n12 -> n13 -> n14 -> n0 depend on each other; remove one of these edges"
                ),
            ),
            id="a long cycle by its ends",
        ),
        pytest.param(
            drawn({"postgres": "", "api": ["postgre"]}),
            ("node api depends on postgre, which is no node of this graph; write postgres",),
            id="a parent with a slip in its name",
        ),
        pytest.param(
            drawn({"db": "", "api": ["queue"]}),
            (
                (
                    "node api depends on queue, which is no node of this graph; "
                    "add that node, or remove this edge"
                ),
            ),
            id="a parent like none",
        ),
        pytest.param(
            graph(node("db"), node("api", edge("db", Until.COMPLETE))),
            ("node api waits until db is Complete, but it is a Deployment; write until: Ready",),
            id="the end of what does not end",
        ),
        pytest.param(
            graph(node("job", resource=JOBS), node("api", edge("job", Until.COMPLETE, "2"))),
            ("node api waits for minReady 2 of job, but it is a Job; remove minReady",),
            id="ready pods of a Job",
        ),
        pytest.param(
            graph(
                node("job", resource=JOBS),
                node("web", edge("job", Until.STARTED)),
                node("api", edge("job", Until.READY)),
                node("end", edge("job", Until.COMPLETE)),
            ),
            (),
            id="everything that a Job can be waited for",
        ),
        pytest.param(
            graph(node("db"), node("api", edge("db", Until.STARTED, "50%"))),
            (),
            id="some started pods",
        ),
        pytest.param(
            graph(node("a", workload="api"), node("b", workload="api")),
            (
                (
                    "nodes a and b both start Deployment api; "
                    "write another workload for one of them, or remove it"
                ),
            ),
            id="one workload in two nodes",
        ),
        pytest.param(
            graph(node("a", workload="api"), node("b", workload="api", resource=JOBS)),
            (),
            id="one name of two kinds",
        ),
    ],
)
def test_faults(spec: GraphSpec, sentences: tuple[str, ...]) -> None:
    assert faults(spec) == sentences


def test_of_many_cycles_the_first_twenty_are_told() -> None:
    sentences = faults(drawn(CLIQUE))
    assert len(sentences) == 21
    assert sentences[-1] == "and more cycles than these 20"


def test_exactly_twenty_cycles_are_all() -> None:
    pairs = {
        f"{side}{n}": [f"{'b' if side == 'a' else 'a'}{n}"] for n in range(20) for side in "ab"
    }
    sentences = faults(drawn(pairs))
    assert len(sentences) == 20
    assert not any("and more" in sentence for sentence in sentences)


def test_a_dense_graph_of_the_largest_size_is_told_in_time() -> None:
    names = [f"n{number}" for number in range(500)]
    beside = {
        name: [names[(i + step) % 500] for step in range(1, 51)] for i, name in enumerate(names)
    }
    assert len(faults(drawn(beside))) == 21


@st.composite
def graphs(draw: st.DrawFn) -> GraphSpec:
    names = [f"n{number}" for number in range(draw(st.integers(1, 8)))]
    parents = st.lists(st.sampled_from([*names, "unknown"]), unique=True, max_size=4)
    return drawn({name: draw(parents) for name in names})


@st.composite
def sound_graphs(draw: st.DrawFn) -> GraphSpec:
    names = draw(st.permutations([f"n{number}" for number in range(draw(st.integers(1, 8)))]))
    earlier = {name: names[:index] for index, name in enumerate(names)}
    picked = {
        name: draw(st.lists(st.sampled_from(before), unique=True)) if before else []
        for name, before in earlier.items()
    }
    return drawn({name: picked[name] for name in sorted(names)})


def edges_of(spec: GraphSpec) -> set[tuple[str, str]]:
    return {(node.name, edge.parent) for node in spec.nodes for edge in node.depends_on}


@given(graphs())
def test_every_cycle_that_is_told_is_one(spec: GraphSpec) -> None:
    for cycle in islice(cycles(spec), 100):
        assert len(set(cycle)) == len(cycle)
        assert set(pairwise((*cycle, cycle[0]))) <= edges_of(spec)


@given(graphs())
def test_no_cycle_is_told_twice_and_each_begins_with_its_first_node(spec: GraphSpec) -> None:
    order = [node.name for node in spec.nodes]
    found = list(islice(cycles(spec), 100))
    assert len(set(found)) == len(found)
    assert all(cycle[0] == min(cycle, key=order.index) for cycle in found)


@given(graphs())
def test_a_graph_has_ranks_or_cycles(spec: GraphSpec) -> None:
    if list(islice(cycles(spec), 1)):
        with pytest.raises(CycleError):
            ranks(spec)
    else:
        assert sorted(name for rank in ranks(spec) for name in rank) == sorted(
            node.name for node in spec.nodes
        )


@given(sound_graphs())
def test_a_graph_without_a_cycle_has_no_fault(spec: GraphSpec) -> None:
    assert faults(spec) == ()


@given(sound_graphs())
def test_each_node_is_one_rank_below_its_deepest_parent(spec: GraphSpec) -> None:
    rank = {name: depth for depth, names in enumerate(ranks(spec)) for name in names}
    for node in spec.nodes:
        deepest = max((rank[edge.parent] for edge in node.depends_on), default=-1)
        assert rank[node.name] == deepest + 1


@given(graphs())
def test_children_are_the_edges_read_backwards(spec: GraphSpec) -> None:
    backwards = {(child, name) for name, found in children(spec).items() for child in found}
    assert backwards == {pair for pair in edges_of(spec) if pair[1] != "unknown"}


def test_ranks_and_children_keep_the_order_of_the_spec() -> None:
    spec = drawn({"web": ["api"], "db": "", "cache": "", "api": ["cache", "db"], "job": ["db"]})
    assert ranks(spec) == (("db", "cache"), ("api", "job"), ("web",))
    assert children(spec)["db"] == ("api", "job")


IMPORTS = """
import sys
from tests.unit.startup.test_shape import drawn, faults
assert "networkx" not in sys.modules, "imported with the module"
faults(drawn({"db": "", "api": ["db"]}))
assert "networkx" not in sys.modules, "imported for a sound graph"
assert faults(drawn({"db": ["api"], "api": ["db"]}))
assert "networkx" in sys.modules, "never imported"
"""

CYCLES = """
from tests.unit.startup.test_shape import CLIQUE, drawn, faults
print(faults(drawn(CLIQUE)))
"""


def run(program: str, hash_seed: str = "0") -> str:
    """Return what a program prints in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_networkx_is_imported_only_for_a_cycle() -> None:
    run(IMPORTS)


def test_another_process_tells_the_same_cycles() -> None:
    first, second = (run(CYCLES, hash_seed) for hash_seed in ("1", "2"))
    assert first == second
    assert "n0 -> " in first


def test_a_job_has_no_pods_that_could_pass() -> None:
    gate = Gate("page", HttpCheck("/x", 80, "", 200, 399), True, 5.0, 3, 3, 2.0)
    migrate = replace(node("migrate", resource=JOBS), gates=(gate,))

    assert faults(graph(migrate, replace(node("api"), gates=(gate,)))) == (
        (
            "node migrate is a Job, whose pods end: gate page would never pass; "
            "write an http url or a tcp host, or remove it"
        ),
    )
