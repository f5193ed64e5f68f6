"""Every state in every situation: what happens, or what is said of why nothing does."""

from dataclasses import dataclass, field, replace

from sluice.startup.init.checksum import short
from sluice.startup.init.outcome import lost
from sluice.startup.init.run import Run
from sluice.startup.init.situation import Unmet
from sluice.startup.init.states import Event, State
from sluice.startup.init.status import InitStatus
from tests.unit.startup.init.given import (
    BACK,
    BEFORE,
    BROKEN,
    DONE,
    DOWN,
    HALF,
    INIT,
    JOB,
    MENDED,
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
    status,
    up,
)

CHANGED, NEXT, MOVED = init(job=MENDED), init(version="44"), init(lock="db")
UNDOABLE, LOOSE = init(down=DOWN), init(version=None)
DIGITS = short(CHANGED.checksum)
LOST = lost(BEFORE)
SLOW, BROKEN_PARENT = Unmet("waits for db Ready"), Unmet("failed: db Ready", failed=True)
HIS = "shop-other-0a/uid-9/shop/other"
WAITS_FOR_LOCK = "waits for lock shop/migrate, which Job shop-other-0a has"


@dataclass(frozen=True)
class Case:
    """One situation. says: the event, or the beginning of why nothing happens.

    A record that is given as «broken» is one that cannot be read.
    """

    said: str
    persisted: InitStatus
    says: Event | str
    given: dict[str, object] = field(default_factory=dict)


def held(
    says: Event | str, said: str, persisted: InitStatus | None = None, **given: object
) -> Case:
    return Case(f"held: {said}", persisted or status(run=None, uid=""), says, given)


