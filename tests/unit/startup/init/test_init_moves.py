"""The next status of an init node, and what is told of it."""

import pytest

from sluice.model.plan import Note
from sluice.model.reasons import Reason
from sluice.startup.init.moves import Step, noted, step_of
from sluice.startup.init.run import Direction, Outcome, Result, Run
from sluice.startup.init.situation import Situation
from sluice.startup.init.states import Event, State
from tests.unit.startup.init.event_cases import CHANGED, DIGITS, MOVED, NEXT, UNDOABLE
from tests.unit.startup.init.given import (
    BACK,
    BEFORE,
    BROKEN,
    DONE,
    DOWN,
    HALF,
    JOB,
    NOW,
    OPEN,
    RUN,
    down,
    entry,
    init,
    job,
    lease,
    name_of,
    pod,
    record,
    situation,
    status,
    up,
)

FRESH = status(run=None, uid="")


def step(given: Situation) -> Step:
    found = step_of(given)
    assert found is not None
    return found


def test_a_run_is_named_before_its_job_is_made() -> None:
    after = step(situation(FRESH)).status

    assert (after.state, after.run, after.job, after.uid) == (State.RUNNING, RUN, JOB, "")
    assert after.since == NOW


def test_a_run_forgets_the_outcome_of_the_one_before() -> None:
    given = situation(status(outcome=OPEN), record=record(entry(OPEN)))

    after = step(given).status

    assert (after.run, after.job, after.uid, after.outcome) == (up(2), name_of(up(2)), "", None)


def test_a_run_down_is_the_next_one_of_the_version_that_it_undoes() -> None:
    given = situation(
        FRESH, init=init(version="44"), record=record(entry(kept=DOWN)), say="Down - a#1"
    )

    after = step(given).status

    assert after.run == down(2)


def test_a_job_is_taken_over_with_its_run_and_its_uid() -> None:
    after = step(situation(FRESH, init=NEXT, jobs=(job(uid="uid-5"),))).status

    assert (after.state, after.run, after.job, after.uid) == (State.RUNNING, RUN, JOB, "uid-5")


def test_the_oldest_job_is_taken_over_first() -> None:
    late = job(up(2), own={"creationTimestamp": "2026-11-30T00:00:00Z"})

    assert step(situation(FRESH, jobs=(late, job()))).status.run == RUN


def test_the_outcome_is_persisted_before_it_is_recorded() -> None:
    given = situation(
        status(State.RUNNING, uid=""), jobs=(job(ended="Failed"),), pods=(pod(code=1),)
    )

    after = step(given).status

    assert after.state is State.RECORDING
    assert after.uid == "uid-1"
    assert after.outcome == Outcome(Result.FAILED, BEFORE, BEFORE, 3, 1, "shop/migrate@sha256:43")


def test_what_is_lost_may_be_half_done_and_is_known_by_its_uid() -> None:
    given = situation(
        status(State.RUNNING, uid=""), gone=True, lease=lease(f"{JOB}/uid-7/shop/migrate")
    )

    after = step(given).status

    assert (after.state, after.uid, after.outcome) == (
        State.RECORDING,
        "uid-7",
        Outcome(Result.DIRTY, NOW),
    )


def test_what_another_graph_recorded_is_taken_as_it_is() -> None:
    his = entry(BROKEN, uid="uid-9")

    after = step(situation(status(State.RUNNING, uid=""), record=record(his))).status

    assert (after.job, after.uid, after.outcome) == (his.job, "uid-9", BROKEN)


def test_even_beside_a_job_of_its_own_that_was_not_needed() -> None:
    his = entry(BROKEN, uid="uid-9")
    given = situation(status(State.RUNNING, uid=""), record=record(his), jobs=(job(),))

    assert step(given).status.outcome == BROKEN


KNOWN = [
    (Event.KNOWN_COMPLETE, situation(FRESH, record=record(entry())), entry()),
    (Event.KNOWN_FAILED, situation(FRESH, record=record(entry(BROKEN))), entry(BROKEN)),
    (
        Event.KNOWN_FAILED,
        situation(FRESH, init=NEXT, record=record(entry(BROKEN, down()))),
        entry(BROKEN, down()),
    ),
    (Event.KNOWN_DIRTY, situation(FRESH, init=NEXT, record=record(entry(HALF))), entry(HALF)),
    (Event.MISMATCHED, situation(FRESH, init=CHANGED, record=record(entry())), entry()),
]


@pytest.mark.parametrize(("event", "given", "known"), KNOWN)
def test_the_status_speaks_as_the_record_does(
    event: Event, given: Situation, known: object
) -> None:
    found = step(given)

    after = found.status
    assert found.event is event
    assert known == entry(after.outcome or OPEN, after.run or up(9), uid=after.uid)


def test_a_version_of_another_lock_keeps_what_the_status_said() -> None:
    after = step(situation(status(outcome=DONE), init=MOVED)).status

    assert (after.state, after.run) == (State.MISMATCH, RUN)


