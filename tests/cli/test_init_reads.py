"""What `graph list`, `get`, `show` and `explain` say of nodes that run once."""

import json
from dataclasses import replace

import pytest

from sluice.cli.exits import Exit
from sluice.cli.graph.drawing import dot_of, ranked
from sluice.cli.graph.explaining import explanation
from sluice.cli.graph.init_stories import InitStory, init_stories
from sluice.cli.graph.reads import picture
from sluice.cli.graph.stories import Story, stories
from sluice.cli.render import drawn_table
from sluice.cli.views.glyphs import UNICODE
from sluice.model.json import Body, Json, JsonObject
from sluice.model.references import CONFIGMAPS
from sluice.startup.init.lock import Holder
from sluice.startup.init.run import Direction, Result
from sluice.startup.init.states import State
from sluice.startup.init.status import InitStatus
from sluice.startup.spec import GraphSpec
from sluice.startup.states import State as NodeState
from sluice.startup.status import Phase
from tests.cli.conftest import Command
from tests.cli.golden import assert_golden, piped
from tests.cli.graph_scenes import (
    GRAPH,
    HTTP,
    NOW,
    REF,
    condition,
    deployment,
    graph,
    node,
    overview,
    scene,
    seen,
    stateful_set,
    status,
)
from tests.cli.init_scenes import (
    BROKEN,
    DONE,
    HALF,
    LOCK,
    NODE,
    RECORD,
    entry,
    init_job,
    init_of,
    init_pod,
    job_name,
    lease,
    once,
    record,
    run,
    told,
    web,
)
from tests.cli.server import Cluster

UP = run()
DB, API = stateful_set("db", 3), deployment("api", held=True)
# Of four: one failed, one waits for a lock, one runs, one undoes.
QUEUE = once("queue", "db", kind="Queue", version=None)
SEED = once("seed", NODE, kind="Task", version="7", lock=LOCK)
OWN_QUEUE = run(init_of(QUEUE).version, lock=init_of(QUEUE).lock)
CUT = "version 43 failed: 3 tries, exit code 1: no column price"
STATES = (
    replace(told(State.FAILED, UP, BROKEN), reasons=(CUT, "apply a mended job")),
    replace(told(State.RUNNING, OWN_QUEUE), name="queue", job="web-queue-1"),
    replace(told(State.HELD), name="seed", since=NOW - 30.0),
)
MANY = graph(
    node("db", kind="StatefulSet"),
    once(NODE, "db"),
    QUEUE,
    SEED,
    node("api", NODE, {"node": "queue", "optional": True}),
    status=status(
        Phase.FAILED,
        seen("db", NodeState.READY, ago=600.0, released_at=NOW - 700.0, started=True),
        seen("api", NodeState.BLOCKED, message=f"failed: {NODE} Complete"),
        inits=STATES,
        message=f"{NODE}: {CUT}",
        conditions=(condition("Stalled", holds=True, reason="InitFailed", message=CUT),),
    ),
)
LOG = "\n".join(f"line {number}" for number in range(1, 8)) + "\n\x1b[31mno column price\n"
KEPT = record(entry(UP, BROKEN), logs={"43": LOG})
AROUND = (DB, API, KEPT, lease(), init_job(UP, ended="Failed", kept=False))


def test_get_shows_what_runs_once_by_kind_and_version() -> None:
    assert_golden("init_get", piped(picture(overview(MANY), NOW, "sluice", UNICODE)))


def test_show_draws_what_runs_once() -> None:
    spec = GraphSpec.from_body(Body(MANY).body("spec"), GRAPH)

    shown = piped(drawn_table(ranked(overview(MANY), spec), UNICODE))

    assert_golden("init_show", shown + dot_of(overview(MANY), spec))


