"""What Prometheus is shown of a graph."""

import pytest

from sluice.model.json import Json
from sluice.model.references import STARTUPGRAPHS
from sluice.model.scalars import format_instant
from sluice.startup.gauges import (
    NODE_START_SECONDS,
    NODE_STATE,
    START_SECONDS,
    GraphGauges,
)
from sluice.startup.init import states as init_states
from sluice.startup.init.status import InitStatus
from sluice.startup.states import State
from sluice.startup.status import GraphStatus, NodeStatus
from tests.unit.startup import given

Values = dict[tuple[str, ...], float]


def read(*nodes: NodeStatus, **more: Json) -> dict[str, Values]:
    """Return the readings of a graph with such nodes: by gauge, then by labels."""
    body = dict(given.graph(status=nodes))
    status = body["status"]
    assert isinstance(status, dict)
    found: dict[str, Values] = {}
    for reading in GraphGauges().read({**body, "status": {**status, **more}}):
        found.setdefault(reading.family.name, {})[reading.labels] = reading.value
    return found


def test_each_node_has_one_series_that_names_its_state() -> None:
    found = read(given.was("db", State.READY), given.was("api", State.HELD))

    assert found[NODE_STATE.name] == {
        ("shop", "shop", "db", "Ready"): 1.0,
        ("shop", "shop", "api", "Held"): 1.0,
    }


def test_an_init_node_has_one_too() -> None:
    status = InitStatus("migrate", init_states.State.BLOCKED)

    found = read(**GraphStatus(inits=(status,)).to_json())

    assert found[NODE_STATE.name] == {("shop", "shop", "migrate", "Blocked"): 1.0}


@pytest.mark.parametrize(
    ("released_at", "ready_at", "expected"),
    [
        pytest.param(given.NOW, given.NOW + 12.5, {("shop", "shop", "db"): 12.5}, id="it is ready"),
        pytest.param(given.NOW, None, None, id="it is not ready yet"),
        pytest.param(None, None, None, id="it is held"),
    ],
)
def test_a_node_shows_how_long_it_took_to_start_once_it_has(
    released_at: float | None, ready_at: float | None, expected: Values | None
) -> None:
    node = given.was("db", State.STARTING, released_at=released_at, ready_at=ready_at)

    assert read(node).get(NODE_START_SECONDS.name) == expected


def test_a_graph_shows_how_long_it_took_to_start_once_it_has() -> None:
    began = {"startedAt": format_instant(given.NOW)}
    node = given.was("db", State.READY)

    assert START_SECONDS.name not in read(node, **began)
    ended = {**began, "readyAt": format_instant(given.NOW + 60)}
    assert read(node, **ended)[START_SECONDS.name] == {("shop", "shop"): 60.0}


def test_every_reading_is_of_a_gauge_that_is_announced_and_has_a_value_for_each_label() -> None:
    gauges = GraphGauges()
    assert gauges.resource == STARTUPGRAPHS
    node = given.was("db", State.READY, released_at=1.0, ready_at=2.0)
    body = dict(given.graph(status=[node]))
    began = {"startedAt": format_instant(1.0), "readyAt": format_instant(2.0)}
    readings = gauges.read({**body, "status": {"nodes": [node.to_json()], **began}})

    assert {reading.family for reading in readings} == set(gauges.families)
    assert all(len(one.labels) == len(one.family.labels) for one in readings)


def test_a_graph_that_nobody_has_looked_at_shows_nothing() -> None:
    assert GraphGauges().read(given.graph()) == ()
