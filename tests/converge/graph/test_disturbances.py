"""What a process sees or may do is disturbed; the ending is the same, and nothing is broken."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from sluice.adapters.failures import ForbiddenError
from sluice.model.json import Body, JsonObject
from sluice.model.references import PODS, ObjectRef
from sluice.startup.states import State
from tests.converge.client import View, Write
from tests.converge.disturbances import DISTURBANCES, Usurper, disturb
from tests.converge.graph import picture
from tests.converge.graph.manifests import GRAPH, graph, node, ref_of
from tests.converge.graph.people import People
from tests.converge.graph.scenario import Step, Story, is_in, then
from tests.converge.graph.stories import REPERTOIRE, STORIES
from tests.converge.graph.subject import SUBJECT
from tests.converge.graph.words import CREATE_KINDS, FAN, KINDS, applies, both, creates
from tests.converge.run import Run
from tests.converge.store import Change

_TALES = (
    "starts a chain whose graph comes last",
    "starts a diamond whose graph comes first",
    "starts a StatefulSet, a DaemonSet and a Job",
    "leaves half of the pods in traffic when all probes fail",
    "shuts a pod whose container is another one",
    "counts the bar anew that is lost before the gate passes",
    "goes on when the failed Job is made anew",
    "is ready after all after a time-out with Fail",
    "is suspended in Starting and resumed",
    "lets go held sets and Jobs that are removed",
    "starts nothing more after an edit that makes a cycle",
    "is made anew after its deletion",
    "holds anew what is made anew in Ready",
    "holds anew a StatefulSet that is made anew in Ready",
    "leaves a workload to the younger graph that it names",
    "goes on when a queued Job is admitted",
    "releases a StatefulSet once the list of released sets is back",
)
_RECREATED = "holds anew what is made anew in Ready"


@pytest.mark.parametrize("disturbance", DISTURBANCES)
@pytest.mark.parametrize("name", _TALES)
def test_a_disturbed_process_comes_to_the_same_end(name: str, disturbance: str) -> None:
    disturb(REPERTOIRE, name, DISTURBANCES[disturbance])


@dataclass
class _Forbidden:
    """Forbids the writes to some objects."""

    refs: frozenset[ObjectRef]

    def __call__(self, write: Write) -> None:
        if write.ref in self.refs:
            raise ForbiddenError("a webhook says no", 403)


def test_one_of_a_fan_is_forbidden_and_the_others_go() -> None:
    story, forbidden = STORIES["starts twenty, five at a time"], frozenset({ref_of(FAN[7])})

    run = Run(SUBJECT, story, refuse=_Forbidden(forbidden), forgiving=True).whole()

    states = picture.states(run.cluster.store)
    others = {name: state for name, state in states.items() if name != FAN[7]}
    assert set(others.values()) == {State.READY}, run.tale([])
    assert states[FAN[7]] is State.RELEASING
    conditions = Body(run.cluster.store.get(GRAPH)).bodies("status", "conditions")
    said = {c.text("type"): c.text("message") for c in conditions}
    assert FAN[7] in said["Stalled"]


def test_a_set_that_is_suspended_between_its_list_and_its_pods_is_let_go_all_the_same() -> None:
    suspended: JsonObject = {**Body(KINDS).body("spec").value, "suspend": True}
    pods = frozenset(ObjectRef(PODS, GRAPH.namespace, f"db-{number}") for number in range(3))
    story = Story(
        (
            Step(CREATE_KINDS),
            then(applies(KINDS), 0.5),
            then(applies({**KINDS, "spec": suspended}), 3.0),
        ),
        {},
    )

    run = Run(SUBJECT, story, refuse=_Forbidden(pods), forgiving=True).whole()

    # A pod that is made now is not held any more, so the node must not say that it is.
    assert picture.states(run.cluster.store)["db"] is State.RELEASING


@dataclass
class _Deafness:
    """Loses what happens to graphs, from a change on: Kopf is mute about what it missed."""

    begins: Callable[[Change], bool]
    deaf: bool = False

    def __call__(self, change: Change) -> bool:
        self.deaf = self.deaf or (change.ref == GRAPH and self.begins(change))
        return self.deaf and change.ref == GRAPH


def _silent_run(story: Story, begins: Callable[[Change], bool]) -> Run[People]:
    return Run(SUBJECT, story, pass_seconds=4.0, view=View(drops=_Deafness(begins)))


def test_the_end_of_a_graph_is_missed_and_another_one_has_its_name() -> None:
    suspended = graph(node("db"), node("web"), suspend=True)
    story = Story(
        (
            Step(applies(suspended)),
            then(lambda people: people.delete(GRAPH), 1.0),
            then(both(applies(suspended), creates("web")), 1.0),
        ),
        {},
    )

    run = _silent_run(story, lambda change: change.type == "DELETED").whole()

    assert picture.held(run.cluster.store) == {"web"}, run.tale([])


def test_a_workload_becomes_a_node_unnoticed_before_it_is_let_go_as_an_orphan() -> None:
    without, with_it = graph(node("db")), graph(node("db"), node("web", after=["db"]))
    story = Story(
        (
            Step(both(creates("web"), applies(without))),
            then(applies(with_it), 60.0),
            then(lambda _: None, 70.0),
        ),
        {},
    )

    def edited(change: Change) -> bool:
        return Body(change.new).whole("metadata", "generation") > 1

    run = _silent_run(story, edited).whole()

    assert picture.held(run.cluster.store) == {"web"}, run.tale([])


_LONGEST_BACKOFF_SECONDS = 31.0
_CHAIN = "starts a chain whose graph comes last"
_KINDS = "starts a StatefulSet, a DaemonSet and a Job"
_USURPED = (
    (_CHAIN, "db", None, State.STARTING),
    (_CHAIN, "api", None, State.RELEASING),
    (_CHAIN, "web", None, State.READY),
    (_KINDS, "db", None, State.RELEASING),
    (_KINDS, "migrate", None, State.STARTING),
    (_KINDS, "api", None, State.READY),
    (_KINDS, "api", State.RELEASING, State.READY),
    ("is suspended in Starting and resumed", "db", None, State.STARTING),
    ("is suspended in Releasing and resumed", "db", None, State.HELD),
    ("is suspended in Releasing and resumed", "db", State.RELEASING, State.HELD),
    ("goes on when the failed Job is made anew", "api", None, State.BLOCKED),
    ("opens pods again that pass again", "api", None, State.DEGRADED),
    ("opens pods again that pass again", "api", State.READY, State.DEGRADED),
    ("lets go held sets and Jobs that are removed", "api", None, State.HELD),
    ("starts nothing more after an edit that makes a cycle", "web", None, State.HELD),
    (_RECREATED, "db", None, State.READY),
    (_RECREATED, "db", State.RELEASING, State.HELD),
    ("holds anew a StatefulSet that is made anew in Ready", "db", None, State.HELD),
    ("holds anew a StatefulSet that is made anew in Ready", "db", State.STARTING, State.HELD),
    ("holds anew a DaemonSet that is made anew in Ready", "agent", None, State.HELD),
)


@pytest.mark.parametrize(("name", "node_name", "seen", "leads"), _USURPED)
def test_second_leader_with_old_knowledge(
    name: str, node_name: str, seen: State | None, leads: State
) -> None:
    usurpers: list[Usurper[People]] = []
    known = None if seen is None else is_in(seen, node_name)

    def usurp(run: Run[People]) -> None:
        usurpers.append(Usurper(run, is_in(leads, node_name), known, first_seconds=0.5))

    # Two that correct each other write ever less often; so does the one that is left, at first.
    story = replace(STORIES[name], quiet_seconds=_LONGEST_BACKOFF_SECONDS)
    run = Run(SUBJECT, story, pass_seconds=4.0, disturb=usurp).whole()

    assert usurpers[0].leading is not None
    REPERTOIRE.check_end(name, run, "usurped")
