"""`graph purge`: what is deleted of a history, and when nothing is."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from sluice.cli.exits import Exit
from sluice.model.json import Body, Json, JsonObject
from sluice.model.references import JOBS, ObjectRef
from sluice.startup.init.lock import Holder
from sluice.startup.init.states import State
from sluice.startup.init.status import InitStatus
from tests.builders import NAMESPACE
from tests.cli.conftest import Command, Person
from tests.cli.graph_scenes import GRAPH, REF
from tests.cli.init_scenes import (
    BACK,
    BROKEN,
    DONE,
    HALF,
    LOCK,
    NODE,
    RECORD,
    entry,
    init_job,
    init_pod,
    job_name,
    lease,
    once,
    record,
    record_of,
    run,
    told,
    web,
)
from tests.cli.server import Cluster

OLD, UP = run("42"), run()
PURGE = ("graph", "purge", GRAPH, NODE)
COMPLETE = told(State.COMPLETE, UP, DONE)
KEPT = record(entry(OLD, DONE, 1), entry(UP, DONE, 2), logs={"42": "one", "43": "two"})


def ref_of(name: str) -> ObjectRef:
    return ObjectRef(JOBS, NAMESPACE, name)


NEW_JOB, OLD_JOB = ref_of(job_name(UP)), ref_of(job_name(OLD))


@pytest.fixture(autouse=True)
def ended(cluster: Cluster) -> None:
    """Leave two versions that ended, with their Jobs; the finalizer is on one still."""
    cluster.put(web(once(NODE, "db"), COMPLETE), KEPT, lease())
    cluster.put(init_job(OLD, ended="Complete", kept=False), init_job(UP, ended="Complete"))


def there(cluster: Cluster, *refs: ObjectRef) -> list[bool]:
    return [ref in cluster.store.objects for ref in refs]


def keys(cluster: Cluster) -> list[str]:
    return sorted(Body(cluster.store.get(RECORD)).labels("data"))


def test_purge_deletes_the_record_and_the_jobs_that_it_tells_of(
    cluster: Cluster, sluice: Command
) -> None:
    said = sluice(*PURGE, "--yes")

    assert (said.code, said.out) == (Exit.DONE, "")
    assert there(cluster, RECORD, NEW_JOB, OLD_JOB) == [False, False, False]
    assert "forget versions 42, 43 of migrate for good, and delete 2 Jobs" in said.err
    assert "the graph that is there stays as it is, the next one runs everything" in said.err
    # Without its record a Job that ended would be taken over as if it had never been recorded.
    assert cluster.http.written[-1] == RECORD.path


@pytest.mark.parametrize("given", ["43"])
def test_one_version_is_forgotten_with_its_job_and_log(
    cluster: Cluster, sluice: Command, given: str
) -> None:
    said = sluice(*PURGE, "--version", given, "--yes")

    assert said.code == Exit.DONE
    assert keys(cluster) == ["format", "log.42", "version.42"]
    assert there(cluster, NEW_JOB, OLD_JOB) == [False, True]
    assert "forget version 43 of migrate for good, and delete 1 Job;" in said.err


def test_what_was_recorded_of_a_graph_that_is_gone_is_purged_as_well(
    cluster: Cluster, sluice: Command
) -> None:
    del cluster.store.objects[REF]

    said = sluice(*PURGE, "--yes")

    assert said.code == Exit.DONE
    assert "a new graph web runs everything again" in said.err
    assert there(cluster, RECORD, NEW_JOB) == [False, False]


def test_a_lock_that_the_graph_named_is_given_when_that_is_gone(
    cluster: Cluster, sluice: Command
) -> None:
    shared = run(lock=LOCK)
    cluster.store.objects.clear()
    cluster.put(record(entry(shared, DONE), lock=LOCK), init_job(shared, ended="Complete"))

    without = sluice(*PURGE, "--yes")
    said = sluice(*PURGE, "--lock", LOCK, "--yes")

    assert without.err.startswith("nothing to do: nothing is recorded of node migrate of graph web")
    assert said.code == Exit.DONE
    assert there(cluster, record_of(LOCK), ref_of(job_name(shared))) == [False, False]


AFTER = [
    pytest.param(told(State.DIRTY, UP, HALF), "stays Dirty until it is resolved", id="half done"),
    pytest.param(told(State.FAILED, UP, BROKEN), "stays Failed until it is", id="failed"),
    pytest.param(told(State.HELD, UP, BACK), "may run again at once what it asks for", id="held"),
]


@pytest.mark.parametrize(("status", "sentence"), AFTER)
def test_purge_says_what_follows(
    cluster: Cluster, sluice: Command, status: InitStatus, sentence: str
) -> None:
    cluster.put(web(once(NODE, "db"), status))

    assert sentence in sluice(*PURGE, "--dry-run").err


@pytest.mark.parametrize(
    ("words", "tried"),
    [
        pytest.param((), [NEW_JOB, NEW_JOB, OLD_JOB, RECORD], id="all"),
        pytest.param(("--version", "42"), [OLD_JOB, RECORD], id="one version"),
    ],
)
def test_a_dry_run_asks_the_server_and_deletes_nothing(
    cluster: Cluster, sluice: Command, words: tuple[str, ...], tried: list[ObjectRef]
) -> None:
    said = sluice(*PURGE, *words, "--dry-run")

    assert said.code == Exit.DONE
    assert "nothing is deleted; it would forget version" in said.err
    assert sorted(cluster.http.tried) == sorted(ref.path for ref in tried)
    assert cluster.http.written == []


def test_without_confirmation_nothing_is_deleted(cluster: Cluster, sluice: Command) -> None:
    said = sluice(*PURGE)

    assert said.code == Exit.USAGE
    assert "add --yes" in said.err
    assert cluster.http.written == []


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        pytest.param("y", Exit.USAGE, id="a mere yes"),
        pytest.param("", Exit.USAGE, id="nothing"),
        pytest.param(NODE, Exit.DONE, id="the name"),
    ],
)
def test_a_person_writes_the_name_of_the_node(
    cluster: Cluster, sluice: Command, person: Person, answer: str, code: Exit
) -> None:
    person.answer(answer)

    said = sluice(*PURGE, person=person)

    assert said.code == code
    assert "Write migrate to go on" in person.read()
    assert there(cluster, RECORD) == [code is not Exit.DONE]


def with_status(status: InitStatus) -> JsonObject:
    return web(once(NODE, "db"), status)


def unrecorded(cluster: Cluster) -> None:
    cluster.put(record(entry(OLD, DONE)))


def unrecorded_of_a_graph_that_is_gone(cluster: Cluster) -> None:
    unrecorded(cluster)
    del cluster.store.objects[REF]


def unread(cluster: Cluster) -> None:
    cluster.put(record(entry(OLD, DONE), more={"version.43": "{"}))


def loose_pod(cluster: Cluster) -> None:
    cluster.put(init_pod(run("41")))


def malformed(cluster: Cluster) -> None:
    body: dict[str, Json] = {**web(once(NODE, "db")), "spec": {"nodes": []}}
    cluster.put(body)


KEEPS = [
    pytest.param(
        lambda c: c.put(with_status(told(State.RUNNING, UP))),
        "migrate is Running",
        "wait for its end: sluice graph explain web migrate",
        id="it runs",
    ),
    pytest.param(
        lambda c: c.put(with_status(told(State.RECORDING, UP, DONE))),
        "migrate is Recording",
        "wait for its end",
        id="it is being recorded",
    ),
    pytest.param(
        lambda c: c.put(lease(Holder("cart-1", "uid", "cart/migrate"))),
        "Job cart-1 of cart/migrate has lock web/migrate",
        "kubectl delete lease -n shop sluice-lock",
        id="somebody has the lock",
    ),
    pytest.param(
        lambda c: c.put(init_job(UP)),
        f"Job {job_name(UP)} of migrate still runs",
        "wait for its end",
        id="a Job runs",
    ),
    pytest.param(
        lambda c: c.put(init_pod(UP)),
        f"Job {job_name(UP)} of migrate still runs",
        "wait for its end",
        id="a pod of a Job runs",
    ),
    pytest.param(
        loose_pod,
        "of migrate still runs",
        "wait for its end",
        id="a pod without a Job runs",
    ),
    pytest.param(
        unrecorded,
        f"Job {job_name(UP)} is kept until a record tells of it, and none does",
        "the operator records it; if that lasts: sluice check",
        id="a Job that is not recorded",
    ),
    pytest.param(
        unrecorded_of_a_graph_that_is_gone,
        f"Job {job_name(UP)} is kept until a record tells of it",
        "apply graph web again",
        id="a Job that is not recorded, without a graph",
    ),
    pytest.param(
        unread,
        "the record cannot be read",
        "purge --version VERSION deletes one",
        id="a record that cannot be read, and a Job that is kept",
    ),
    pytest.param(
        malformed,
        "cannot be carried out",
        "correct the spec",
        id="a graph that cannot be read",
    ),
]


@pytest.mark.parametrize(("spoil", "sentence", "fix"), KEEPS)
def test_what_runs_or_is_not_known_is_kept(
    cluster: Cluster,
    sluice: Command,
    spoil: Callable[[Cluster], object],
    sentence: str,
    fix: str,
) -> None:
    spoil(cluster)

    said = sluice(*PURGE, "--yes")

    assert said.code == Exit.NEGATIVE
    assert sentence in said.err
    assert fix in said.err
    assert cluster.http.written == []


def test_a_version_that_cannot_be_read_is_forgotten_alone(
    cluster: Cluster, sluice: Command
) -> None:
    cluster.put(record(entry(OLD, DONE), more={"version.43": "{"}))
    del cluster.store.objects[NEW_JOB]

    assert sluice(*PURGE, "--version", "43", "--yes").code == Exit.DONE
    assert keys(cluster) == ["format", "version.42"]


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        pytest.param(
            (*PURGE, "--version", "7"),
            Exit.NEGATIVE,
            "version 7 is not in the record, which has 42",
            id="version",
        ),
        pytest.param((*PURGE[:3], "migrat"), Exit.NOT_FOUND, "did you mean migrate?", id="node"),
        pytest.param((*PURGE[:3], "api"), Exit.NEGATIVE, "starts Deployment api", id="workload"),
        pytest.param(
            ("graph", "purge", "wbe", NODE), Exit.NOT_FOUND, "nothing is recorded of", id="graph"
        ),
    ],
)
def test_what_is_not_there_is_told(
    cluster: Cluster, sluice: Command, words: tuple[str, ...], code: Exit, sentence: str
) -> None:
    said = sluice(*words, "--yes")

    assert said.code == code
    assert sentence in said.err
    assert cluster.http.written == []


def test_a_node_that_never_ran_has_nothing_to_purge(cluster: Cluster, sluice: Command) -> None:
    cluster.store.objects.clear()
    cluster.put(web(once(NODE, "db"), told(State.HELD)))

    said = sluice(*PURGE, "--yes")

    assert said.code == Exit.DONE
    assert "nothing to do: nothing is recorded of node migrate of graph web" in said.err


@pytest.mark.parametrize("words", [(), ("--version", "43")], ids=["all", "one version"])
@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_a_write_in_between_is_no_conflict(
    cluster: Cluster, sluice: Command, method: str, words: tuple[str, ...]
) -> None:
    cluster.refuse(method, 409, "Conflict", times=1)

    assert sluice(*PURGE, *words, "--yes").code == Exit.DONE
    assert there(cluster, NEW_JOB) == [False]


def test_what_never_stands_still_is_a_conflict(cluster: Cluster, sluice: Command) -> None:
    cluster.refuse("DELETE", 409, "Conflict")

    said = sluice(*PURGE, "--yes")

    assert said.code == Exit.CONFLICT
    assert "changed 5 times" in said.err


def test_an_entry_that_came_while_the_person_thought_is_not_deleted(
    cluster: Cluster, sluice: Command, person: Person
) -> None:
    more = record(entry(OLD, DONE, 1), entry(UP, DONE, 2), entry(run("44"), DONE, 3))

    def after_read() -> None:
        if cluster.http.requests.count(f"GET {RECORD.path}") == 1:
            cluster.put(more)

    cluster.http.after_read = after_read
    person.answer(NODE)

    said = sluice(*PURGE, person=person)

    assert said.code == Exit.CONFLICT
    assert "changed meanwhile" in person.read()
    assert cluster.http.written == []


def test_a_record_that_changed_at_the_last_moment_is_looked_at_again(
    cluster: Cluster, sluice: Command
) -> None:
    del cluster.store.objects[NEW_JOB], cluster.store.objects[OLD_JOB]
    reads: list[str] = []

    def after_read() -> None:
        if cluster.http.requests[-1] == f"GET {RECORD.path}":
            reads.append("read")
            if len(reads) == 2:
                cluster.store.set(RECORD, "data.note", "more")

    cluster.http.after_read = after_read

    assert sluice(*PURGE, "--yes").code == Exit.DONE
    assert len(reads) > 2
    assert there(cluster, RECORD) == [False]


def test_a_job_whose_time_was_over_meanwhile_is_no_matter(
    cluster: Cluster, sluice: Command
) -> None:
    cluster.refuse("DELETE", 404, "NotFound", times=1)

    assert sluice(*PURGE, "--yes").code == Exit.DONE


def test_jobs_that_no_record_keeps_go_without_one(cluster: Cluster, sluice: Command) -> None:
    del cluster.store.objects[RECORD], cluster.store.objects[NEW_JOB]

    said = sluice(*PURGE, "--yes")

    assert said.code == Exit.DONE
    assert there(cluster, OLD_JOB) == [False]
    assert "and delete 1 Job" in said.err


def test_what_somebody_else_deleted_meanwhile_is_done(
    cluster: Cluster, sluice: Command, person: Person
) -> None:
    def after_read() -> None:
        if cluster.http.requests.count(f"GET {RECORD.path}") == 1:
            for ref in (RECORD, NEW_JOB, OLD_JOB):
                cluster.store.objects.pop(ref, None)

    cluster.put(record(entry(OLD, DONE)))
    cluster.store.objects.pop(NEW_JOB)
    cluster.http.after_read = after_read
    person.answer(NODE)

    assert sluice(*PURGE, person=person).code == Exit.DONE


def test_the_jobs_of_another_lock_stay(cluster: Cluster, sluice: Command) -> None:
    other = replace(run("9"), lock=LOCK)
    cluster.put(init_job(other, ended="Complete", kept=False))

    assert sluice(*PURGE, "--yes").code == Exit.DONE
    assert there(cluster, ref_of(job_name(other))) == [True]
