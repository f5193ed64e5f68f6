"""The decision about a graph: its order, its end, and that nothing starts before it is written."""

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.model.cluster import Pod, Projection
from sluice.model.json import Body, Json, JsonObject, MalformedError
from sluice.model.plan import Action, Delete, Merge, Operation, Patch, Transition, Work
from sluice.startup.states import BEFORE_RELEASE, State
from sluice.startup.status import GraphStatus, NodeStatus, Phase
from tests.unit.startup.given import (
    CREATED,
    KIND,
    NOW,
    daemonset,
    deployment,
    graph,
    job,
    labels,
    node,
    observe,
    opened,
    pod,
    shut,
    statefulset,
    was,
)

API, DB = node("api"), node("db", "StatefulSet")
HELD, UP = deployment(holders="startup"), deployment(available=2, own_bar=True)
DELETING: JsonObject = {"deletionTimestamp": "2026-11-21T12:00:00Z"}
LATE = CREATED + 120.0
STEADY = was("api", State.READY, ready_at=CREATED)


def work(body: JsonObject, *objects: Projection, now: float = NOW) -> Work:
    plan = KIND.plan(observe(body, *objects, now=now))
    assert isinstance(plan, Work)
    return plan


def names(actions: tuple[Action, ...]) -> list[str]:
    return [f"{type(action).__name__} {action.ref.name}" for action in actions]


def test_the_finalizer_comes_first_and_alone() -> None:
    body = graph(API, own={"finalizers": ["other"]})

    plan = work(body, HELD)

    (patch,) = plan.actions
    assert isinstance(patch, Patch)
    expected = Operation("add", "/metadata/finalizers", ["other", "sluice.dev/cleanup"])
    assert patch.operations == (expected,)
    assert plan == Work((patch,))


def test_then_a_transition_is_written_alone() -> None:
    plan = KIND.plan(observe(graph(API), HELD))

    assert isinstance(plan, Transition)


def test_then_the_written_states_are_carried_out() -> None:
    plan = work(graph(API, status=[was("api", State.RELEASING)]), HELD)

    assert names(plan.actions) == ["Patch api"]
    assert plan.status is not None


def test_what_is_due_comes_before_other_nodes_change() -> None:
    status = [was("api", State.RELEASING), was("web", State.STARTING)]
    body = graph(API, node("web"), status=status)
    given = observe(body, HELD, deployment("web", available=2))

    plan = KIND.plan(given)

    assert isinstance(plan, Work)
    assert (names(plan.actions), plan.status, plan.due_at) == (["Patch api"], None, NOW)
    # One that may not be released keeps nobody else from changing, and is tried again at rest.
    refused = replace(given, refused=frozenset({plan.actions[0].group}))
    assert isinstance(KIND.plan(refused), Transition)
    at_rest = observe(graph(API, status=[was("api", State.RELEASING)]), HELD)
    again = KIND.plan(replace(at_rest, refused=refused.refused))
    assert isinstance(again, Work)
    assert names(again.actions) == ["Patch api"]


def test_a_release_that_is_taken_back_is_not_done_first() -> None:
    status = [was("api", State.RELEASING), was("web", State.RELEASING)]
    body = graph(API, node("web"), status=status, suspend=True)

    plan = KIND.plan(observe(body, HELD, deployment("web", holders="startup")))

    assert isinstance(plan, Transition)


def test_a_graph_that_has_nothing_yet_says_so() -> None:
    plan = work(graph(API))

    assert plan.actions == ()
    assert plan.status is not None
    (written,) = GraphStatus.from_body(Body(plan.status)).nodes
    assert (written.state, written.since) == (State.ABSENT, NOW)
    assert work({**graph(API), "status": plan.status}, now=LATE) == Work()


def test_releases_gates_and_orphans_are_one_pass() -> None:
    stranger = deployment("web", marks=labels("web"), holders="startup")
    one = pod(UP, "p", gated=True)
    status = [STEADY, was("db", State.RELEASING)]
    held = statefulset()

    plan = work(
        graph(API, DB, status=status),
        UP,
        one,
        held,
        pod(held, "db-0", held=True),
        stranger,
        now=LATE,
    )

    assert names(plan.actions) == ["Merge sluice-released", "Merge db-0", "Merge p", "Patch web"]
    assert all(action.fence is not None for action in (plan.actions[0], plan.actions[3]))


