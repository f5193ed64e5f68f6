"""`graph down`: which versions are undone, what becomes of that, and when nothing is."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from sluice.cli.exits import Exit
from sluice.cli.graph.undoing import down
from sluice.cli.orders import Refused
from sluice.model.json import Body
from sluice.startup.init.lock import Holder
from sluice.startup.init.run import Direction
from sluice.startup.init.states import State
from sluice.startup.status import Phase
from tests.builders import CREATED
from tests.cli.conftest import Command
from tests.cli.graph_scenes import (
    GRAPH,
    REF,
    condition,
    deployment,
    graph,
    job,
    node,
    scene,
    stateful_set,
    status,
)
from tests.cli.init_operator import Operator
from tests.cli.init_scenes import (
    BACK,
    BROKEN,
    DONE,
    DOWN,
    LOCK,
    NODE,
    RECORD,
    entry,
    init_of,
    lease,
    once,
    record,
    run,
    told,
)
from tests.cli.init_site import FAILED, OLD, UNDONE, UP, put, status_in
from tests.cli.server import Cluster

UNDO = ("graph", "down", GRAPH, NODE)
pytestmark = pytest.mark.usefixtures("hasty")

# 42 and 43 are in effect, and the record keeps what undoes 42.
STEPS = once(NODE, "db", down=DOWN)
BOTH_DONE = (entry(OLD, DONE, 1, DOWN), entry(UP, DONE, 2))
DONE_43 = told(State.COMPLETE, UP, DONE)


@pytest.mark.parametrize(
    ("words", "versions"),
    [
        pytest.param(("--to", "42"), ["43"], id="down to a version"),
        pytest.param(("--all",), ["43", "42"], id="everything, the latest first"),
    ],
)
def test_down_undoes_and_tells_what_was_undone(
    cluster: Cluster,
    operator: Operator,
    sluice: Command,
    words: tuple[str, ...],
    versions: list[str],
) -> None:
    put(cluster, DONE_43, *BOTH_DONE, init=STEPS)

    said = sluice(*UNDO, *words, "--yes")

    assert said.code == Exit.DONE
    assert f"undo version {', then '.join(versions)}" in said.err
    assert f"undone: {', '.join(versions)}" in said.err
    assert "version 43 was undone" in said.err
    entries = Body(cluster.read(RECORD)).labels("data")
    assert [name for name, text in entries.items() if '"result":"Undone"' in text] == [
        f"version.{version}" for version in sorted(versions)
    ]
    assert operator.passes


def test_a_step_that_fails_ends_down_with_what_it_said(
    cluster: Cluster, operator: Operator, sluice: Command
) -> None:
    operator.ends = "Failed"
    put(cluster, DONE_43, *BOTH_DONE, init=STEPS)

    said = sluice(*UNDO, "--all", "--yes")

    assert said.code == Exit.NEGATIVE
    assert "undoing version 43 is Failed, without an exit code" in said.err
    assert "sluice graph explain web migrate" in said.err


def test_what_starts_again_meanwhile_stops_down_half_way(
    cluster: Cluster, operator: Operator, sluice: Command
) -> None:
    put(cluster, DONE_43, *BOTH_DONE, init=STEPS)

    def start() -> None:
        if status_in(cluster.store.get(REF)).state is State.RECORDING:
            cluster.put(deployment("api", 3))

    operator.after = start

    said = sluice(*UNDO, "--all", "--yes")

    assert said.code == Exit.NEGATIVE
    assert "undone: 43" in said.err
    assert "version 42 stays: stop api first" in said.err


def test_down_takes_longer_than_a_person_waits(cluster: Cluster, sluice: Command) -> None:
    put(cluster, DONE_43, *BOTH_DONE, init=STEPS)

    said = sluice(*UNDO, "--to", "42", "--yes", "--timeout", "50ms")

    assert said.code == Exit.TIMED_OUT
    assert "the command stands" in said.err


def suspended(cluster: Cluster) -> None:
    put(cluster, DONE_43, *BOTH_DONE, init=STEPS, suspend=True)


def running(cluster: Cluster) -> None:
    put(cluster, DONE_43, *BOTH_DONE, init=STEPS, running=True)


def failed(cluster: Cluster) -> None:
    put(cluster, FAILED, entry(OLD, DONE), entry(UP, BROKEN, 2), init=STEPS)


def without_step(cluster: Cluster) -> None:
    put(cluster, DONE_43, *BOTH_DONE)


def without_older_step(cluster: Cluster) -> None:
    put(cluster, DONE_43, entry(OLD, DONE), entry(UP, DONE, 2), init=STEPS)


def going(cluster: Cluster) -> None:
    put(cluster, told(State.RUNNING, run("43", 2, direction=Direction.DOWN)), *BOTH_DONE)


NO_DOWN = [
    pytest.param(
        suspended, ("--all",), "graph web is suspended", "sluice graph resume web", id="suspended"
    ),
    pytest.param(
        running,
        ("--all",),
        "version 43 stays while what needs it runs: api",
        "kubectl scale deployment api -n shop --replicas=0",
        id="children run",
    ),
    pytest.param(failed, ("--all",), "migrate is Failed", "resolve it first", id="failed"),
    pytest.param(
        without_step,
        ("--to", "42"),
        "version 43 stays: it has no step that undoes it",
        "write init.down",
        id="no step",
    ),
    pytest.param(
        without_older_step,
        ("--all",),
        "version 42 stays: it has no step that undoes it",
        "--to 42 undoes only what came after it: 43",
        id="no step of an older one",
    ),
    pytest.param(
        running,
        ("--to", "7"),
        "version 7 is not in the record, which has 42, 43",
        "sluice graph history web migrate",
        id="no such version",
    ),
    pytest.param(going, ("--all",), "migrate is Running", "wait for its end", id="it runs"),
]


@pytest.mark.parametrize(("spoil", "words", "sentence", "fix"), NO_DOWN)
def test_down_is_refused_with_what_to_do(
    cluster: Cluster,
    sluice: Command,
    spoil: Callable[[Cluster], None],
    words: tuple[str, ...],
    sentence: str,
    fix: str,
) -> None:
    spoil(cluster)

    said = sluice(*UNDO, *words, "--yes")

    assert said.code == Exit.NEGATIVE
    assert sentence in said.err
    assert fix in said.err
    assert cluster.http.written == []


def test_what_is_undone_already_needs_no_word(cluster: Cluster, sluice: Command) -> None:
    put(cluster, UNDONE, entry(OLD, DONE), entry(UP, BACK, 2), init=STEPS)

    said = sluice(*UNDO, "--to", "42", "--yes")

    assert said.code == Exit.DONE
    assert "nothing to do: nothing above version 42 is in effect" in said.err
    assert cluster.http.written == []


def test_down_says_which_lock_it_waits_for(cluster: Cluster, sluice: Command) -> None:
    init = once(NODE, "db", down=DOWN, lock=LOCK)
    there = run(lock=LOCK, checksum=init_of(init).checksum)
    put(cluster, told(State.COMPLETE, there, DONE), init=init)
    cluster.put(record(entry(there, DONE), lock=LOCK))
    cluster.put(lease(Holder("cart-migrate-1", "uid", "cart/migrate"), lock=LOCK))

    said = sluice(*UNDO, "--all", "--dry-run")

    assert said.code == Exit.DONE
    assert "it waits for lock web-db, which Job cart-migrate-1 of cart/migrate has" in said.err


def test_what_is_asked_for_and_was_never_applied_follows(cluster: Cluster, sluice: Command) -> None:
    put(cluster, told(State.HELD), entry(OLD, DONE, 1, DOWN), init=STEPS)

    said = sluice(*UNDO, "--all", "--dry-run")

    assert "undo version 42; then version 43 is applied, for which the graph asks" in said.err


def invalid(cluster: Cluster) -> None:
    put(cluster, DONE_43, *BOTH_DONE, init=STEPS)
    stalled = condition("Stalled", holds=True, reason="InvalidGraph", message="a cycle").to_json()
    conditions = Body(cluster.store.get(REF)).json("status", "conditions")
    assert isinstance(conditions, list)
    cluster.store.set(REF, "status.conditions", [*conditions, stalled])


def test_a_graph_that_cannot_be_carried_out_undoes_nothing(
    cluster: Cluster, sluice: Command
) -> None:
    invalid(cluster)

    said = sluice(*UNDO, "--all", "--yes")

    assert said.code == Exit.NEGATIVE
    assert "graph web cannot be carried out: a cycle" in said.err


def test_a_graph_that_went_back_a_version_keeps_that_one(cluster: Cluster, sluice: Command) -> None:
    back = once(NODE, "db", version="42", down=DOWN)
    put(
        cluster,
        told(State.COMPLETE, OLD, DONE),
        entry(OLD, DONE, 1),
        entry(UP, DONE, 2, DOWN),
        init=back,
    )

    said = sluice(*UNDO, "--to", "42", "--dry-run")

    assert said.code == Exit.DONE
    assert said.err.endswith("it would undo version 43\n")


STOPS = [
    pytest.param("StatefulSet", "kubectl scale statefulset api -n shop --replicas=0", id="set"),
    pytest.param("Job", "kubectl delete job api -n shop", id="Job"),
]


@pytest.mark.parametrize(("kind", "command"), STOPS)
def test_how_a_child_is_stopped_is_told_by_its_kind(kind: str, command: str) -> None:
    child = stateful_set("api", 3) if kind == "StatefulSet" else job("api", {"startTime": CREATED})
    body = graph(
        once(NODE, down=DOWN),
        node("api", NODE, kind=kind),
        status=status(Phase.READY, inits=(DONE_43,)),
    )
    found = scene(body, child, record(*BOTH_DONE), lease())

    answer = down(found, found.inits[NODE], "42")

    assert isinstance(answer, Refused)
    assert answer.fix == command


def test_a_child_that_runs_once_is_waited_for() -> None:
    seed = replace(told(State.RUNNING, run()), name="seed")
    body = graph(
        once(NODE, down=DOWN), once("seed", NODE), status=status(Phase.READY, inits=(DONE_43, seed))
    )
    found = scene(body, record(*BOTH_DONE), lease())

    answer = down(found, found.inits[NODE], "42")

    assert isinstance(answer, Refused)
    assert answer.sentence == "version 43 stays while what needs it runs: seed"
    assert answer.fix == "wait for the end of seed: sluice graph explain web seed"
