"""`graph resolve`: what is written, taken by the operator, and when nothing is."""

import re
from dataclasses import dataclass

import pytest

from sluice.cli.exits import Exit
from sluice.startup.init.record import Entry
from sluice.startup.init.states import State
from sluice.startup.init.status import InitStatus
from tests.cli.conftest import Command, Person
from tests.cli.graph_scenes import GRAPH, REF
from tests.cli.init_operator import Operator
from tests.cli.init_scenes import (
    BACK,
    BROKEN,
    DONE,
    DOWN,
    HALF,
    NODE,
    RECORD,
    entry,
    job_name,
    once,
    record,
    run,
    told,
    web,
)
from tests.cli.init_site import FAILED, OLD, UNDONE, UP, put, said_in, status_in
from tests.cli.server import Cluster

RESOLVE = ("graph", "resolve", GRAPH, NODE)
UNDO = ("graph", "down", GRAPH, NODE)
DIRTY = told(State.DIRTY, UP, HALF)
OTHER = run(checksum="v1:abcdef012345")
MISMATCH = told(State.MISMATCH, OTHER, DONE)
pytestmark = pytest.mark.usefixtures("hasty")


@dataclass(frozen=True, slots=True)
class Word:
    """A word about a node in a state of which the record tells; what the command says of it."""

    status: InitStatus
    known: Entry
    option: str
    told: str
    more: str


# How far it has come since, when the command looks.
GOES_ON = "Held|Running|Complete"
TAKEN = [
    Word(FAILED, entry(UP, BROKEN), "--applied", "Complete", "complete; nothing runs"),
    Word(FAILED, entry(UP, BROKEN), "--rerun", GOES_ON, "run version 43 again"),
    Word(DIRTY, entry(UP, HALF), "--applied", "Complete", "complete; nothing runs"),
    Word(DIRTY, entry(UP, HALF), "--rerun", GOES_ON, "run version 43 again"),
    Word(MISMATCH, entry(OTHER, DONE), "--accept", "Complete", "with the job that the graph"),
    Word(MISMATCH, entry(OTHER, DONE), "--applied", "Complete", "nothing runs"),
    Word(MISMATCH, entry(OTHER, DONE), "--rerun", GOES_ON, "run version 43 again, with"),
    Word(UNDONE, entry(UP, BACK), "--rerun", GOES_ON, "apply version 43, which was undone"),
]


@pytest.mark.parametrize("word", TAKEN, ids=[f"{w.status.state} {w.option}" for w in TAKEN])
def test_resolve_says_a_word_that_the_operator_takes(
    cluster: Cluster, operator: Operator, sluice: Command, word: Word
) -> None:
    put(cluster, word.status, word.known)

    said = sluice(*RESOLVE, word.option, "--yes")

    assert (said.code, said.out) == (Exit.DONE, "")
    assert word.more in said.err
    assert re.search(f"taken: migrate is ({word.told})", said.err)
    assert re.fullmatch(r"[A-Z][a-z]+ \S+ ada#[0-9a-f]{8}", said_in(cluster) or "")
    assert status_in(cluster.read(REF)).consumed == said_in(cluster)
    assert operator.passes


def test_the_word_carries_the_name_that_the_server_knows(cluster: Cluster, sluice: Command) -> None:
    put(cluster, FAILED, entry(UP, BROKEN))
    cluster.http.username = "system:serviceaccount:shop:deploy bot"

    sluice(*RESOLVE, "--applied", "--yes", "--timeout", "10ms")

    by = "system:serviceaccount:shop:deploy bot"
    assert (said_in(cluster) or "").startswith(f"Applied {job_name(UP)} {by}#")


def test_a_name_that_no_command_has_room_for_is_refused(cluster: Cluster, sluice: Command) -> None:
    put(cluster, FAILED, entry(UP, BROKEN))
    cluster.http.username = "a" * 129

    said = sluice(*RESOLVE, "--applied", "--yes")

    assert said.code == Exit.NEGATIVE
    assert "128 characters" in said.err
    assert cluster.http.written == []


