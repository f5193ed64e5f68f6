"""Whether a parent is what an edge asks for."""

from collections.abc import Mapping

import pytest

from sluice.model.cluster import Projection
from sluice.model.json import JsonObject
from sluice.model.probes import ProbeRun
from sluice.startup.edges import is_satisfied, unmet
from sluice.startup.states import State
from sluice.startup.status import NodeStatus
from tests.unit.startup.given import (
    FAILS,
    NODE_HTTP,
    PASSES,
    daemonset,
    deployment,
    edge,
    graph,
    job,
    node,
    pod,
    scene,
    statefulset,
    was,
)

API = node("api")
UP, HALF, DOWN = deployment(available=2, own_bar=True), deployment(available=1), deployment()
STARTED, COMPLETE = edge("api", until="Started"), edge("migrate", until="Complete")
READY, OPTIONAL = edge("api", until="Ready"), edge("api", until="Ready", optional=True)
ONE = edge("api", until="Ready", minReady=1)
GATED = node("api", gates=[{"name": "own", "http": NODE_HTTP}])
OWN = "api.shop.svc"
DB, JOB, AGENT = node("db", "StatefulSet"), node("migrate", "Job"), node("agent", "DaemonSet")
NEW = deployment(uid="new", holders="startup", replicas=0)
Runs = Mapping[str, ProbeRun]

