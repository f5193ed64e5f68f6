"""While an edit cannot be carried out, the spec of before goes on."""

import zlib
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.model.cluster import Projection
from sluice.model.json import Body, Json, JsonObject, canonical
from sluice.model.plan import Merge, Plan, Transition, Work
from sluice.model.reasons import Reason
from sluice.startup.applied import packed, unpacked
from sluice.startup.own import Own
from sluice.startup.states import State
from sluice.startup.status import GraphStatus, NodeStatus
from tests.unit.startup.given import (
    CREATED,
    FAILS,
    KIND,
    POD_HTTP,
    deployment,
    graph,
    node,
    observe,
    pod,
    statefulset,
    was,
)

STEADY = [
    was("db", State.READY, ready_at=CREATED, started=True),
    was("api", State.READY, ready_at=CREATED, started=True),
]
DB = statefulset(available=1)
API = deployment(available=2, own_bar=True)
GATE: JsonObject = {"name": "http", "http": POD_HTTP}
FORMER = (
    node("db", "StatefulSet"),
    node("api", "Deployment", "db", gates=[GATE], podReadiness=True),
)
CYCLE = (node("db", "StatefulSet", "api"), node("api", "Deployment", "db"))


def edited(*nodes: JsonObject, status: list[NodeStatus] | None = None, **more: Json) -> JsonObject:
    """Return a graph with such nodes whose former spec, FORMER, was carried out."""
    before = Own.from_body(Body(graph(*FORMER, status=STEADY))).applied
    body = graph(*nodes, status=STEADY if status is None else status, more=more)
    written = body["status"]
    assert isinstance(written, dict)
    return {**body, "status": {**written, "appliedSpec": before}}


def planned(body: JsonObject, *objects: Projection) -> Plan:
    return KIND.plan(observe(body, *objects, runs={"10.0.0.1": FAILS}))


def status_of(plan: Plan) -> GraphStatus:
    assert isinstance(plan, Transition | Work)
    assert plan.status is not None
    return GraphStatus.from_body(Body(plan.status))


@given(st.text())
def test_a_spec_is_kept_word_for_word(spec: str) -> None:
    assert unpacked(packed(spec, "")) == spec


def test_a_spec_that_is_kept_already_is_not_written_anew() -> None:
    before = b64encode(zlib.compress(b'{"nodes":[]}', 0)).decode()

    assert packed('{"nodes":[]}', before) == before
    assert unpacked(packed('{"nodes":[1]}', before)) == '{"nodes":[1]}'


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("no base64!", id="something else"),
        pytest.param(b64encode(b"not compressed").decode(), id="not compressed"),
        pytest.param(b64encode(zlib.compress(b"\xff")).decode(), id="no text"),
    ],
)
def test_what_cannot_be_unpacked_is_no_spec(text: str) -> None:
    assert unpacked(text) == ""


def test_the_spec_is_kept_in_the_status_of_a_graph_that_is_carried_out() -> None:
    body = graph(*FORMER, status=STEADY)

    kept = status_of(planned(body, DB, API)).applied

    assert unpacked(kept) == canonical(body["spec"])


def test_a_first_graph_with_faults_has_no_spec_that_goes_on() -> None:
    status = status_of(planned(graph(*CYCLE)))

    assert status.applied == ""
    assert "goes on" not in status.conditions[0].message


UNREADABLE = {**node("db", "StatefulSet"), "minReady": "many"}


@pytest.mark.parametrize(
    ("nodes", "word"),
    [
        pytest.param(CYCLE, "db -> api -> db", id="edges are a cycle"),
        pytest.param((node("api", "Deployment", "bd"),), "bd", id="a parent is unknown"),
        pytest.param((UNREADABLE,), "minReady", id="it cannot be read"),
    ],
)
class TestAnEditThatCannotBeCarriedOut:
    def test_is_told_with_what_goes_on(self, nodes: tuple[JsonObject, ...], word: str) -> None:
        status = status_of(planned(edited(*nodes), DB, API))

        (ready,) = (one for one in status.conditions if one.type == "Ready")
        assert ready.reason == Reason.INVALID_GRAPH
        assert word in ready.message
        assert ready.message.endswith("the spec of before goes on")

    def test_keeps_every_node(self, nodes: tuple[JsonObject, ...], word: str) -> None:
        del word
        plan = planned(edited(*nodes), DB, API)

        assert [(one.name, one.state) for one in status_of(plan).nodes] == [
            ("db", State.READY),
            ("api", State.READY),
        ]

    def test_keeps_the_gates_of_before(self, nodes: tuple[JsonObject, ...], word: str) -> None:
        del word
        assert opened_by(edited(*nodes)) == []

    def test_releases_nothing(self, nodes: tuple[JsonObject, ...], word: str) -> None:
        del word
        held = [STEADY[0], was("api", State.HELD)]

        plan = planned(edited(*nodes, status=held), DB, deployment(holders="startup"))

        assert status_of(plan).node("api").state is State.HELD


def opened_by(body: JsonObject) -> list[str]:
    """Return the names of the pods that are opened of the one whose gate of FORMER fails."""
    plan = planned(body, DB, API, pod(API, "waiting", gated=True))
    assert isinstance(plan, Work)
    return [action.ref.name for action in plan.actions if isinstance(action, Merge)]


def test_an_edit_that_can_be_carried_out_takes_the_gates_away() -> None:
    assert opened_by(edited(node("db", "StatefulSet"), node("api"))) == ["waiting"]


def test_a_spec_is_carried_out_again_as_soon_as_it_can_be() -> None:
    mended = node("db", "StatefulSet")

    status = status_of(planned(edited(mended), DB, API))

    assert [one.name for one in status.nodes] == ["db"]
    assert Body({"spec": unpacked(status.applied)}).text("spec").count('"name":"api"') == 0


def test_a_former_spec_that_this_program_cannot_read_is_none() -> None:
    body = dict(graph(UNREADABLE, status=STEADY))
    kept = packed(canonical(body["spec"]), "")

    plan = planned({**body, "status": {"nodes": [], "appliedSpec": kept}})

    assert status_of(plan).conditions[0].reason == Reason.INVALID_SPEC
