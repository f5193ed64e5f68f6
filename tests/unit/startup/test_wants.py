"""What the next decision rests on: objects, and the probes that are due."""

from collections.abc import Mapping

import pytest

from sluice.model.cluster import Pod, Projection
from sluice.model.json import Json, JsonObject
from sluice.model.kind import Descendants, Labelled, One, Wants
from sluice.model.probes import HttpProbe, Outcome, ProbeRun, ProbeWant, TcpProbe
from sluice.startup.health import node_standing, pod_standing
from sluice.startup.kind import StartupGraphKind
from sluice.startup.spec import Gate
from sluice.startup.states import BEFORE_START, State
from tests.unit.startup.given import (
    FAILS,
    KIND,
    NODE_HTTP,
    PASSES,
    POD_HTTP,
    alone,
    deployment,
    graph,
    job,
    node,
    observe,
    pod,
    scene,
    selected,
    was,
)

UP = deployment(available=2)
POD_GATE: JsonObject = {"name": "http", "http": POD_HTTP}
NODE_GATE: JsonObject = {"name": "own", "http": NODE_HTTP}
API = node("api", gates=[POD_GATE, NODE_GATE])


ALLOWING = StartupGraphKind(probe_hosts=("api.other", "fd00::1"))


def probes(body: JsonObject, *objects: Projection) -> tuple[ProbeWant, ...]:
    wanted = ALLOWING.wants(body, {})
    found = {one: selected(one, objects) for one in wanted.selections}
    return ALLOWING.wants(body, found).probes


def test_workloads_their_pods_and_whatever_carries_the_label() -> None:
    wanted = KIND.wants(graph(node("api"), node("migrate", "Job")), {})

    named = [one.ref.name for one in wanted.selections if isinstance(one, One)]
    below = [one.ancestor.name for one in wanted.selections if isinstance(one, Descendants)]
    marked = {one.resource.kind for one in wanted.selections if isinstance(one, Labelled)}
    assert named == ["api", "migrate"]
    assert below == ["api"]
    assert marked == {"Deployment", "StatefulSet", "DaemonSet", "Job", "Pod"}
    assert wanted.probes == ()


def test_what_cannot_be_read_wants_nothing() -> None:
    assert KIND.wants({**graph(node("api")), "spec": {}}, {}) == Wants()


@pytest.mark.parametrize(
    "url",
    ["http://api:port/", "http://api:65536/", "http://api:0/", "http://[fd00::1/", "http://@/"],
)
def test_a_url_that_nobody_can_ask_is_refused_before_it_is_asked(url: str) -> None:
    gates: list[Json] = [{"name": "x", "http": {"url": url, "status": "200-399"}}]
    body = graph(node("api", gates=gates), status=[was("api", State.STARTING)])

    plan = KIND.plan(observe(body, UP))

    assert [note.reason for note in plan.notes] == ["InvalidSpec"]
    assert "http.url" in plan.notes[0].message


def test_the_kind_lives_where_startup_graphs_do() -> None:
    assert StartupGraphKind("elsewhere").resource.kind == "StartupGraph"


def test_each_pod_and_the_node_are_asked_under_their_own_run() -> None:
    one, other = pod(UP, "a", address="10.0.0.1"), pod(UP, "b", address="fd00::1")

    found = probes(graph(API, status=[was("api", State.STARTING)]), UP, one, other)

    instance = one.containers.instance
    assert [(want.probe, want.run) for want in found] == [
        (HttpProbe("http://api.shop.svc:8080/ready", 200, 399, 2.0), "uid-of-api"),
        (HttpProbe("http://10.0.0.1:8080/ready", 200, 399, 2.0), f"uid-of-a/{instance}"),
        (HttpProbe("http://[fd00::1]:8080/ready", 200, 399, 2.0), f"uid-of-b/{instance}"),
    ]
    assert {(w.namespace, w.interval_seconds, w.passes, w.failures) for w in found} == {
        ("shop", 5.0, 3, 3)
    }


