"""What the readiness gate of each pod is made to say."""

from collections.abc import Mapping

import pytest

from sluice.model.cluster import Pod
from sluice.model.json import Body, Json, JsonObject
from sluice.model.plan import Merge, Work
from sluice.model.probes import Answer, Outcome, ProbeRun
from sluice.model.probing import ProbeState, recorded
from sluice.model.scalars import format_instant
from sluice.startup.states import State
from tests.unit.startup.given import (
    CREATED,
    FAILS,
    KIND,
    NOW,
    PASSES,
    POD_HTTP,
    daemonset,
    deployment,
    graph,
    labels,
    node,
    observe,
    opened,
    pod,
    shut,
    was,
)

UP = deployment(available=2, own_bar=True)
HTTP: JsonObject = {"name": "http", "http": POD_HTTP}
LEVEL: JsonObject = {"name": "containers", "container": "Ready"}
GATED = node("api", podReadiness=True, gates=[HTTP])
ADDRESS = "10.0.0.1"
Runs = Mapping[str, ProbeRun]


def gated(name: str = "a", address: str = ADDRESS, **more: object) -> Pod:
    return pod(UP, name, gated=True, address=address, **more)  # type: ignore[arg-type]  # any field


def true(name: str = "a", address: str = ADDRESS, **more: object) -> Pod:
    """Return a pod that gets traffic by its gates' word."""
    return gated(name, address, published=opened(gated(name, address)), **more)


def patches(
    *pods: Pod, runs: Runs | None = None, one: JsonObject = GATED, **spec: Json
) -> dict[str, Body]:
    """Return the conditions that are patched, by the name of the pod."""
    body = graph(one, status=[was("api", State.READY, ready_at=CREATED)], more=spec)
    plan = KIND.plan(observe(body, UP, *pods, runs=runs))
    assert isinstance(plan, Work)
    merges = [action for action in plan.actions if isinstance(action, Merge)]
    assert len(merges) == len(plan.actions)
    for merge in merges:
        assert (merge.subresource, merge.uid) == ("status", f"uid-of-{merge.ref.name}")
        assert merge.group == str(merge.ref)
    return {
        merge.ref.name: Body(merge.fields).body("status").bodies("conditions")[0]
        for merge in merges
    }


def said(*pods: Pod, runs: Runs | None = None, one: JsonObject = GATED) -> dict[str, str]:
    return {
        name: f"{condition.text('status')} {condition.text('reason')}"
        for name, condition in patches(*pods, runs=runs, one=one).items()
    }


def test_p_p_f_p_p_p_opens_only_at_the_sixth() -> None:
    state, answers = ProbeState(), []
    for outcome in "PPFPPP":
        passed = outcome == "P"
        answer = Answer(Outcome.PASSED if passed else Outcome.FAILED, answered=True, detail="HTTP")
        state = recorded(state, answer, NOW, ours=False)
        answers.append(said(gated(), runs={ADDRESS: state.run}))

    assert answers == [{}, {}, {}, {}, {}, {"a": "True GatesPassed"}]


def test_f_f_p_f_f_f_shuts_only_at_the_sixth() -> None:
    state, answers = ProbeState(), []
    for outcome in "FFPFFF":
        passed = outcome == "P"
        answer = Answer(Outcome.PASSED if passed else Outcome.FAILED, answered=True, detail="500")
        state = recorded(state, answer, NOW, ours=False)
        answers.append(said(true(), true("b", "10.0.0.2"), runs={ADDRESS: state.run}))

    assert answers == [{}, {}, {}, {}, {}, {"a": "False GateFailed"}]


UNKNOWN = ProbeRun(passes=2, outcome=Outcome.UNKNOWN, detail="no route")
OTHER = gated(container="two").containers.instance
UNJUDGED = gated(published=opened(gated(), "Open"))
OPEN_PATCH = "True GatesPassed"

