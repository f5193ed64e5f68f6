"""What happens to a node from its start on: every check of every state."""

import pytest

from sluice.model.probes import Outcome, ProbeRun
from sluice.startup.events import deadline_of, event_of
from sluice.startup.states import Event, State
from tests.unit.startup.event_cases import Case, case, check, now_at
from tests.unit.startup.given import (
    CREATED,
    FAILS,
    NODE_HTTP,
    NOW,
    PASSES,
    POD_HTTP,
    alone,
    daemonset,
    deployment,
    graph,
    job,
    node,
    pod,
    scene,
    statefulset,
    was,
)

LATE = NOW + 600.0
API, DB = node("api"), node("db", "StatefulSet")
GATED = node("api", gates=[{"name": "own", "http": NODE_HTTP}])
SOFT = node("api", gates=[{"name": "own", "http": NODE_HTTP, "critical": False}])
OF_PODS = node("api", gates=[{"name": "http", "http": POD_HTTP}])
ENOUGH = node("api", gates=[{"name": "pods", "pods": {"minReady": 2}}])
OWN = "api.shop.svc"
JOB = node("migrate", "Job")
JOB_GATED = node("migrate", "Job", gates=[{"name": "own", "http": NODE_HTTP}])
UP, DOWN = deployment(available=2, own_bar=True), deployment(available=1)


