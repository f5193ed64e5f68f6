"""A Deployment of a Rollout that is a node of a graph as well: both kinds in one operator."""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from sluice.model import names
from sluice.model.json import Body, Json, JsonObject
from sluice.model.references import DEPLOYMENTS
from sluice.rollout.phases import Stage
from sluice.startup.states import State
from tests import builders
from tests.converge import scenario
from tests.converge.cluster import PERSON, Cluster
from tests.converge.graph import people as of_graphs
from tests.converge.graph import picture as graphs
from tests.converge.graph import subject as graph_subject
from tests.converge.graph.manifests import GRAPH, NAME, graph, node
from tests.converge.graph.scenario import is_in
from tests.converge.graph.words import NOBODY_COMES_SECONDS
from tests.converge.repertoire import Repertoire
from tests.converge.rollout import people as of_rollouts
from tests.converge.rollout import picture as rollouts
from tests.converge.rollout import subject as rollout_subject
from tests.converge.rollout.people import ROLLOUT
from tests.converge.rollout.stories import FIRST, GOOD, at_rest, passed_a_step
from tests.converge.scenario import Scenario
from tests.converge.store import Store
from tests.converge.subject import Subject

TARGET: Final = builders.NAME


@dataclass(frozen=True, slots=True)
class People:
    """Those of the graph and those of the Rollout, who know of each other's labels."""

    cluster: Cluster

    @property
    def graph(self) -> of_graphs.People:
        """Those who start the Deployment."""
        return of_graphs.People(self.cluster)

    @property
    def rollout(self) -> of_rollouts.People:
        """Those who write its next versions."""
        return of_rollouts.People(self.cluster)

    def install(self) -> None:
        """Create everything; the graph is suspended, so the Deployment is held at first."""
        self.rollout.install_without_target()
        self.cluster.store.create(DEPLOYMENTS, labelled(builders.deployment()), PERSON)
        self.graph.apply(graph(node(TARGET), suspend=True))

    def resume(self) -> None:
        """Have the graph start the Deployment."""
        self.graph.suspend(suspend=False)

    def deploy(self) -> None:
        """Write the next version into the Deployment."""
        self.rollout.deploy(GOOD)


def labelled(manifest: JsonObject) -> JsonObject:
    """Return the Deployment with the labels of its node."""
    labels = {names.GRAPH_LABEL: NAME, names.NODE_LABEL: TARGET}
    body = Body(manifest)
    meta, spec, template = body.body("metadata"), body.body("spec"), body.body("spec", "template")
    inner = {**template.body("metadata").labels("labels"), **labels}
    return {
        **manifest,
        "metadata": {**meta.value, "labels": {**meta.labels("labels"), **labels}},
        "spec": {**spec.value, "template": {**template.value, "metadata": {"labels": inner}}},
    }


def _summary(store: Store) -> JsonObject:
    return {"rollout": rollouts.summary(store), "graph": graphs.summary(store)}


def _standing(store: Store) -> Hashable:
    return rollout_subject.SUBJECT.standing(store), graph_subject.SUBJECT.standing(store)


def _says(store: Store) -> str:
    return f"{rollout_subject.SUBJECT.says(store)}; {graph_subject.SUBJECT.says(store)}"


SUBJECT = Subject(
    followed=rollout_subject.SUBJECT.followed | graph_subject.SUBJECT.followed,
    kinds=(*rollout_subject.SUBJECT.kinds, *graph_subject.SUBJECT.kinds),
    guardians=graph_subject.SUBJECT.guardians,
    people=People,
    laws=(*rollout_subject.SUBJECT.laws, *graph_subject.SUBJECT.laws),
    summary=_summary,
    standing=_standing,
    says=_says,
    rests=rollout_subject.SUBJECT.rests,
    install=lambda people: people.graph.install(),
)


@dataclass(frozen=True, slots=True)
class Step(scenario.Step[People]):
    """What people do to both."""


@dataclass(frozen=True, slots=True)
class Story(Scenario[People]):
    """What people do, and what must be so in the end.

    node: its state, None without the graph. rollout: a part of the Rollout's summary.
    """

    node: State | None
    rollout: Mapping[str, Json]
    quiet_seconds: float = field(default=7.0, kw_only=True)

    def same(self, end: JsonObject, other: JsonObject) -> bool:
        """Whether two endings are the same.

        A story that is over in the middle of a rollout leaves pods that come and go.
        """
        return end == other if self.until is None else _but_pods(end) == _but_pods(other)


def _but_pods(end: JsonObject) -> JsonObject:
    parts = Body(end)
    return {name: {**parts.body(name).value, "pods": None} for name in end}


def _stories() -> Iterator[tuple[str, Story]]:
    install = Step(People.install)
    # Not before the Rollout has claimed the Deployment, whose first version it would be otherwise.
    newer = Step(People.deploy, is_in(State.HELD, TARGET), 4.0)
    held: Mapping[str, Json] = {"stage": str(Stage.HEALTHY), "canaries": {}, "pods": []}
    yield "makes no canary of what is held", Story((install, newer), State.HELD, held)
    resume = Step(People.resume, is_in(State.HELD, TARGET), 2.0)
    yield (
        "starts the version that came while it was held",
        Story((install, newer, resume), State.READY, at_rest(GOOD, canaries={}, history=[])),
    )
    deploy = Step(People.deploy, is_in(State.READY, TARGET), 3.0)
    under_way: Mapping[str, Json] = {"stage": str(Stage.SCALING), "weight": 10, "history": []}
    yield (
        "rolls the next version out by a canary",
        Story((install, resume, deploy), State.READY, under_way, until=passed_a_step),
    )
    promoted = at_rest(GOOD, canaries={}, history=[["Promoted", "Promoted"]])
    yield (
        "promotes the next version",
        Story((install, resume, deploy), State.READY, promoted),
    )
    fail = Step(lambda people: people.rollout.fail(GOOD, 1.0))
    rejected = at_rest(FIRST, Stage.ROLLED_BACK, rejected="Outage")
    yield (
        "rolls the next version back",
        Story((install, resume, deploy, fail), State.READY, rejected, tried_from=4),
    )
    graph_goes = Step(lambda people: people.graph.delete(GRAPH), is_in(State.HELD, TARGET), 2.0)
    yield (
        "starts the version that came while it was held when the graph is deleted",
        Story(
            (install, newer, graph_goes),
            None,
            at_rest(GOOD, canaries={}, history=[]),
            quiet_seconds=NOBODY_COMES_SECONDS,
        ),
    )
    rollout_goes = Step(lambda people: people.graph.delete(ROLLOUT), is_in(State.HELD, TARGET), 2.0)
    yield (
        "is held still when the Rollout is deleted",
        Story((install, newer, rollout_goes), State.HELD, {**held, "stage": None}),
    )


STORIES: Final[Mapping[str, Story]] = dict(_stories())
REPERTOIRE: Final = Repertoire(SUBJECT, STORIES)