@pytest.mark.parametrize("state", list(State))
def test_a_node_is_asked_from_its_start_on(state: State) -> None:
    found = probes(graph(API, status=[was("api", state)]), UP, pod(UP))

    assert len(found) == (0 if state in BEFORE_START else 2)


@pytest.mark.parametrize("state", list(State))
def test_pods_that_wait_for_traffic_are_asked_at_any_time(state: State) -> None:
    body = graph(node("api", gates=[POD_GATE], podReadiness=True), status=[was("api", state)])

    assert len(probes(body, UP, pod(UP, gated=True), pod(UP))) == 1


def test_another_uid_is_not_asked_as_the_node_that_it_will_be() -> None:
    body = graph(API, status=[was("api", State.READY, uid="old")])

    assert probes(body, UP, pod(UP)) == ()


def test_a_completed_job_deleted_by_its_ttl_is_still_asked() -> None:
    one = node("migrate", "Job", gates=[NODE_GATE])
    body = graph(one, status=[was("migrate", State.GATING, complete=True)])

    (want,) = probes(body)

    assert want.run == "uid-of-migrate"
    assert probes(body, job(ended="Complete")) == (want,)


@pytest.mark.parametrize(
    "one",
    [
        pytest.param(pod(UP, running=False), id="no container runs"),
        pytest.param(pod(UP, address=""), id="it has no address"),
        pytest.param(pod(UP, own={"deletionTimestamp": "x"}), id="it ends"),
        pytest.param(pod(UP, held=True), id="it is held"),
    ],
)
def test_a_pod_that_cannot_answer_is_not_asked(one: Pod) -> None:
    body = graph(node("api", gates=[POD_GATE]), status=[was("api", State.STARTING)])

    assert probes(body, UP, one) == ()


@pytest.mark.parametrize(
    ("check", "probe"),
    [
        pytest.param(
            {"http": {"url": "https://api/ready?full=1", "status": "200-204"}},
            HttpProbe("https://api.shop.svc/ready?full=1", 200, 204, 2.0),
            id="a Service of the namespace",
        ),
        pytest.param(
            {"http": {"url": "http://api.other:80/", "status": "200-399"}},
            HttpProbe("http://api.other:80/", 200, 399, 2.0),
            id="a name with a dot is whole",
        ),
        pytest.param(
            {"http": {"url": "http://[fd00::1]:80/", "status": "200-399"}},
            HttpProbe("http://[fd00::1]:80/", 200, 399, 2.0),
            id="an address keeps its brackets",
        ),
        pytest.param(
            {"http": {"url": "http://who:what@api/", "status": "200-399"}},
            HttpProbe("http://api.shop.svc/", 200, 399, 2.0),
            id="credentials are left out",
        ),
        pytest.param(
            {"tcp": {"host": "db", "port": 5432}}, TcpProbe("db.shop.svc", 5432, 2.0), id="a host"
        ),
        pytest.param({"pods": {"minReady": 1}}, None, id="pods are counted, not asked"),
    ],
)
def test_what_is_asked_of_a_node(
    check: Mapping[str, Json], probe: HttpProbe | TcpProbe | None
) -> None:
    body = graph(node("api", gates=[{"name": "x", **check}]), status=[was("api", State.STARTING)])

    found = probes(body, UP)

    assert [want.probe for want in found] == ([] if probe is None else [probe])


@pytest.mark.parametrize(
    ("check", "probe"),
    [
        pytest.param({"tcp": {"port": 5432}}, TcpProbe("10.0.0.1", 5432, 2.0), id="a port"),
        pytest.param({"container": "Ready"}, None, id="the kubelet says it"),
    ],
)
def test_what_is_asked_of_a_pod(check: Mapping[str, Json], probe: TcpProbe | None) -> None:
    body = graph(node("api", gates=[{"name": "x", **check}]), status=[was("api", State.STARTING)])

    found = probes(body, UP, pod(UP))

    assert [want.probe for want in found] == ([] if probe is None else [probe])


