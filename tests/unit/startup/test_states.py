"""The state table of a node: total, and every state can be reached and left."""

import pytest

from sluice.model.transitions import ImpossibleEventError
from sluice.startup.states import (
    BEFORE_RELEASE,
    BEFORE_START,
    TABLE,
    Event,
    State,
    advance,
)

PAIRS = [(state, event) for state in State for event in Event]


@pytest.mark.parametrize(("state", "event"), PAIRS, ids=lambda one: one.name)
def test_every_pair_is_named_or_impossible(state: State, event: Event) -> None:
    following = TABLE[state].get(event)

    if following is not None:
        assert advance(state, event) is following
        return
    with pytest.raises(ImpossibleEventError, match=f"{event.name} cannot happen in {state}"):
        advance(state, event)


def test_every_state_but_the_first_is_reached_from_the_first() -> None:
    reached = {State.ABSENT}
    while more := {after for state in reached for after in TABLE[state].values()} - reached:
        reached |= more

    assert reached == set(State)


def test_every_event_is_named_by_a_state() -> None:
    assert {event for events in TABLE.values() for event in events} == set(Event)


def test_what_was_let_go_is_held_again_only_by_another_uid_or_before_it_is_seen_unheld() -> None:
    back = {
        (state, event)
        for state, events in TABLE.items()
        for event, after in events.items()
        if state not in BEFORE_START and after in BEFORE_RELEASE
    }

    assert {event for _, event in back} == {Event.RECREATED, Event.VANISHED}
