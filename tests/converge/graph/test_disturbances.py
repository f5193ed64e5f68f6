"""What a process sees or may do is disturbed; the ending is the same, and nothing is broken."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from sluice.adapters.failures import ConflictError, ForbiddenError, TransientError
from sluice.model.json import Body, JsonObject
from sluice.model.references import PODS, ObjectRef
from sluice.startup.states import State
from tests.converge.client import View, Write
from tests.converge.graph import picture
from tests.converge.graph.manifests import GRAPH, graph, node, ref_of
from tests.converge.graph.run import Run, operator_process
from tests.converge.graph.scenario import Step, Story, then
from tests.converge.graph.stories import STORIES, told
from tests.converge.graph.words import CREATE_KINDS, FAN, KINDS, applies, both, creates
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
)
_WHEN = re.compile(r'"lastTransitionTime":"[^"]*"')
_RECREATED = "holds anew what is made anew in Ready"


def _tell(
    name: str,
    view: View,
    disturb: Callable[[Run], None] = lambda _: None,
    pass_seconds: float = 2.0,
) -> Run:
    run = Run(STORIES[name], pass_seconds, view, disturb).whole()

    assert run.end == told(name).end, run.tale([str(run.end), str(told(name).end)])
    return run


@pytest.mark.parametrize("lag", range(1, 6))
@pytest.mark.parametrize("name", _TALES)
def test_watches_that_are_some_changes_behind(name: str, lag: int) -> None:
    _tell(name, View(lag=lag))


@pytest.mark.parametrize("name", _TALES)
def test_every_event_comes_twice(name: str) -> None:
    _tell(name, View(copies=2))


@pytest.mark.parametrize("each", [2, 3, 5])
@pytest.mark.parametrize("name", _TALES)
def test_events_are_lost_until_the_next_list(name: str, each: int) -> None:
    view = View(drops=lambda change: change.version % each == 0, relist_seconds=3.0)

    _tell(name, view, pass_seconds=4.0)


@dataclass
class _Refusals:
    """Refuses every write that it has not seen before."""

    error: type[ConflictError] | type[TransientError]
    seen: set[tuple[str, str, str]] = field(default_factory=set)

    def __call__(self, write: Write) -> None:
        key = (write.verb, str(write.ref), _WHEN.sub("", write.content))
        if key not in self.seen:
            self.seen.add(key)
            raise self.error("refused by the test", 409 if self.error is ConflictError else 503)


@pytest.mark.parametrize("error", [ConflictError, TransientError])
@pytest.mark.parametrize("name", _TALES)
def test_every_first_write_is_refused(
    name: str, error: type[ConflictError] | type[TransientError]
) -> None:
    def refuse(run: Run) -> None:
        run.processes[0].client.refuse = _Refusals(error)

    _tell(name, View(), refuse)


@dataclass
class _Forbidden:
    """Forbids the writes to some objects."""

    refs: frozenset[ObjectRef]

    def __call__(self, write: Write) -> None:
        if write.ref in self.refs:
            raise ForbiddenError("a webhook says no", 403)


def test_one_of_a_fan_is_forbidden_and_the_others_go() -> None:
    def forbid(run: Run) -> None:
        run.processes[0].client.refuse = _Forbidden(frozenset({ref_of(FAN[7])}))

    run = Run(STORIES["starts twenty, five at a time"], disturb=forbid)
    run.forgiving = True

    run.whole()

    states = picture.states(run.cluster.store)
    others = {name: state for name, state in states.items() if name != FAN[7]}
    assert set(others.values()) == {State.READY}, run.tale([])
    assert states[FAN[7]] is State.RELEASING
    conditions = Body(run.cluster.store.get(GRAPH)).bodies("status", "conditions")
    told = {c.text("type"): c.text("message") for c in conditions}
    assert FAN[7] in told["Stalled"]


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

    def forbid(run: Run) -> None:
        run.processes[0].client.refuse = _Forbidden(pods)

    run = Run(story, disturb=forbid)
    run.forgiving = True
    run.whole()

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


def _silent_run(story: Story, begins: Callable[[Change], bool]) -> Run:
    return Run(story, pass_seconds=4.0, view=View(drops=_Deafness(begins)))


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


_LEASE_SECONDS, _LONGEST_BACKOFF_SECONDS = 3.0, 31.0


@dataclass
class _Usurper:
    """A second process that has seen what there was until a moment, nothing since, and leads later.

    seen: the state of the node that it saw last; None: what there was at first. leads: the state in
    which it begins. It lives until it notices that the Lease is another's.
    """

    run: Run
    node: str
    seen: State | None
    leads: State
    leading: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        self.process = operator_process(self.run.cluster, View())
        self.run.processes.append(self.process)
        self._warm = asyncio.ensure_future(self._warm_up())
        # Before the people of the story, who may answer to the same change at once.
        self.run.cluster.seen.insert(0, self._follow)
        self.run.safety.one_leader = False

    async def _warm_up(self) -> None:
        await self.process.warm_up()
        if self.seen is None:
            await asyncio.sleep(0.5)
            self.process.view.frozen = True

    def _follow(self, change: Change) -> None:
        if change.ref != GRAPH or self.leading is not None:
            return
        state, view = picture.states(self.run.cluster.store).get(self.node), self.process.view
        if self.seen is not None and view.until == float("inf"):
            if state is self.seen:
                view.until = change.version
        elif state is self.leads:
            self.leading = asyncio.ensure_future(self._lead())

    async def _lead(self) -> None:
        await self._warm
        self.process.lead()
        await asyncio.sleep(_LEASE_SECONDS)
        await self.process.crash()


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
    usurpers: list[_Usurper] = []

    def usurp(run: Run) -> None:
        usurpers.append(_Usurper(run, node_name, seen, leads))

    # Two that correct each other write ever less often; so does the one that is left, at first.
    story = replace(STORIES[name], quiet_seconds=_LONGEST_BACKOFF_SECONDS)
    run = Run(story, pass_seconds=4.0, disturb=usurp).whole()

    assert usurpers[0].leading is not None
    assert run.end == told(name).end, run.tale([str(run.end), str(told(name).end)])
