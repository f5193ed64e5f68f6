"""Which hosts the operator asks on behalf of whoever writes a graph."""

import pytest

from sluice.model.json import Body
from sluice.startup.checks import Check, ContainerCheck, HttpCheck, TcpCheck
from sluice.startup.hosts import host_of, is_allowed, qualified
from sluice.startup.kind import StartupGraphKind
from sluice.startup.own import Own
from sluice.startup.states import State
from tests.unit.startup.given import deployment, graph, node, selected, was

ALLOWED = ("status.example.com", ".corp.example")


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        pytest.param("db", True, id="a Service of the namespace"),
        pytest.param("db.shop", True, id="with the namespace"),
        pytest.param("db.shop.svc", True, id="with its kind"),
        pytest.param("db.shop.svc.cluster.local", True, id="in full"),
        pytest.param("db.other", False, id="a Service of another namespace"),
        pytest.param("db.other.svc", False, id="the same, with its kind"),
        pytest.param("10.0.0.7", False, id="an address"),
        pytest.param("fd00::7", False, id="an address of six"),
        pytest.param("169.254.169.254", False, id="the metadata of a cloud"),
        pytest.param("status.example.com", True, id="one that the operator allows"),
        pytest.param("deep.status.example.com", False, id="nothing below it"),
        pytest.param("a.corp.example", True, id="one below a domain that the operator allows"),
        pytest.param("corp.example", False, id="not the domain itself"),
        pytest.param("evilcorp.example", False, id="nor one that ends like it"),
    ],
)
def test_the_hosts_that_a_gate_may_ask(host: str, *, allowed: bool) -> None:
    assert is_allowed(host, "shop", ALLOWED) is allowed


@pytest.mark.parametrize(
    ("host", "namespace", "expected"),
    [
        ("db", "shop", "db.shop.svc"),
        ("db.shop", "shop", "db.shop.svc"),
        ("api.com", "com", "api.com.svc"),
        ("status.example.com", "shop", "status.example.com"),
        ("fd00::7", "shop", "fd00::7"),
    ],
)
def test_a_service_is_asked_by_a_name_that_is_nobody_elses(
    host: str, namespace: str, expected: str
) -> None:
    assert qualified(host, namespace) == expected


@pytest.mark.parametrize(
    ("check", "host"),
    [
        (HttpCheck("", 0, "http://db:80/x", 200, 399), "db"),
        (HttpCheck("/x", 80, "", 200, 399), ""),
        (TcpCheck(80, "db"), "db"),
        (TcpCheck(80, ""), ""),
        (ContainerCheck(), ""),
    ],
)
def test_the_host_of_a_check(check: Check, host: str) -> None:
    assert host_of(check) == host


AWAY = graph(
    node("api", gates=[{"name": "far", "tcp": {"host": "status.example.com", "port": 443}}]),
    status=(was("api", State.STARTING),),
)


def test_a_graph_that_names_another_host_is_not_carried_out() -> None:
    (fault,) = Own.from_body(Body(AWAY)).faults

    assert fault.startswith("node api, gate far: status.example.com is no Service of the namespace")
    assert Own.from_body(Body(AWAY), ALLOWED).faults == ()


@pytest.mark.parametrize(("allowed", "asked"), [((), 0), (ALLOWED, 1)])
def test_a_host_that_is_not_allowed_is_never_asked(allowed: tuple[str, ...], asked: int) -> None:
    kind = StartupGraphKind(probe_hosts=allowed)
    objects = (deployment(available=2),)
    found = {one: selected(one, objects) for one in kind.wants(AWAY, {}).selections}

    assert len(kind.wants(AWAY, found).probes) == asked