RESOLVED = [
    (
        "dirty, done by hand",
        situation(status(State.DIRTY, outcome=HALF), say=f"Applied {JOB} ada#1"),
        RUN,
        Result.COMPLETE,
    ),
    (
        "dirty, may run again",
        situation(status(State.DIRTY, outcome=HALF), say=f"Rerun {JOB} ada#1"),
        RUN,
        Result.REOPENED,
    ),
    (
        "half undone, done by hand",
        situation(status(State.DIRTY, down(), HALF), say=f"Applied {name_of(down())} ada#1"),
        down(),
        Result.UNDONE,
    ),
    (
        "failed, may run again",
        situation(status(State.FAILED, outcome=BROKEN), say=f"Rerun {JOB} ada#1"),
        RUN,
        Result.REOPENED,
    ),
    (
        "another job, accepted",
        situation(
            status(State.MISMATCH, outcome=DONE),
            init=CHANGED,
            record=record(entry()),
            say=f"Accept {DIGITS} ada#1",
        ),
        up(1, CHANGED),
        Result.COMPLETE,
    ),
    (
        "another job, to run",
        situation(
            status(State.MISMATCH, outcome=DONE),
            init=CHANGED,
            record=record(entry()),
            say=f"Rerun {DIGITS} ada#1",
        ),
        up(1, CHANGED),
        Result.REOPENED,
    ),
    (
        "another lock, accepted",
        situation(
            status(State.MISMATCH, outcome=DONE),
            init=MOVED,
            say=f"Accept {RUN.checksum[3:15]} ada#1",
        ),
        up(0, MOVED),
        Result.COMPLETE,
    ),
    (
        "undone, may be applied again",
        situation(FRESH, record=record(entry(BACK, down())), say=f"Rerun {name_of(down())} ada#1"),
        Run(RUN.lock, "43", RUN.checksum, Direction.UP, 2),
        Result.REOPENED,
    ),
]


@pytest.mark.parametrize(
    ("_", "given", "run", "result"), RESOLVED, ids=[said for said, *_ in RESOLVED]
)
def test_a_persons_word_is_recorded_with_the_name(
    _: str, given: Situation, run: Run, result: Result
) -> None:
    after = step(given).status

    assert (after.state, after.run) == (State.RECORDING, run)
    assert after.outcome is not None
    assert (after.outcome.result, after.outcome.by, after.outcome.ended) == (result, "ada", NOW)
    assert after.consumed.endswith("ada#1")


def test_a_word_keeps_what_is_known_of_the_run() -> None:
    given = situation(status(State.DIRTY, outcome=HALF), say=f"Applied {JOB} ada#1")

    after = step(given).status

    assert (after.job, after.uid, after.exit_code) == (JOB, "uid-1", 20)


def test_a_wish_that_is_refused_is_taken_and_answered() -> None:
    given = situation(
        status(State.COMPLETE, outcome=DONE),
        init=UNDOABLE,
        record=record(entry()),
        running_children=("api", "web"),
        say="Down - ada#1",
    )

    found = step(given)

    assert (found.status.state, found.status.consumed) == (State.COMPLETE, "Down - ada#1")
    why = "migrate: version 43 stays: stop api, web first, and ask again"
    assert found.note == Note(Reason.INIT_ANSWERED, why)


TOLD = [
    (situation(FRESH), Reason.INIT_STARTED, f"migrate: version 43 runs; Job {JOB}"),
    (
        situation(status(State.RUNNING), gone=True),
        Reason.INIT_DIRTY,
        f"migrate: version 43 has lost its Job, and nobody knows what it did; Job {JOB}",
    ),
    (
        situation(status(State.RECORDING, outcome=DONE), record=record(entry())),
        Reason.INIT_COMPLETE,
        f"migrate: version 43 is complete; Job {JOB}",
    ),
    (
        situation(status(State.DIRTY, outcome=HALF), say=f"Applied {JOB} ada#1"),
        Reason.INIT_RESOLVED,
        f"migrate: version 43 is resolved by ada, as Complete; Job {JOB}",
    ),
]


@pytest.mark.parametrize(("given", "reason", "text"), TOLD)
def test_what_is_told(given: Situation, reason: Reason, text: str) -> None:
    assert step(given).note == Note(reason, text)


def test_what_people_need_not_know_is_not_told() -> None:
    assert step(situation(status(State.RUNNING), jobs=(job(ended="Failed"),))).note is None


def test_a_step_says_at_once_what_follows() -> None:
    given = situation(status(State.RECORDING, outcome=HALF), record=record(entry(HALF)))

    assert step(given).status.reasons == (
        "version 43 may be half done: its Job ended with 20",
        "mend it, then: sluice graph resolve shop migrate --applied or --rerun",
    )


def test_the_uid_of_a_job_is_noted_as_soon_as_it_is_seen() -> None:
    assert noted(situation(status(State.RUNNING, uid=""), jobs=(job(),))).uid == "uid-1"
    assert noted(situation(status(State.RUNNING), jobs=(job(uid="uid-9"),))).uid == "uid-1"
    assert noted(situation(status(State.HELD, uid=""), jobs=(job(),))).uid == ""


def test_an_instant_is_noted_once() -> None:
    assert noted(situation(status())).since == BEFORE


def test_what_is_said_at_length_is_cut() -> None:
    long = init(graph="g" * 63, node="n" * 63)
    given = situation(status(State.DIRTY, outcome=HALF), init=long)

    reasons = noted(given).reasons

    assert [len(one.encode()) for one in reasons] == [50, 120]


def test_complete_is_what_the_graph_asks_for() -> None:
    done = status(State.COMPLETE, outcome=DONE)

    assert situation(done).complete
    assert not situation(done, init=NEXT).complete
    assert not situation(status(State.FAILED, outcome=BROKEN)).complete


def test_a_run_under_way_keeps_to_its_lock() -> None:
    assert situation(status(State.RUNNING), init=MOVED).lease_ref == lease().meta.ref
    assert situation(status(), init=MOVED).lease_ref != lease().meta.ref
