"""An event loop whose time is virtual: it jumps to the next timer when nothing is left to do now.

So a rollout of minutes takes milliseconds, and the same run takes the same course every time.
"""

import asyncio
import selectors
import traceback
from collections.abc import Callable, Mapping
from typing import Any

# A Saturday in 2026; whole, so that virtual seconds are whole seconds of the wall clock.
EPOCH = 1_795_262_400.0


class DeadlockError(Exception):
    """Every task waits, and no timer will ever wake one."""


class _NoWaiting(selectors.BaseSelector):
    """A selector that lets virtual time pass instead of waiting; there is no I/O to wait for."""

    def __init__(self) -> None:
        self._keys: dict[object, selectors.SelectorKey] = {}
        self.elapse: Callable[[float], None] = lambda _: None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return nothing, after the time-out in virtual time."""
        if timeout is None:
            raise DeadlockError("every task waits for another one")
        if timeout > 0:
            self.elapse(timeout)
        return []

    def register(self, fileobj: object, events: int, data: object = None) -> selectors.SelectorKey:
        """Take note of the loop's own wake-up pipe, which is never used."""
        key = selectors.SelectorKey(0, 0, events, data)
        self._keys[fileobj] = key
        return key

    def unregister(self, fileobj: object) -> selectors.SelectorKey:
        """Forget the pipe."""
        return self._keys.pop(fileobj)

    # The type of the keys that it is declared with is private.
    def get_map(self) -> Mapping[object, selectors.SelectorKey]:  # type: ignore[override]  # keys are whatever was registered
        """Return what is registered."""
        return self._keys


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop in virtual time. `quiet` is called whenever nothing is left to do now.

    faults: what went wrong in callbacks, with its trace; the first one ends the run.
    """

    def __init__(self, start: float = 0.0) -> None:
        selector = _NoWaiting()
        super().__init__(selector)
        self._now = start
        self.faults: list[str] = []
        self.quiet: Callable[[], None] = lambda: None
        selector.elapse = self._elapse

    def time(self) -> float:
        """Return virtual seconds since the test began."""
        return self._now

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Keep what went wrong in a callback or a task that nobody waits for; end the run."""
        error = context.get("exception")
        trace = traceback.format_exception(error) if isinstance(error, Exception) else ()
        self.faults.append("".join((str(context["message"]), "\n", *trace)))
        self.stop()

    def _elapse(self, seconds: float) -> None:
        self.quiet()
        self._now += seconds


class VirtualClock:
    """The operator's clocks, on a virtual loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def now(self) -> float:
        """Return seconds since the epoch, rounded to milliseconds."""
        return round(EPOCH + self._loop.time(), 3)

    def monotonic(self) -> float:
        """Return virtual seconds."""
        return self._loop.time()