HELD = [
    held(Event.CLEARED, "nothing stands in the way"),
    held(Event.CLEARED, "there is no lock yet", lease=None),
    held(
        Event.CLEARED, "the lock is its own from a former life", lease=lease(f"{JOB}//shop/migrate")
    ),
    held(
        "the record cannot be read: sluice-shop-migrate-", "the record is broken", record="broken"
    ),
    held(Event.ADOPTED, "a Job that no record tells of", jobs=(job(),)),
    held(
        Event.ADOPTED, "one of another version, whatever else", init=NEXT, jobs=(job(),), unmet=SLOW
    ),
    held(Event.CLEARED, "a Job that is let go already", jobs=(job(kept=False),)),
    held(
        Event.KNOWN_COMPLETE,
        "a Job whose run the record of a former graph tells of",
        record=record(entry()),
        jobs=(job(),),
    ),
    held(
        Event.KNOWN_COMPLETE,
        "a Job of an earlier run than the record tells of",
        record=record(entry(DONE, up(2))),
        jobs=(job(),),
    ),
    held(
        Event.CLEARED,
        "a Job that does not say which run it is",
        jobs=(job(own={"annotations": {}}),),
    ),
    held(Event.KNOWN_DIRTY, "a version is half done", record=record(entry(HALF))),
    held(Event.KNOWN_DIRTY, "another version is", init=NEXT, record=record(entry(HALF))),
    held(Event.KNOWN_FAILED, "a step down failed", init=NEXT, record=record(entry(BROKEN, down()))),
    held(Event.KNOWN_COMPLETE, "it is complete", record=record(entry()), unmet=SLOW),
    held(Event.KNOWN_COMPLETE, "the same, suspended", record=record(entry()), suspended=True),
    held(Event.MISMATCHED, "complete with another job", init=CHANGED, record=record(entry())),
    held(Event.MISMATCHED, "complete under another lock", status(outcome=DONE), init=MOVED),
    held(
        Event.CLEARED,
        "without a version, complete under another lock",
        status(run=up(of=LOOSE), outcome=DONE),
        init=init(version=None, lock="db"),
    ),
    held(Event.CLEARED, "failed under another lock", status(outcome=BROKEN), init=MOVED),
    held(
        Event.CLEARED,
        "another version under another lock",
        status(outcome=DONE),
        init=init(lock="db", version="44"),
    ),
    held(Event.CLEARED, "complete by a record that was purged", status(outcome=DONE)),
    held(Event.KNOWN_FAILED, "it failed", record=record(entry(BROKEN))),
    held(
        Event.CLEARED,
        "it failed, and the job is mended",
        init=CHANGED,
        record=record(entry(BROKEN)),
    ),
    held(Event.CLEARED, "it may run again", record=record(entry(OPEN))),
    held("version 43 was undone", "it was undone", record=record(entry(BACK, down()))),
    held(
        Event.RESOLVED,
        "it was undone, and may be applied again",
        record=record(entry(BACK, down())),
        say=f"Rerun {name_of(down())} ada#1",
    ),
    held(
        "version 43 was undone",
        "it was undone, and a word about it that means nothing",
        record=record(entry(BACK, down())),
        say=f"Accept {name_of(down())} ada#1",
    ),
    held("the graph cannot be carried out", "the graph is broken", halted="a cycle"),
    held(Event.PARENT_FAILED, "a parent failed", unmet=BROKEN_PARENT),
    held("waits for db Ready", "a parent is slow", unmet=SLOW),
    held("the graph is suspended", "suspended", suspended=True),
    held("it is being removed", "deleted", deleting=True),
    held(
        WAITS_FOR_LOCK,
        "another one has the lock",
        lease=lease(HIS),
        holding=job(),
        holding_pods=(pod(),),
    ),
    held(WAITS_FOR_LOCK, "another one is about to begin", lease=lease("shop-other-0a//shop/other")),
    held(WAITS_FOR_LOCK, "the one who had the lock is gone unrecorded", lease=lease(HIS)),
    held(
        Event.CLEARED,
        "the one who has the lock is recorded",
        lease=lease(HIS),
        holding=job(ended="Failed", kept=False),
    ),
    held(
        Event.UNDOES,
        "asked to undo, whatever the parents are",
        init=UNDOABLE,
        record=record(entry()),
        unmet=SLOW,
        say="Down - ada#1",
    ),
    held(
        Event.UNDOES,
        "asked to undo an older version, whose step was kept",
        init=NEXT,
        record=record(entry(kept=DOWN)),
        say="Down - ada#1",
    ),
    held(
        Event.UNDOES,
        "asked to undo once more what failed to be",
        init=UNDOABLE,
        record=record(entry(OPEN, down())),
        say="Down - ada#1",
    ),
    held(
        Event.UNDOES,
        "what failed to be undone may be once more, and another version is asked for",
        init=NEXT,
        record=record(entry(OPEN, down(), kept=DOWN)),
    ),
    held(
        "version 43 stays: it has no step that undoes it (init.down)",
        "what failed to be undone may be once more, but no step is left",
        record=record(entry(OPEN, down())),
    ),
    held(
        "the graph is suspended",
        "asked to undo, suspended",
        init=UNDOABLE,
        record=record(entry()),
        suspended=True,
        say="Down - ada#1",
    ),
    held(
        Event.ANSWERED,
        "asked to undo, children run",
        init=UNDOABLE,
        record=record(entry()),
        running_children=("api",),
        say="Down - ada#1",
    ),
    held(Event.ANSWERED, "asked to undo, no step", record=record(entry()), say="Down - ada#1"),
    held(
        Event.ANSWERED,
        "asked to undo an older version, no step was kept",
        init=UNDOABLE,
        record=record(entry(), entry(run=up(of=init(version="42")), order=2)),
        say="Down 43 ada#1",
    ),
    held(
        Event.ANSWERED,
        "asked to undo an older version, whose step cannot be read",
        init=NEXT,
        record=record(entry(kept={"hostNetwork": True})),
        say="Down - ada#1",
    ),
    held(Event.ANSWERED, "asked to undo, nothing is in effect", say="Down - ada#1"),
    held(
        Event.ANSWERED,
        "asked to undo to what is not known",
        record=record(entry()),
        say="Down 7 ada#1",
    ),
    held(
        Event.ANSWERED,
        "asked to undo down to the last one",
        init=UNDOABLE,
        record=record(entry()),
        say="Down 43 ada#1",
    ),
    held(Event.CLEARED, "a word about a run that is past", say=f"Rerun {JOB} ada#1"),
]


def blocked(says: Event | str, said: str, **given: object) -> Case:
    return Case(f"blocked: {said}", status(State.BLOCKED, None, uid=""), says, given)


BLOCKED = [
    blocked("failed: db Ready", "the parent failed", unmet=BROKEN_PARENT),
    blocked(Event.PARENT_BACK, "the parent is back", unmet=None),
    blocked(Event.PARENT_BACK, "the parent is slow now", unmet=SLOW),
    blocked(Event.PARENT_BACK, "the record says more", unmet=BROKEN_PARENT, record=record(entry())),
    blocked(Event.PARENT_BACK, "a Job came late", unmet=BROKEN_PARENT, jobs=(job(),)),
    blocked("it is being removed", "deleted", deleting=True),
]