class TestRefused:
    """A graph whose spec cannot be read."""

    BROKEN: ClassVar[JsonObject] = {
        "suspend": False,
        "maxParallel": -1,
        "gateDefaults": {},
        "nodes": [],
    }

    def test_nothing_is_touched_and_what_is_written_stays(self) -> None:
        body = {**graph(API, status=[STEADY]), "spec": self.BROKEN}

        plan = work(body, HELD, pod(UP, gated=True))

        assert plan.actions == ()
        assert plan.status is not None
        status = GraphStatus.from_body(Body(plan.status))
        assert status.nodes == (STEADY,)
        ready, stalled = status.conditions
        assert (ready.reason, stalled.type) == ("InvalidSpec", "Stalled")
        assert [note.reason for note in plan.notes] == ["InvalidSpec"]

    def test_it_is_said_once(self) -> None:
        body = {**graph(API), "spec": self.BROKEN}
        first = work(body)
        assert first.status is not None

        assert work({**body, "status": first.status}) == Work()

    def test_it_is_said_of_one_that_has_no_status(self) -> None:
        body = {key: value for key, value in graph(API).items() if key != "status"}

        assert work({**body, "spec": self.BROKEN}).status is not None

    def test_a_missing_field_is_a_refusal_too(self) -> None:
        plan = work({**graph(API), "spec": {"nodes": [{"name": "api"}]}})

        assert [note.reason for note in plan.notes] == ["InvalidSpec"]

    def test_it_can_be_deleted(self) -> None:
        body = {**graph(API, status=[STEADY], own=DELETING), "spec": self.BROKEN}

        (patch,) = work(body).actions

        assert isinstance(patch, Patch)
        assert patch.operations == (Operation("replace", "/metadata/finalizers", []),)

    def test_a_status_that_cannot_be_read_is_not_written_over(self) -> None:
        """It is the write-ahead log: the engine sets the object aside and says so."""
        body = {**graph(API), "status": {"phase": "Ready", "nodes": "none"}}

        with pytest.raises(MalformedError):
            KIND.plan(observe(body))


def test_a_status_that_only_says_that_deciding_failed_is_one_of_an_object_never_seen() -> None:
    condition = {
        "type": "Ready",
        "status": "False",
        "reason": "InternalError",
        "message": "x",
        "lastTransitionTime": "2026-11-21T12:00:00Z",
    }

    plan = KIND.plan(observe({**graph(API), "status": {"conditions": [condition]}}, HELD))

    assert isinstance(plan, Transition)
    assert plan.status["phase"] == Phase.PENDING


class TestNoNodeAnyMore:
    """What carries the label of the graph and is no node of it."""

    WEB = deployment("web", marks=labels("web"), holders="startup")

    def test_a_stranger_waits_for_a_node_of_its_name(self) -> None:
        assert work(graph(API, status=[STEADY]), UP, self.WEB).actions == ()

    def test_and_is_then_let_go(self) -> None:
        plan = work(graph(API, status=[STEADY]), UP, self.WEB, now=LATE)

        assert names(plan.actions) == ["Patch web"]
        assert plan.actions[0].fence is not None

    def test_a_removed_node_is_let_go_at_once_and_then_forgotten(self) -> None:
        body = graph(API, status=[STEADY, was("web", State.HELD)])

        plan = work(body, UP, self.WEB)

        assert names(plan.actions) == ["Patch web"]
        assert plan.status is not None
        kept = GraphStatus.from_body(Body(plan.status))
        assert [one.name for one in kept.nodes] == ["api", "web"]
        assert (kept.ready, kept.node_count, kept.phase) == ("1/1", 1, Phase.READY)

        after = work({**body, "status": plan.status}, UP, deployment("web", marks=labels("web")))
        assert after.status is not None
        assert [one.name for one in GraphStatus.from_body(Body(after.status)).nodes] == ["api"]

    def test_a_removed_set_is_let_go_at_once(self) -> None:
        held = statefulset(marks=labels("db"))
        body = graph(API, status=[STEADY, was("db", State.HELD)])

        plan = work(body, UP, held, pod(held, "db-0", held=True))

        assert names(plan.actions) == ["Merge sluice-released", "Merge db-0"]

    def test_a_stranger_that_runs_is_left_alone(self) -> None:
        runs = deployment("web", marks=labels("web"), available=2)

        assert work(graph(API, status=[STEADY]), UP, runs, now=LATE).actions == ()

    def test_another_graphs_workload_is_not_let_go_by_this_one(self) -> None:
        others = deployment(holders="startup", marks=labels("api", "other"))

        plan = KIND.plan(observe(graph(API, status=[was("api", State.RELEASING)]), others))

        assert isinstance(plan, Transition)
        (written,) = GraphStatus.from_body(Body(plan.status)).nodes
        assert written.state is State.ABSENT

    def test_the_pods_of_a_set_without_labels_are_let_go(self) -> None:
        """Admission sees the labels of the pod alone; nobody else would let it go."""
        bare = statefulset("bare", marks={})
        one = pod(bare, "bare-0", node_name="bare", held=True)
        body = graph(API, status=[STEADY])

        assert work(body, UP, one).actions == ()
        listed, ungated = work(body, UP, one, now=LATE).actions

        assert isinstance(listed, Merge)
        assert isinstance(ungated, Merge)
        assert listed.fields == {"data": {"uid-of-bare": "Pod shop/bare-0"}}
        assert ungated.ref.name == "bare-0"
        assert listed.group == ungated.group
        assert (listed.fence, ungated.fence) != (None, None)

    def test_a_held_pod_of_nobody_is_let_go(self) -> None:
        one = pod(None, "alone", node_name="alone", held=True)

        assert names(work(graph(API, status=[STEADY]), UP, one, now=LATE).actions) == [
            "Merge alone"
        ]

    def test_the_held_pods_of_a_node_and_of_a_stranger_are_no_strays(self) -> None:
        mine, stranger = statefulset(), statefulset("x", marks=labels("x"))
        pods = (pod(mine, held=True), pod(stranger, held=True))
        status = [STEADY, was("db", State.HELD)]

        plan = work(graph(API, DB, status=status, suspend=True), UP, mine, stranger, *pods)

        assert plan.actions == ()


