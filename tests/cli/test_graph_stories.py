"""Why a node is where it is: numbers, parents, gates and the next step, by the operator's rules."""

from collections.abc import Sequence

import pytest

from sluice.cli.graph.answers import COUNTED
from sluice.cli.graph.explaining import explanation
from sluice.cli.graph.stories import Story, stories
from sluice.cli.views.glyphs import ASCII
from sluice.model.json import Json, JsonObject
from sluice.startup.states import State
from sluice.startup.status import NodeStatus, Phase
from tests.builders import CREATED
from tests.cli.golden import piped
from tests.cli.graph_scenes import (
    BEGUN,
    HTTP,
    NOW,
    condition,
    deployment,
    ended,
    gate,
    graph,
    job,
    node,
    overview,
    pod,
    replica_set,
    scene,
    seen,
    stateful_set,
    status,
)

PODS: JsonObject = {"name": "half", "pods": {"minReady": "50%"}}
PODS_ALL: JsonObject = {"name": "all", "pods": {"minReady": "100%"}}
RUNNING: JsonObject = {"name": "up", "container": "Ready"}
URL: JsonObject = {"name": "url", "http": {"url": "http://api/ready"}, "critical": False}


def told(
    nodes: Sequence[JsonObject],
    states: Sequence[NodeStatus],
    *objects: JsonObject,
    of: str = "api",
    **spec: Json,
) -> Story:
    body = graph(*nodes, status=status(Phase.STARTING, *states), **spec)
    (story,) = stories(scene(body, *objects), "sluice", of)
    return story


AMOUNTS = [
    pytest.param((), "Deployment api does not exist", id="absent"),
    pytest.param((deployment("api", 3),), "3 of 3 pods available", id="all there"),
    pytest.param(
        (deployment("api", 1),),
        "1 of 3 pods available, 3 needed (minReady 100%)",
        id="too few",
    ),
    pytest.param((deployment("api", 0, 0),), "Deployment api wants no pods", id="scaled to zero"),
    pytest.param(
        ({**deployment("api", 3), "status": {"availableReplicas": 3}},),
        "3 of 3 pods available, its controller has not looked at its newest spec yet",
        id="numbers of an older spec",
    ),
]


@pytest.mark.parametrize(("objects", "amount"), AMOUNTS)
def test_the_amount_says_how_much_is_there_and_how_much_is_needed(
    objects: tuple[JsonObject, ...], amount: str
) -> None:
    assert told([node("api")], [seen("api", State.STARTING)], *objects).amount == amount


def test_pods_at_the_scheduling_gate_are_counted() -> None:
    held = [pod(f"db-{number}", "db", kind="StatefulSet", held=True) for number in range(2)]
    nodes = [node("db", kind="StatefulSet")]

    story = told(nodes, [seen("db", State.HELD)], stateful_set("db"), *held, of="db")

    assert story.amount == (
        "0 of 3 pods available, 3 needed (minReady 100%), 2 at the scheduling gate"
    )


def test_zero_pods_may_block() -> None:
    nodes = [node("api", whenScaledToZero="Blocked")]

    story = told(nodes, [seen("api", State.STARTING)], deployment("api", 0, 0))

    assert story.amount == "Deployment api wants no pods, and whenScaledToZero is Blocked"


JOBS = [
    pytest.param(job("api"), "Job api has not begun", id="not begun"),
    pytest.param(job("api", held=True), "Job api has not begun and is suspended", id="suspended"),
    pytest.param(
        job("api", {"startTime": CREATED}), "Job api has been running for 12m", id="running"
    ),
    pytest.param(job("api", ended("Complete")), "Job api has completed", id="completed"),
    pytest.param(
        job("api", ended("Failed", "BackoffLimit")), "Job api failed: BackoffLimit", id="failed"
    ),
]


@pytest.mark.parametrize(("found", "amount"), JOBS)
def test_of_a_job_the_amount_says_how_far_it_is(found: JsonObject, amount: str) -> None:
    story = told([node("api", kind="Job")], [seen("api", State.STARTING)], found)

    assert story.amount == amount


def test_a_job_that_completed_and_was_deleted_counts() -> None:
    story = told([node("api", kind="Job")], [seen("api", State.READY, complete=True)])

    assert story.amount == "Job api has completed and is gone"


