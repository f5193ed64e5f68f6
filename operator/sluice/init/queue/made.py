"""What came of it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Made:
    """How much was missing and is there now, and how much was there before."""

    created: int
    present: int
