"""From what happened to the nodes to their next status, and what is told of it."""

import pytest

from sluice.model.cluster import Projection
from sluice.model.json import Body, Json, JsonObject
from sluice.model.plan import Transition, Work
from sluice.model.reasons import Reason
from sluice.startup.moves import latched, listed, notes, steps
from sluice.startup.states import Event, State
from sluice.startup.status import GraphStatus, NodeStatus
from tests.unit.startup.given import (
    CREATED,
    KIND,
    NODE_HTTP,
    NOW,
    alone,
    deployment,
    graph,
    job,
    labels,
    node,
    observe,
    pod,
    scene,
    statefulset,
    was,
)

API = node("api")
GATED = node("api", gates=[{"name": "own", "http": NODE_HTTP}])
HELD, UP, DOWN = deployment(holders="startup"), deployment(available=2, own_bar=True), deployment()

MOVES: list[tuple[str, JsonObject, NodeStatus | None, tuple[Projection, ...], NodeStatus]] = [
    (
        "held at its first sight",
        API,
        None,
        (HELD,),
        was("api", State.HELD, since=NOW),
    ),
    (
        "running at its first sight: time runs from now",
        API,
        None,
        (UP,),
        was("api", State.STARTING, since=NOW, released_at=NOW),
    ),
    (
        "released: time runs from now",
        API,
        was("api", State.HELD),
        (HELD,),
        was("api", State.RELEASING, since=NOW, released_at=NOW),
    ),
    (
        "seen unheld: the release stays where it was",
        API,
        was("api", State.RELEASING),
        (DOWN,),
        was("api", State.STARTING, since=NOW, released_at=CREATED),
    ),
    (
        "let go by a person",
        API,
        was("api", State.HELD),
        (DOWN,),
        was("api", State.STARTING, since=NOW, released_at=NOW),
    ),
    (
        "ready for the first time",
        API,
        was("api", State.STARTING, started=True),
        (UP,),
        was("api", State.READY, since=NOW, ready_at=NOW, started=True),
    ),
    (
        "ready again",
        API,
        was("api", State.DEGRADED, ready_at=CREATED),
        (UP,),
        was("api", State.READY, since=NOW, ready_at=CREATED),
    ),
    (
        "the bar is met",
        GATED,
        was("api", State.STARTING),
        (UP,),
        was("api", State.GATING, since=NOW),
    ),
    (
        "another UID, held: nothing of the old one is left",
        API,
        was("api", State.READY, ready_at=CREATED, started=True),
        (deployment(uid="new", holders="startup"),),
        was("api", State.HELD, uid="new", since=NOW),
    ),
    (
        "another UID, not held",
        API,
        was("api", State.FAILED, started=True),
        (deployment(uid="new"),),
        was("api", State.STARTING, uid="new", since=NOW, released_at=NOW),
    ),
    (
        "gone: nothing is left",
        API,
        was("api", State.READY, ready_at=CREATED, started=True),
        (),
        was("api", State.ABSENT, since=NOW),
    ),
]


@pytest.mark.parametrize(
    ("one", "before", "objects", "after"), [m[1:] for m in MOVES], ids=[m[0] for m in MOVES]
)
def test_what_becomes_of_a_node(
    one: JsonObject,
    before: NodeStatus | None,
    objects: tuple[Projection, ...],
    after: NodeStatus,
) -> None:
    (step,) = steps(scene(graph(one, status=[before] if before else []), *objects))

    assert step.status == after


def test_a_suspended_graph_takes_a_release_back() -> None:
    body = graph(API, status=[was("api", State.RELEASING)], suspend=True)

    (step,) = steps(scene(body, HELD))

    assert (step.event, step.status) == (Event.SUSPENDED, was("api", State.HELD, since=NOW))


@pytest.mark.parametrize(
    ("slots", "states", "released"),
    [
        pytest.param(0, "HHH", "abc", id="no limit"),
        pytest.param(2, "HHH", "ab", id="the first ones of the spec go first"),
        pytest.param(2, "RHH", "b", id="one is being released"),
        pytest.param(2, "SGH", "", id="all slots are taken by what starts and what is gated"),
        pytest.param(1, "THH", "b", id="what timed out takes no slot"),
        pytest.param(1, "YHH", "b", id="what is ready takes no slot"),
        pytest.param(1, "SSH", "", id="more under way than slots, after an edit"),
    ],
)
def test_max_parallel(slots: int, states: str, released: str) -> None:
    known = dict(
        zip(
            "HRSGTY",
            (
                State.HELD,
                State.RELEASING,
                State.STARTING,
                State.GATING,
                State.TIMED_OUT,
                State.READY,
            ),
            strict=True,
        )
    )
    gates: list[Json] = [{"name": "own", "http": NODE_HTTP}]
    nodes = [node(name, gates=gates) for name in "abc"]
    status = [was(name, known[letter]) for name, letter in zip("abc", states, strict=True)]
    held = "HR"
    objects = [
        deployment(name, holders="startup")
        if letter in held
        else deployment(name, available=2 * (letter in "GY"), own_bar=letter == "Y")
        for name, letter in zip("abc", states, strict=True)
    ]

    found = steps(scene(graph(*nodes, status=status, more={"maxParallel": slots}), *objects))

    assert [one.name for one in found if one.event is Event.CLEARED] == list(released)
    assert {one.event for one in found} <= {Event.CLEARED}