def test_a_workload_of_another_graph_is_told_by_its_label() -> None:
    other = deployment("api")
    # The labels of a manifest have no type of their own.
    other["metadata"]["labels"]["sluice.dev/graph"] = "other"  # type: ignore[index,call-overload]  # a manifest

    story = told([node("api")], [seen("api", State.ABSENT)], other)

    assert story.amount == "Deployment api has the label sluice.dev/graph: other, not web"


PARENT = [node("db", gates=[HTTP]), node("api", "db")]
HELD = seen("api", State.HELD)
PARENTS = [
    pytest.param(
        "db",
        seen("db", State.STARTING, ago=60.0),
        deployment("db", 2),
        "has been Starting for 1m, 2 of 3 pods available, 3 needed (minReady 100%); "
        f"its gate http is {COUNTED}",
        id="too few pods, and a gate",
    ),
    pytest.param(
        {"node": "db", "minReady": 1},
        seen("db", State.HELD, ago=60.0),
        deployment("db", held=True),
        "has been Held for 1m, 0 of 3 pods available, 1 needed (minReady 1)",
        id="a parent that is held, by the edge's own bar",
    ),
    pytest.param(
        {"node": "db", "until": "Started"},
        seen("db", State.STARTING, ago=60.0),
        deployment("db", 0),
        "has been Starting for 1m, 0 of 3 pods have started all containers, "
        "3 needed (minReady 100%)",
        id="too few started",
    ),
    pytest.param(
        {"node": "db", "until": "Started"},
        seen("db", State.STARTING, ago=60.0, started=True),
        deployment("db", 0),
        None,
        id="started once",
    ),
    pytest.param(
        {"node": "db", "until": "Started"},
        seen("db", State.STARTING, ago=60.0),
        {**deployment("db", 0, 0), "status": {}},
        "has been Starting for 1m, Deployment db wants no pods",
        id="no pods that could start",
    ),
    pytest.param(
        "db",
        seen("db", State.READY, ago=60.0, uid="of-another-time"),
        deployment("db", 3),
        "has been Ready for 1m, 3 of 3 pods available; "
        "the operator has not looked at this workload yet",
        id="a workload that was created anew",
    ),
    pytest.param(
        "db",
        NodeStatus("db"),
        None,
        "is Absent, Deployment db does not exist",
        id="a parent that is not there",
    ),
    pytest.param(
        {"node": "db", "until": "Started"},
        NodeStatus("db"),
        None,
        "is Absent, Deployment db does not exist",
        id="a parent that is not there and shall start",
    ),
    pytest.param(
        "dbb", seen("db", State.READY), deployment("db", 3), "is no node of this graph", id="none"
    ),
]


@pytest.mark.parametrize(("edge", "parent", "found", "message"), PARENTS)
def test_an_unmet_parent_is_told_in_numbers(
    edge: Json, parent: NodeStatus, found: JsonObject | None, message: str | None
) -> None:
    nodes = [PARENT[0], node("api", edge)]
    objects = [deployment("api", held=True), *([] if found is None else [found])]

    story = told(nodes, [parent, HELD], *objects)

    expected = [] if message is None else [(False, message)]
    assert [(one.met, one.message) for one in story.parents] == expected


def test_a_parent_whose_level_has_not_passed_is_told_without_a_doubt() -> None:
    nodes = [node("db", gates=[PODS]), node("api", "db")]
    states = [seen("db", State.STARTING, ago=60.0), HELD]

    story = told(nodes, states, deployment("db", 1), deployment("api", held=True))

    assert story.parents[0].message.endswith("; its gate half has not passed")


def test_a_degraded_parent_with_all_its_pods_is_in_doubt() -> None:
    states = [seen("db", State.DEGRADED), HELD]

    story = told(PARENT, states, deployment("db", 3), deployment("api", held=True))

    assert [one.met for one in story.parents] == [None]
    assert COUNTED in story.parents[0].message
    assert story.following.startswith("released when all of these are satisfied")


@pytest.mark.parametrize(
    ("have", "extra", "met"),
    [
        pytest.param(2, (), None, id="enough pods for this edge"),
        pytest.param(1, (), False, id="too few pods"),
        pytest.param(2, (PODS_ALL,), False, id="another gate that has not passed"),
    ],
)
def test_an_edge_with_a_bar_of_its_own_may_rest_on_gates_alone(
    have: int, extra: tuple[JsonObject, ...], *, met: bool | None
) -> None:
    nodes = [node("db", gates=[HTTP, *extra]), node("api", {"node": "db", "minReady": 2})]
    states = [seen("db", State.STARTING), HELD]

    story = told(nodes, states, deployment("db", have), deployment("api", held=True))

    assert [one.met for one in story.parents] == [met]


