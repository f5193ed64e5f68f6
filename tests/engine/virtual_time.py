"""Time that passes only when nobody has anything to do: hours of waiting in milliseconds."""

import asyncio
import selectors
from collections.abc import Coroutine
from dataclasses import dataclass
from selectors import SelectorKey
from typing import TypeVar

Result = TypeVar("Result")

EPOCH = 1_700_000_000.0


@dataclass
class ManualClock:
    """Both clocks, moved by hand."""

    elapsed: float = 1000.0

    def now(self) -> float:
        return round(EPOCH + self.elapsed, 3)

    def monotonic(self) -> float:
        return self.elapsed


class _PatientSelector(selectors.DefaultSelector):
    """Waits for nothing: instead of a time-out, the clock goes on by it."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__()
        self.clock = clock

    def select(self, timeout: float | None = None) -> list[tuple[SelectorKey, int]]:
        ready: list[tuple[SelectorKey, int]] = super().select(0)
        if not ready and timeout is None:
            raise RuntimeError("everything waits for something that never happens")
        if not ready and timeout:
            self.clock.elapsed += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop on a manual clock."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(_PatientSelector(clock))
        self._manual_clock = clock

    def time(self) -> float:
        return self._manual_clock.elapsed


def virtually(clock: ManualClock, scenario: Coroutine[None, None, Result]) -> Result:
    """Run a scenario without sockets on virtual time."""
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(clock)) as runner:
        return runner.run(scenario)
