"""Every story of a graph comes to its ending, and no safety rule is broken after any write."""

import pytest

from sluice.model.json import Body
from tests.converge.graph import picture
from tests.converge.graph.manifests import GRAPH, graph_ref, ref_of
from tests.converge.graph.stories import REPERTOIRE, STORIES


@pytest.mark.parametrize("name", STORIES)
def test_story(name: str) -> None:
    run, story = REPERTOIRE.told(name), STORIES[name]
    store = run.cluster.store

    assert picture.states(store) == story.states, run.tale([])
    ready = {node: picture.ready_pods(store, node) for node in story.ready}
    assert ready == story.ready, run.tale([])
    assert picture.held(store) == story.held, run.tale([])
    others = {name: picture.states(store, graph_ref(name)) for name in story.others}
    assert others == story.others, run.tale([])
    assert picture.recorded(store) == story.recorded, run.tale([])
    assert sum(run.cluster.ledger.made.values()) == story.runs, run.tale([])


@pytest.mark.parametrize("first", ["older", "younger"])
def test_a_node_that_is_another_graphs_says_whose_it_is(first: str) -> None:
    store = REPERTOIRE.told(f"leaves a workload to the {first} graph that it names").cluster.store
    mall = Body(store.get(graph_ref("mall"))).body("status")

    db = next(node for node in mall.bodies("nodes") if node.text("name") == "db")
    assert db.text("message") == "has the label sluice.dev/graph: shop, not mall"
    covered = next(c for c in mall.bodies("conditions") if c.text("type") == "Covered")
    assert covered.text("status") == "False"
    assert "node db: Deployment db has the label sluice.dev/graph: shop" in covered.text("message")


def test_a_list_that_is_missing_is_told() -> None:
    name = "holds a StatefulSet while the list of released sets is missing"
    status = Body(REPERTOIRE.told(name).cluster.store.get(GRAPH)).body("status")

    stalled = next(one for one in status.bodies("conditions") if one.text("type") == "Stalled")
    assert stalled.text("reason") == "NotInstalled"
    assert "ConfigMap sluice-system/sluice-released does not exist" in stalled.text("message")


@pytest.mark.parametrize("what", ["queued", "of a CronJob"])
def test_a_job_that_is_never_held_is_never_written(what: str) -> None:
    run = REPERTOIRE.told(f"never suspends a Job that is {what}")
    job = Body(run.cluster.store.get(ref_of("migrate", "Job")))

    assert not job.has("spec", "suspend")
    assert not job.labels("metadata", "annotations")