CASES: list[tuple[str, Pod, Runs, JsonObject, str | None]] = [
    ("not asked yet", gated(), {}, GATED, None),
    ("passed", gated(), {ADDRESS: PASSES}, GATED, "True GatesPassed"),
    (
        "passed, was shut before",
        gated(published=shut()),
        {ADDRESS: PASSES},
        GATED,
        "True GatesPassed",
    ),
    ("two passes and then unknown", gated(), {ADDRESS: UNKNOWN}, GATED, None),
    (
        "still shut, and said already",
        gated(published=shut()),
        {ADDRESS: FAILS},
        GATED,
        None,
    ),
    ("open, and passes", true(), {ADDRESS: PASSES}, GATED, None),
    ("open, and unknown", true(), {ADDRESS: UNKNOWN}, GATED, None),
    ("open, and the operator was restarted", true(), {}, GATED, None),
    (
        "open, failed twice",
        true(),
        {ADDRESS: ProbeRun(failures=2, outcome=Outcome.FAILED)},
        GATED,
        None,
    ),
    (
        "open, but the container was restarted",
        true(container="two"),
        {ADDRESS: PASSES},
        GATED,
        "False ContainersRestarted",
    ),
    ("open, but no container runs", true(running=False), {}, GATED, "False ContainersRestarted"),
    ("shut, no container runs", gated(running=False), {ADDRESS: PASSES}, GATED, None),
    (
        "opened before anybody judged it: stays open",
        UNJUDGED,
        {},
        GATED,
        None,
    ),
    (
        "opened before anybody judged it, and passes: from now on it is judged",
        UNJUDGED,
        {ADDRESS: PASSES},
        GATED,
        "True GatesPassed",
    ),
    ("a pod that ends is left alone", true(own={"deletionTimestamp": "x"}), {}, GATED, None),
    ("a pod that has ended is left alone", gated(phase="Failed"), {ADDRESS: PASSES}, GATED, None),
    (
        "a gate that is not critical is not waited for",
        gated(),
        {ADDRESS: FAILS},
        node("api", podReadiness=True, gates=[{**HTTP, "critical": False}]),
        "True GatesPassed",
    ),
    (
        "a gate that is not critical shuts nothing",
        true(),
        {ADDRESS: FAILS},
        node("api", podReadiness=True, gates=[{**HTTP, "critical": False}]),
        None,
    ),
    ("containers that are ready", gated(), {}, node("api", podReadiness=True), "True GatesPassed"),
    ("containers that are not", gated(ready=False), {}, node("api", podReadiness=True), None),
    (
        "containers that are not ready any more: the kubelet says so itself",
        true(ready=False),
        {},
        node("api", podReadiness=True),
        None,
    ),
    (
        "one of two gates passed",
        gated(),
        {ADDRESS: PASSES},
        node(
            "api", podReadiness=True, gates=[HTTP, {"name": "tcp", "tcp": {"port": 1}, "passes": 4}]
        ),
        None,
    ),
    ("no podReadiness", gated(), {}, node("api", gates=[HTTP]), "True Open"),
    ("no podReadiness any more", gated(published=shut()), {}, node("api"), "True Open"),
    ("no podReadiness, open already", true(), {}, node("api"), None),
    ("a pod without our gate", pod(UP, "a"), {ADDRESS: PASSES}, GATED, None),
]