STARTING = [
    case("starting: too few pods", API, now_at(State.STARTING), DOWN, None),
    case("starting: enough pods", API, now_at(State.STARTING), UP, Event.PASSED),
    case(
        "starting: enough pods of another generation",
        API,
        now_at(State.STARTING),
        deployment(available=2, observed=0),
        None,
    ),
    case("starting: overdue", API, now_at(State.STARTING), DOWN, Event.OVERDUE, now=LATE),
    case(
        "starting: ready in the last moment",
        API,
        now_at(State.STARTING),
        UP,
        Event.PASSED,
        now=LATE,
    ),
    case("starting: enough pods, a gate is open", GATED, now_at(State.STARTING), UP, Event.STARTED),
    case(
        "starting: enough pods, the gate passed already",
        GATED,
        now_at(State.STARTING),
        UP,
        Event.PASSED,
        runs={OWN: PASSES},
    ),
    case(
        "starting: a gate that is not critical is not waited for",
        SOFT,
        now_at(State.STARTING),
        UP,
        Event.PASSED,
    ),
    case(
        "starting: a Job that runs", JOB, now_at(State.STARTING, "migrate"), job(started=True), None
    ),
    case(
        "starting: a Job that is complete",
        JOB,
        now_at(State.STARTING, "migrate"),
        job(ended="Complete"),
        Event.PASSED,
    ),
    case(
        "starting: a Job that failed",
        JOB,
        now_at(State.STARTING, "migrate"),
        job(ended="Failed"),
        Event.JOB_FAILED,
    ),
    case(
        "starting: 0 replicas are enough",
        API,
        now_at(State.STARTING),
        deployment(replicas=0),
        Event.PASSED,
    ),
    case(
        "starting: 0 replicas of another generation are not",
        API,
        now_at(State.STARTING),
        deployment(replicas=0, observed=0),
        None,
    ),
    case(
        "starting: 0 replicas block by choice",
        {**API, "whenScaledToZero": "Blocked"},
        now_at(State.STARTING),
        deployment(replicas=0),
        None,
    ),
    case(
        "starting: a DaemonSet that no machine asks for",
        {**node("agent", "DaemonSet"), "whenScaledToZero": "Blocked"},
        now_at(State.STARTING, "agent"),
        daemonset(desired=0),
        Event.PASSED,
    ),
    case(
        "starting: a DaemonSet that its controller has not seen",
        node("agent", "DaemonSet"),
        now_at(State.STARTING, "agent"),
        daemonset(desired=0, observed=0),
        None,
    ),
    case(
        "starting: half of the pods are enough",
        {**API, "minReady": "50%"},
        now_at(State.STARTING),
        DOWN,
        Event.PASSED,
    ),
    case(
        "starting: pods have to pass a gate that does not rule their traffic",
        OF_PODS,
        now_at(State.STARTING),
        (UP, pod(UP), pod(UP, address="10.0.0.2")),
        Event.STARTED,
        runs={"10.0.0.1": PASSES},
    ),
    case(
        "starting: enough pods have passed that gate",
        OF_PODS,
        now_at(State.STARTING),
        (UP, pod(UP), pod(UP, address="10.0.0.2")),
        Event.PASSED,
        runs={"10.0.0.1": PASSES, "10.0.0.2": PASSES},
    ),
    case(
        "starting: with podReadiness the same gate is the pods' own matter",
        {**OF_PODS, "podReadiness": True},
        now_at(State.STARTING),
        UP,
        Event.PASSED,
    ),
]
GATING = [
    case("gating: not asked yet", GATED, now_at(State.GATING), UP, None),
    case("gating: passed", GATED, now_at(State.GATING), UP, Event.PASSED, runs={OWN: PASSES}),
    case("gating: the bar is lost", GATED, now_at(State.GATING), DOWN, Event.BAR_LOST),
    case("gating: overdue", GATED, now_at(State.GATING), UP, Event.OVERDUE, now=LATE),
    case(
        "gating: passed in the last moment",
        GATED,
        now_at(State.GATING),
        UP,
        Event.PASSED,
        runs={OWN: PASSES},
        now=LATE,
    ),
    case(
        "gating: too few passes",
        GATED,
        now_at(State.GATING),
        UP,
        None,
        runs={OWN: ProbeRun(passes=2, outcome=Outcome.PASSED)},
    ),
    case(
        "gating: a Job deleted by its TTL has not passed its gate by that",
        JOB_GATED,
        now_at(State.GATING, "migrate", complete=True),
        (),
        None,
    ),
    case(
        "gating: the gate of a Job deleted by its TTL is still asked",
        JOB_GATED,
        now_at(State.GATING, "migrate", complete=True),
        (),
        Event.PASSED,
        runs={OWN: PASSES},
    ),
    case(
        "gating: a Job deleted by its TTL counts as one pod that is there",
        node("migrate", "Job", gates=[{"name": "pods", "pods": {"minReady": "100%"}}]),
        now_at(State.GATING, "migrate", complete=True),
        (),
        Event.PASSED,
    ),
]
READY = [
    case("ready: and stays", API, now_at(State.READY), UP, None),
    case(
        "ready: its own bar holds while it rolls",
        API,
        now_at(State.READY),
        deployment(available=1, own_bar=True),
        None,
    ),
    case("ready: the bar is lost", API, now_at(State.READY), DOWN, Event.LOST),
    case("ready: a gate is lost", GATED, now_at(State.READY), UP, Event.LOST, runs={OWN: FAILS}),
    case(
        "ready: two failures are not enough",
        GATED,
        now_at(State.READY),
        UP,
        None,
        runs={OWN: ProbeRun(failures=2, outcome=Outcome.FAILED)},
    ),
    case("ready: a gate of which nothing is known yet", GATED, now_at(State.READY), UP, None),
    case(
        "ready: a gate that is not critical fails for ever",
        SOFT,
        now_at(State.READY),
        UP,
        None,
        runs={OWN: FAILS},
    ),
    case("ready: not overdue any more", API, now_at(State.READY), UP, None, now=LATE),
    case("ready: scaled to 0", API, now_at(State.READY), deployment(replicas=0), None),
    case(
        "ready: scaled to 0, which blocks",
        {**API, "whenScaledToZero": "Blocked"},
        now_at(State.READY),
        deployment(replicas=0),
        Event.LOST,
    ),
    case(
        "ready: a set replaces one pod",
        DB,
        now_at(State.READY, "db"),
        statefulset(replicas=3, available=2),
        None,
    ),
    case(
        "ready: a set lacks two",
        DB,
        now_at(State.READY, "db"),
        statefulset(replicas=3, available=1),
        Event.LOST,
    ),
    case(
        "ready: the only pod of a set is gone",
        DB,
        now_at(State.READY, "db"),
        statefulset(),
        Event.LOST,
    ),
    case(
        "ready: pods below the gate's number",
        ENOUGH,
        now_at(State.READY),
        deployment(available=1, own_bar=True),
        Event.LOST,
    ),
    case(
        "ready: one of two pods fails the gate",
        OF_PODS,
        now_at(State.READY),
        (UP, pod(UP), pod(UP, address="10.0.0.2")),
        Event.LOST,
        runs={"10.0.0.1": PASSES, "10.0.0.2": FAILS},
    ),
    case(
        "ready: a pod above what is wanted fails the gate",
        OF_PODS,
        now_at(State.READY),
        (UP, pod(UP), pod(UP, address="10.0.0.2"), pod(UP, address="10.0.0.3")),
        None,
        runs={"10.0.0.3": FAILS},
    ),
    case(
        "ready: scaled up, the new pods are not there yet",
        OF_PODS,
        now_at(State.READY),
        (deployment(replicas=4, available=2, own_bar=True), pod(UP), pod(UP)),
        None,
    ),
    case(
        "ready: a pod that ends fails the gate",
        OF_PODS,
        now_at(State.READY),
        (
            UP,
            pod(UP, own={"deletionTimestamp": "2026-11-21T12:00:00Z"}),
            pod(UP, address="10.0.0.2"),
        ),
        None,
        runs={"10.0.0.1": FAILS},
    ),
    case(
        "ready: a completed Job deleted by its TTL is no loss",
        JOB,
        now_at(State.READY, "migrate", complete=True),
        (),
        None,
    ),
    case("ready: a Job", JOB, now_at(State.READY, "migrate"), job(ended="Complete"), None),
    case(
        "degraded: a Job deleted by its TTL",
        JOB,
        now_at(State.DEGRADED, "migrate", complete=True),
        (),
        Event.BACK,
    ),
]
DEGRADED = [
    case("degraded: the bar is still lost", API, now_at(State.DEGRADED), DOWN, None),
    case("degraded: the bar is back", API, now_at(State.DEGRADED), UP, Event.BACK),
    case("degraded: the gate has not passed again", GATED, now_at(State.DEGRADED), UP, None),
    case(
        "degraded: the gate is back",
        GATED,
        now_at(State.DEGRADED),
        UP,
        Event.BACK,
        runs={OWN: PASSES},
    ),
]
TIMED_OUT = [
    case("timed out: and stays", API, now_at(State.TIMED_OUT), DOWN, None),
    case("timed out: ready after all", API, now_at(State.TIMED_OUT), UP, Event.PASSED),
    case(
        "timed out: that is a failure",
        {**API, "onTimeout": "Fail"},
        now_at(State.TIMED_OUT),
        DOWN,
        Event.GAVE_UP,
    ),
    case(
        "timed out: children go on",
        {**API, "onTimeout": "Open"},
        now_at(State.TIMED_OUT),
        DOWN,
        None,
    ),
    case(
        "timed out: the Job fails",
        JOB,
        now_at(State.TIMED_OUT, "migrate"),
        job(ended="Failed"),
        Event.JOB_FAILED,
    ),
]
FAILED = [
    case("failed: and stays", API, now_at(State.FAILED), DOWN, None),
    case("failed: ready after all", API, now_at(State.FAILED), UP, Event.PASSED),
]
CASES = [*STARTING, *GATING, *READY, *DEGRADED, *TIMED_OUT, *FAILED]


@pytest.mark.parametrize("given", CASES, ids=lambda one: one.said)
def test_what_happens(given: Case) -> None:
    check(given)


def test_time_runs_from_the_release() -> None:
    held = scene(graph(API, status=[was("api", State.HELD)]), deployment(holders="startup"))
    let_go = scene(graph(API, status=[was("api", State.STARTING)]), UP)

    assert deadline_of(alone(held)) is None
    assert deadline_of(alone(let_go)) == CREATED + 600.0


def test_a_node_is_on_time_up_to_its_deadline() -> None:
    body = graph(API, status=[was("api", State.STARTING)])
    just = scene(body, DOWN, now=CREATED + 599.999)
    over = scene(body, DOWN, now=CREATED + 600.0)

    assert (event_of(just, alone(just)), event_of(over, alone(over))) == (None, Event.OVERDUE)