def test_explain_shows_run_log_lock_parents_and_the_next_step() -> None:
    found = scene(MANY, *AROUND, lease(Holder("cart-seed-1", "", "cart/seed"), lock=LOCK))
    data = Body(KEPT).labels("data")

    told_of: tuple[Story | InitStory, ...] = (
        *init_stories(found, "sluice", {NODE: data}),
        *stories(found, "sluice"),
    )
    shown = piped(explanation(overview(MANY), found, told_of, UNICODE))

    assert_golden("init_explain", shown)


@pytest.mark.parametrize(
    ("reason", "following"),
    [
        pytest.param("InitDirty", "mend what is half done, and say so", id="half done"),
        pytest.param("InitMismatch", "write a new version, or say what is so", id="mismatch"),
        pytest.param("RecordUnreadable", "mend that ConfigMap", id="a record that is unreadable"),
    ],
)
def test_the_head_says_what_a_person_has_to_do(reason: str, following: str) -> None:
    stalled = condition("Stalled", holds=True, reason=reason, message="so it is")
    found = overview(graph(once(NODE), status=status(Phase.FAILED, conditions=(stalled,))))

    assert found.following.startswith(following)


def story(
    of: InitStatus, *objects: JsonObject, init: JsonObject | None = None, **spec: Json
) -> InitStory:
    body = web(init or once(NODE, "db"), of, **spec)
    (found,) = init_stories(scene(body, API, *objects), "sluice", {}, NODE)
    return found


DOWN = run(number=2, direction=Direction.DOWN)
CART = init_of(once(NODE, lock=LOCK), "cart")
SHARED = run(lock=LOCK, checksum=CART.checksum)
NEXT = [
    pytest.param(
        story(told(State.HELD), DB, record(), lease()),
        "the operator writes Running, because every parent is satisfied, the lock and a slot are "
        "free, nothing is suspended",
        id="what is about to run",
    ),
    pytest.param(story(told(State.HELD)), "runs when these are satisfied", id="a parent"),
    pytest.param(
        story(told(State.HELD), DB, suspend=True),
        "runs after sluice graph resume web",
        id="suspend",
    ),
    pytest.param(
        story(told(State.RUNNING, UP), DB),
        "it is looked for; gone without a record, the node becomes Dirty",
        id="a Job that was seen and is not there",
    ),
    pytest.param(
        story(told(State.RUNNING, UP, uid=""), DB),
        f"the operator makes Job {job_name(UP)}; if that lasts: sluice check",
        id="a Job that is not there yet",
    ),
    pytest.param(
        story(told(State.RUNNING, UP), DB, init_job(UP), init_pod(UP)),
        "its end is recorded when its Job is over",
        id="a Job that runs",
    ),
    pytest.param(
        story(told(State.RECORDING, UP, DONE), DB, record(), lease()),
        "the operator writes the record; if that lasts: sluice check",
        id="what is being recorded",
    ),
    pytest.param(
        story(told(State.COMPLETE, UP, DONE), record(entry(UP, DONE)), DB),
        "nothing: this version does not run again, another one does",
        id="what is complete",
    ),
    pytest.param(
        story(told(State.DIRTY, UP, HALF), record(entry(UP, HALF)), DB),
        "mend it, then: sluice graph resolve web migrate --applied or --rerun",
        id="what is half done, with the operator's own advice",
    ),
    pytest.param(
        story(
            told(State.HELD),
            DB,
            record(lock=LOCK),
            lease(Holder(job_name(SHARED, "cart"), "uid", "cart/migrate"), lock=LOCK),
            init_job(SHARED, ended="Complete", init=CART),
            init=once(NODE, "db", lock=LOCK),
        ),
        "runs when a record tells of that Job, which gives the lock back",
        id="a lock that another Job has",
    ),
]


@pytest.mark.parametrize(("found", "following"), NEXT)
def test_the_next_step_is_told(found: InitStory, following: str) -> None:
    assert found.following == following


def first(body: JsonObject, *objects: JsonObject) -> InitStory:
    (found,) = init_stories(scene(body, API, *objects), "sluice", {}, NODE)
    return found


