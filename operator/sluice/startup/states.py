"""The state table of a node, whole: which event leads from which state to which.

Rule 1: everything that says in which order states follow stands in `TABLE`.
Rule 2: an event that a state does not name does not happen there; `advance` raises.
Rule 3: this module knows no Kubernetes; what causes an event is decided in `events`, what a state
asks of the world in `release` and `gating`.
`docs/states.md` shows the diagram that is generated from this table.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from sluice.model.transitions import following


class State(StrEnum):
    """Where a node is; the value is what status shows."""

    ABSENT = "Absent"
    HELD = "Held"
    BLOCKED = "Blocked"
    RELEASING = "Releasing"
    STARTING = "Starting"
    GATING = "Gating"
    READY = "Ready"
    DEGRADED = "Degraded"
    TIMED_OUT = "TimedOut"
    FAILED = "Failed"


class Event(StrEnum):
    """What can happen to a node, seen from the table."""

    APPEARED = "the workload appeared and is held"
    RUNS = "the workload appeared and is not held"
    VANISHED = "the workload is gone"
    RECREATED = "the workload has another UID, and is held"
    REPLACED = "the workload has another UID, and is not held"
    PARENT_FAILED = "a parent failed, and the edge is not optional"
    PARENT_BACK = "no parent has failed any more"
    CLEARED = "every parent is satisfied, a slot is free, the graph is not suspended"
    LET_GO = "it starts without waiting: bypass, hold None, or somebody took the hold off"
    UNHELD = "the workload is seen without our hold"
    SUSPENDED = "before the release: the graph is suspended or has faults, or a record is awaited"
    STARTED = "the bar is met, and critical gates of the node have to pass"
    PASSED = "the bar is met, and every critical gate of the node passed"
    BAR_LOST = "the bar is not met any more"
    LOST = "the bar or a critical gate is lost"
    BACK = "the bar and every critical gate are back"
    OVERDUE = "the node was not ready in time"
    GAVE_UP = "it was not ready in time, and that counts as a failure"
    JOB_FAILED = "the Job failed for good"


_ANEW: Final[Mapping[Event, State]] = {
    Event.VANISHED: State.ABSENT,
    Event.RECREATED: State.HELD,
    Event.REPLACED: State.STARTING,
}

TABLE: Final[Mapping[State, Mapping[Event, State]]] = {
    State.ABSENT: {Event.APPEARED: State.HELD, Event.RUNS: State.STARTING},
    State.HELD: {
        Event.CLEARED: State.RELEASING,
        Event.LET_GO: State.STARTING,
        Event.PARENT_FAILED: State.BLOCKED,
        **_ANEW,
    },
    State.BLOCKED: {Event.PARENT_BACK: State.HELD, Event.LET_GO: State.STARTING, **_ANEW},
    State.RELEASING: {Event.UNHELD: State.STARTING, Event.SUSPENDED: State.HELD, **_ANEW},
    State.STARTING: {
        Event.STARTED: State.GATING,
        Event.PASSED: State.READY,
        Event.OVERDUE: State.TIMED_OUT,
        Event.JOB_FAILED: State.FAILED,
        **_ANEW,
    },
    State.GATING: {
        Event.PASSED: State.READY,
        Event.BAR_LOST: State.STARTING,
        Event.OVERDUE: State.TIMED_OUT,
        **_ANEW,
    },
    State.READY: {Event.LOST: State.DEGRADED, **_ANEW},
    State.DEGRADED: {Event.BACK: State.READY, **_ANEW},
    State.TIMED_OUT: {
        Event.PASSED: State.READY,
        Event.GAVE_UP: State.FAILED,
        Event.JOB_FAILED: State.FAILED,
        **_ANEW,
    },
    State.FAILED: {Event.PASSED: State.READY, **_ANEW},
}

# States in which nothing lets the workload go.
BEFORE_RELEASE: Final = frozenset({State.ABSENT, State.HELD, State.BLOCKED})

# States in which it is not known to have been let go.
BEFORE_START: Final = BEFORE_RELEASE | {State.RELEASING}

# States that take one of the slots of maxParallel.
UNDER_WAY: Final = frozenset({State.RELEASING, State.STARTING, State.GATING})

# States that end when the node is not ready in time.
TIMED: Final = frozenset({State.STARTING, State.GATING})


def advance(state: State, event: Event) -> State:
    """Return the state that follows; ImpossibleEventError if the state does not know the event."""
    return following(TABLE, state, event)
