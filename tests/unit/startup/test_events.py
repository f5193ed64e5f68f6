"""What happens to a node until it starts: every check of every state."""

from collections.abc import Mapping

import pytest

from sluice.model.cluster import Projection
from sluice.model.json import Json, JsonObject
from sluice.startup.events import event_of
from sluice.startup.states import Event, State
from sluice.startup.status import NodeStatus
from tests.unit.startup.event_cases import Case, case, check, now_at
from tests.unit.startup.given import (
    NOW,
    alone,
    deployment,
    edge,
    graph,
    labels,
    node,
    pod,
    scene,
    statefulset,
    was,
)

BYPASS: Mapping[str, Json] = {"sluice.dev/bypass": "startup"}
API, DB = node("api", "Deployment"), node("db", "StatefulSet")
UNDER_DB = node("api", "Deployment", "db")
JOB = node("migrate", "Job")
UP = deployment(available=2, own_bar=True)
HELD = deployment(holders="startup")


def under(
    said: str,
    parent: NodeStatus,
    objects: tuple[Projection, ...],
    event: Event | None,
    state: State = State.HELD,
    child: JsonObject = UNDER_DB,
    **spec: Json,
) -> Case:
    nodes, status = (DB, child), (parent, was("api", state))
    return Case(said, nodes, status, (HELD, *objects), event, {}, NOW, spec)


