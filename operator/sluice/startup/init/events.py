"""What happens to an init node: a chain of checks per state, first hit wins.

A check says what happens, or why nothing does, or passes the question on.
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from sluice.startup.init.job import is_live, is_over
from sluice.startup.init.resolving import answer, refusal, resolved
from sluice.startup.init.run import Direction, Result
from sluice.startup.init.situation import Situation
from sluice.startup.init.states import UNDER_WAY, Event, State
from sluice.startup.init.stays import (
    Stay,
    does_not_match,
    half_done,
    has_failed,
    runs,
    taken,
    unreadable,
    was_undone,
)

Verdict: TypeAlias = Event | Stay
Check: TypeAlias = Callable[[Situation], Verdict | None]


def verdict(situation: Situation) -> Verdict:
    """Return what happens to an init node, or why nothing does. Slots are the caller's matter."""
    state = situation.status.state
    if situation.deleting and state not in UNDER_WAY:
        return Stay("it is being removed")
    return _first(_CHAINS[state], situation)


def _first(chain: tuple[Check, ...], situation: Situation) -> Verdict:
    for check in chain:
        found = check(situation)
        if found is not None:
            return found
    return Stay("")


def _adopts(situation: Situation) -> Event | None:
    """A former graph, or a write that came late, left a Job; its end is ours to record."""
    return Event.ADOPTED if situation.unrecorded else None


def _stuck(situation: Situation) -> Event | None:
    """Nothing is built on what is half done, whatever version the graph asks for."""
    entry = situation.record.stuck
    if entry is None:
        return None
    return Event.KNOWN_DIRTY if entry.result is Result.DIRTY else Event.KNOWN_FAILED


def _answers(situation: Situation) -> Event | None:
    return Event.ANSWERED if answer(situation) else None


def _refused(situation: Situation) -> Stay | None:
    why = refusal(situation)
    return Stay(why) if why else None


def _resolves(situation: Situation) -> Event | None:
    return Event.RESOLVED if resolved(situation) else None


def _knows(situation: Situation) -> Verdict | None:
    """What the record says of the version that the graph asks for, if it has not to be undone."""
    if situation.undoing:
        return None
    entry = situation.known
    if entry is None:
        return Event.MISMATCHED if _moved(situation) else None
    same = entry.run.checksum == situation.init.checksum
    match entry.result:
        case Result.COMPLETE:
            return Event.KNOWN_COMPLETE if same else Event.MISMATCHED
        case Result.UNDONE:
            return was_undone(situation)
        case Result.FAILED if same:
            return Event.KNOWN_FAILED
        case _:
            return None  # a changed job is how a failure is mended


def _moved(situation: Situation) -> bool:
    """Whether the version was completed under another lock, whose history is not this one's.

    Without a written version every change runs anyway.
    """
    init, run, outcome = situation.init, situation.status.run, situation.status.outcome
    if run is None or outcome is None or not init.strict:
        return False
    done = outcome.result is Result.COMPLETE
    return done and run.version == init.version and run.lock != init.lock


def _halted(situation: Situation) -> Stay | None:
    return Stay("the graph cannot be carried out") if situation.halted else None


def _parents(situation: Situation) -> Verdict | None:
    """What is undone does not wait for its parents: they may be down for the same reason."""
    if situation.unmet is None or situation.undoing:
        return None
    return Event.PARENT_FAILED if situation.unmet.failed else Stay(situation.unmet.why)


def _suspended(situation: Situation) -> Stay | None:
    return Stay("the graph is suspended") if situation.suspended else None


def _locked(situation: Situation) -> Stay | None:
    return taken(situation, situation.job_of(situation.wanted))


def _goes(situation: Situation) -> Event:
    return Event.UNDOES if situation.undoing else Event.CLEARED


def _blocked(situation: Situation) -> Verdict:
    """Anything but a failed parent is for the state Held to say."""
    unmet, found = situation.unmet, _first(_CHAINS[State.HELD], situation)
    if unmet is None or found is not Event.PARENT_FAILED:
        return Event.PARENT_BACK
    return Stay(unmet.why, "mend or resolve that parent, or make the edge optional")