class TestDeleted:
    """A graph that is being deleted undoes all that it did."""

    def test_everything_is_let_go_and_opened_then_the_finalizer_goes(self) -> None:
        held, agents = statefulset(), daemonset()
        web = deployment("web", marks=labels("web"), holders="startup")
        objects: list[Projection] = [
            HELD,
            job(holders="startup"),
            held,
            pod(held, "db-0", held=True),
            agents,
            web,
            pod(UP, "shut", gated=True, published=shut()),
            pod(UP, "new", gated=True),
            pod(None, "loose", node_name="gone", gated=True),
            pod(statefulset("bare", marks={}), "bare-0", node_name="bare", held=True),
        ]
        nodes = (API, DB, node("migrate", "Job"), node("agent", "DaemonSet"))
        body = graph(*nodes, status=[was("api", State.HELD)], own=DELETING)

        plan = work(body, *objects)

        assert sorted(names(plan.actions)) == [
            "Merge bare-0",
            "Merge db-0",
            "Merge loose",
            "Merge new",
            "Merge shut",
            "Merge sluice-released",
            "Merge sluice-released",
            "Patch api",
            "Patch migrate",
            "Patch web",
        ]
        assert (plan.status, plan.notes) == (None, ())

    def test_nothing_left_to_undo(self) -> None:
        one = pod(UP, "p", gated=True)
        done = pod(UP, "p", gated=True, published=opened(one, "Open"))

        (patch,) = work(graph(API, DB, own=DELETING), UP, done).actions

        assert isinstance(patch, Patch)
        assert patch.operations == (Operation("replace", "/metadata/finalizers", []),)

    def test_the_finalizer_is_gone_already(self) -> None:
        assert work(graph(API, own={**DELETING, "finalizers": []}), UP) == Work()

    def test_another_graphs_workload_stays_held(self) -> None:
        others = deployment(holders="startup", marks=labels("api", "other"))

        plan = work(graph(API, own=DELETING), others)

        assert names(plan.actions) == ["Patch shop"]

    def test_a_fault_in_the_graph_is_no_obstacle(self) -> None:
        plan = work(graph(node("api", "Deployment", "nobody"), own=DELETING), HELD)

        assert names(plan.actions) == ["Patch api"]


# ------------------------------------------------------------------ intent before deed, as a law

KINDS = {"a": "Deployment", "b": "StatefulSet", "c": "DaemonSet", "d": "Job"}
UIDS = st.sampled_from([None, "new"])
STATES = st.sampled_from(list(State))


@st.composite
def situations(draw: st.DrawFn) -> tuple[JsonObject, list[Projection], list[NodeStatus]]:
    """Any states that can be written, over any workloads that can be there."""
    nodes: list[JsonObject] = []
    status, objects = [], list[Projection]()
    for name, kind in KINDS.items():
        parents = [one for one in KINDS if one < name and draw(st.booleans())]
        hold = draw(st.sampled_from(["Auto", "None"]))
        nodes.append(
            node(
                name, kind, *parents, hold=hold, podReadiness=kind != "Job" and draw(st.booleans())
            )
        )
        status.append(was(name, draw(STATES), complete=draw(st.booleans())))
        if draw(st.booleans()):
            objects += _objects(draw, name, kind)
    flags: dict[str, Json] = {
        "suspend": draw(st.booleans()),
        "maxParallel": draw(st.integers(0, 2)),
    }
    return graph(*nodes, status=status, more=flags), objects, status