def test_a_bypass_takes_no_slot() -> None:
    bypassed = deployment("b", holders="startup", notes={"sluice.dev/bypass": "startup"})
    status = [was("a", State.STARTING), was("b", State.HELD)]

    found = steps(
        scene(
            graph(node("a"), node("b"), status=status, more={"maxParallel": 1}),
            deployment("a"),
            bypassed,
        )
    )

    assert [(one.name, one.event) for one in found] == [("b", Event.LET_GO)]


def test_what_starts_by_itself_leaves_a_slot_less() -> None:
    status = [was("b", State.HELD)]
    body = graph(node("a"), node("b"), status=status, more={"maxParallel": 1})

    found = steps(scene(body, deployment("a"), deployment("b", holders="startup")))

    assert [(one.name, one.event) for one in found] == [("a", Event.RUNS)]


def _latched(status: NodeStatus, *objects: Projection, one: JsonObject = API) -> tuple[bool, bool]:
    seen = scene(graph(one, status=[status]), *objects)
    after = latched(alone(seen), status)
    return after.started, after.complete


JOB = node("migrate", "Job")


@pytest.mark.parametrize(
    ("status", "objects", "one", "expected"),
    [
        pytest.param(was("api", State.STARTING), (DOWN,), API, (False, False), id="no pods yet"),
        pytest.param(
            was("api", State.STARTING),
            (DOWN, pod(DOWN), pod(DOWN)),
            API,
            (True, False),
            id="started",
        ),
        pytest.param(
            was("api", State.READY, started=True), (DOWN,), API, (True, False), id="stays started"
        ),
        pytest.param(
            was("api", State.HELD),
            (deployment(holders="startup", replicas=0),),
            API,
            (False, False),
            id="what is held has not started",
        ),
        pytest.param(
            was("api", State.RELEASING),
            (deployment(holders="startup", replicas=0),),
            API,
            (False, False),
            id="nor has what is about to be released",
        ),
        pytest.param(
            was("migrate", State.STARTING),
            (job(ended="Complete"),),
            JOB,
            (True, True),
            id="complete",
        ),
        pytest.param(
            was("migrate", State.READY, complete=True, started=True),
            (),
            JOB,
            (True, True),
            id="complete and deleted by its TTL",
        ),
        pytest.param(
            was("migrate", State.READY, complete=True),
            (job(uid="new"),),
            JOB,
            (False, True),
            id="what another UID does is not said of this one",
        ),
    ],
)
def test_what_is_latched(
    status: NodeStatus,
    objects: tuple[Projection, ...],
    one: JsonObject,
    expected: tuple[bool, bool],
) -> None:
    assert _latched(status, *objects, one=one) == expected


def test_another_uid_starts_with_nothing_latched() -> None:
    new = job(uid="new", ended="Complete")
    seen = scene(graph(JOB, status=[was("migrate", State.READY, complete=True)]), new)

    (step,) = steps(seen)
    after = latched(alone(seen), step.status)

    assert (after.uid, after.started, after.complete) == ("new", False, False)


def test_one_sentence_tells_of_all_nodes_to_which_the_same_happened() -> None:
    names = [f"n{number}" for number in range(12)]
    status = [was(name, State.HELD) for name in names]
    held = [deployment(name, holders="startup") for name in names]
    seen = scene(graph(*map(node, names), status=status), *held)

    (note,) = notes(steps(seen))

    assert note.reason is Reason.NODES_RELEASED
    shown = ", ".join(names[:10])
    assert note.message == f"{shown} and 2 more: released, every parent is satisfied"


def test_what_appears_is_no_news() -> None:
    assert notes(steps(scene(graph(API), HELD))) == ()


def test_names_are_shortened_from_the_eleventh_on() -> None:
    ten = [str(number) for number in range(10)]

    assert listed([]) == ""
    assert listed(ten) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9"
    assert listed([*ten, "10"]) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 1 more"


RENAMED = deployment("api", available=2, own_bar=True, marks=labels("front"))


def test_the_state_follows_the_workload_when_its_node_is_renamed() -> None:
    body = graph(node("front", workload="api"), status=[was("api", State.READY, ready_at=CREATED)])

    plan = KIND.plan(observe(body, RENAMED))

    assert isinstance(plan, Work)
    assert plan.status is not None
    (written,) = GraphStatus.from_body(Body(plan.status)).nodes
    assert (written.name, written.state, written.uid) == ("front", State.READY, "uid-of-api")


def test_a_node_takes_nothing_from_one_that_the_spec_still_has() -> None:
    body = graph(
        API, node("front", workload="api"), status=[was("api", State.READY, ready_at=CREATED)]
    )

    seen = scene(body, RENAMED)

    assert seen.nodes["front"].status == NodeStatus("front")


def test_a_transition_carries_every_node_and_does_nothing_else() -> None:
    nodes = (node("db", "StatefulSet"), node("api"), node("web", "Deployment", "api"))
    status = [was("api", State.STARTING), was("web", State.HELD)]

    plan = KIND.plan(
        observe(
            graph(*nodes, status=status),
            statefulset(),
            UP,
            deployment("web", holders="startup"),
        )
    )

    assert isinstance(plan, Transition)
    written = plan.status["nodes"]
    assert isinstance(written, list)
    assert [(one["name"], one["state"]) for one in written] == [
        ("db", "Held"),
        ("api", "Ready"),
        ("web", "Releasing"),  # in the very write that says that its parent is ready
    ]