def running(
    says: Event | str, said: str, *, uid: str = "uid-1", run: Run = RUN, **given: object
) -> Case:
    return Case(f"running: {said}", status(State.RUNNING, run, uid=uid), says, given)


RUNNING = [
    running("", "its Job runs", jobs=(job(),), pods=(pod(),)),
    running("", "its Job has no pod yet", jobs=(job(),)),
    running(
        "its pod does not start: no such Secret",
        "its pod cannot begin",
        jobs=(job(),),
        pods=(pod(), replace(pod(name="two"), stuck="no such Secret")),
    ),
    running("", "its Job runs, suspended", jobs=(job(),), pods=(pod(),), suspended=True),
    running("", "its Job runs, the graph asks for another version", init=NEXT, jobs=(job(),)),
    running("", "its Job runs, it is being removed", jobs=(job(),), deleting=True),
    running("", "its Job runs, the record is broken", jobs=(job(),), record="broken"),
    running(Event.ENDED, "its Job ended", jobs=(job(ended="Complete"),), pods=(pod(code=0),)),
    running(Event.ENDED, "its Job ended before it was seen", uid="", jobs=(job(ended="Failed"),)),
    running(
        Event.ENDED,
        "its Job ended, it is being removed",
        jobs=(job(ended="Failed"),),
        deleting=True,
    ),
    running("", "its Job ended, a pod of it runs", jobs=(job(ended="Failed"),), pods=(pod(),)),
    running(
        "", "its Job is being deleted, a pod of it runs", jobs=(job(deleting=True),), pods=(pod(),)
    ),
    running(Event.ENDED, "its Job was deleted midway", jobs=(job(deleting=True),)),
    running("its Job is looked for", "its Job is not seen any more"),
    running(Event.VANISHED, "its Job is gone", gone=True),
    running(Event.VANISHED, "its Job is gone, it is being removed", gone=True, deleting=True),
    running(Event.VANISHED, "its Job is gone, suspended", gone=True, suspended=True),
    running(
        "its Job is gone, and pods of it still run",
        "its Job is gone, a pod runs",
        gone=True,
        pods=(pod(),),
    ),
    running(
        "its Job is looked for",
        "only the lock knows of its Job",
        uid="",
        lease=lease(f"{JOB}/uid-1/shop/migrate"),
    ),
    running(
        Event.VANISHED,
        "only the lock knew of its Job",
        uid="",
        gone=True,
        lease=lease(f"{JOB}/uid-1/shop/migrate"),
    ),
    running(
        "its Job is gone, and pods of it still run",
        "another Job has its name and runs",
        jobs=(job(uid="uid-9"),),
    ),
    running(Event.VANISHED, "another Job had its name", jobs=(job(uid="uid-9", ended="Complete"),)),
    running(Event.ENDED, "its Job is gone, and the record tells of it", record=record(entry())),
    running(
        Event.VANISHED,
        "its Job is gone, and the record tells of another Job",
        gone=True,
        record=record(entry(uid="uid-9")),
    ),
    running(
        Event.VANISHED,
        "its Job is gone, the record tells of a run before",
        run=up(2),
        gone=True,
        record=record(entry(OPEN)),
    ),
    running("", "no Job yet", uid=""),
    running(
        WAITS_FOR_LOCK, "another one was quicker", uid="", lease=lease("shop-other-0a//shop/other")
    ),
    running("", "no Job yet, parents are not satisfied any more", uid="", unmet=SLOW),
    running("", "no Job yet, a parent failed", uid="", unmet=BROKEN_PARENT),
    running("", "no Job yet, it is being removed", uid="", deleting=True),
    running("", "no Job yet, a pod of a former one runs", uid="", pods=(pod(),), suspended=True),
    running(Event.WITHDRAWN, "no Job yet, suspended", uid="", suspended=True),
    running(Event.WITHDRAWN, "no Job yet, another version is asked for", uid="", init=NEXT),
    running(Event.WITHDRAWN, "no Job yet, another job is asked for", uid="", init=CHANGED),
    running(Event.WITHDRAWN, "no Job yet, another lock is asked for", uid="", init=MOVED),
    running(Event.WITHDRAWN, "no Job yet, the graph is broken", uid="", halted="a cycle"),
    running(Event.WITHDRAWN, "no Job yet, the record is broken", uid="", record="broken"),
    running(
        Event.WITHDRAWN,
        "no Job yet, another version turned out half done",
        uid="",
        record=record(entry(HALF, up(of=init(version="42")))),
    ),
    running(Event.ENDED, "no Job yet, another graph has done it", uid="", record=record(entry())),
    running(
        Event.WITHDRAWN,
        "no Job yet, another graph has done it as a later run",
        uid="",
        record=record(entry(DONE, up(3))),
    ),
    running(
        "",
        "to undo, no Job yet",
        uid="",
        run=down(),
        init=UNDOABLE,
        record=record(entry()),
        say="Down - ada#1",
    ),
    running(
        Event.WITHDRAWN,
        "to undo, no Job yet, children run",
        uid="",
        run=down(),
        init=UNDOABLE,
        record=record(entry()),
        running_children=("api",),
        say="Down - ada#1",
    ),
    running(
        "",
        "to undo once more, no Job yet",
        uid="",
        run=down(3),
        init=UNDOABLE,
        record=record(entry(OPEN, down())),
    ),
    running(
        Event.WITHDRAWN,
        "to undo once more, no Job yet, the step was taken away",
        uid="",
        run=down(3),
        record=record(entry(OPEN, down())),
    ),
    running(
        Event.WITHDRAWN,
        "to undo, no Job yet, the wish was taken back",
        uid="",
        run=down(),
        init=UNDOABLE,
        record=record(entry()),
    ),
]