def test_an_operator_that_does_not_answer_is_told_by_a_code_of_its_own(
    cluster: Cluster, sluice: Command
) -> None:
    put(cluster, FAILED, entry(UP, BROKEN))

    said = sluice(*RESOLVE, "--applied", "--yes", "--timeout", "50ms")

    assert said.code == Exit.TIMED_OUT
    assert "migrate is still Failed after" in said.err
    assert "sluice check" in said.err
    assert said_in(cluster) is not None


COMPLETE = told(State.COMPLETE, UP, DONE)
RUNNING = told(State.RUNNING, UP)
REFUSED = [
    pytest.param(
        Word(
            FAILED,
            entry(UP, BROKEN),
            "--accept",
            "--accept does not fit: migrate is Failed",
            "fix:   write --applied or --rerun",
        ),
        id="another word",
    ),
    pytest.param(
        Word(UNDONE, entry(UP, BACK), "--applied", "version 43 was undone", "write --rerun"),
        id="what was undone is not applied",
    ),
    pytest.param(
        Word(
            COMPLETE,
            entry(UP, DONE),
            "--rerun",
            "there is nothing to resolve: migrate is Complete",
            "sluice graph explain web migrate",
        ),
        id="what is complete",
    ),
    pytest.param(
        Word(
            RUNNING,
            entry(OLD, DONE),
            "--rerun",
            "migrate is Running: Job web-migrate",
            "wait for its end",
        ),
        id="what runs",
    ),
    pytest.param(
        Word(
            told(State.HELD),
            entry(UP, HALF),
            "--applied",
            "the operator has not written yet that the record says",
            "look again",
        ),
        id="what the operator has not seen yet",
    ),
]


@pytest.mark.parametrize("word", REFUSED)
def test_resolve_is_refused_where_it_makes_no_sense(
    cluster: Cluster, sluice: Command, word: Word
) -> None:
    put(cluster, word.status, word.known)

    said = sluice(*RESOLVE, word.option, "--yes")

    assert said.code == Exit.NEGATIVE
    assert word.told in said.err
    assert word.more in said.err
    assert cluster.http.written == []


def test_a_record_that_cannot_be_read_is_mended_first(cluster: Cluster, sluice: Command) -> None:
    put(cluster, FAILED)
    cluster.put(record(more={"version.43": "{"}))

    said = sluice(*RESOLVE, "--applied", "--yes")

    assert said.code == Exit.NEGATIVE
    assert "the record of migrate cannot be read" in said.err
    assert RECORD.name in said.err


def test_a_graph_that_goes_takes_no_word(cluster: Cluster, sluice: Command) -> None:
    put(cluster, FAILED, entry(UP, BROKEN))
    cluster.store.objects[REF]["metadata"]["deletionTimestamp"] = "2026-11-21T12:00:00Z"

    said = sluice(*RESOLVE, "--applied", "--yes")

    assert said.code == Exit.NEGATIVE
    assert "graph web is being deleted" in said.err


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        pytest.param((*RESOLVE,), Exit.USAGE, "--applied, --rerun and --accept", id="no word"),
        pytest.param((*RESOLVE, "--applied", "--rerun"), Exit.USAGE, "write one of", id="two"),
        pytest.param((*UNDO,), Exit.USAGE, "--to VERSION and --all", id="no version"),
        pytest.param((*UNDO, "--to", "1", "--all"), Exit.USAGE, "write one of", id="both"),
        pytest.param(
            (*RESOLVE[:3], "api", "--rerun"), Exit.NEGATIVE, "starts Deployment api", id="workload"
        ),
        pytest.param(
            (*RESOLVE[:3], "migrat", "--rerun"), Exit.NOT_FOUND, "did you mean migrate?", id="node"
        ),
        pytest.param(
            ("graph", "down", "wbe", NODE, "--all"), Exit.NOT_FOUND, "did you mean web?", id="graph"
        ),
    ],
)
def test_a_line_that_is_wrong_says_what_to_write(
    cluster: Cluster, sluice: Command, words: tuple[str, ...], code: Exit, sentence: str
) -> None:
    put(cluster, FAILED, entry(UP, BROKEN))

    said = sluice(*words)

    assert said.code == code
    assert sentence in said.err
    assert cluster.http.written == []


