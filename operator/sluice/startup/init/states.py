"""The state table of an init node, whole: which event leads from which state to which.

Rule 1: everything that says in which order states follow stands in `TABLE`.
Rule 2: an event that a state does not name does not happen there; `advance` raises.
Rule 3: this module knows no Kubernetes; what causes an event is decided in `events`, what a state
asks of the world in `due`.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from sluice.model.transitions import following


class State(StrEnum):
    """Where an init node is; the value is what status shows."""

    HELD = "Held"
    BLOCKED = "Blocked"
    RUNNING = "Running"
    RECORDING = "Recording"
    COMPLETE = "Complete"
    DIRTY = "Dirty"
    MISMATCH = "Mismatch"
    FAILED = "Failed"


class Event(StrEnum):
    """What can happen to an init node, seen from the table."""

    ADOPTED = "a Job of the node is there, and no record tells of it"
    KNOWN_COMPLETE = "the record says that this version is complete"
    KNOWN_DIRTY = "the record says that a version is half done"
    KNOWN_FAILED = "the record says that this version failed"
    MISMATCHED = "the version was completed by another job, or under another lock"
    PARENT_FAILED = "a parent failed, and the edge is not optional"
    PARENT_BACK = "no parent has failed any more"
    CLEARED = "every parent is satisfied, the lock and a slot are free, nothing is suspended"
    UNDOES = "the same, but the parents, and a person asked to undo a version"
    WITHDRAWN = "no Job was made, and none is to be made any more"
    ENDED = "the Job is over"
    VANISHED = "the Job was seen, is gone, and no record tells of it"
    RECORDED_COMPLETE = "the record says: complete"
    RECORDED_FAILED = "the record says: failed"
    RECORDED_DIRTY = "the record says: half done"
    RECORDED_UNDONE = "the record says: undone"
    RECORDED_REOPENED = "the record says: it may run again"
    CHANGED = "the graph asks for another version, job or lock, or the record says something else"
    UNDO_ASKED = "a person asked to undo versions"
    RESOLVED = "a person resolved it"
    ANSWERED = "a command is refused, or done"


TABLE: Final[Mapping[State, Mapping[Event, State]]] = {
    State.HELD: {
        Event.ADOPTED: State.RUNNING,
        Event.KNOWN_DIRTY: State.DIRTY,
        Event.KNOWN_FAILED: State.FAILED,
        Event.ANSWERED: State.HELD,
        Event.RESOLVED: State.RECORDING,
        Event.KNOWN_COMPLETE: State.COMPLETE,
        Event.MISMATCHED: State.MISMATCH,
        Event.PARENT_FAILED: State.BLOCKED,
        Event.CLEARED: State.RUNNING,
        Event.UNDOES: State.RUNNING,
    },
    State.BLOCKED: {Event.PARENT_BACK: State.HELD},
    State.RUNNING: {
        Event.ENDED: State.RECORDING,
        Event.VANISHED: State.RECORDING,
        Event.WITHDRAWN: State.HELD,
    },
    State.RECORDING: {
        Event.RECORDED_COMPLETE: State.COMPLETE,
        Event.RECORDED_FAILED: State.FAILED,
        Event.RECORDED_DIRTY: State.DIRTY,
        Event.RECORDED_UNDONE: State.HELD,
        Event.RECORDED_REOPENED: State.HELD,
    },
    State.COMPLETE: {
        Event.CHANGED: State.HELD,
        Event.ANSWERED: State.COMPLETE,
        Event.UNDO_ASKED: State.HELD,
    },
    State.DIRTY: {Event.RESOLVED: State.RECORDING, Event.CHANGED: State.HELD},
    State.MISMATCH: {Event.RESOLVED: State.RECORDING, Event.CHANGED: State.HELD},
    State.FAILED: {Event.RESOLVED: State.RECORDING, Event.CHANGED: State.HELD},
}

# States in which a Job may be about, or its end is not written down yet.
UNDER_WAY: Final = frozenset({State.RUNNING, State.RECORDING})


def advance(state: State, event: Event) -> State:
    """Return the state that follows; ImpossibleEventError if the state does not know the event."""
    return following(TABLE, state, event)