def test_nothing_more_runs_of_a_graph_that_is_deleted() -> None:
    body = web(once(NODE, "db"), told(State.HELD))
    metadata = {**Body(body).body("metadata").value, "deletionTimestamp": "2026-11-21T12:00:00Z"}

    found = first({**body, "metadata": metadata}, DB)

    assert (found.why, found.following) == ("it is being removed", "nothing more runs")


def test_a_graph_with_a_fault_is_corrected_first() -> None:
    body = graph(
        once(NODE, {"node": "dbb"}), status=status(Phase.PENDING, inits=(told(State.HELD),))
    )

    found = first(body)

    assert found.why == "the graph cannot be carried out"
    assert found.following == "correct the graph, until then nothing runs"


def test_what_is_to_be_undone_again_waits_for_its_children() -> None:
    again = entry(DOWN, replace(BROKEN, result=Result.REOPENED, by="ada"))
    body = web(once(NODE, "db", down={"image": "shop/migrate:43"}), told(State.HELD))

    found = init_stories(
        scene(body, deployment("api", 3), DB, record(again), lease()), "sluice", {}, NODE
    )

    assert found[0].why == "version 43 stays: stop api first, and ask again"
    assert found[0].following == "nothing of this node runs before"


def test_the_last_words_of_a_success_are_shown_as_well() -> None:
    spoke = replace(DONE, said="3 applied", by="ada")
    kept = told(State.COMPLETE, UP, spoke)

    shown = piped(
        explanation(overview(web(once(NODE), kept)), scene(web(once(NODE))), [story(kept)], UNICODE)
    )

    assert "it said: 3 applied" in shown
    assert "Complete is what ada says" in shown


def test_a_host_that_the_operator_found_no_fault_with_is_none(
    cluster: Cluster, sluice: Command
) -> None:
    outside: JsonObject = {"name": "pay", "http": {"url": "https://pay.example.com/"}}
    cluster.put(
        graph(
            node("api", gates=[outside]),
            once(NODE, "api"),
            status=status(Phase.STARTING, seen("api", NodeState.GATING, released_at=NOW)),
        ),
        deployment("api", 3),
    )
    seen_by_the_operator = sluice("graph", "explain", GRAPH).out
    cluster.store.set(REF, "status.observedGeneration", 0)
    not_seen = sluice("graph", "explain", GRAPH).out

    assert "pay.example.com is no Service" not in seen_by_the_operator
    assert "pay.example.com is no Service" in not_seen


def test_a_slot_that_is_taken_is_waited_for() -> None:
    extra = once("seed", "db", kind="Task", version="7")
    busy = replace(told(State.RUNNING, run("7", lock="web/seed")), name="seed")
    body = graph(
        node("db", kind="StatefulSet"),
        once(NODE, "db"),
        extra,
        maxParallel=1,
        status=status(
            Phase.STARTING,
            seen("db", NodeState.READY, released_at=NOW),
            inits=(told(State.HELD), busy),
        ),
    )

    (found,) = init_stories(scene(body, DB, record(), lease()), "sluice", {}, NODE)

    assert found.following == "runs when one of 1 slots (maxParallel) is free; taken by seed"


def test_a_parent_whose_gates_the_operator_alone_counts_is_left_open() -> None:
    body = graph(
        node("db", gates=[HTTP]),
        once(NODE, "db"),
        status=status(
            Phase.STARTING,
            seen("db", NodeState.DEGRADED, released_at=NOW),
            inits=(told(State.HELD),),
        ),
    )

    (found,) = init_stories(scene(body, deployment("db", 3)), "sluice", {}, NODE)

    assert [parent.met for parent in found.parents] == [None]
    assert found.following == "runs when these are satisfied"


def test_the_state_may_speak_of_another_version_or_of_undoing() -> None:
    shown = piped(
        explanation(
            overview(web(once(NODE), told(State.RUNNING, DOWN))),
            scene(web(once(NODE), told(State.RUNNING, DOWN))),
            [story(told(State.RUNNING, DOWN))],
            UNICODE,
        )
    )

    assert "Migration 43; the state speaks of undoing version 43" in shown