def _told(situation: Situation) -> Event | None:
    return Event.ENDED if situation.told else None


def _ended(situation: Situation) -> Verdict | None:
    """A Job is over when it has finished, or is being deleted, and none of its pods runs."""
    job, status = situation.job, situation.status
    if job is None or status.uid not in ("", job.meta.uid):
        return None
    return Event.ENDED if is_over(job, situation.job_pods) else runs(situation)


def _vanished(situation: Situation) -> Verdict | None:
    """It was seen, so it ran, or runs: it is never made again by itself."""
    if not situation.uid:
        return None
    if situation.missing and not situation.gone:
        return Stay("its Job is looked for")
    # Another Job of its name is none of ours; while it runs, nothing else does.
    over = is_over(situation.job, situation.job_pods)
    return Event.VANISHED if over else Stay("its Job is gone, and pods of it still run")


def _withdrawn(situation: Situation) -> Verdict | None:
    """Nothing was made yet, so nothing is lost by thinking again."""
    if any(is_live(pod) for pod in situation.job_pods) or situation.deleting:
        return Stay("")
    if situation.wanted != situation.status.run or _first(_AGAINST, situation) != Stay(""):
        return Event.WITHDRAWN
    return None


def _waits_for_lock(situation: Situation) -> Stay | None:
    return taken(situation, situation.status.job)


def _recorded(situation: Situation) -> Event | None:
    status = situation.status
    if status.run is None or status.outcome is None:
        return None
    entry = situation.record.entry(status.run.version)
    if entry is None or (entry.run, entry.outcome) != (status.run, status.outcome):
        return None
    return _RECORDED[status.outcome.result]


def _changed(situation: Situation) -> Event | None:
    return None if situation.agrees else Event.CHANGED


def _overtaken(situation: Situation) -> Event | None:
    """Another graph with the same lock has recorded something else by now."""
    status = situation.status
    entry = situation.record.entry(status.run.version) if status.run else None
    if entry is None or (entry.run, entry.outcome) == (status.run, status.outcome):
        return None
    return Event.CHANGED


def _undo_asked(situation: Situation) -> Event | None:
    return Event.UNDO_ASKED if situation.undoing else None


def _mended(situation: Situation) -> Event | None:
    """Another version, or another job for it, is how a failure is mended; not one half undone."""
    run = situation.status.run
    up = run is None or run.direction is Direction.UP
    return Event.CHANGED if up and not situation.agrees else None


def _matches(situation: Situation) -> Event | None:
    return None if _knows(situation) is Event.MISMATCHED else Event.CHANGED


_RECORDED: Final[Mapping[Result, Event]] = {
    Result.COMPLETE: Event.RECORDED_COMPLETE,
    Result.FAILED: Event.RECORDED_FAILED,
    Result.DIRTY: Event.RECORDED_DIRTY,
    Result.UNDONE: Event.RECORDED_UNDONE,
    Result.REOPENED: Event.RECORDED_REOPENED,
}

_CHAINS: Final[Mapping[State, tuple[Check, ...]]] = {
    State.HELD: (
        unreadable,
        _adopts,
        _stuck,
        _answers,
        _resolves,
        _refused,
        _knows,
        _halted,
        _parents,
        _suspended,
        _locked,
        _goes,
    ),
    State.BLOCKED: (_blocked,),
    State.RUNNING: (_told, _ended, _vanished, _withdrawn, _waits_for_lock),
    State.RECORDING: (unreadable, _recorded),
    State.COMPLETE: (_changed, unreadable, _overtaken, _answers, _undo_asked),
    State.DIRTY: (_overtaken, _resolves, half_done),
    State.MISMATCH: (unreadable, _resolves, _matches, does_not_match),
    State.FAILED: (_overtaken, _resolves, _mended, has_failed),
}

# What keeps a run from its Job, of that which a node that is held would wait for as well.
_AGAINST: Final = (unreadable, _stuck, _answers, _refused, _knows, _halted, _suspended)