@pytest.mark.parametrize(
    ("one_pod", "runs", "one", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_what_a_gate_is_made_to_say(
    one_pod: Pod, runs: Runs, one: JsonObject, expected: str | None
) -> None:
    # Others of the node are open, so that the guard does not decide.
    others = [true(f"other{number}", f"10.0.1.{number}") for number in range(3)]

    found = said(one_pod, *others, runs=runs, one=one)

    assert found == ({} if expected is None else {"a": expected})


def test_the_message_carries_the_containers_that_passed() -> None:
    one = gated()

    condition = patches(one, runs={ADDRESS: PASSES})["a"]

    expected = f"http: 3 of 3 passes in a row [{one.containers.instance}]"
    assert condition.text("message") == expected
    assert condition.text("type") == "sluice.dev/healthy"


def test_what_is_published_says_what_failed() -> None:
    condition = patches(true(), true("b", "10.0.0.2"), runs={ADDRESS: FAILS})["a"]

    assert condition.text("message") == "http: 3 of 3 failures in a row: HTTP 500"


def test_the_instant_of_change_moves_only_with_the_status() -> None:
    judged = patches(UNJUDGED, runs={ADDRESS: PASSES})["a"]
    fresh = patches(gated(), runs={ADDRESS: PASSES})["a"]
    shut_now = patches(true(container="two"))["a"]

    instants = [one.text("lastTransitionTime") for one in (judged, fresh, shut_now)]
    assert instants == [format_instant(CREATED), format_instant(NOW), format_instant(NOW)]


def test_a_long_message_keeps_the_containers() -> None:
    names: list[Json] = [
        {"name": f"{number}{'x' * 60}", "tcp": {"port": 1}} for number in range(20)
    ]
    one = gated()

    condition = patches(one, runs={ADDRESS: PASSES}, one={**GATED, "gates": names})["a"]

    assert len(condition.text("message")) == 1024
    assert condition.text("message").endswith(f"[{one.containers.instance}]")


@pytest.mark.parametrize(
    ("min_available", "failing", "shut_pods"),
    [
        pytest.param("50%", 1, 1, id="one of four fails"),
        pytest.param("50%", 4, 2, id="all of four fail: half stays in traffic"),
        pytest.param("100%", 4, 0, id="none may be taken away"),
        pytest.param("0%", 4, 4, id="all may be taken away"),
        pytest.param(3, 4, 1, id="three have to stay"),
    ],
)
def test_failing_probes_leave_enough_pods_in_traffic(
    min_available: Json, failing: int, shut_pods: int
) -> None:
    pods = [true(f"p{number}", f"10.0.0.{number}") for number in range(4)]
    runs = {f"10.0.0.{number}": FAILS for number in range(failing)}
    defaults: JsonObject = {
        "interval": "5s",
        "passes": 3,
        "failures": 3,
        "timeout": "2s",
        "critical": True,
        "minAvailable": min_available,
    }

    found = patches(*pods, runs=runs, gateDefaults=defaults)

    assert len(found) == shut_pods
    assert {one.text("status") for one in found.values()} <= {"False"}


def test_restarted_containers_are_out_at_once_and_use_up_what_probes_may_take() -> None:
    restarted = [true(f"p{number}", f"10.0.0.{number}", container="two") for number in (0, 1)]
    failing = [true(f"p{number}", f"10.0.0.{number}") for number in (2, 3)]
    runs = {f"10.0.0.{number}": FAILS for number in (2, 3)}

    found = said(*failing, *restarted, runs=runs)

    assert found == {"p0": "False ContainersRestarted", "p1": "False ContainersRestarted"}


def test_every_restarted_pod_is_out_whatever_is_left() -> None:
    pods = [true(f"p{number}", f"10.0.0.{number}", container="two") for number in range(4)]

    assert len(said(*pods)) == 4


def test_pods_that_are_shut_count_as_missing_for_the_guard() -> None:
    shut_pods = [gated(f"s{number}", f"10.0.1.{number}", published=shut()) for number in (0, 1)]
    failing = [true(f"p{number}", f"10.0.0.{number}") for number in (0, 1)]
    runs = {f"10.0.0.{number}": FAILS for number in (0, 1)}

    assert said(*shut_pods, *failing, runs=runs) == {}


def test_pods_whose_label_names_no_node_are_opened() -> None:
    lost = pod(None, "lost", node_name="gone", gated=True)
    open_already = pod(None, "open", node_name="gone", gated=True, published=opened(lost, "Open"))
    ended = pod(None, "ended", node_name="gone", gated=True, phase="Succeeded")

    condition = patches(lost, open_already, ended)

    assert list(condition) == ["lost"]
    assert condition["lost"].text("message") == "no node of the graph has this name"


def test_a_canary_of_the_node_is_gated_as_well() -> None:
    canary = deployment("api-canary", marks=labels("api"), available=1)
    one = pod(canary, "c", node_name="api", gated=True)

    assert said(one, runs={ADDRESS: PASSES}) == {"c": "True GatesPassed"}


@pytest.mark.parametrize("state", [State.HELD, State.ABSENT])
def test_pods_are_asked_and_opened_whatever_becomes_of_their_workload(state: State) -> None:
    """A Deployment created anew over pods that were left behind is held; its pods serve on."""
    held = deployment(holders="startup")
    objects = [held] if state is State.HELD else []
    body = graph(GATED, status=[was("api", state)], suspend=True)

    plan = KIND.plan(observe(body, *objects, gated(), runs={ADDRESS: PASSES}))

    assert isinstance(plan, Work)
    assert [action.ref.name for action in plan.actions] == ["a"]


def test_a_daemonset_is_gated_like_the_others() -> None:
    agents = daemonset(available=1, desired=1)
    one = pod(agents, "a", gated=True)
    status = [was("agent", State.READY, ready_at=CREATED)]
    body = graph(node("agent", "DaemonSet", podReadiness=True), status=status)

    plan = KIND.plan(observe(body, agents, one))

    assert isinstance(plan, Work)
    assert [action.ref.name for action in plan.actions] == ["a"]