def _objects(draw: st.DrawFn, name: str, kind: str) -> Iterator[Projection]:
    uid, holders = draw(UIDS), draw(st.sampled_from(["", "startup", "author,startup", "author"]))
    bypass: dict[str, Json] = {"sluice.dev/bypass": "startup"} if draw(st.booleans()) else {}
    if kind == "Deployment":
        up = draw(st.integers(0, 2))
        yield deployment(
            name, uid=uid, holders=holders, available=up, own_bar=up == 2, notes=bypass
        )
    elif kind == "Job":
        ended = draw(st.sampled_from(["", "Complete", "Failed"]))
        yield job(name, uid=uid, holders=holders, ended=ended, notes=bypass)
    else:
        owner = (
            statefulset(name, uid=uid, notes=bypass) if kind == "StatefulSet" else daemonset(name)
        )
        yield owner
        for _ in range(draw(st.integers(0, 2))):
            held, old = draw(st.booleans()), draw(st.sampled_from(["db-1", "db-2"]))
            yield pod(owner, held=held, gated=draw(st.booleans()), revision=old)


def started(action: Action) -> str | None:
    """Return the name of what an action lets go."""
    match action:
        case Patch(_, ref, operations):
            lifted = {"/spec/paused", "/spec/suspend", "/metadata/annotations/sluice.dev~1holders"}
            return ref.name if any(one.path in lifted for one in operations) else None
        case Merge(group, _, _, fields) if "spec" in fields or "data" in fields:
            return group.rsplit("/", 1)[-1]
        case _:
            return None


@settings(max_examples=60, deadline=None)
@given(situations())
def test_nothing_is_let_go_whose_written_state_does_not_say_so(
    situation: tuple[JsonObject, list[Projection], list[NodeStatus]],
) -> None:
    body, objects, status = situation
    uids = {one.meta.ref.name: one.meta.uid for one in objects}

    plan = KIND.plan(observe(body, *objects))

    if isinstance(plan, Transition):
        return
    let_go = {name for action in plan.actions if (name := started(action)) is not None}
    written = {one.name: one for one in status}
    for name in let_go:
        assert written[name].state not in BEFORE_RELEASE
        assert written[name].uid == uids[name]
    assert all(
        action.fence is not None
        for action in plan.actions
        if isinstance(action, Patch | Delete) or action.ref.name == "sluice-released"
    )


@settings(max_examples=20, deadline=None)
@given(situations())
def test_the_same_picture_gives_the_same_plan_and_comes_to_rest(
    situation: tuple[JsonObject, list[Projection], list[NodeStatus]],
) -> None:
    body, objects, _ = situation
    for _ in range(6):  # the longest way without news of the world
        plan = KIND.plan(observe(body, *objects))
        assert plan == KIND.plan(observe(body, *objects))
        if plan.status is None:
            break
        body = {**body, "status": plan.status}

    last = KIND.plan(observe(body, *objects))
    assert isinstance(last, Work)
    assert last.status is None
    assert last.notes == ()


@settings(max_examples=20, deadline=None)
@given(situations())
def test_a_deleted_graph_lets_go_whatever_it_held(
    situation: tuple[JsonObject, list[Projection], list[NodeStatus]],
) -> None:
    body, objects, status = situation
    spec = Body(body).body("spec").value
    ending = {**graph(status=status, own=DELETING), "spec": spec}
    held = {
        one.meta.ref.name
        for one in objects
        if (isinstance(one, Pod) and "sluice.dev/startup" in one.scheduling_gates)
        or "startup" in one.meta.annotations.get("sluice.dev/holders", "")
    }
    shut_pods = {one.meta.ref.name for one in objects if isinstance(one, Pod) and one.gated}

    plan = work(ending, *objects)

    done = {action.ref.name for action in plan.actions} - {"sluice-released"}
    assert done == (held | shut_pods or {"shop"})


def test_a_child_is_said_to_wait_for_what_the_same_write_leaves_unready() -> None:
    nodes = (node("api"), node("db"), node("web", "Deployment", "api", "db"))
    status = [was("api", State.STARTING), was("db", State.STARTING), was("web", State.HELD)]
    held = deployment("web", holders="startup")

    plan = KIND.plan(observe(graph(*nodes, status=status), UP, deployment("db"), held))

    assert isinstance(plan, Transition)
    said = {one.name: one.message for one in GraphStatus.from_body(Body(plan.status)).nodes}
    assert said["web"] == "waits for db Ready"
