"""The only reader of the wall clock."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Two clocks: `now` for what is written down, `monotonic` for how long something takes."""

    def now(self) -> float:
        """Return seconds since the epoch, rounded to milliseconds (as status stores instants)."""
        ...

    def monotonic(self) -> float:
        """Return seconds of a clock that never jumps; only differences mean something."""
        ...


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The clocks of this machine."""

    def now(self) -> float:
        """Return seconds since the epoch, rounded to milliseconds."""
        return round(datetime.now(UTC).timestamp(), 3)

    def monotonic(self) -> float:
        """Return seconds of the machine's monotonic clock."""
        return time.monotonic()