def test_two_gates_that_ask_the_same_are_asked_once() -> None:
    gates = [POD_GATE, {**POD_GATE, "name": "again"}]
    body = graph(node("api", gates=gates), status=[was("api", State.STARTING)])

    assert len(probes(body, UP, pod(UP))) == 1


def _gate(check: JsonObject) -> Gate:
    seen = scene(graph(node("api", gates=[{"name": "x", **check}])))
    return alone(seen).node.gates[0]


@pytest.mark.parametrize(
    ("run", "passed", "lost", "detail"),
    [
        pytest.param(None, False, False, "not asked yet", id="never asked"),
        pytest.param(ProbeRun(), False, False, "not asked yet", id="asked, no answer yet"),
        pytest.param(
            ProbeRun(passes=2, outcome=Outcome.PASSED),
            False,
            False,
            "2 of 3 passes in a row",
            id="two passes",
        ),
        pytest.param(PASSES, True, False, "3 of 3 passes in a row", id="three passes"),
        pytest.param(
            ProbeRun(passes=90, outcome=Outcome.PASSED),
            True,
            False,
            "3 of 3 passes in a row",
            id="many passes",
        ),
        pytest.param(
            ProbeRun(failures=1, outcome=Outcome.FAILED, detail="HTTP 500"),
            False,
            False,
            "1 of 3 failures in a row: HTTP 500",
            id="one failure",
        ),
        pytest.param(FAILS, False, True, "3 of 3 failures in a row: HTTP 500", id="three failures"),
        pytest.param(
            ProbeRun(passes=3, outcome=Outcome.UNKNOWN, detail="no route"),
            True,
            False,
            "cannot be asked: no route",
            id="unknown after three passes",
        ),
        pytest.param(
            ProbeRun(failures=2, outcome=Outcome.UNKNOWN, detail="no route"),
            False,
            False,
            "cannot be asked: no route",
            id="unknown after two failures",
        ),
    ],
)
def test_what_a_run_says(
    run: ProbeRun | None,
    passed: bool,  # noqa: FBT001 - a column of the table
    lost: bool,  # noqa: FBT001 - a column of the table
    detail: str,
) -> None:
    body = graph(node("api", gates=[NODE_GATE]), status=[was("api", State.STARTING)])
    seen = scene(body, UP, runs={} if run is None else {"api.shop.svc": run})
    (gate,) = alone(seen).node.gates

    standing = node_standing(gate, alone(seen), seen.probes)

    assert (standing.passed, standing.lost, standing.detail) == (passed, lost, detail)


@pytest.mark.parametrize(("ended", "passed"), [("Complete", True), ("", False)])
def test_a_job_that_is_complete_counts_as_one_pod(
    ended: str,
    passed: bool,  # noqa: FBT001 - a column of the table
) -> None:
    gates: list[Json] = [{"name": "pods", "pods": {"minReady": "100%"}}]
    seen = scene(graph(node("migrate", "Job", gates=gates)), job(ended=ended))
    (gate,) = alone(seen).node.gates

    standing = node_standing(gate, alone(seen), {})

    assert (standing.passed, standing.lost) == (passed, not passed)


def test_containers_are_never_lost_by_our_word() -> None:
    gate = _gate({"container": "Ready"})

    ready, unready = pod_standing(gate, pod(UP), {}), pod_standing(gate, pod(UP, ready=False), {})

    assert (ready.passed, ready.lost, ready.detail) == (True, False, "containers ready")
    assert (unready.passed, unready.lost) == (False, False)


def test_a_pod_without_an_address_has_not_been_asked() -> None:
    standing = pod_standing(_gate({"tcp": {"port": 1}}), pod(UP, address=""), {})

    assert standing.detail == "not asked yet"
