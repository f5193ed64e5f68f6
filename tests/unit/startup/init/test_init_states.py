"""The state table of an init node: total, and every state can be reached and left."""

import pytest

from sluice.model.transitions import ImpossibleEventError
from sluice.startup.init.states import TABLE, Event, State, advance

PAIRS = [(state, event) for state in State for event in Event]


@pytest.mark.parametrize(("state", "event"), PAIRS, ids=lambda one: one.name)
def test_every_pair_is_named_or_impossible(state: State, event: Event) -> None:
    following = TABLE[state].get(event)

    if following is not None:
        assert advance(state, event) is following
        return
    with pytest.raises(ImpossibleEventError, match=f"{event.name} cannot happen in {state}"):
        advance(state, event)


def test_every_state_is_reached_from_the_first_and_left_again() -> None:
    reached = {State.HELD}
    while more := {after for state in reached for after in TABLE[state].values()} - reached:
        reached |= more

    assert reached == set(State)
    assert all(set(TABLE[state].values()) - {state} for state in State)


def test_every_event_is_named_by_a_state() -> None:
    assert {event for events in TABLE.values() for event in events} == set(Event)


def test_a_run_ends_in_its_record_or_was_never_begun() -> None:
    left = {event for event, after in TABLE[State.RUNNING].items() if after is State.HELD}

    assert left == {Event.WITHDRAWN}


def test_what_is_complete_failed_or_dirty_was_recorded_before() -> None:
    ends = {State.COMPLETE, State.FAILED, State.DIRTY}
    into = {
        event
        for state, events in TABLE.items()
        for event, after in events.items()
        if after in ends and state is not after
    }

    assert all(event.name.startswith(("RECORDED_", "KNOWN_")) for event in into)
