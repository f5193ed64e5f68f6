"""What is read of a Pod."""

from collections.abc import Mapping, Sequence

import pytest

from sluice.model.cluster import Containers, Crash, GateCondition, Pod
from sluice.model.json import Body, Json, JsonObject

SINCE, AT = "2026-11-21T12:00:00Z", 1795262400.0
NAMED: Mapping[str, Json] = {
    "namespace": "shop",
    "name": "api-1",
    "uid": "1",
    "resourceVersion": "7",
    "creationTimestamp": SINCE,
}


def read(
    *, spec: Mapping[str, Json] | None = None, own: Mapping[str, Json] | None = None, **status: Json
) -> Pod:
    metadata: JsonObject = {**NAMED, **(own or {})}
    return Pod.from_body(Body({"metadata": metadata, "spec": spec or {}, "status": status}))


def container(name: str = "app", identity: str = "one", **more: Json) -> Json:
    running: Json = {"running": {"startedAt": SINCE}}
    known: dict[str, Json] = {"name": name, "containerID": identity, "started": True, "ready": True}
    return {**known, "state": running, **more}


def of(*containers: Json) -> Containers:
    return read(containerStatuses=containers).containers


def condition(kind: str, status: str = "True", **more: Json) -> Json:
    return {"type": kind, "status": status, "lastTransitionTime": SINCE, **more}


def test_a_pod_that_was_just_created_has_nothing() -> None:
    pod = read()

    assert (pod.phase, pod.ready_since, pod.started, pod.crashes) == ("Pending", None, None, ())
    assert (pod.address, pod.scheduling_gates, pod.gated, pod.gate) == ("", (), False, None)
    assert pod.containers == Containers("", started=False, ready=False)
    assert not pod.ready


def test_what_the_kubelet_says() -> None:
    pod = read(phase="Running", startTime=SINCE, podIP="10.0.0.1", conditions=[condition("Ready")])

    assert (pod.phase, pod.started, pod.address) == ("Running", AT, "10.0.0.1")
    assert (pod.ready_since, pod.ready) == (AT, True)


@pytest.mark.parametrize(
    ("pod", "ready"),
    [
        pytest.param(read(conditions=[condition("Ready")]), True, id="ready"),
        pytest.param(read(conditions=[condition("Ready", "False")]), False, id="not ready"),
        pytest.param(
            read(conditions=[condition("ContainersReady")]), False, id="another condition"
        ),
        pytest.param(
            read(own={"deletionTimestamp": SINCE}, conditions=[condition("Ready")]),
            False,
            id="ready, but it ends",
        ),
        pytest.param(
            read(conditions=[{"type": "Ready", "status": "True"}]),
            False,
            id="since nobody knows when",
        ),
    ],
)
def test_whether_a_pod_may_receive_traffic(pod: Pod, ready: bool) -> None:  # noqa: FBT001 - a column
    assert pod.ready is ready


def test_the_gates_of_the_spec() -> None:
    gates: Sequence[Json] = [{"name": "sluice.dev/startup"}, {"name": "other"}]
    mine = read(
        spec={"schedulingGates": gates, "readinessGates": [{"conditionType": "sluice.dev/healthy"}]}
    )
    theirs = read(spec={"readinessGates": [{"conditionType": "example.com/lb"}]})

    assert mine.scheduling_gates == ("sluice.dev/startup", "other")
    assert (mine.gated, theirs.gated) == (True, False)


@pytest.mark.parametrize(
    ("published", "gate"),
    [
        pytest.param([condition("example.com/lb")], None, id="another gate's"),
        pytest.param(
            [condition("sluice.dev/healthy", "False", reason="GateFailed", message="http")],
            GateCondition("False", "GateFailed", "http", AT),
            id="as we write it",
        ),
        pytest.param(
            [{"type": "sluice.dev/healthy", "status": "True"}],
            GateCondition("True", "", "", 0.0),
            id="as a person writes it",
        ),
    ],
)
def test_the_condition_of_our_gate(published: list[Json], gate: GateCondition | None) -> None:
    assert read(conditions=published).gate == gate


def test_a_restarted_container_makes_another_instance() -> None:
    first, again = of(container()), of(container(identity="two"))

    assert first.instance != again.instance
    assert first.instance == of(container()).instance


def test_the_order_of_containers_makes_no_other_instance() -> None:
    one, other = container("a", "1"), container("b", "2")

    assert of(one, other).instance == of(other, one).instance
    assert of(one, other).instance != of(container("a", "2"), container("b", "1")).instance


@pytest.mark.parametrize(
    ("containers", "runs", "started", "ready"),
    [
        pytest.param((), False, False, False, id="none yet"),
        pytest.param((container(),), True, True, True, id="one that is ready"),
        pytest.param((container(ready=False),), True, True, False, id="one that is not ready"),
        pytest.param(
            (container(started=False, ready=False),),
            True,
            False,
            False,
            id="its startup probe runs",
        ),
        pytest.param(
            (container(started=None),), True, False, True, id="the kubelet has not said so yet"
        ),
        pytest.param(
            (container(), container("side", "2", ready=False)), True, True, False, id="one of two"
        ),
        pytest.param(
            (container(), container("side", state={"waiting": {"reason": "CrashLoopBackOff"}})),
            False,
            False,
            False,
            id="one of two waits",
        ),
        pytest.param(
            (container(state={"terminated": {"exitCode": 0}}),), False, False, False, id="it ended"
        ),
    ],
)
def test_what_the_containers_do(
    containers: tuple[Json, ...],
    runs: bool,  # noqa: FBT001 - a column of the table
    started: bool,  # noqa: FBT001 - a column of the table
    ready: bool,  # noqa: FBT001 - a column of the table
) -> None:
    found = of(*containers)

    assert (bool(found.instance), found.started, found.ready) == (runs, started, ready)


def test_init_containers_are_left_out() -> None:
    pod = read(initContainerStatuses=[container("init")], containerStatuses=[container()])

    assert pod.containers == of(container())


def test_failed_ends_of_containers_are_crashes() -> None:
    ended: JsonObject = {"exitCode": 137, "reason": "OOMKilled", "finishedAt": SINCE}
    bare: Json = {"exitCode": 1}
    pod = read(
        containerStatuses=[
            container(
                "app", state={"terminated": bare}, lastState={"terminated": ended}, restartCount=2
            ),
            container("fine", lastState={"terminated": {"exitCode": 0}}),
        ]
    )

    assert pod.crashes == (
        Crash("app", "Error", 1, 0.0, 2),
        Crash("app", "OOMKilled", 137, AT, 2),
    )
