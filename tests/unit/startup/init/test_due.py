"""What each state asks of the world: which writes, behind which fences, and when none."""

import json

import pytest

from sluice.model.json import Body, JsonObject
from sluice.model.plan import Action, Create, Operation, Patch
from sluice.startup.init.due import due, leave, may_leave
from sluice.startup.init.record import Entry, Record
from sluice.startup.init.situation import Situation
from sluice.startup.init.states import State
from tests.unit.startup.init.given import (
    BACK,
    BROKEN,
    DONE,
    DOWN,
    FENCE,
    INIT,
    JOB,
    OPEN,
    RUN,
    down,
    entry,
    init,
    job,
    lease,
    pod,
    record,
    situation,
    status,
    up,
)

BEGUN = status(State.RUNNING, uid="")
RUNS = status(State.RUNNING)
ENDED = status(State.RECORDING, outcome=BROKEN)
MINE, SIGNED = lease(f"{JOB}//shop/migrate"), lease(f"{JOB}/uid-1/shop/migrate")
NONE = Record(record().ref)
REST = [State.HELD, State.BLOCKED, State.COMPLETE, State.DIRTY, State.MISMATCH, State.FAILED]


def names(actions: tuple[Action, ...]) -> list[str]:
    return [f"{type(one).__name__} {one.ref.resource.kind}" for one in actions]


def holders(actions: tuple[Action, ...]) -> list[object]:
    patches = [one for one in actions if isinstance(one, Patch)]
    return [operation.value for patch in patches for operation in patch.operations]


def test_record_and_lock_are_made_before_anything_else() -> None:
    made = due(situation(BEGUN, record=NONE, lease=None))

    assert names(made) == ["Create ConfigMap", "Create Lease"]
    assert all(one.fence is FENCE for one in made)
    assert names(due(situation(BEGUN, lease=None))) == ["Create Lease"]
    assert names(due(situation(BEGUN, record=NONE))) == ["Create ConfigMap"]


def test_then_the_lock_is_taken_on_the_history_that_was_read_and_the_job_made() -> None:
    given = situation(BEGUN)

    taken, made = due(given)

    assert isinstance(taken, Patch)
    assert holders((taken,)) == [f"{JOB}//shop/migrate"]
    assert taken.fence == given.record.fence
    assert isinstance(made, Create)
    assert (made.ref.name, made.fence) == (JOB, FENCE)
    assert made.identity.items() <= Body(made.manifest).labels("metadata", "labels").items()
    assert taken.group == made.group == "StartupGraph shop/shop migrate"


def test_a_lock_that_is_held_already_is_not_taken_again() -> None:
    assert names(due(situation(BEGUN, lease=MINE))) == ["Create Job"]


def test_the_lock_is_signed_when_the_job_is_seen() -> None:
    (signed,) = due(situation(RUNS, jobs=(job(),), lease=MINE))

    assert holders((signed,)) == [f"{JOB}/uid-1/shop/migrate"]


def test_a_job_that_was_taken_over_takes_a_lock_that_nobody_has() -> None:
    assert names(due(situation(RUNS, jobs=(job(),)))) == ["Patch Lease"]


NOTHING: list[tuple[str, Situation]] = [
    ("all is made", situation(RUNS, jobs=(job(),), lease=SIGNED)),
    (
        "its Job was taken over, and there is no history yet",
        situation(RUNS, jobs=(job(),), record=NONE),
    ),
    ("its Job runs without a lock", situation(RUNS, jobs=(job(),), lease=None)),
    (
        "another one has the lock",
        situation(RUNS, jobs=(job(),), lease=lease("other/uid-9/shop/other")),
    ),
    ("no Job yet, another one has the lock", situation(BEGUN, lease=lease("o//shop/other"))),
    ("seen before, and looked for", situation(RUNS)),
    ("seen before by the lock alone", situation(BEGUN, lease=SIGNED)),
    ("no Job yet, it is being removed", situation(BEGUN, deleting=True)),
    ("no Job yet, suspended", situation(BEGUN, suspended=True)),
    ("no Job yet, a pod of its name runs", situation(BEGUN, pods=(pod(),))),
    ("no Job yet, another version is asked for", situation(BEGUN, init=init(version="44"))),
    ("its Job ended, which is written first", situation(RUNS, jobs=(job(ended="Failed"),))),
    ("the status is torn", situation(status(State.RUNNING, None))),
    ("recorded", situation(ENDED, record=record(entry(BROKEN)))),
    ("the status is torn at the end", situation(status(State.RECORDING, None))),
    ("no outcome", situation(status(State.RECORDING))),
    ("the record is broken", situation(ENDED, record=Record(NONE.ref, "u", "7", fault="x"))),
]


@pytest.mark.parametrize(("_", "given"), NOTHING, ids=[said for said, _ in NOTHING])
def test_nothing_is_done(_: str, given: Situation) -> None:
    assert due(given) == ()


def step_down(given: Situation) -> list[object]:
    made = [one for one in due(given) if isinstance(one, Create)]
    return [
        Body(one.manifest).bodies("spec", "template", "spec", "containers")[0].json("args")
        for one in made
    ]


def undoing(kept: JsonObject | None, of: str = "43", own: JsonObject | None = None) -> Situation:
    """Return a node that asks for `of`, and is about to undo 43."""
    given = init(version=of, down=own)
    return situation(
        status(State.RUNNING, down(), uid=""),
        init=given,
        record=record(entry(kept=kept)),
        say="Down - ada#1",
    )


def test_the_version_of_the_graph_is_undone_as_the_graph_says() -> None:
    assert step_down(undoing({"image": "old"}, own=DOWN)) == [("down",)]


