"""From what happened to an init node to its next status; and what is told of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from sluice.model.plan import Note
from sluice.model.reasons import Reason
from sluice.startup.init.checksum import shown
from sluice.startup.init.events import verdict
from sluice.startup.init.job import run_of
from sluice.startup.init.outcome import lost, outcome_of
from sluice.startup.init.record import Entry, first_bytes
from sluice.startup.init.resolving import answer, resolved
from sluice.startup.init.situation import Situation
from sluice.startup.init.states import Event, State, advance
from sluice.startup.init.status import InitStatus
from sluice.startup.init.stays import Stay

_REASON_BYTES: Final = 120


@dataclass(frozen=True, slots=True)
class Step:
    """A node's change: what happened, what it is afterwards, and what is told of it."""

    event: Event
    status: InitStatus
    note: Note | None


def step_of(situation: Situation) -> Step | None:
    """Return what happens to a node in this situation, None if nothing does."""
    event = verdict(situation)
    if isinstance(event, Stay):
        return None
    state = advance(situation.status.state, event)
    after = replace(_after(situation, event), state=state, since=situation.now)
    changed = noted(replace(situation, status=after))
    return Step(event, changed, _note(situation, event, changed))


def noted(situation: Situation) -> InitStatus:
    """Return the status of a node to which nothing happens: its Job's UID, and why it stays."""
    status, found = situation.status, verdict(situation)
    texts = (found.why, found.next_step) if isinstance(found, Stay) else ()
    reasons = tuple(first_bytes(text, _REASON_BYTES) for text in texts if text)
    job = situation.job
    seen = status.state is State.RUNNING and not status.uid and job is not None
    uid = job.meta.uid if job is not None and seen else status.uid
    return replace(status, reasons=reasons, uid=uid, since=status.since or situation.now)


def _after(situation: Situation, event: Event) -> InitStatus:
    status = situation.status
    match event:
        case Event.ADOPTED if (job := situation.unrecorded) is not None:
            name, uid = job.meta.ref.name, job.meta.uid
            return replace(status, run=run_of(job), job=name, uid=uid, outcome=None)
        case Event.CLEARED | Event.UNDOES:
            run = situation.wanted
            return replace(status, run=run, job=situation.job_of(run), uid="", outcome=None)
        case Event.KNOWN_DIRTY:
            return _as_recorded(status, situation.record.stuck)
        case Event.KNOWN_FAILED:
            return _as_recorded(status, situation.record.stuck or situation.known)
        case Event.KNOWN_COMPLETE | Event.MISMATCHED:
            return _as_recorded(status, situation.known)
        case Event.ENDED:
            return _ended(situation)
        case Event.VANISHED:
            return replace(status, uid=situation.uid, outcome=lost(situation.now))
        case Event.RESOLVED:
            return resolved(situation) or status
        case Event.ANSWERED if situation.command is not None:
            return replace(status, consumed=situation.command.text)
        case _:
            return status


def _as_recorded(status: InitStatus, entry: Entry | None) -> InitStatus:
    """Return the status as a record has it; without an entry it speaks of what it spoke of."""
    if entry is None:
        return status
    return replace(status, run=entry.run, job=entry.job, uid=entry.uid, outcome=entry.outcome)


def _ended(situation: Situation) -> InitStatus:
    """Return the status with the outcome, so that the end is known when the Job is gone."""
    status, job = situation.status, situation.job
    if situation.told or job is None or status.run is None:
        return _as_recorded(status, situation.told)
    outcome = outcome_of(status.run, job, situation.job_pods, situation.now)
    return replace(status, uid=job.meta.uid, outcome=outcome)


_TOLD: Final[Mapping[Event, tuple[Reason, str]]] = {
    Event.ADOPTED: (Reason.INIT_STARTED, "is taken over where its Job stands"),
    Event.CLEARED: (Reason.INIT_STARTED, "runs"),
    Event.UNDOES: (Reason.INIT_STARTED, "is undone"),
    Event.KNOWN_DIRTY: (Reason.INIT_DIRTY, "may be half done, as the record says"),
    Event.KNOWN_FAILED: (Reason.INIT_FAILED, "failed, as the record says"),
    Event.VANISHED: (Reason.INIT_DIRTY, "has lost its Job, and nobody knows what it did"),
    Event.MISMATCHED: (Reason.INIT_MISMATCH, "was completed by another job, or under another lock"),
    Event.RESOLVED: (Reason.INIT_RESOLVED, "is resolved"),
    Event.RECORDED_COMPLETE: (Reason.INIT_COMPLETE, "is complete"),
    Event.RECORDED_FAILED: (Reason.INIT_FAILED, "failed"),
    Event.RECORDED_DIRTY: (Reason.INIT_DIRTY, "may be half done"),
    Event.RECORDED_UNDONE: (Reason.INIT_UNDONE, "is undone"),
}


_TOLD_WITH_ITS_END: Final = frozenset({Reason.INIT_FAILED, Reason.INIT_DIRTY})


def _note(situation: Situation, event: Event, after: InitStatus) -> Note | None:
    node = situation.init.node
    if event is Event.ANSWERED:
        return Note(Reason.INIT_ANSWERED, f"{node}: {answer(situation)}")
    if event not in _TOLD:
        return None
    reason, what = _TOLD[event]
    outcome = after.outcome
    by = f" by {outcome.by}, as {outcome.result}" if outcome and outcome.by else ""
    told = outcome.said if outcome and outcome.said and reason in _TOLD_WITH_ITS_END else ""
    said = f": {told}" if told else ""
    return Note(reason, f"{node}: version {shown(after.version)} {what}{by}; Job {after.job}{said}")
