"""The work queue: which objects are to be looked at, in which order, and when again.

The semantics are client-go's: a key that is added while it is being processed is processed once
more afterwards, never twice at the same time; a key that is added often waits once.
"""

import asyncio
import heapq
from collections import deque
from enum import IntEnum

from sluice.adapters.clock import Clock
from sluice.engine.metrics import QueueMetrics
from sluice.model.references import ObjectRef


class Lane(IntEnum):
    """Why a key is looked at; the lower lane goes first."""

    USER = 0  # a person changed the spec, gave a command or deleted the object
    CHANGE = 1  # something that the object wanted has changed, or an instant has come
    RESYNC = 2  # nothing is known to have changed


class QueueClosedError(Exception):
    """The queue gives out no more keys."""


class WorkQueue:
    """Keys that are ready, keys that are being processed, and one heap of keys due later."""

    def __init__(self, clock: Clock, metrics: QueueMetrics) -> None:
        self._clock = clock
        self._metrics = metrics
        self._ready: tuple[deque[ObjectRef], ...] = tuple(deque() for _ in Lane)
        self._dirty: dict[ObjectRef, tuple[Lane, float]] = {}
        self._processing: dict[ObjectRef, float] = {}
        self._due: dict[ObjectRef, tuple[float, Lane]] = {}
        self._heap: list[tuple[float, ObjectRef]] = []
        self._available = asyncio.Event()
        self._rescheduled = asyncio.Event()
        self._closed = False
        metrics.watch(self.depth, self.ages)

    def add(self, key: ObjectRef, lane: Lane) -> None:
        """Have the key processed once, soon; a more urgent lane overtakes an earlier one."""
        known = self._dirty.get(key)
        if known is not None and known[0] <= lane:
            return
        self._dirty[key] = (lane, known[1] if known else self._clock.monotonic())
        self._metrics.adds.inc()
        if key not in self._processing:
            self._enqueue(key, lane)

    async def get(self) -> ObjectRef:
        """Return the next key, waiting for one; the caller owes `done`. Raises QueueClosedError."""
        while self._closed or (key := self._pop()) is None:
            if self._closed:
                raise QueueClosedError
            self._available.clear()
            await self._available.wait()
        _, added = self._dirty.pop(key)
        now = self._clock.monotonic()
        self._metrics.waited.observe(now - added)
        self._processing[key] = now
        return key

    def done(self, key: ObjectRef) -> None:
        """End the processing of a key; if it was added meanwhile, it is ready again."""
        self._metrics.worked.observe(self._clock.monotonic() - self._processing.pop(key))
        if key in self._dirty:
            self._enqueue(key, self._dirty[key][0])

    def schedule(self, key: ObjectRef, delay_seconds: float, lane: Lane) -> None:
        """Add the key after the delay; this replaces what was scheduled for it before."""
        at = self._clock.monotonic() + max(0.0, delay_seconds)
        self._due[key] = (at, lane)
        heapq.heappush(self._heap, (at, key))
        self._rescheduled.set()

    def forget(self, key: ObjectRef) -> None:
        """Drop a key that does not exist any more."""
        self._dirty.pop(key, None)
        self._due.pop(key, None)

    def close(self) -> None:
        """Give out no more keys."""
        self._closed = True
        self._available.set()

    def release(self) -> float | None:
        """Add the keys that are due; return the seconds until the next one, None without any."""
        now = self._clock.monotonic()
        while self._heap:
            at, key = self._heap[0]
            current = self._due.get(key)
            if current is None or current[0] != at:
                heapq.heappop(self._heap)  # scheduled anew or forgotten since
            elif at > now:
                return at - now
            else:
                heapq.heappop(self._heap)
                del self._due[key]
                self.add(key, current[1])
        return None

    async def run(self) -> None:
        """Add keys as they become due, for ever."""
        while True:
            self._rescheduled.clear()
            delay = self.release()
            try:
                async with asyncio.timeout(delay):
                    await self._rescheduled.wait()
            except TimeoutError:
                continue

    def depth(self) -> int:
        """Return how many keys are ready or will be when their processing ends."""
        return len(self._dirty)

    def ages(self) -> list[float]:
        """Return for how many seconds each key that is being processed has been so."""
        now = self._clock.monotonic()
        return [now - since for since in self._processing.values()]

    def _enqueue(self, key: ObjectRef, lane: Lane) -> None:
        self._ready[lane].append(key)
        self._available.set()

    def _pop(self) -> ObjectRef | None:
        """Return the most urgent ready key; entries left behind by overtaking are skipped."""
        for lane in Lane:
            ready = self._ready[lane]
            while ready:
                key = ready.popleft()
                if key in self._dirty and key not in self._processing:
                    return key
        return None