BOTH = [
    pytest.param((*RESOLVE, "--applied"), FAILED, entry(UP, BROKEN), id="resolve"),
    pytest.param((*UNDO, "--all"), COMPLETE, entry(UP, DONE), id="down"),
]


@pytest.mark.parametrize(("words", "status", "known"), BOTH)
def test_without_confirmation_nothing_is_written(
    cluster: Cluster, sluice: Command, words: tuple[str, ...], status: InitStatus, known: Entry
) -> None:
    put(cluster, status, known, init=once(NODE, "db", down=DOWN))

    said = sluice(*words)

    assert said.code == Exit.USAGE
    assert "--yes" in said.err
    assert cluster.http.written == []


@pytest.mark.parametrize(("words", "status", "known"), BOTH)
def test_a_dry_run_asks_the_server_and_writes_nothing(
    cluster: Cluster, sluice: Command, words: tuple[str, ...], status: InitStatus, known: Entry
) -> None:
    put(cluster, status, known, init=once(NODE, "db", down=DOWN))

    said = sluice(*words, "--dry-run")

    assert said.code == Exit.DONE
    assert "nothing is written; it would" in said.err
    assert cluster.http.tried == [REF.path]
    assert cluster.http.written == []


@pytest.mark.parametrize(
    ("answer", "code"),
    [pytest.param("n", Exit.USAGE, id="no"), pytest.param("y", Exit.DONE, id="yes")],
)
def test_a_person_is_asked_with_the_effect(
    cluster: Cluster, operator: Operator, sluice: Command, person: Person, answer: str, code: Exit
) -> None:
    put(cluster, FAILED, entry(UP, BROKEN))
    person.answer(answer)

    said = sluice(*RESOLVE, "--applied", person=person)

    assert said.code == code
    assert "have version 43 count as complete; nothing runs" in person.read()
    assert (said_in(cluster) is None) is (code is not Exit.DONE)
    assert operator.ends


def test_a_write_of_the_operator_in_between_is_no_conflict(
    cluster: Cluster, operator: Operator, sluice: Command
) -> None:
    put(cluster, FAILED, entry(UP, BROKEN))
    cluster.refuse("PATCH", 409, "Conflict", times=2)

    assert sluice(*RESOLVE, "--applied", "--yes").code == Exit.DONE
    assert operator.passes


def test_a_graph_that_never_stands_still_is_a_conflict(cluster: Cluster, sluice: Command) -> None:
    put(cluster, FAILED, entry(UP, BROKEN))
    cluster.refuse("PATCH", 409, "Conflict")

    said = sluice(*RESOLVE, "--applied", "--yes")

    assert said.code == Exit.CONFLICT
    assert "changed 5 times" in said.err


def test_another_failure_while_the_person_thought_is_a_conflict(
    cluster: Cluster, sluice: Command, person: Person
) -> None:
    put(cluster, FAILED, entry(UP, BROKEN))
    again = told(State.FAILED, run(number=2), BROKEN)

    def after_read() -> None:
        if cluster.http.requests.count(f"GET {REF.path}") == 2:
            cluster.put(web(once(NODE, "db"), again))

    cluster.http.after_read = after_read
    person.answer("y")

    said = sluice(*RESOLVE, "--applied", person=person)

    assert said.code == Exit.CONFLICT
    assert "changed meanwhile" in person.read()
    assert cluster.http.written == []


def test_a_graph_that_is_deleted_meanwhile_is_not_found(cluster: Cluster, sluice: Command) -> None:
    put(cluster, FAILED, entry(UP, BROKEN))
    cluster.http.on_watch = lambda: cluster.store.objects.get(REF) and cluster.store.delete(REF)

    said = sluice(*RESOLVE, "--applied", "--yes")

    assert said.code == Exit.NOT_FOUND
    assert "was deleted" in said.err


def test_a_graph_that_cannot_be_read_is_corrected_first(cluster: Cluster, sluice: Command) -> None:
    put(cluster, FAILED, entry(UP, BROKEN), init=once(NODE, "db", backoffLimit=-1))

    said = sluice(*RESOLVE, "--applied", "--yes")

    assert said.code == Exit.NEGATIVE
    assert "cannot be carried out" in said.err
