"""The spec of a StartupGraph as the API server stores it, read into types."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.model.json import Body, Json, JsonObject, MalformedError
from sluice.model.references import (
    DAEMONSETS,
    DEPLOYMENTS,
    JOBS,
    STARTUPGRAPHS,
    STATEFULSETS,
    Resource,
)
from sluice.startup.spec import (
    Check,
    ContainerCheck,
    Edge,
    Gate,
    GraphSpec,
    HoldChoice,
    HttpCheck,
    InvalidSpecError,
    MinReady,
    Node,
    OnTimeout,
    PodsCheck,
    Scope,
    TcpCheck,
    Until,
    WhenScaledToZero,
)
from tests.graph_manifests import API, DB, INVALID, MIGRATE, minimal_graph
from tests.manifest_files import stored

CONTAINERS = Gate("containers", ContainerCheck(), True, 5.0, 3, 3, 2.0)


def spec(changes: JsonObject | None = None) -> GraphSpec:
    manifest = stored(minimal_graph(changes or {}), STARTUPGRAPHS)
    return GraphSpec.from_body(manifest.body("spec"), "shop")


def api(changes: JsonObject) -> Node:
    node = spec({f"{API}.{path}": value for path, value in changes.items()}).node("api")
    assert node is not None
    return node


def test_every_default_is_read() -> None:
    read = spec()

    assert read == GraphSpec(suspend=False, max_parallel=0, entries=read.entries)
    assert read.node("db") == Node(
        name="db",
        resource=STATEFULSETS,
        workload="db",
        depends_on=(),
        min_ready=MinReady("100%"),
        when_scaled_to_zero=WhenScaledToZero.SATISFIED,
        hold=HoldChoice.AUTO,
        gates=(),
        pod_readiness=False,
        min_available=MinReady("50%"),
        timeout_seconds=600.0,
        on_timeout=OnTimeout.HOLD,
    )
    assert api({}).gates == (
        Gate("http", HttpCheck("/ready", 8080, "", 200, 399), True, 5.0, 3, 3, 2.0),
    )


def test_every_field_is_read() -> None:
    read = spec(
        {
            "spec.suspend": True,
            "spec.maxParallel": 20,
            "spec.gateDefaults": {"minAvailable": 1},
            f"{API}.dependsOn": [
                {"node": "db", "until": "Started", "minReady": 2, "optional": True}
            ],
            f"{API}.workload": {"apiVersion": "apps/v1", "kind": "DaemonSet", "name": "agent"},
            f"{API}.minReady": "75%",
            f"{API}.whenScaledToZero": "Blocked",
            f"{API}.hold": "SchedulingGate",
            f"{API}.gates": [
                {
                    "name": "url",
                    "http": {"url": "https://api:8443/ready", "status": "200-204"},
                    "critical": False,
                    "interval": "1m30s",
                    "passes": 1,
                    "failures": 10,
                    "timeout": "1m30s",
                }
            ],
            f"{API}.podReadiness": False,
            f"{API}.timeout": "1h",
            f"{API}.onTimeout": "Open",
        }
    )

    assert (read.suspend, read.max_parallel) == (True, 20)
    check = HttpCheck("", 0, "https://api:8443/ready", 200, 204)
    assert read.node("api") == Node(
        name="api",
        resource=DAEMONSETS,
        workload="agent",
        depends_on=(Edge("db", Until.STARTED, MinReady("2"), optional=True),),
        min_ready=MinReady("75%"),
        when_scaled_to_zero=WhenScaledToZero.BLOCKED,
        hold=HoldChoice.SCHEDULING_GATE,
        gates=(Gate("url", check, False, 90.0, 1, 10, 90.0),),
        pod_readiness=False,
        min_available=MinReady("1"),
        timeout_seconds=3600.0,
        on_timeout=OnTimeout.OPEN,
    )


def test_a_node_that_does_not_exist_is_none() -> None:
    assert spec().node("cache") is None


@pytest.mark.parametrize(
    ("workload", "resource"),
    [
        pytest.param({"apiVersion": r.api_version, "kind": r.kind, "name": "api"}, r, id=r.kind)
        for r in (DEPLOYMENTS, STATEFULSETS, DAEMONSETS, JOBS)
    ],
)
def test_kinds(workload: JsonObject, resource: Resource) -> None:
    assert api({"workload": workload}).resource == resource


@pytest.mark.parametrize(
    ("edge", "until"),
    [
        pytest.param({"node": "migrate"}, Until.COMPLETE, id="a Job to its end"),
        pytest.param({"node": "db"}, Until.READY, id="everything else until it is ready"),
        pytest.param({"node": "nobody"}, Until.READY, id="an unknown parent until it is ready"),
        pytest.param({"node": "migrate", "until": "Started"}, Until.STARTED, id="what is asked"),
    ],
)
def test_what_is_waited_for(edge: JsonObject, until: Until) -> None:
    assert api({"dependsOn": [edge]}).depends_on == (
        Edge(str(edge["node"]), until, min_ready=None, optional=False),
    )


def test_the_kind_of_a_later_node_is_known() -> None:
    read = spec({f"{DB}.dependsOn": [{"node": "migrate"}], f"{MIGRATE}.dependsOn": []})
    assert read.nodes[0].depends_on[0].until is Until.COMPLETE


@pytest.mark.parametrize(
    ("given", "check", "scope"),
    [
        pytest.param(
            {"http": {"path": "/ready", "port": 80}},
            HttpCheck("/ready", 80, "", 200, 399),
            Scope.POD,
            id="a path at each pod",
        ),
        pytest.param(
            {"http": {"url": "http://api/ready"}},
            HttpCheck("", 0, "http://api/ready", 200, 399),
            Scope.NODE,
            id="a URL for the node",
        ),
        pytest.param(
            {"tcp": {"port": 5432}}, TcpCheck(5432, ""), Scope.POD, id="a port of each pod"
        ),
        pytest.param(
            {"tcp": {"port": 5432, "host": "db"}},
            TcpCheck(5432, "db"),
            Scope.NODE,
            id="a port of a host for the node",
        ),
        pytest.param(
            {"pods": {"minReady": 2}},
            PodsCheck(MinReady("2")),
            Scope.NODE,
            id="enough pods of the node",
        ),
        pytest.param(
            {"container": "Ready"}, ContainerCheck(), Scope.POD, id="the containers of each pod"
        ),
    ],
)
def test_checks(given: JsonObject, check: Check, scope: Scope) -> None:
    (gate,) = api({"gates": [{"name": "a", **given}]}).gates
    assert (gate.check, gate.scope) == (check, scope)


@pytest.mark.parametrize(
    ("gates", "added"),
    [
        pytest.param([], (CONTAINERS,), id="no gate"),
        pytest.param(
            [{"name": "url", "http": {"url": "http://api/"}}], (CONTAINERS,), id="no Pod gate"
        ),
        pytest.param([{"name": "port", "tcp": {"port": 80}}], (), id="a Pod gate of its own"),
        pytest.param([{"name": "containers", "container": "Ready"}], (), id="the same gate"),
    ],
)
def test_pod_readiness_has_a_pod_gate(gates: list[Json], added: tuple[Gate, ...]) -> None:
    read = api({"gates": gates, "podReadiness": True}).gates
    assert read[len(gates) :] == added


def test_a_gate_without_pod_readiness_stays_alone() -> None:
    assert api({"gates": []}).gates == ()


def test_a_gate_takes_the_defaults_of_the_graph() -> None:
    defaults: dict[str, Json] = {
        "interval": "10s",
        "passes": 1,
        "failures": 2,
        "timeout": "250ms",
        "critical": False,
    }
    (gate,) = spec({"spec.gateDefaults": defaults}).nodes[2].gates
    assert gate == Gate("http", gate.check, False, 10.0, 1, 2, 0.25)


@pytest.mark.parametrize(
    ("text", "total", "pods"),
    [
        pytest.param("100%", 3, 3, id="all"),
        pytest.param("50%", 3, 2, id="a percentage is rounded up"),
        pytest.param("1%", 3, 1, id="a little is one"),
        pytest.param("0%", 3, 0, id="nothing is nothing"),
        pytest.param("50%", 0, 0, id="half of nothing is nothing"),
        pytest.param("3", 5, 3, id="a number is itself"),
        pytest.param("3", 2, 3, id="a number is not cut"),
        pytest.param("0", 0, 0, id="none of none"),
    ],
)
def test_enough_pods(text: str, total: int, pods: int) -> None:
    assert MinReady(text).of(total) == pods


@given(st.integers(0, 100), st.integers(0, 5000))
def test_a_percentage_is_the_least_number_that_reaches_it(percent: int, total: int) -> None:
    pods = MinReady(f"{percent}%").of(total)
    assert pods * 100 >= percent * total
    assert pods == 0 or (pods - 1) * 100 < percent * total


# Names are the API server's business: a name that it refuses names no object.
REFUSED_BY_CODE = [c for c in INVALID if not re.search(r"name$", c.text("field"))]


@pytest.mark.parametrize("case", REFUSED_BY_CODE, ids=lambda case: str(case.text("refuses")))
def test_the_code_refuses_what_the_schema_refuses(case: Body) -> None:
    # An object may be older than a rule of the schema.
    with pytest.raises((InvalidSpecError, MalformedError)):
        spec(case.body("set").value)


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        pytest.param(
            {"spec.nodes": []}, "spec.nodes", ("0", "between 1 and 500"), id="a graph without nodes"
        ),
        pytest.param(
            {f"{API}.workload.kind": "CronJob"},
            "spec.nodes[2].workload",
            ("apps/v1 CronJob", "batch/v1 Job", "apps/v1 Deployment"),
            id="a kind that is not known",
        ),
        pytest.param(
            {f"{API}.minReady": "many"},
            "spec.nodes[2].minReady",
            ('"many"', "2 or 50%"),
            id="an amount that is none",
        ),
        pytest.param(
            {f"{API}.minReady": 1.5},
            "spec.nodes[2].minReady",
            ("1.5", "2 or 50%"),
            id="one and a half pods",
        ),
        pytest.param(
            {f"{API}.dependsOn": [{"node": f"n{number}"} for number in range(51)]},
            "spec.nodes[2].dependsOn",
            ("51", "more than 50"),
            id="too many parents",
        ),
        pytest.param(
            {f"{API}.dependsOn": [{"node": "api"}]},
            "spec.nodes[2].dependsOn",
            ("'api'", "itself", "another node"),
            id="a node that waits for itself",
        ),
        pytest.param(
            {f"{API}.gates.0.name": "containers"},
            "spec.nodes[2].gates[0].name",
            ("'containers'", "podReadiness adds", "http"),
            id="the name of the added gate",
        ),
        pytest.param(
            {f"{API}.gates.0.interval": "1s"},
            "spec.nodes[2].gates[0].timeout",
            ("'2s'", "longer than interval, 1s"),
            id="the default timeout beyond an interval",
        ),
        pytest.param(
            {"spec.gateDefaults": {"timeout": "6s"}, f"{API}.gates": []},
            "spec.gateDefaults.timeout",
            ("'6s'", "longer than interval, 5s"),
            id="wrong defaults that no gate takes",
        ),
        pytest.param(
            {f"{API}.gates": [{"name": "a"}]},
            "spec.nodes[2].gates[0]",
            ("nothing", "http, tcp, pods, container", "container: Ready"),
            id="a gate that looks at nothing",
        ),
        pytest.param(
            {f"{API}.gates.0.http": {"path": "/", "port": 80, "url": "http://api/"}},
            "spec.nodes[2].gates[0].http",
            ("path and port and url", "neither"),
            id="a path and a URL",
        ),
        pytest.param(
            {f"{API}.gates": [{"name": "a", "container": True}]},
            "spec.nodes[2].gates[0].container",
            ("true", "Ready"),
            id="a container that is true",
        ),
    ],
)
def test_refusals_name_field_value_and_example(
    changes: JsonObject, field: str, words: tuple[str, ...]
) -> None:
    with pytest.raises(InvalidSpecError) as refusal:
        spec(changes)
    assert refusal.value.field == field
    assert [word for word in words if word not in str(refusal.value)] == []
