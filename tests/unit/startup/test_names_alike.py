"""A name that begins like another one is another name: of nodes, workloads, pods and graphs."""

from sluice.startup.edges import unmet
from sluice.startup.states import State
from tests.unit.startup.given import deployment, graph, labels, node, pod, scene, was

API = deployment("api", available=2, own_bar=True)
API_2 = deployment("api-2", available=0)


def test_each_node_has_its_own_pods() -> None:
    pods = (pod(API, "one", gated=True), pod(API_2, "two", gated=True))

    seen = scene(graph(node("api"), node("api-2")), API, API_2, *pods)

    for of_node in (
        {name: [one.meta.ref.name for one in found.pods] for name, found in seen.nodes.items()},
        {name: [one.meta.ref.name for one in found.gated] for name, found in seen.nodes.items()},
    ):
        assert of_node == {"api": ["one"], "api-2": ["two"]}


def test_a_child_waits_for_the_parent_that_it_names() -> None:
    nodes = (node("api"), node("api-2"), node("web", "Deployment", "api-2"))
    status = [was("api", State.READY), was("api-2", State.STARTING)]

    seen = scene(graph(*nodes, status=status), API, API_2)

    assert [str(one) for one in unmet(seen, seen.nodes["web"])] == ["api-2 Ready"]


def test_a_graph_leaves_the_pods_of_another_one_alone() -> None:
    marks = labels("other", "shop-2")
    other = deployment("other", marks=marks)
    its = pod(other, "three", gated=True, own={"labels": marks})

    seen = scene(graph(node("api")), API, other, its)

    assert (seen.strangers, seen.labelled_pods, seen.loose_pods) == ((), (), ())
