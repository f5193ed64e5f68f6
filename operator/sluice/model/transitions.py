"""State machines as tables: from state and event to the state that follows."""

from collections.abc import Mapping
from enum import Enum
from typing import TypeVar

S = TypeVar("S", bound=Enum)
E = TypeVar("E", bound=Enum)


class ImpossibleEventError(ValueError):
    """An event was raised in a state that does not know it: a fault in Sluice."""


def following(table: Mapping[S, Mapping[E, S]], state: S, event: E) -> S:
    """Return the state that follows; ImpossibleEventError if the state does not know the event."""
    if event not in table[state]:
        raise ImpossibleEventError(f"{event.name} cannot happen in {state}")
    return table[state][event]