def test_a_ready_parent_is_taken_at_the_operator_s_word() -> None:
    states = [seen("db", State.READY), HELD]

    story = told(PARENT, states, deployment("db", 3), deployment("api", held=True))

    assert story.parents == ()


def test_a_degraded_parent_without_counted_gates_is_in_no_doubt() -> None:
    nodes = [node("db"), node("api", "db")]
    states = [seen("db", State.DEGRADED), HELD]

    story = told(nodes, states, deployment("db", 3), deployment("api", held=True))

    assert story.parents == ()
    assert story.following.startswith("the operator writes Releasing, because every parent")


def test_what_runs_waits_for_nobody() -> None:
    states = [seen("db", State.STARTING), seen("api", State.STARTING)]

    assert told(PARENT, states, deployment("db"), deployment("api")).parents == ()


def cluster_of(*pods: JsonObject) -> tuple[JsonObject, ...]:
    return (deployment("api", 1, 2), replica_set("api"), *pods)


OPEN = gate("True", "GatesPassed", "http: 3 of 3 passes in a row")
BOTH = (pod("a", "api", gate=OPEN), pod("b", "api", ready=False, gate=OPEN))
GATES = [
    pytest.param(PODS, False, (), (None, "not asked, the workload is not there"), id="absent"),
    pytest.param(
        PODS, False, cluster_of(), (True, "1 of 1 pods available now"), id="a level of the node"
    ),
    pytest.param(
        URL,
        False,
        cluster_of(),
        (None, f"3 passes in a row needed, every 5s; it is {COUNTED}"),
        id="a question to a Service",
    ),
    pytest.param(
        HTTP,
        False,
        cluster_of(*BOTH),
        (None, f"of 2 pods, 3 passes in a row needed, every 5s; it is {COUNTED}"),
        id="a question to each pod that decides about the node",
    ),
    pytest.param(
        RUNNING,
        False,
        cluster_of(*BOTH),
        (False, "containers ready in 1 of 2 pods now, 2 needed"),
        id="a level of each pod",
    ),
    pytest.param(
        RUNNING,
        True,
        cluster_of(*BOTH),
        (False, "containers ready in 1 of 2 pods now, 2 needed"),
        id="a level of each pod with a readiness gate",
    ),
    pytest.param(
        HTTP, True, cluster_of(*BOTH), (True, "2 of 2 pods have passed"), id="all pods are open"
    ),
    pytest.param(
        HTTP,
        True,
        cluster_of(),
        (
            None,
            "0 of 0 pods have passed, 3 passes in a row needed, every 5s; of the others it is "
            + COUNTED,
        ),
        id="no pod that could be open",
    ),
]


@pytest.mark.parametrize(("asked", "readiness", "objects", "answer"), GATES)
def test_a_gate_says_what_can_be_told_from_here(
    asked: JsonObject,
    *,
    readiness: bool,
    objects: tuple[JsonObject, ...],
    answer: tuple[bool | None, str],
) -> None:
    nodes = [node("api", gates=[asked], podReadiness=readiness)]

    story = told(nodes, [seen("api", State.GATING)], *objects)

    assert [(one.passed, one.message) for one in story.gates[:1]] == [answer]


def test_the_gates_of_a_job_that_completed_and_is_gone_are_still_asked() -> None:
    nodes = [node("api", kind="Job", gates=[URL, PODS, HTTP])]

    story = told(nodes, [seen("api", State.GATING, complete=True)])

    assert [(one.passed, one.message) for one in story.gates] == [
        (None, f"3 passes in a row needed, every 5s; it is {COUNTED}"),
        (True, "1 of 1 pods available now"),
        (None, "not asked, the workload is not there"),
    ]


def test_of_many_shut_pods_the_first_five_are_shown() -> None:
    pods = [pod(f"api-{number}", "api", gate={}) for number in range(7)]
    nodes = [node("api", gates=[HTTP], podReadiness=True)]

    story = told(nodes, [seen("api", State.GATING)], *cluster_of(*pods))

    assert [one.pod for one in story.pods] == [f"api-{number}" for number in range(5)]