def test_an_older_version_is_undone_as_was_kept() -> None:
    assert step_down(undoing(DOWN, of="44")) == [("down",)]


@pytest.mark.parametrize("kept", [{"image": ""}, {"hostNetwork": True, "image": "x"}, {"args": 1}])
def test_what_was_kept_is_read_as_strictly_as_what_is_written(kept: JsonObject) -> None:
    given = undoing(kept, of="44")

    assert not [one for one in due(given) if isinstance(one, Create)]


def written(given: Situation) -> Entry:
    (patch,) = due(given)
    assert isinstance(patch, Patch)
    assert patch.operations[0].path == "/data/version.43"
    return Entry.from_body(Body(json.loads(str(patch.operations[0].value))))


def test_an_outcome_is_written_with_all_that_is_known() -> None:
    found = written(situation(ENDED))

    assert found == Entry(1, RUN, JOB, "uid-1", BROKEN)


def test_a_new_version_comes_after_those_that_are_known() -> None:
    older = entry(run=up(of=init(version="42")), order=7)

    assert written(situation(ENDED, record=record(older))).order == 8


def test_a_version_that_is_known_keeps_its_place_and_its_step_down() -> None:
    given = situation(ENDED, record=record(entry(DONE, order=3, kept=DOWN)))

    found = written(given)

    assert (found.order, found.down) == (3, DOWN)


def test_the_step_down_of_the_graph_is_kept_with_its_own_version_only() -> None:
    undoable = init(down=DOWN)

    assert written(situation(ENDED, init=undoable)).down == DOWN
    assert written(situation(ENDED, init=init(version="44", down=DOWN))).down is None


def log(given: Situation) -> list[object]:
    (patch,) = due(given)
    assert isinstance(patch, Patch)
    return [one.value for one in patch.operations if one.path == "/data/log.43"]


def test_the_log_of_the_last_pod_is_written_beside() -> None:
    assert log(situation(ENDED, pods=(pod(code=1, message="it broke"),))) == ["it broke"]
    assert log(situation(ENDED)) == [""]
    assert log(situation(status(State.RECORDING, outcome=OPEN))) == []


def test_a_deleted_graph_makes_the_record_of_what_it_began() -> None:
    (made,) = due(situation(ENDED, record=NONE, deleting=True))

    assert names((made,)) == ["Create ConfigMap"]
    assert made.fence is None


@pytest.mark.parametrize("state", REST)
def test_at_rest_recorded_jobs_go_first_and_then_the_lock(state: State) -> None:
    given = situation(status(state, outcome=BACK), jobs=(job(ended="Failed"),), lease=SIGNED)

    let, free = due(given)

    assert isinstance(let, Patch)
    assert [operation.path for operation in let.operations] == [
        "/metadata/finalizers",
        "/spec/ttlSecondsAfterFinished",
    ]
    assert let.resource_version == "7"
    assert isinstance(free, Patch)
    assert free.operations == (Operation("remove", "/spec/holderIdentity"),)


def test_a_job_is_let_go_that_the_record_of_a_former_graph_tells_of() -> None:
    given = situation(jobs=(job(ended="Complete"),), record=record(entry()))

    assert names(due(given)) == ["Patch Job"]


AT_REST: list[tuple[str, Situation]] = [
    ("a Job that no record tells of", situation(jobs=(job(),))),
    ("a Job that is let go", situation(status(outcome=DONE), jobs=(job(kept=False),))),
    ("the lock of another one", situation(status(outcome=DONE), lease=lease("o/u/shop/other"))),
    (
        "the lock of another graph, whose Job the record names",
        situation(status(outcome=DONE), lease=lease(f"{JOB}/uid-1/shop/other")),
    ),
    ("a lock that nobody has", situation(status(outcome=DONE))),
    ("no lock", situation(status(outcome=DONE), lease=None)),
    (
        "a pod that outlived its Job",
        situation(status(outcome=DONE), lease=SIGNED, pods=(pod(),)),
    ),
]


@pytest.mark.parametrize(("_", "given"), AT_REST, ids=[said for said, _ in AT_REST])
def test_at_rest_this_is_left_alone(_: str, given: Situation) -> None:
    assert due(given) == ()


GOING = job(deleting=True)
REFUSED = frozenset({"StartupGraph shop/shop migrate"})
LEAVING: list[tuple[str, Situation, bool]] = [
    *((f"{state}", situation(status(state, outcome=DONE)), True) for state in REST),
    ("a Job runs", situation(RUNS, jobs=(job(),)), False),
    ("a Job is missing", situation(RUNS), False),
    ("no Job was made", situation(BEGUN), True),
    ("no Job was made, but one was seen by the lock", situation(BEGUN, lease=SIGNED), False),
    ("its end is not recorded", situation(ENDED), False),
    (
        "its end cannot be recorded, the Job stays",
        situation(ENDED, refused=REFUSED, jobs=(job(),)),
        False,
    ),
    (
        "its end cannot be recorded, the Job goes",
        situation(ENDED, refused=REFUSED, jobs=(GOING,)),
        True,
    ),
]


@pytest.mark.parametrize(("_", "given", "may"), LEAVING, ids=[said for said, *_ in LEAVING])
def test_a_deleted_graph_may_go(_: str, given: Situation, *, may: bool) -> None:
    assert may_leave(given) is may


def test_what_leaves_gives_the_lock_back() -> None:
    assert names(leave(situation(BEGUN, lease=MINE))) == ["Patch Lease"]
    assert leave(situation(BEGUN)) == ()


def test_the_names_agree() -> None:
    assert situation().init is INIT