OTHER_UID = {
    True: deployment(uid="new", holders="startup"),
    False: deployment(uid="new", available=2),
}
ANEW = [
    case(
        f"{state}: another UID that is {'held' if held else 'not held'}",
        API,
        now_at(state),
        workload,
        Event.RECREATED if held else Event.REPLACED,
    )
    for state in State
    if state is not State.ABSENT
    for held, workload in OTHER_UID.items()
]
GONE = [
    case(f"{state}: the workload is gone", API, now_at(state), (), Event.VANISHED)
    for state in State
    if state is not State.ABSENT
]
ABSENT = [
    case("absent, and still is", API, now_at(State.ABSENT), (), None),
    case("absent: a held workload appears", API, now_at(State.ABSENT), HELD, Event.APPEARED),
    case("absent: a workload that runs appears", API, now_at(State.ABSENT), UP, Event.RUNS),
    case(
        "absent: held by the author alone is not held by us",
        API,
        now_at(State.ABSENT),
        deployment(holders="author"),
        Event.RUNS,
    ),
    case(
        "absent: a set without pods yet is held",
        DB,
        now_at(State.ABSENT),
        statefulset(),
        Event.APPEARED,
    ),
    case(
        "absent: a set without pods whose template lacks the labels will not be held",
        DB,
        now_at(State.ABSENT),
        statefulset(marks={"sluice.dev/graph": "shop"}),
        Event.RUNS,
    ),
    case(
        "absent: a set whose pods are held",
        DB,
        now_at(State.ABSENT),
        (statefulset(), pod(statefulset(), held=True)),
        Event.APPEARED,
    ),
    case(
        "absent: a set of which one pod runs",
        DB,
        now_at(State.ABSENT),
        (statefulset(), pod(statefulset(), held=True), pod(statefulset())),
        Event.RUNS,
    ),
    case(
        "absent: pods of a former UID of the set say nothing about this one",
        DB,
        now_at(State.ABSENT),
        (statefulset(uid="new"), pod(statefulset(uid="old"))),
        Event.APPEARED,
    ),
    case(
        "absent: a workload with another graph's label is not ours",
        API,
        now_at(State.ABSENT),
        deployment(holders="startup", marks=labels("api", "other")),
        None,
    ),
    case(
        "ready: a workload that takes another graph's label is gone from this one",
        API,
        now_at(State.READY),
        deployment(available=2, marks=labels("api", "other")),
        Event.VANISHED,
    ),
]
STARTS_ANYWAY = [
    case(f"{state}: {why}", {**UNDER_DB, **more}, now_at(state), workload, Event.LET_GO)
    for state in (State.HELD, State.BLOCKED)
    for why, more, workload in (
        ("a person asks for a bypass", {}, deployment(holders="startup", notes=BYPASS)),
        ("a person takes the holder off", {}, deployment()),
        ("the graph asks for no hold", {"hold": "None"}, HELD),
    )
]
HOLDING = [
    case("held: no parents", API, now_at(State.HELD), HELD, Event.CLEARED),
    case("held: suspended", API, now_at(State.HELD), HELD, None, suspend=True),
    case(
        "held: an unknown parent, so nothing starts",
        node("api", "Deployment", "nobody"),
        now_at(State.HELD),
        HELD,
        None,
    ),
    Case(
        "held: a graph with a fault elsewhere starts nothing",
        (node("faulty", "Job", "nobody"), API),
        (now_at(State.HELD),),
        (HELD,),
        None,
    ),
    Case(
        "held: a fault does not keep a bypass from being heard",
        (node("faulty", "Job", "nobody"), API),
        (now_at(State.HELD),),
        (deployment(holders="startup", notes=BYPASS),),
        Event.LET_GO,
    ),
    under("held: the parent is held", *(was("db", State.HELD), (statefulset(),)), None),
    under(
        "held: the parent is ready",
        was("db", State.READY),
        (statefulset(available=1),),
        Event.CLEARED,
    ),
    under(
        "held: the parent is ready, the graph suspended",
        was("db", State.READY),
        (statefulset(available=1),),
        None,
        suspend=True,
    ),
    under(
        "held: the parent failed", was("db", State.FAILED), (statefulset(),), Event.PARENT_FAILED
    ),
    under(
        "blocked: the parent failed", was("db", State.FAILED), (statefulset(),), None, State.BLOCKED
    ),
    under(
        "blocked: the parent starts again",
        was("db", State.STARTING),
        (statefulset(),),
        Event.PARENT_BACK,
        State.BLOCKED,
    ),
    under(
        "blocked: the edge becomes optional",
        was("db", State.FAILED),
        (statefulset(),),
        Event.PARENT_BACK,
        State.BLOCKED,
        node("api", "Deployment", edge("db", optional=True)),
    ),
    under(
        "blocked: the edge is gone",
        was("db", State.FAILED),
        (statefulset(),),
        Event.PARENT_BACK,
        State.BLOCKED,
        API,
    ),
]
RELEASING = [
    case("releasing: still held", API, now_at(State.RELEASING), HELD, None),
    case("releasing: seen unheld", API, now_at(State.RELEASING), deployment(), Event.UNHELD),
    case(
        "releasing: only the author's hold is left",
        API,
        now_at(State.RELEASING),
        deployment(holders="author"),
        Event.UNHELD,
    ),
    case(
        "releasing: suspended before the patch",
        API,
        now_at(State.RELEASING),
        HELD,
        Event.SUSPENDED,
        suspend=True,
    ),
    Case(
        "releasing: the graph gets a fault before the patch",
        (node("faulty", "Job", "nobody"), API),
        (now_at(State.RELEASING),),
        (HELD,),
        Event.SUSPENDED,
    ),
    case(
        "releasing: suspended after the patch",
        API,
        now_at(State.RELEASING),
        deployment(),
        Event.UNHELD,
        suspend=True,
    ),
    case(
        "releasing: a set whose pods are not there yet has nothing to release",
        DB,
        now_at(State.RELEASING, "db"),
        statefulset(),
        Event.UNHELD,
    ),
    case(
        "releasing: such a set, suspended: its UID may be listed, it is not taken back",
        DB,
        now_at(State.RELEASING, "db"),
        statefulset(),
        Event.UNHELD,
        suspend=True,
    ),
    case(
        "releasing: a set with held pods, suspended: neither",
        DB,
        now_at(State.RELEASING, "db"),
        (statefulset(), pod(statefulset(), held=True)),
        None,
        suspend=True,
    ),
    case(
        "releasing: a set with one pod let go",
        DB,
        now_at(State.RELEASING, "db"),
        (statefulset(replicas=2), pod(statefulset()), pod(statefulset(), held=True)),
        Event.UNHELD,
    ),
]
CASES = [*ANEW, *GONE, *ABSENT, *STARTS_ANYWAY, *HOLDING, *RELEASING]


@pytest.mark.parametrize("given", CASES, ids=lambda one: one.said)
def test_what_happens(given: Case) -> None:
    check(given)


def test_a_set_is_let_go_by_its_annotation() -> None:
    workload = statefulset(notes=BYPASS)
    seen = scene(graph(DB, status=[was("db", State.HELD)]), workload)

    assert event_of(seen, alone(seen)) is Event.LET_GO


@pytest.mark.parametrize("state", [State.HELD, State.BLOCKED, State.RELEASING])
def test_only_what_was_let_go_outlives_its_job(state: State) -> None:
    seen = scene(graph(JOB, status=[was("migrate", state, complete=True)]))

    assert event_of(seen, alone(seen)) is Event.VANISHED
