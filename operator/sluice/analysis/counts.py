"""How many requests there were, and how many of them were bad."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Counts:
    """Requests of one arm: bad ones and all of them (floats: counters are)."""

    bad: float = 0.0
    total: float = 0.0

    @property
    def share(self) -> float:
        """Return the share of bad requests, 0 when there were none at all."""
        return self.bad / self.total if self.total else 0.0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.bad + other.bad, self.total + other.total)


NONE = Counts()
