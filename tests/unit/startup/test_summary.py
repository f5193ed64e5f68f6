"""What a person reads of a graph."""

from collections.abc import Mapping

import pytest

from sluice.model.cluster import Projection
from sluice.model.conditions import Condition
from sluice.model.json import Body, Json, JsonObject
from sluice.model.plan import Plan, Work
from sluice.model.probes import ProbeRun
from sluice.model.reasons import Reason
from sluice.startup.findings import findings
from sluice.startup.states import State
from sluice.startup.status import GraphStatus, NodeStatus, Phase
from tests.unit.startup.given import (
    CREATED,
    FAILS,
    KIND,
    NODE_HTTP,
    NOW,
    POD_HTTP,
    deployment,
    edge,
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

API, DB, JOB = node("api"), node("db", "StatefulSet"), node("migrate", "Job")
UP, DOWN, HELD = deployment(available=2, own_bar=True), deployment(), deployment(holders="startup")
STEADY = was("api", State.READY, ready_at=CREATED)


def written(plan: Plan) -> GraphStatus:
    assert plan.status is not None
    return GraphStatus.from_body(Body(plan.status))


def after(
    body: JsonObject,
    *objects: Projection,
    runs: Mapping[str, ProbeRun] | None = None,
    now: float = NOW,
) -> GraphStatus:
    return written(KIND.plan(observe(body, *objects, runs=runs, now=now)))


def ready_of(status: GraphStatus) -> Condition:
    return next(one for one in status.conditions if one.type == "Ready")


def of_states(*states: State, **spec: Json) -> GraphStatus:
    """Return the status of a graph whose nodes stay in these states."""
    names = [f"n{number}" for number in range(len(states))]
    nodes = [
        node(name, gates=[{"name": "own", "http": NODE_HTTP}] if state is State.GATING else [])
        for name, state in zip(names, states, strict=True)
    ]
    status = [
        was(name, state, ready_at=CREATED if state is State.READY else None)
        for name, state in zip(names, states, strict=True)
    ]
    objects: list[Projection] = []
    for name, state in zip(names, states, strict=True):
        if state is State.ABSENT:
            continue
        up = state in {State.GATING, State.READY}
        holders = "startup" if state in {State.HELD, State.RELEASING} else ""
        objects.append(deployment(name, available=2 * up, own_bar=up, holders=holders))
    plan = KIND.plan(observe(graph(*nodes, status=status, more=spec), *objects))
    assert isinstance(plan, Work)
    return written(plan)


PHASES: list[tuple[str, tuple[State, ...], bool, Phase, str]] = [
    ("nothing is there", (State.ABSENT, State.ABSENT), False, Phase.PENDING, "0/2"),
    ("something starts", (State.ABSENT, State.STARTING), False, Phase.STARTING, "0/2"),
    ("some are ready", (State.READY, State.ABSENT), False, Phase.STARTING, "1/2"),
    ("one is released", (State.RELEASING,), False, Phase.STARTING, "0/1"),
    ("one is gated", (State.GATING,), False, Phase.STARTING, "0/1"),
    ("all are ready", (State.READY, State.READY), False, Phase.READY, "2/2"),
    ("all are ready, suspended", (State.READY,), True, Phase.READY, "1/1"),
    ("one is lost", (State.READY, State.DEGRADED), False, Phase.DEGRADED, "1/2"),
    ("one is late", (State.READY, State.TIMED_OUT), False, Phase.DEGRADED, "1/2"),
    ("one failed", (State.DEGRADED, State.FAILED), False, Phase.FAILED, "0/2"),
    ("suspended with nothing under way", (State.READY, State.HELD), True, Phase.SUSPENDED, "1/2"),
    (
        "suspended with something under way",
        (State.STARTING, State.HELD),
        True,
        Phase.STARTING,
        "0/2",
    ),
]


@pytest.mark.parametrize(
    ("states", "suspend", "phase", "ready"), [p[1:] for p in PHASES], ids=[p[0] for p in PHASES]
)
def test_phase_and_columns(
    states: tuple[State, ...],
    suspend: bool,  # noqa: FBT001 - a column of the table
    phase: Phase,
    ready: str,
) -> None:
    status = of_states(*states, suspend=suspend)

    waiting = [f"n{n}" for n, state in enumerate(states) if state is not State.READY]
    assert (status.phase, status.ready, status.node_count) == (phase, ready, len(states))
    assert status.waiting_for == ", ".join(waiting)
    assert (ready_of(status).status == "True") is (phase is Phase.READY)


CONDITIONS: list[tuple[str, tuple[State, ...], bool, Reason, str, str]] = [
    (
        "starting",
        (State.READY, State.STARTING),
        False,
        Reason.STARTING,
        "1/2 nodes are ready; waiting for n1",
        "Reconciling",
    ),
    (
        "suspended",
        (State.READY, State.HELD),
        True,
        Reason.SUSPENDED,
        "1/2 nodes are ready; suspended: nothing more is released",
        "Reconciling",
    ),
    (
        "late",
        (State.READY, State.TIMED_OUT),
        False,
        Reason.NODES_TIMED_OUT,
        "1/2 nodes are ready; not ready in time: n1",
        "Reconciling",
    ),
    (
        "lost",
        (State.READY, State.DEGRADED),
        False,
        Reason.NODES_DEGRADED,
        "1/2 nodes are ready; not ready any more: n1",
        "Reconciling",
    ),
    ("failed", (State.READY, State.FAILED), False, Reason.NODES_FAILED, "failed: n1", "Stalled"),
    ("ready", (State.READY, State.READY), False, Reason.NODES_READY, "2/2 nodes are ready", ""),
]


@pytest.mark.parametrize(
    ("states", "suspend", "reason", "message", "beside"),
    [c[1:] for c in CONDITIONS],
    ids=[c[0] for c in CONDITIONS],
)
def test_conditions(
    states: tuple[State, ...],
    suspend: bool,  # noqa: FBT001 - a column of the table
    reason: Reason,
    message: str,
    beside: str,
) -> None:
    status = of_states(*states, suspend=suspend)

    assert (ready_of(status).reason, ready_of(status).message) == (reason, message)
    expected = {"Ready", "Covered", beside} - {""}
    assert {one.type for one in status.conditions} == expected


def test_a_failure_names_what_is_held_for_it() -> None:
    body = graph(
        DB,
        node("api", "Deployment", "db"),
        status=[was("db", State.FAILED), was("api", State.BLOCKED)],
    )

    status = after(body, statefulset(replicas=2, available=1), HELD)

    assert ready_of(status).message == "failed: db; held for it: api"


def test_a_graph_with_faults_is_stalled_and_says_all_of_them() -> None:
    status = after(graph(node("api", "Deployment", "nobody"), node("b", "Job", "none")))

    ready = ready_of(status)
    assert ready.reason == Reason.INVALID_GRAPH
    assert "nobody" in ready.message
    assert "none" in ready.message
    assert {one.type for one in status.conditions} == {"Ready", "Stalled", "Covered"}


def message(
    name: str,
    status: list[NodeStatus],
    *objects: Projection,
    nodes: tuple[JsonObject, ...],
    **more: Json,
) -> str:
    runs = {"api.shop.svc": FAILS}
    return after(graph(*nodes, status=status, more=more), *objects, runs=runs).node(name).message


UNDER = node("api", "Deployment", "db")
GATED = node("api", gates=[{"name": "own", "http": NODE_HTTP}])
AILING = node("api", gates=[{"name": "own", "http": NODE_HTTP, "critical": False}])
LOAD = node("api", "Job")


@pytest.mark.parametrize(
    ("expected", "status", "objects", "nodes", "spec"),
    [
        ("Deployment api does not exist", [], (), (API,), {}),
        (
            "has the label sluice.dev/graph: other, not shop",
            [],
            (deployment(marks=labels("api", "other")),),
            (API,),
            {},
        ),
        ("waits for db Ready", [was("api", State.HELD)], (HELD,), (DB, UNDER), {}),
        ("the graph is suspended", [was("api", State.HELD)], (HELD,), (API,), {"suspend": True}),
        (
            "the graph cannot be carried out",
            [was("api", State.HELD)],
            (HELD,),
            (node("x", "Job", "nobody"), API),
            {},
        ),
        (
            "waits for one of 1 slots (maxParallel)",
            [was("x", State.STARTING), was("api", State.HELD)],
            (deployment("x"), HELD),
            (node("x"), API),
            {"maxParallel": 1},
        ),
        ("its turn has come", [], (HELD,), (API,), {}),
        (
            "failed: db Ready",
            [was("db", State.FAILED), was("api", State.BLOCKED)],
            (statefulset(), HELD),
            (DB, UNDER),
            {},
        ),
        (
            "fewer pods are available than minReady 100%",
            [was("api", State.STARTING)],
            (DOWN,),
            (API,),
            {},
        ),
        ("the Job has not completed", [was("api", State.STARTING)], (job("api"),), (LOAD,), {}),
        ("gate own has not passed yet", [was("api", State.GATING)], (UP,), (GATED,), {}),
        ("", [was("api", State.RELEASING)], (HELD,), (API,), {}),
        ("gate own fails, it is not critical", [STEADY], (UP,), (AILING,), {}),
        ("", [STEADY], (UP,), (API,), {}),
        ("too few pods are available", [was("api", State.DEGRADED)], (DOWN,), (API,), {}),
        (
            "too few pods are available; gate own is lost",
            [was("api", State.READY)],
            (DOWN,),
            (GATED,),
            {},
        ),
        ("gate own is lost", [was("api", State.DEGRADED)], (UP,), (GATED,), {}),
        (
            "too few pods are available",
            [was("api", State.DEGRADED)],
            (DOWN,),
            (node("api", gates=[{"name": "none", "pods": {"minReady": 0}}]),),
            {},
        ),
        (
            "gate own has not passed again",
            [was("api", State.DEGRADED)],
            (UP,),
            (node("api", gates=[{"name": "own", "http": {**NODE_HTTP, "url": "http://x"}}]),),
            {},
        ),
        ("not ready within 10m", [was("api", State.TIMED_OUT)], (DOWN,), (API,), {}),
        ("not ready in time", [was("api", State.FAILED)], (DOWN,), (API,), {}),
    ],
)
def test_why_a_node_is_where_it_is(
    expected: str,
    status: list[NodeStatus],
    objects: tuple[Projection, ...],
    nodes: tuple[JsonObject, ...],
    spec: dict[str, Json],
) -> None:
    assert message("api", status, *objects, nodes=nodes, **spec) == expected


def test_why_a_job_failed() -> None:
    status = [was("migrate", State.FAILED)]

    told = message("migrate", status, job(ended="Failed"), nodes=(JOB,))

    assert told == "BackoffLimitExceeded"


def test_a_long_message_fits_into_the_schema() -> None:
    parents = [f"p{number}-{'x' * 40}" for number in range(12)]
    nodes = (*map(node, parents), node("api", "Deployment", *parents))

    told = message("api", [was("api", State.HELD)], HELD, nodes=nodes)

    assert len(told) == 240


def test_an_idle_graph_writes_nothing_and_says_nothing() -> None:
    body = graph(API, status=[STEADY])
    first = KIND.plan(observe(body, UP))
    assert isinstance(first, Work)
    assert first.status is not None

    again = KIND.plan(observe({**body, "status": first.status}, UP, now=NOW + 3600.0))

    assert again == Work()


def test_starting_pods_change_no_message() -> None:
    gate: JsonObject = {"name": "http", "http": POD_HTTP}
    body = graph(node("api", gates=[gate], podReadiness=True), status=[was("api", State.STARTING)])
    first = KIND.plan(observe(body, DOWN))
    assert first.status is not None

    one = deployment(available=1)
    second = KIND.plan(
        observe({**body, "status": first.status}, one, pod(one), pod(one, gated=True))
    )
    third = KIND.plan(
        observe({**body, "status": second.status or first.status}, one, *[pod(one) for _ in "abc"])
    )

    assert isinstance(second, Work)
    assert isinstance(third, Work)
    assert third.status is None


def test_instants_are_written_once() -> None:
    starting = after(graph(API), DOWN)
    ready = after(graph(API, status=[was("api", State.STARTING)]), UP)
    held = after(graph(API), HELD)
    kept = after({**graph(API, status=[STEADY]), "status": {**ready.to_json()}}, DOWN)

    assert (held.started_at, held.ready_at) == (None, None)
    assert (starting.started_at, starting.ready_at) == (NOW, None)
    assert (ready.started_at, ready.ready_at) == (NOW, NOW)
    assert (kept.phase, kept.started_at, kept.ready_at) == (Phase.DEGRADED, NOW, NOW)


def told(plan: Plan) -> list[tuple[str, str]]:
    return [(one.reason, one.message) for one in plan.notes]


def test_what_is_told_once_is_not_told_again() -> None:
    body = graph(API, suspend=True, status=[was("api", State.HELD)])
    first = KIND.plan(observe(body, HELD))
    assert first.status is not None

    again = KIND.plan(observe({**body, "status": first.status}, HELD))

    assert told(first) == [
        ("Suspended", "0/1 nodes are ready; suspended: nothing more is released")
    ]
    assert told(again) == []


def test_what_the_nodes_tell_the_conditions_do_not_repeat() -> None:
    plan = KIND.plan(observe(graph(API, status=[was("api", State.STARTING)]), UP))

    assert told(plan) == [("NodesReady", "api: ready")]


def test_what_is_not_covered_is_told() -> None:
    plan = KIND.plan(observe(graph(API), deployment(marks={}, available=2)))

    assert [reason for reason, _ in told(plan)] == ["NotCovered"]


FINDINGS: list[tuple[str, JsonObject, tuple[Projection, ...], tuple[str, ...]]] = [
    ("all is well", API, (UP, pod(UP)), ()),
    ("the workload is absent", API, (), ()),
    (
        "no labels",
        API,
        (deployment(marks={}),),
        (
            (
                "node api: Deployment api has no label sluice.dev/graph: write "
                "sluice.dev/graph: shop, so it is not held"
            ),
        ),
    ),
    (
        "another node's name",
        API,
        (deployment(marks=labels("web")),),
        (
            (
                "node api: Deployment api has the label sluice.dev/node: web, not api, "
                "so it is not held"
            ),
        ),
    ),
    ("no labels, and no hold is asked for", {**API, "hold": "None"}, (deployment(marks={}),), ()),
    (
        "a set without the label in its template",
        DB,
        (statefulset(spec={"template": {"metadata": {"labels": {"sluice.dev/graph": "shop"}}}}),),
        (
            (
                "node db: StatefulSet db has no label sluice.dev/node: db in its pod "
                "template: write it there too, so it is not held"
            ),
        ),
    ),
    (
        "pods without the readiness gate",
        {**API, "podReadiness": True},
        (UP, pod(UP), pod(UP, gated=True, ready=False), pod(UP)),
        (
            (
                "node api: Deployment api has pods without the readiness gate: label the "
                "pod template and replace them"
            ),
        ),
    ),
    (
        "such pods that end",
        {**API, "podReadiness": True},
        (UP, pod(UP, own={"deletionTimestamp": "x"})),
        (),
    ),
    (
        "a workload that is no node",
        API,
        (UP, deployment("web", marks=labels("web"))),
        (
            (
                "Deployment web carries the graph's label and is no node of it: it is let "
                "go 2m after its creation"
            ),
        ),
    ),
]


@pytest.mark.parametrize(
    ("one", "objects", "expected"), [f[1:] for f in FINDINGS], ids=[f[0] for f in FINDINGS]
)
def test_findings(
    one: JsonObject, objects: tuple[Projection, ...], expected: tuple[str, ...]
) -> None:
    assert findings(scene(graph(one), *objects)) == expected
    covered = next(c for c in after(graph(one), *objects).conditions if c.type == "Covered")
    assert covered.status == ("False" if expected else "True")


STRANGER = deployment("web", marks=labels("web"), holders="startup")


@pytest.mark.parametrize(
    ("status", "objects", "now", "due"),
    [
        pytest.param([was("api", State.STARTING)], (DOWN,), NOW, CREATED + 600.0, id="a deadline"),
        pytest.param([was("api", State.HELD)], (HELD,), NOW, None, id="nothing runs out"),
        pytest.param([STEADY], (UP,), NOW, None, id="all is done"),
        pytest.param([was("api", State.TIMED_OUT)], (DOWN,), NOW + 900.0, None, id="it is over"),
        pytest.param([STEADY], (UP, STRANGER), NOW, CREATED + 120.0, id="an orphan waits"),
        pytest.param([STEADY], (UP, STRANGER), CREATED + 120.0, None, id="and is let go"),
        pytest.param(
            [STEADY],
            (UP, pod(statefulset("x", uid="unlabelled"), node_name="x", held=True)),
            NOW,
            CREATED + 120.0,
            id="a pod of an unlabelled set waits",
        ),
        pytest.param(
            [was("api", State.STARTING)],
            (DOWN, STRANGER),
            NOW,
            CREATED + 120.0,
            id="whatever is first",
        ),
    ],
)
def test_when_to_look_again(
    status: list[NodeStatus], objects: tuple[Projection, ...], now: float, due: float | None
) -> None:
    plan = KIND.plan(observe(graph(API, status=status, suspend=True), *objects, now=now))

    assert isinstance(plan, Work)
    assert plan.due_at == due


def test_an_edge_says_what_it_waits_for() -> None:
    child = node("api", "Deployment", edge("db", until="Started"), "migrate")

    told_of = message("api", [was("api", State.HELD)], HELD, nodes=(DB, JOB, child))

    assert told_of == "waits for db Started, migrate Complete"