def recording(says: Event | str, said: str, persisted: InitStatus, **given: object) -> Case:
    return Case(f"recording: {said}", persisted, says, given)


ENDED, UNDONE = status(State.RECORDING, outcome=DONE), status(State.RECORDING, down(), BACK)
RECORDING = [
    recording("", "nothing is written yet", ENDED),
    recording("", "nothing is written yet, deleted", ENDED, deleting=True),
    recording("the record cannot be read: ", "the record is broken", ENDED, record="broken"),
    recording("", "something else is written", ENDED, record=record(entry(BROKEN))),
    recording("", "the status is torn", status(State.RECORDING, None)),
    recording(Event.RECORDED_COMPLETE, "complete", ENDED, record=record(entry())),
    recording(
        Event.RECORDED_COMPLETE, "complete, deleted", ENDED, record=record(entry()), deleting=True
    ),
    *(
        recording(
            says,
            str(outcome.result),
            status(State.RECORDING, run, outcome),
            record=record(entry(outcome, run)),
        )
        for says, outcome, run in (
            (Event.RECORDED_FAILED, BROKEN, RUN),
            (Event.RECORDED_DIRTY, HALF, RUN),
            (Event.RECORDED_REOPENED, OPEN, RUN),
            (Event.RECORDED_UNDONE, BACK, down()),
        )
    ),
]


def complete(says: Event | str, said: str, **given: object) -> Case:
    return Case(f"complete: {said}", status(State.COMPLETE, outcome=DONE), says, given)


COMPLETE = [
    complete("", "nothing is asked for", record=record(entry())),
    complete("", "its record was purged"),
    complete("", "suspended, parents gone", suspended=True, unmet=BROKEN_PARENT),
    complete(Event.CHANGED, "another version", init=NEXT),
    complete(Event.CHANGED, "another job", init=CHANGED),
    complete(Event.CHANGED, "another lock", init=MOVED),
    complete(
        Event.CHANGED, "the record says that it was undone", record=record(entry(BACK, down()))
    ),
    complete("the record cannot be read: ", "the record is broken", record="broken"),
    complete(
        Event.UNDO_ASKED, "asked to undo", init=UNDOABLE, record=record(entry()), say="Down - ada#1"
    ),
    complete(
        Event.ANSWERED, "asked to undo without a step", record=record(entry()), say="Down - ada#1"
    ),
    complete(
        "", "a word about a run that is past", record=record(entry()), say=f"Rerun {JOB} ada#1"
    ),
    complete("it is being removed", "deleted", init=NEXT, deleting=True),
]


def dirty(says: Event | str, said: str, run: Run = RUN, **given: object) -> Case:
    return Case(f"dirty: {said}", status(State.DIRTY, run, HALF), says, given)