@pytest.fixture
def many(cluster: Cluster) -> None:
    cluster.put(MANY, *AROUND)


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize(
    "words",
    [
        pytest.param(("list",), id="list"),
        pytest.param(("get", GRAPH), id="get"),
        pytest.param(("explain", GRAPH), id="explain"),
        pytest.param(("explain", GRAPH, NODE), id="explain of the node"),
        pytest.param(("show", GRAPH), id="show"),
        pytest.param(("show", GRAPH, "--format", "dot"), id="show as dot"),
    ],
)
def test_reading_changes_nothing(cluster: Cluster, sluice: Command, words: tuple[str, ...]) -> None:
    said = sluice("graph", *words)

    assert (said.code, said.err) == (Exit.DONE, "")
    assert "\x1b" not in said.out
    assert cluster.http.writes == []


@pytest.mark.usefixtures("many")
def test_explain_of_a_node_shows_its_log_whole_and_of_the_graph_its_end(sluice: Command) -> None:
    whole = sluice("graph", "explain", GRAPH, NODE).out
    end = sluice("graph", "explain", GRAPH).out

    assert "log, its end:" in whole
    assert "line 1\n" in whole
    assert "log, the last 5 lines:" in end
    assert "line 1\n" not in end
    assert "no column price" in end


@pytest.mark.usefixtures("many")
def test_explain_tells_programs_of_what_runs_once(sluice: Command) -> None:
    value = json.loads(sluice("graph", "explain", GRAPH, "-o", "json").out)

    nodes = {item["name"]: item for item in value["nodes"]}
    assert list(nodes) == [NODE, "queue", "seed", "api"]
    failed = nodes[NODE]
    assert (failed["kind"], failed["version"], failed["state"]) == ("Migration", "43", "Failed")
    assert failed["outcome"]["exitCode"] == 1
    assert failed["tries"] == 3
    assert failed["message"] == CUT
    assert failed["log"] == LOG
    assert nodes["queue"]["logAt"] == ""
    assert nodes["seed"]["waitsFor"][0]["node"] == NODE


def test_where_to_read_is_told_of_a_job_that_no_record_tells_of(
    cluster: Cluster, sluice: Command
) -> None:
    holder = Holder(job_name(UP), "", f"{GRAPH}/{NODE}")
    cluster.put(web(once(NODE, "db"), told(State.RUNNING, UP)), DB, API, record(), lease(holder))
    cluster.put(init_job(UP), init_pod(UP))

    out = sluice("graph", "explain", GRAPH, NODE).out

    assert f"log: kubectl logs -n shop job/{job_name(UP)}" in out
    assert f"lock web/migrate: Job {job_name(UP)} of web/migrate has it" in out


def test_records_and_locks_are_read_by_the_labels_by_which_the_operator_sees_them(
    cluster: Cluster, sluice: Command
) -> None:
    bare = {**record(entry(UP, DONE)), "metadata": {"name": RECORD.name, "namespace": "shop"}}
    cluster.put(web(once(NODE, "db"), told(State.HELD)), DB, API)
    cluster.store.create(CONFIGMAPS, "shop", bare)

    out = sluice("graph", "explain", GRAPH, NODE).out

    assert "the operator writes Running" in out


@pytest.mark.usefixtures("many")
def test_a_record_that_is_purged_meanwhile_has_no_log(cluster: Cluster, sluice: Command) -> None:
    cluster.http.refusals[RECORD.path] = (404, "NotFound")

    said = sluice("graph", "explain", GRAPH, NODE)

    assert said.code == Exit.DONE
    assert f"log: kubectl logs -n shop job/{job_name(UP)}" in said.out


def test_what_runs_once_is_not_released(cluster: Cluster, sluice: Command) -> None:
    cluster.put(web(once(NODE, "db"), told(State.HELD)), DB, API)

    said = sluice("graph", "release", GRAPH, NODE, "--yes")

    assert said.code == Exit.NEGATIVE
    assert "there is nothing to release" in said.err