LATE = seen("api", State.STARTING, released_at=BEGUN + 300.0)
NEXT = [
    pytest.param(
        [node("api", onTimeout="Fail")],
        LATE,
        deployment("api"),
        "Ready when pods and critical gates are; otherwise Failed, its children stay held, "
        "in 3m (2026-11-21T12:15:00.000Z)",
        id="starting, with a time limit",
    ),
    pytest.param(
        [node("api")],
        seen("api", State.STARTING),
        deployment("api"),
        "Ready when pods and critical gates are",
        id="starting, from a status without an instant",
    ),
    pytest.param(
        [node("api")],
        LATE,
        deployment("api", 3),
        "the operator writes Ready, because the bar is met",
        id="what the operator is about to write",
    ),
    pytest.param(
        [node("api")],
        seen("api", State.RELEASING),
        deployment("api", held=True),
        "the operator takes the hold off; if that lasts: sluice check",
        id="releasing",
    ),
    pytest.param(
        [node("api")],
        seen("api", State.TIMED_OUT, released_at=BEGUN),
        deployment("api"),
        "Ready after all when",
        id="timed out",
    ),
    pytest.param(
        [node("api", kind="Job")],
        seen("api", State.FAILED),
        job("api", ended("Failed")),
        "mend Job api and create it anew",
        id="failed",
    ),
    pytest.param(
        [node("api")],
        seen("api", State.ABSENT),
        None,
        "create Deployment api, or remove the node",
        id="absent",
    ),
]


@pytest.mark.parametrize(("nodes", "state", "found", "following"), NEXT)
def test_the_next_step_follows_from_the_state(
    nodes: list[JsonObject], state: NodeStatus, found: JsonObject | None, following: str
) -> None:
    story = told(nodes, [state], *([] if found is None else [found]))

    assert story.following.startswith(following)


def test_a_blocked_node_waits_for_what_failed_to_be_mended() -> None:
    nodes = [node("db", kind="Job"), node("cache"), node("api", "db", "cache")]
    states = [seen("db", State.FAILED), seen("cache", State.HELD), seen("api", State.BLOCKED)]

    story = told(nodes, states, job("db", ended("Failed")), deployment("api", held=True))

    assert story.following == ("mend db; to start it all the same: sluice graph release web api")


def test_a_suspended_graph_says_how_to_go_on() -> None:
    story = told([node("api")], [HELD], deployment("api", held=True), suspend=True)

    assert story.following == "released after sluice graph resume web"


def test_a_full_graph_says_who_takes_the_slots() -> None:
    nodes = [node("db"), node("api")]
    states = [seen("db", State.STARTING), HELD]

    story = told(nodes, states, deployment("db"), deployment("api", held=True), maxParallel=1)

    assert story.following == ("released when one of 1 slots (maxParallel) is free; taken by db")


def test_a_graph_with_a_fault_has_to_be_corrected_first() -> None:
    nodes = [node("api", "dbb"), node("db")]

    story = told(nodes, [seen("db", State.READY), HELD], deployment("api", held=True))

    assert story.following.startswith("correct the graph, until then nothing is released")


def test_the_picture_has_faults_first_and_findings_last() -> None:
    bare = deployment("db", 3)
    # The labels of a manifest have no type of their own.
    bare["metadata"]["labels"].clear()  # type: ignore[index,call-overload,union-attr]  # a manifest
    body = graph(
        node("db"),
        node("api", "dbb", gates=[URL]),
        status=status(Phase.STARTING, seen("db", State.READY), HELD),
    )
    seen_now = scene(body, bare, deployment("api", held=True))

    shown = piped(explanation(overview(body), seen_now, stories(seen_now, "sluice"), ASCII))

    lines = shown.splitlines()
    assert lines[3].startswith("x node api depends on dbb, which is no node of this graph")
    assert "  - gate url (Node, not critical): not asked before the node is released" in lines
    assert lines[-1].startswith("! node db: Deployment db has no label sluice.dev/graph")


def test_where_all_are_ready_the_picture_says_so() -> None:
    ready = condition("Ready", holds=True, reason="NodesReady", message="1/1 nodes are ready")
    body = graph(
        node("db"), status=status(Phase.READY, seen("db", State.READY), conditions=(ready,))
    )
    seen_now = scene(body, deployment("db", 3))

    shown = piped(explanation(overview(body), seen_now, stories(seen_now, "sluice"), ASCII))

    assert shown.endswith("+ all 1 nodes are Ready\n")
    assert seen_now.now == NOW
