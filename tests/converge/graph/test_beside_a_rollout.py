"""A Deployment of a Rollout that is a node of a graph as well: one holder after the other."""

import asyncio
from collections.abc import Iterator

import pytest

from sluice.model import names
from sluice.model.json import Body, JsonObject
from sluice.model.references import DEPLOYMENTS
from sluice.rollout.kind import RolloutKind
from sluice.rollout.phases import Stage
from sluice.startup.guardian import StartupGuardian
from sluice.startup.kind import StartupGraphKind
from sluice.startup.states import State
from tests import builders
from tests.converge.client import View
from tests.converge.clockwork import VirtualLoop
from tests.converge.cluster import PERSON, Cluster
from tests.converge.graph import picture
from tests.converge.graph.manifests import NAME, graph, node
from tests.converge.graph.people import People
from tests.converge.operator_process import OperatorProcess
from tests.converge.prometheus import SCRAPE_SECONDS
from tests.converge.rollout import picture as rollouts
from tests.converge.rollout.people import People as RolloutPeople

_TARGET = builders.NAME


class Beside:
    """The cluster with both kinds, whose Deployment is held at first."""

    def __init__(self) -> None:
        self.loop = VirtualLoop()
        asyncio.set_event_loop(self.loop)
        self.cluster = Cluster.empty(self.loop)
        self.people, self.rollout_people = People(self.cluster), RolloutPeople(self.cluster)
        self.people.install()
        self.rollout_people.install_without_target()
        self.cluster.store.create(DEPLOYMENTS, _labelled(builders.deployment()), PERSON)
        self.people.apply(graph(node(_TARGET), suspend=True))
        kinds = (RolloutKind(SCRAPE_SECONDS), StartupGraphKind())
        self.operator = OperatorProcess(self.cluster, View(), kinds, (StartupGuardian(),))
        self.loop.run_until_complete(self.operator.start())
        self.wait(5.0)

    def wait(self, seconds: float) -> None:
        self.loop.run_until_complete(asyncio.sleep(seconds))

    def end(self) -> None:
        self.loop.run_until_complete(self.operator.crash())
        asyncio.set_event_loop(None)
        self.loop.close()

    def where(self) -> tuple[State, Stage, int, int]:
        """Return node, stage, how many canaries there are and how many pods get traffic."""
        store = self.cluster.store
        canaries = len(tuple(rollouts.canaries(store)))
        stage = rollouts.stage_of(rollouts.status_of(store))
        return picture.states(store)[_TARGET], stage, canaries, picture.ready_pods(store, _TARGET)


def _labelled(manifest: JsonObject) -> JsonObject:
    labels = {names.GRAPH_LABEL: NAME, names.NODE_LABEL: _TARGET}
    body = Body(manifest)
    meta, spec, template = body.body("metadata"), body.body("spec"), body.body("spec", "template")
    inner = {**template.body("metadata").labels("labels"), **labels}
    return {
        **manifest,
        "metadata": {**meta.value, "labels": {**meta.labels("labels"), **labels}},
        "spec": {**spec.value, "template": {**template.value, "metadata": {"labels": inner}}},
    }


@pytest.fixture
def beside() -> Iterator[Beside]:
    made = Beside()
    yield made
    made.end()


def test_a_rollout_makes_no_canary_of_what_is_held_for_its_first_start(beside: Beside) -> None:
    beside.rollout_people.deploy("checkout:2")
    beside.wait(10.0)

    assert beside.where() == (State.HELD, Stage.HEALTHY, 0, 0)


def test_a_version_that_came_while_it_was_held_is_the_first_one_that_runs(beside: Beside) -> None:
    beside.rollout_people.deploy("checkout:2")
    beside.wait(5.0)
    beside.people.suspend(suspend=False)
    beside.wait(20.0)

    assert beside.where() == (State.READY, Stage.HEALTHY, 0, 3)


def test_the_next_version_is_rolled_out_with_a_canary(beside: Beside) -> None:
    beside.people.suspend(suspend=False)
    beside.wait(10.0)
    beside.rollout_people.deploy("checkout:2")
    beside.wait(5.0)

    assert beside.where()[2] == 1
    beside.wait(60.0)
    assert beside.where() == (State.READY, Stage.HEALTHY, 0, 3)
