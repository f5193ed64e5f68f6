"""What may be said of an order before it is given; pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Already:
    """There is nothing left to order: it is so."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The order makes no sense in this situation; `fix` says what would."""

    sentence: str
    fix: str
