"""What stands in the way, in four kinds that differ in who or what resolves them."""

from dataclasses import dataclass
from typing import TypeAlias

from sluice.model.reasons import Reason


@dataclass(frozen=True, slots=True)
class Invalid:
    """The user's input is wrong: the message names field, value and what to write instead."""

    reason: Reason
    message: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """Time or an outside event resolves it."""

    reason: Reason
    message: str


@dataclass(frozen=True, slots=True)
class Stalled:
    """A person has to act: the message says what to do."""

    reason: Reason
    message: str


@dataclass(frozen=True, slots=True)
class Transient:
    """A retry resolves it (conflict, time-out, API server away)."""

    reason: Reason
    message: str


Problem: TypeAlias = Invalid | Waiting | Stalled | Transient
