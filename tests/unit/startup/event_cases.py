"""One node, what is persisted of it, what there is, and what happens: a row of the tables."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sluice.model.cluster import Projection
from sluice.model.json import Json, JsonObject
from sluice.model.probes import ProbeRun
from sluice.startup.events import event_of
from sluice.startup.states import Event, State
from sluice.startup.status import NodeStatus
from tests.unit.startup.given import (
    NOW,
    alone,
    graph,
    scene,
    was,
)


@dataclass(frozen=True)
class Case:
    """One node (the last of `nodes`), what is persisted, what there is, and what happens."""

    said: str
    nodes: tuple[JsonObject, ...]
    status: tuple[NodeStatus, ...]
    objects: tuple[Projection, ...]
    event: Event | None
    runs: Mapping[str, ProbeRun] = field(default_factory=dict)
    now: float = NOW
    spec: Mapping[str, Json] = field(default_factory=dict)


def case(
    said: str,
    one: JsonObject,
    status: NodeStatus,
    objects: Projection | tuple[Projection, ...],
    event: Event | None,
    *,
    runs: Mapping[str, ProbeRun] | None = None,
    now: float = NOW,
    **spec: Json,
) -> Case:
    given = objects if isinstance(objects, tuple) else (objects,)
    return Case(said, (one,), (status,), given, event, runs or {}, now, spec)


def now_at(state: State, name: str = "api", **more: object) -> NodeStatus:
    return was(name, state, **more)


def check(given: Case) -> None:
    """Fail unless what happens is what the row says."""
    body = graph(*given.nodes, status=given.status, more=given.spec)

    seen = scene(body, *given.objects, runs=given.runs, now=given.now)

    assert event_of(seen, alone(seen)) is given.event
