"""How long to wait before trying again: exponentially longer, never in step with others."""

import random
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Key = TypeVar("Key")


@dataclass(slots=True)
class Backoff(Generic[Key]):
    """Delays per key: base, base x 2, base x 4 ... up to a cap, each shortened by up to a half.

    jitter: returns a number in [0, 1).
    """

    base_seconds: float
    cap_seconds: float
    jitter: random.Random = field(default_factory=random.Random)
    _failures: dict[Key, int] = field(default_factory=dict)

    def next(self, key: Key) -> float:
        """Count a failure of the key and return the seconds to wait."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        full = min(self.cap_seconds, self.base_seconds * 2.0 ** min(failures, 32))
        return full * (1 - self.jitter.random() / 2)

    def reset(self, key: Key) -> None:
        """Forget the key's failures."""
        self._failures.pop(key, None)

    def failures(self, key: Key) -> int:
        """Return how often the key has failed since the last reset."""
        return self._failures.get(key, 0)