DIRTY = [
    dirty("version 43 may be half done: its Job ended with 20", "nobody has resolved it"),
    dirty("version 43 may be half done", "another version is asked for", init=NEXT),
    dirty("version 43 may be half done", "another job is asked for", init=CHANGED),
    dirty(Event.RESOLVED, "it was done by hand", say=f"Applied {JOB} ada#1"),
    dirty(Event.RESOLVED, "it may run again", say=f"Rerun {JOB} ada#1"),
    dirty(
        Event.RESOLVED,
        "half undone, the rest done by hand",
        down(),
        say=f"Applied {name_of(down())} ada#1",
    ),
    dirty(
        "version 43 may be half done",
        "a word about another run",
        say=f"Rerun {name_of(up(2))} ada#1",
    ),
    dirty("version 43 may be half done", "a word that does not fit", say=f"Accept {JOB} ada#1"),
    dirty("version 43 may be half done", "asked to undo it", say="Down - ada#1"),
    Case(
        "dirty: its Job is gone",
        status(State.DIRTY, outcome=LOST),
        "version 43 may be half done: its Job is gone, its end unknown",
    ),
    dirty(Event.CHANGED, "another graph has resolved it", record=record(entry(OPEN))),
    dirty("it is being removed", "deleted", deleting=True),
    Case(
        "dirty: the status is torn, its outcome is missing",
        status(State.DIRTY, outcome=None),
        "version 43 may be half done: its Job is gone, its end unknown",
        {"say": f"Rerun {JOB} ada#1"},
    ),
    Case(
        "dirty: the status is torn",
        status(State.DIRTY, None),
        "version  may be half done",
        {"say": "Rerun x ada#1"},
    ),
]


def failed(says: Event | str, said: str, run: Run = RUN, **given: object) -> Case:
    return Case(f"failed: {said}", status(State.FAILED, run, BROKEN), says, given)


FAILED = [
    failed("version 43 failed: 3 tries, exit code 1", "nobody has done anything"),
    failed(Event.CHANGED, "another version", init=NEXT),
    failed(Event.CHANGED, "a mended job", init=CHANGED),
    failed(Event.RESOLVED, "it may run again", say=f"Rerun {JOB} ada#1"),
    failed(Event.RESOLVED, "it was done by hand", say=f"Applied {JOB} ada#1"),
    failed("version 43 failed", "a word about another run", say=f"Rerun {name_of(up(2))} ada#1"),
    failed("version 43 failed", "a step down, another version", down(), init=NEXT),
    failed(
        Event.RESOLVED, "a step down may run again", down(), say=f"Rerun {name_of(down())} ada#1"
    ),
    failed(Event.CHANGED, "another graph has done it", record=record(entry(DONE, up(2)))),
    failed("it is being removed", "deleted", init=NEXT, deleting=True),
    Case(
        "failed: its time was over",
        status(State.FAILED, outcome=None),
        "version 43 failed: 0 tries, no exit code",
    ),
]


def mismatch(says: Event | str, said: str, run: Run = RUN, **given: object) -> Case:
    wanted = {"init": CHANGED, "record": record(entry()), **given}
    return Case(f"mismatch: {said}", status(State.MISMATCH, run, DONE), says, wanted)


MISMATCH = [
    mismatch(
        f"version 43 was completed by job {short(INIT.checksum)}, the graph has {DIGITS}", "nobody"
    ),
    mismatch(Event.RESOLVED, "the new job is accepted", say=f"Accept {DIGITS} ada#1"),
    mismatch(Event.RESOLVED, "the new job counts as done", say=f"Applied {DIGITS} ada#1"),
    mismatch(Event.RESOLVED, "the new job is to run", say=f"Rerun {DIGITS} ada#1"),
    mismatch(
        "version 43 was completed by job",
        "a word about another job",
        say="Accept 0a0a0a0a0a0a ada#1",
    ),
    mismatch(
        "version 43 was completed by job", "a word that does not fit", say=f"Down {DIGITS} ada#1"
    ),
    mismatch(Event.CHANGED, "the old job is back", init=INIT),
    mismatch(Event.CHANGED, "another version", init=NEXT),
    mismatch(Event.CHANGED, "the record was purged", record=record()),
    mismatch("the record cannot be read: ", "the record is broken", record="broken"),
    mismatch(
        "version 43 was completed under lock shop/migrate",
        "another lock",
        init=MOVED,
        record=record(),
    ),
    mismatch(
        Event.RESOLVED,
        "another lock is accepted",
        init=MOVED,
        record=record(),
        say=f"Accept {short(INIT.checksum)} ada#1",
    ),
    mismatch("it is being removed", "deleted", deleting=True),
]

CASES = [*HELD, *BLOCKED, *RUNNING, *RECORDING, *COMPLETE, *DIRTY, *FAILED, *MISMATCH]
