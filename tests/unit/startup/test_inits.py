"""Init nodes among the nodes of a graph: what keeps them, what they keep, and how they go."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from sluice.model.cluster import Job, Projection
from sluice.model.json import Body, Json, JsonObject
from sluice.model.kind import Observation
from sluice.model.plan import Action, Create, Patch, Plan, Transition, Work
from sluice.startup.guardian import StartupGuardian
from sluice.startup.init import states as init_states
from sluice.startup.init.run import Outcome, Result
from sluice.startup.init.status import InitStatus
from sluice.startup.own import Own
from sluice.startup.scene import read_scene
from sluice.startup.states import State
from sluice.startup.status import GraphStatus, NodeStatus, Phase
from tests.unit.startup import given as graphs
from tests.unit.startup.given import GRAPH, KIND, NOW, deployment, edge, node, observe, was
from tests.unit.startup.init import given as inits
from tests.unit.startup.init.given import DONE, HALF, RUN, entry, init_body, kept_in, lease

InitState = init_states.State
HELD = deployment(holders="startup")
API = node("api", "Deployment", "migrate")
DELETING: JsonObject = {"deletionTimestamp": "2026-11-21T12:00:00Z"}
COMPLETE = inits.status(InitState.COMPLETE, outcome=DONE)
RUNNING = inits.status(InitState.RUNNING)
ITS_LOCK = lease(f"{RUNNING.job}/uid-1/{GRAPH}/migrate")


def init_node(name: str = "migrate", *parents: str | JsonObject, **more: Json) -> JsonObject:
    """Return an entry of spec.nodes as the CRD completes it."""
    edges = [edge(parent) if isinstance(parent, str) else parent for parent in parents]
    return {
        "name": name,
        "dependsOn": edges,
        "minReady": "100%",
        "whenScaledToZero": "Satisfied",
        "hold": "Auto",
        "podReadiness": False,
        "timeout": "10m",
        "onTimeout": "Hold",
        "init": init_body(**more),
    }


MIGRATE = init_node()


def body(
    *nodes: JsonObject,
    inits: tuple[InitStatus, ...] = (),
    status: tuple[NodeStatus, ...] = (),
    own: JsonObject | None = None,
    more: Mapping[str, Json] | None = None,
    before: JsonObject | None = None,
    suspend: bool = False,
) -> JsonObject:
    """Return a graph; before: the one whose spec was carried out last."""
    made = graphs.graph(*nodes, own=own, more=more, suspend=suspend)
    applied = Own.from_body(Body(before)).applied if before else ""
    written = GraphStatus(nodes=status, inits=inits, applied=applied).to_json()
    return {**made, "status": written if inits or status or before else {}}


def read(plan: Plan) -> GraphStatus:
    """Return the status that a plan writes."""
    assert plan.status is not None
    return GraphStatus.from_body(Body(plan.status))


def decided(given: JsonObject, *objects: Projection, **more: object) -> Plan:
    seen = observe(given, *objects)
    changed = {name: getattr(seen, name) for name in ("now", "found", "wholes", "probes")}
    return KIND.plan(Observation(**{**changed, "body": given, **more}))


def done(given: JsonObject, *objects: Projection) -> Work:
    plan = decided(given, *objects)
    assert isinstance(plan, Work)
    return plan


def said(status: GraphStatus) -> tuple[str, str]:
    """Return reason and message of the condition Ready."""
    (ready,) = [one for one in status.conditions if one.type == "Ready"]
    return ready.reason, ready.message


def kinds(actions: tuple[Action, ...]) -> list[str]:
    return [f"{type(one).__name__} {one.ref.resource.kind}" for one in actions]


# What an init node does to the nodes around it.


def test_the_run_is_written_before_anything_is_made() -> None:
    plan = decided(body(MIGRATE, API), HELD)

    assert isinstance(plan, Transition)
    found = read(plan)
    assert [(one.name, one.state) for one in found.inits] == [("migrate", InitState.RUNNING)]
    assert [(one.name, one.state) for one in found.nodes] == [("api", State.HELD)]
    assert (found.ready, found.node_count, found.phase) == ("0/2", 2, Phase.STARTING)
    assert found.waiting_for == "migrate"
    assert found.started_at == NOW


def test_then_record_lock_and_job_are_made() -> None:
    begun = body(MIGRATE, API, inits=(inits.status(InitState.RUNNING, uid=""),))

    first = done(begun, HELD)
    assert kinds(first.actions) == ["Create ConfigMap", "Create Lease"]
    then = done(begun, HELD, kept_in(), lease())
    assert kinds(then.actions) == ["Patch Lease", "Create Job"]
    (_, made) = then.actions
    assert isinstance(made, Create)
    assert made.fence == Own.from_body(Body(begun)).fence


def test_a_child_goes_in_the_write_that_says_that_its_version_is_recorded() -> None:
    recording = inits.status(InitState.RECORDING, outcome=DONE)
    begun = body(MIGRATE, API, inits=(recording,), status=(was("api", State.HELD),))

    found = read(decided(begun, HELD, kept_in(entry()), lease()))

    assert found.init("migrate").state is InitState.COMPLETE
    assert found.node("api").state is State.RELEASING
    assert found.ready == "1/2"


def test_a_graph_of_init_nodes_alone_is_ready_when_they_are_complete() -> None:
    found = read(done(body(MIGRATE, inits=(COMPLETE,)), kept_in(entry()), lease()))

    assert (found.phase, found.ready, said(found)[0]) == (Phase.READY, "1/1", "NodesReady")
    assert found.waiting_for == ""


@pytest.mark.parametrize(
    ("state", "reason", "needs"),
    [
        (InitState.DIRTY, "InitDirty", "--applied or --rerun"),
        (InitState.FAILED, "InitFailed", "apply a mended job"),
        (InitState.MISMATCH, "InitMismatch", "--accept or --rerun"),
    ],
)
def test_what_needs_a_person_blocks_its_children_and_says_what_to_do(
    state: InitState, reason: str, needs: str
) -> None:
    result = Result.FAILED if state is InitState.FAILED else Result.DIRTY
    outcome = Outcome(result, NOW, exit_code=20, said="column exists")
    record = kept_in(entry(outcome))
    migrate = MIGRATE
    if state is InitState.MISMATCH:
        outcome, record = DONE, kept_in(entry())
        migrate = init_node(job={"image": "shop/migrate:other"})
    stuck = inits.status(state, outcome=outcome)
    begun = body(migrate, API, inits=(stuck,), status=(was("api", State.HELD),))

    found = read(decided(begun, HELD, record, lease()))

    assert found.node("api").state is State.BLOCKED
    assert found.node("api").message == "failed: migrate Complete"
    assert found.phase is Phase.FAILED
    assert said(found)[0] == reason
    assert said(found)[1].startswith("migrate: version 43 ")
    assert needs in said(found)[1]
    assert said(found)[1].endswith(". Held for it: api")
    if state is not InitState.MISMATCH:
        assert "column exists" in said(found)[1]


def test_a_history_that_cannot_be_read_is_told_first() -> None:
    torn = kept_in(more={"version.43": "{"})

    found = read(done(body(MIGRATE, inits=(COMPLETE,)), torn, lease()))

    assert said(found)[0] == "RecordUnreadable"


@pytest.mark.parametrize(
    ("optional", "state", "satisfied"),
    [
        (True, InitState.FAILED, True),
        (False, InitState.FAILED, False),
        (True, InitState.DIRTY, False),
        (True, InitState.HELD, False),
    ],
)
def test_an_optional_edge_passes_what_failed_and_nothing_half_done(
    state: InitState, *, optional: bool, satisfied: bool
) -> None:
    outcome = inits.BROKEN if state is InitState.FAILED else HALF
    run = None if state is InitState.HELD else RUN
    stuck = inits.status(state, run, None if run is None else outcome)
    child = node("api", "Deployment", edge("migrate", optional=optional))
    begun = body(
        init_node("migrate"), child, inits=(stuck,), status=(was("api", State.HELD),), suspend=False
    )
    record = kept_in() if run is None else kept_in(entry(outcome))

    found = read(decided(begun, HELD, record, lease("other/1/shop/other")))

    assert (found.node("api").state is State.RELEASING) is satisfied


def test_started_is_met_while_its_job_runs() -> None:
    child = node("api", "Deployment", edge("migrate", until="Started"))
    begun = body(MIGRATE, child, inits=(RUNNING,), status=(was("api", State.HELD),))

    assert read(decided(begun, HELD, inits.job(), kept_in(), ITS_LOCK)).node("api").state is (
        State.RELEASING
    )
    waits = read(done(begun, HELD, kept_in(), lease()))
    assert waits.node("api").message == "waits for migrate Started"


# What the nodes around it do to an init node.


def test_it_waits_for_its_parents() -> None:
    given = body(node("db"), init_node("migrate", "db"), status=(was("db", State.STARTING),))

    found = read(done(given, deployment("db"), kept_in(), lease()))

    assert found.init("migrate").reasons == ("waits for db Ready",)
    assert found.waiting_for == "db"


def test_it_is_blocked_by_a_parent_that_failed() -> None:
    given = body(
        node("db", onTimeout="Fail"),
        init_node("migrate", "db"),
        status=(was("db", State.FAILED),),
    )

    found = read(decided(given, deployment("db"), kept_in(), lease()))

    assert found.init("migrate").state is InitState.BLOCKED


@pytest.mark.parametrize("running", [True, False])
def test_it_takes_a_slot_and_waits_for_one(*, running: bool) -> None:
    first = RUNNING if running else inits.status(InitState.HELD, None)
    second = init_node("seed", lock="other")
    given = body(MIGRATE, second, inits=(first,), more={"maxParallel": 1})

    plan = decided(given, *((inits.job(),) if running else ()), kept_in(), lease())

    found = read(plan)
    assert found.init("migrate").state is InitState.RUNNING
    assert found.init("seed").state is InitState.HELD
    assert found.init("seed").reasons == ("waits for one of 1 slots (maxParallel)",)


def test_a_workload_waits_for_a_slot_that_an_init_node_has() -> None:
    given = body(
        MIGRATE,
        node("web"),
        inits=(RUNNING,),
        status=(was("web", State.HELD),),
        more={"maxParallel": 1},
    )

    found = read(
        done(given, deployment("web", holders="startup"), inits.job(), kept_in(), ITS_LOCK)
    )

    assert found.node("web").message == "waits for one of 1 slots (maxParallel)"


@pytest.mark.parametrize("running", [True, False])
def test_a_suspended_graph_makes_no_job(*, running: bool) -> None:
    first = (RUNNING,) if running else ()
    job = (inits.job(),) if running else ()
    given = body(MIGRATE, inits=first, suspend=True)

    found = read(done(given, *job, kept_in(), lease()))

    assert found.phase is (Phase.STARTING if running else Phase.SUSPENDED)


def test_a_graph_with_a_fault_makes_no_job() -> None:
    given = body(MIGRATE, node("api", "Deployment", "unknown"))

    found = read(done(given, kept_in(), lease()))

    assert found.init("migrate").reasons == ("the graph cannot be carried out",)


STOPPED = deployment(replicas=0)
# Its new version is held, and the one before goes on.
WAITING = deployment(holders="startup", notes={"sluice.dev/requires": "migrate=44"})


@pytest.mark.parametrize(
    ("others", "runs"),
    [
        ((deployment(available=1),), True),
        ((STOPPED,), False),
        ((STOPPED, graphs.pod(STOPPED, own=DELETING)), True),
        ((STOPPED, graphs.pod(STOPPED, phase="Succeeded")), False),
        ((STOPPED, graphs.pod(STOPPED, held=True)), False),
        ((HELD,), False),
        ((WAITING, graphs.pod(WAITING)), True),
        ((), False),
    ],
)
def test_what_is_in_use_is_not_undone(others: tuple[Projection, ...], *, runs: bool) -> None:
    asked = {"annotations": {"resolve.sluice.dev/migrate": "Down - ada#1"}}
    given = body(
        init_node(down=inits.DOWN),
        API,
        inits=(COMPLETE,),
        status=(was("api", State.READY),) if others else (),
        own=asked,
    )

    plan = decided(given, *others, kept_in(entry()), lease())

    answers = [note for note in plan.notes if note.reason == "InitAnswered"]
    assert bool(answers) is runs
    if runs:
        assert answers[0].message == "migrate: version 43 stays: stop api first, and ask again"


def test_a_version_that_is_held_does_not_stop_the_one_that_runs() -> None:
    asked = {"annotations": {"resolve.sluice.dev/migrate": "Down - ada#1"}}
    held = deployment(
        holders="startup", available=2, own_bar=True, notes={"sluice.dev/requires": "migrate=44"}
    )
    given = body(
        init_node(down=inits.DOWN),
        node("api"),
        inits=(COMPLETE,),
        status=(was("api", State.READY),),
        own=asked,
    )

    plan = decided(given, held, kept_in(entry()), lease())

    assert [note.message for note in plan.notes if note.reason == "InitAnswered"] == [
        "migrate: version 43 stays: stop api first, and ask again"
    ]


@pytest.mark.parametrize("runs", [True, False])
def test_what_is_being_built_on_it_keeps_it(*, runs: bool) -> None:
    asked = {"annotations": {"resolve.sluice.dev/migrate": "Down - ada#1"}}
    seed = inits.status(InitState.RUNNING if runs else InitState.HELD, RUN if runs else None)
    given = body(
        init_node(down=inits.DOWN),
        init_node("seed", "migrate", lock="seeds"),
        inits=(COMPLETE, replace(seed, name="seed")),
        own=asked,
        suspend=True,
    )

    plan = decided(given, kept_in(entry()), lease())

    assert any(note.reason == "InitAnswered" for note in plan.notes) is runs


@pytest.mark.parametrize(("ended", "runs"), [("", True), ("Complete", False)])
def test_a_job_that_is_over_uses_nothing(ended: str, *, runs: bool) -> None:
    asked = {"annotations": {"resolve.sluice.dev/migrate": "Down - ada#1"}}
    report = node("report", "Job", "migrate")
    given = body(init_node(down=inits.DOWN), report, inits=(COMPLETE,), own=asked)

    plan = decided(given, graphs.job("report", ended=ended), kept_in(entry()), lease())

    assert any(note.reason == "InitAnswered" for note in plan.notes) is runs


# Jobs that are no node's workload.


def test_its_job_is_no_stranger() -> None:
    given = body(MIGRATE, inits=(RUNNING,))

    seen = read_scene(Own.from_body(Body(given)), observe(given, inits.job(), kept_in(), ITS_LOCK))

    assert (seen.strangers, seen.lost) == ((), ())


@pytest.mark.parametrize("deleting", [True, False])
def test_a_job_of_no_node_goes_when_it_is_deleted(*, deleting: bool) -> None:
    lost = inits.job(ended="Complete", deleting=deleting)

    plan = done(body(node("api"), status=(was("api", State.READY),)), deployment(available=2), lost)

    assert kinds(plan.actions) == (["Patch Job"] if deleting else [])


def test_a_job_is_looked_for_before_it_counts_as_gone() -> None:
    given = body(MIGRATE, inits=(RUNNING,))
    seen = observe(given, kept_in(), lease())

    (want,) = KIND.wants(given, seen.found).wholes
    assert (want.ref.name, want.uid) == (RUNNING.job, "uid-1")
    assert read(done(given, kept_in(), lease())).init("migrate").reasons == (
        "its Job is looked for",
    )
    gone = read(decided(given, kept_in(), lease(), wholes={want: None}))
    assert gone.init("migrate").state is InitState.RECORDING


@pytest.mark.parametrize("deleting", [True, False])
def test_a_pod_that_does_not_start_is_told(*, deleting: bool) -> None:
    stuck = replace(inits.pod(), stuck="no such Secret")
    labels = {"sluice.dev/graph": GRAPH, "sluice.dev/node": "migrate"}
    marked = replace(stuck.meta, labels={**stuck.meta.labels, **labels})
    given = body(MIGRATE, inits=(RUNNING,), own=DELETING if deleting else None)

    found = read(done(given, inits.job(), replace(stuck, meta=marked), kept_in(), ITS_LOCK))

    assert found.init("migrate").reasons[0] == "its pod does not start: no such Secret"
    assert said(found)[0] == ("DeletionWaits" if deleting else "Starting")
    assert said(found)[1].endswith("; migrate: its pod does not start: no such Secret")


# A node that is removed, and a graph that is deleted.


def removed(status: InitStatus) -> JsonObject:
    """Return a graph from which the node was taken while it stood as given."""
    return body(node("api"), inits=(status,), before=body(MIGRATE, node("api")))


def test_a_node_that_is_removed_stays_until_its_job_is_recorded() -> None:
    given = removed(RUNNING)

    waits = read(done(given, inits.job(), kept_in(), ITS_LOCK))
    assert [one.state for one in waits.inits] == [InitState.RUNNING]
    assert waits.applied == GraphStatus.from_body(Body(given["status"])).applied  # type: ignore[arg-type]
    ended = read(decided(given, inits.job(ended="Complete"), kept_in(), lease()))
    assert [one.state for one in ended.inits] == [InitState.RECORDING]


def test_its_job_and_lock_are_let_go_and_then_it_is_forgotten() -> None:
    given = removed(COMPLETE)
    lock = lease(f"{RUNNING.job}/uid-1/{GRAPH}/migrate")

    going = done(given, inits.job(ended="Complete"), kept_in(entry()), lock)
    assert kinds(going.actions) == ["Patch Job", "Patch Lease"]
    assert [one.reasons for one in read(going).inits] == [("it is being removed",)]
    gone = done(given, inits.job(ended="Complete", kept=False), kept_in(entry()), lease())
    assert gone.actions == ()
    assert read(gone).inits == ()


def test_one_that_never_ran_is_forgotten_at_once() -> None:
    begun = inits.status(InitState.RUNNING, uid="")

    assert read(done(removed(begun), kept_in(), lease())).inits == ()


def test_then_the_new_spec_is_the_last_good_one() -> None:
    given = body(node("api"), before=body(MIGRATE, node("api")))

    found = read(done(given))

    assert found.applied == Own.from_body(Body(body(node("api")))).applied


def test_a_workload_may_take_the_name_of_what_leaves() -> None:
    given = body(
        node("migrate"),
        node("web", "Deployment", "migrate"),
        inits=(RUNNING,),
        before=body(MIGRATE),
    )
    ready = deployment("migrate", available=2, own_bar=True)

    found = read(decided(given, ready, inits.job(), kept_in(), ITS_LOCK))

    assert found.node("migrate").state is State.STARTING
    assert [one.name for one in found.inits] == ["migrate"]


def test_a_deleted_graph_waits_for_its_job_and_holds_what_it_holds() -> None:
    given = body(MIGRATE, API, inits=(RUNNING,), status=(was("api", State.HELD),), own=DELETING)

    waits = done(given, HELD, inits.job(), kept_in(), ITS_LOCK)
    assert waits.actions == ()
    assert said(read(waits)) == ("DeletionWaits", "waits until the end of migrate is recorded")
    ended = decided(given, HELD, inits.job(ended="Complete"), kept_in(), lease())
    assert isinstance(ended, Transition)
    assert read(ended).init("migrate").state is InitState.RECORDING
    assert read(ended).node("api").state is State.HELD


def test_meanwhile_traffic_follows_the_gates_of_what_runs() -> None:
    api = node("api", podReadiness=True, gates=[])
    given = body(MIGRATE, api, inits=(RUNNING,), status=(was("api", State.READY),), own=DELETING)
    runs = deployment(available=2, own_bar=True)
    fresh = graphs.pod(runs, "api-1", gated=True)

    plan = done(given, runs, fresh, inits.job(), kept_in(), ITS_LOCK)

    assert kinds(plan.actions) == ["Merge Pod"]


def test_then_it_lets_everything_go_and_the_finalizer_last() -> None:
    given = body(MIGRATE, API, inits=(COMPLETE,), status=(was("api", State.HELD),), own=DELETING)
    ended = inits.job(ended="Complete")

    plan = done(given, HELD, ended, kept_in(entry()), lease())
    assert kinds(plan.actions) == ["Patch Deployment", "Patch Job"]
    last = done(given, deployment(), inits.job(ended="Complete", kept=False), kept_in(entry()))
    (patch,) = last.actions
    assert isinstance(patch, Patch)
    assert patch.operations[0].path == "/metadata/finalizers"


def test_a_job_of_no_graph_goes_when_it_is_deleted() -> None:
    guardian, key = StartupGuardian(), Own.from_body(Body(body(MIGRATE))).meta.ref
    lost: Job = inits.job(ended="Complete", deleting=True)
    found = {one: graphs.selected(one, (lost,)) for one in guardian.wants(key).selections}

    work = guardian.plan(key, Observation(NOW, {}, found))

    assert kinds(work.actions) == ["Patch Job"]
