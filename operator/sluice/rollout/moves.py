"""What a check may answer: move to another stage, or amend the status where it stands."""

from dataclasses import dataclass
from typing import TypeAlias

from sluice.model.plan import Note
from sluice.rollout.phases import Event
from sluice.rollout.status import RolloutStatus


@dataclass(frozen=True, slots=True)
class Move:
    """An event happened: `status` is amended already, but for the stage, which the table gives.

    sentence: what a person is told of it, in numbers.
    """

    event: Event
    status: RolloutStatus
    sentence: str
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Amend:
    """The stage stays; something else that has to be persisted before any deed changed."""

    status: RolloutStatus
    notes: tuple[Note, ...] = ()


Answer: TypeAlias = Move | Amend