CASES: list[
    tuple[str, JsonObject, JsonObject, NodeStatus | None, tuple[Projection, ...], Runs, bool]
] = [
    ("ready, and enough pods", READY, API, was("api", State.READY), (UP,), {}, True),
    ("ready, but now too few pods", READY, API, was("api", State.READY), (HALF,), {}, False),
    ("enough pods, but not ready yet", READY, API, was("api", State.GATING), (UP,), {}, False),
    ("degraded, but bar and gates hold", READY, API, was("api", State.DEGRADED), (UP,), {}, True),
    (
        "ready, but a gate is lost",
        READY,
        GATED,
        was("api", State.READY),
        (UP,),
        {OWN: FAILS},
        False,
    ),
    (
        "ready, but of another generation",
        READY,
        API,
        was("api", State.READY),
        (deployment(available=2, own_bar=True, observed=0),),
        {},
        False,
    ),
    (
        "ready, but the only pod of a set is gone",
        edge("db", until="Ready"),
        DB,
        was("db", State.READY),
        (statefulset(),),
        {},
        False,
    ),
    ("held without pods to wait for", READY, API, was("api", State.HELD), (NEW,), {}, False),
    ("timed out, and held back", READY, API, was("api", State.TIMED_OUT), (HALF,), {}, False),
    (
        "timed out, and open",
        READY,
        {**API, "onTimeout": "Open"},
        was("api", State.TIMED_OUT),
        (DOWN,),
        {},
        True,
    ),
    (
        "ready by its old UID, the new one is held",
        READY,
        API,
        was("api", State.READY),
        (NEW,),
        {},
        False,
    ),
    (
        "one pod of it is enough while it starts",
        ONE,
        API,
        was("api", State.STARTING),
        (HALF,),
        {},
        True,
    ),
    (
        "one pod is asked for, none is there",
        ONE,
        API,
        was("api", State.STARTING),
        (DOWN,),
        {},
        False,
    ),
    (
        "one pod, the gate has not passed",
        ONE,
        GATED,
        was("api", State.STARTING),
        (HALF,),
        {},
        False,
    ),
    (
        "one pod, and the gate passed",
        ONE,
        GATED,
        was("api", State.STARTING),
        (HALF,),
        {OWN: PASSES},
        True,
    ),
    (
        "one pod, and it has been ready before",
        ONE,
        GATED,
        was("api", State.READY),
        (HALF,),
        {},
        True,
    ),
    ("one pod, before it was let go", ONE, API, was("api", State.RELEASING), (HALF,), {}, False),
    ("one pod, but it failed", ONE, API, was("api", State.FAILED), (HALF,), {}, False),
    ("optional and absent", OPTIONAL, API, None, (), {}, True),
    ("optional, and appears in this very moment", OPTIONAL, API, None, (NEW,), {}, False),
    ("optional and failed", OPTIONAL, API, was("api", State.FAILED), (DOWN,), {}, True),
    ("optional, failed by its old UID", OPTIONAL, API, was("api", State.FAILED), (NEW,), {}, False),
    ("optional and timed out", OPTIONAL, API, was("api", State.TIMED_OUT), (DOWN,), {}, True),
    ("optional, but only slow", OPTIONAL, API, was("api", State.STARTING), (DOWN,), {}, False),
    ("optional, but held", OPTIONAL, API, was("api", State.HELD), (NEW,), {}, False),
    ("absent", READY, API, None, (), {}, False),
    ("not started", STARTED, API, was("api", State.STARTING), (DOWN, pod(DOWN)), {}, False),
    ("started", STARTED, API, was("api", State.STARTING), (DOWN, pod(DOWN), pod(DOWN)), {}, True),
    (
        "started is not about readiness",
        STARTED,
        API,
        was("api", State.STARTING),
        (DOWN, pod(DOWN, ready=False), pod(DOWN, ready=False)),
        {},
        True,
    ),
    (
        "a container has not started",
        STARTED,
        API,
        was("api", State.STARTING),
        (DOWN, pod(DOWN), pod(DOWN, running=False)),
        {},
        False,
    ),
    (
        "started once, latched",
        STARTED,
        API,
        was("api", State.STARTING, started=True),
        (DOWN,),
        {},
        True,
    ),
    (
        "started once and failed",
        STARTED,
        API,
        was("api", State.FAILED, started=True),
        (DOWN,),
        {},
        True,
    ),
    (
        "started by its old UID",
        STARTED,
        API,
        was("api", State.READY, started=True),
        (NEW,),
        {},
        False,
    ),
    (
        "started, and gone in this moment",
        STARTED,
        API,
        was("api", State.READY, started=True),
        (),
        {},
        False,
    ),
    (
        "held with 0 replicas has not started",
        STARTED,
        API,
        was("api", State.HELD),
        (deployment(holders="startup", replicas=0),),
        {},
        False,
    ),
    (
        "0 replicas count as started",
        STARTED,
        API,
        was("api", State.STARTING),
        (deployment(replicas=0),),
        {},
        True,
    ),
    (
        "0 replicas block by choice",
        STARTED,
        {**API, "whenScaledToZero": "Blocked"},
        was("api", State.STARTING),
        (deployment(replicas=0),),
        {},
        False,
    ),
    (
        "a DaemonSet that its controller has not seen has not started",
        edge("agent", until="Started"),
        AGENT,
        was("agent", State.STARTING),
        (daemonset(desired=0, observed=0),),
        {},
        False,
    ),
    (
        "a Job has started",
        edge("migrate", until="Started"),
        JOB,
        was("migrate", State.STARTING),
        (job(started=True),),
        {},
        True,
    ),
    (
        "a Job has not started",
        edge("migrate", until="Started"),
        JOB,
        was("migrate", State.STARTING),
        (job(),),
        {},
        False,
    ),
    (
        "a Job that was seen started",
        edge("migrate", until="Started"),
        JOB,
        was("migrate", State.STARTING, started=True),
        (job(),),
        {},
        True,
    ),
    (
        "a Job ended without a start",
        edge("migrate", until="Started"),
        JOB,
        was("migrate", State.STARTING),
        (job(ended="Complete"),),
        {},
        True,
    ),
    (
        "a completed Job deleted by its TTL started",
        edge("migrate", until="Started"),
        JOB,
        was("migrate", State.READY, complete=True),
        (),
        {},
        True,
    ),
    (
        "a Job that runs is not complete",
        COMPLETE,
        JOB,
        was("migrate", State.STARTING),
        (job(started=True),),
        {},
        False,
    ),
    (
        "a Job that failed is not complete",
        COMPLETE,
        JOB,
        was("migrate", State.FAILED),
        (job(ended="Failed"),),
        {},
        False,
    ),
    (
        "a Job is complete",
        COMPLETE,
        JOB,
        was("migrate", State.STARTING),
        (job(ended="Complete"),),
        {},
        True,
    ),
    (
        "a completed Job deleted by its TTL",
        COMPLETE,
        JOB,
        was("migrate", State.READY, complete=True),
        (),
        {},
        True,
    ),
    (
        "a completed Job was created anew",
        COMPLETE,
        JOB,
        was("migrate", State.READY, complete=True),
        (job(uid="new"),),
        {},
        False,
    ),
    (
        "until is Complete for a Job by itself",
        edge("migrate"),
        JOB,
        was("migrate", State.READY, complete=True),
        (),
        {},
        True,
    ),
    (
        "a Job may be waited for until Ready",
        edge("migrate", until="Ready"),
        JOB,
        was("migrate", State.READY, complete=True),
        (),
        {},
        True,
    ),
]


@pytest.mark.parametrize(
    ("wanted", "parent", "status", "objects", "runs", "satisfied"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_whether_a_parent_is_enough(
    wanted: JsonObject,
    parent: JsonObject,
    status: NodeStatus | None,
    objects: tuple[Projection, ...],
    runs: Runs,
    satisfied: bool,  # noqa: FBT001 - a column of the table
) -> None:
    child = node("child", "Job", wanted)
    known = [status] if status is not None else []
    seen = scene(graph(parent, child, status=known), *objects, runs=runs)
    above, below = seen.nodes.values()

    assert is_satisfied(below.node.depends_on[0], above, seen.probes) is satisfied
    assert (unmet(seen, below) == ()) is satisfied


def test_what_is_missing_is_named_in_the_order_of_the_spec() -> None:
    child = node("child", "Job", "nobody", "api", edge("db", until="Started"))
    status = [was("api", State.FAILED), was("db", State.HELD)]

    seen = scene(graph(API, DB, child, status=status), DOWN, statefulset())
    missing = unmet(seen, seen.nodes["child"])

    assert [str(one) for one in missing] == ["nobody Ready", "api Ready", "db Started"]
    assert [(one.state, one.failed) for one in missing] == [
        (State.ABSENT, False),
        (State.FAILED, True),
        (State.HELD, False),
    ]
