"""Probes on their own time: a target that hangs never holds up a decision.

Equal wants are asked once, however many objects have them. Nothing runs between two probes: a
timer per want starts a task for one answer, so thousands of targets cost little while they wait.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from zlib import crc32

from sluice.adapters.clock import Clock
from sluice.adapters.probes import ProbeSource
from sluice.engine.hearing import Listener
from sluice.engine.metrics import Metrics
from sluice.model.probes import Answer, Outcome, ProbeRun, ProbeWant
from sluice.model.probing import ProbeState, is_news, is_ours, is_silent, recorded
from sluice.model.references import ObjectRef

log = logging.getLogger(__name__)

# More at a time would only move the queue into the network; silence of 256 takes all the room.
_AT_ONCE = 256
# The first probes of all wants are spread over this time and no longer: a start waits for them.
_FIRST_WITHIN_SECONDS = 1.0
# From then on they move apart, by at most this share of an interval each time, until they fill it:
# a thousand probes within one second of five would take half of the processor in that second.
DRIFT = 0.05


@dataclass(slots=True, eq=False)
class _Target:
    """One want, who has it, what is known, and its next probe.

    due: when the next probe should begin, or the present one should have, on the monotonic clock.
    apart_seconds: by how much its rhythm still has to move away from that of the others.
    keys: empty once nobody wants it any more.
    """

    want: ProbeWant
    due: float
    apart_seconds: float
    state: ProbeState = field(default_factory=ProbeState)
    keys: set[ObjectRef] = field(default_factory=set)
    timer: asyncio.TimerHandle | None = None
    task: asyncio.Task[None] | None = None


class Prober:
    """All probes that are wanted, by anyone, at this moment."""

    def __init__(
        self,
        source: ProbeSource,
        clock: Clock,
        metrics: Metrics,
        wake: Callable[[ObjectRef], None],
    ) -> None:
        self._source = source
        self._clock = clock
        self._metrics = metrics
        self._wake = wake
        self._targets: dict[ProbeWant, _Target] = {}
        self._wants: dict[ObjectRef, frozenset[ProbeWant]] = {}
        self._listener = Listener()
        self._asking = 0
        self._waiting: deque[_Target] = deque()

    def want(self, key: ObjectRef, wants: tuple[ProbeWant, ...]) -> None:
        """Replace what a key asks: new probes are begun, those that nobody wants any more end."""
        new, old = frozenset(wants), self._wants.get(key, frozenset())
        for want in old - new:
            self._unwant(key, want)
        for want in new - old:
            self._begin(key, want)
        if new:
            self._wants[key] = new
        else:
            self._wants.pop(key, None)

    def drop(self, key: ObjectRef) -> None:
        """Forget a key."""
        self.want(key, ())

    def answers(self, wants: tuple[ProbeWant, ...]) -> Mapping[ProbeWant, ProbeRun]:
        """Return what is known of each want that has been asked at all."""
        found = ((want, self._targets.get(want)) for want in wants)
        runs = ((want, target.state.run) for want, target in found if target is not None)
        return {want: run for want, run in runs if run.outcome is not None}

    def stop(self) -> None:
        """End all probes."""
        for key in tuple(self._wants):
            self.drop(key)

    def _begin(self, key: ObjectRef, want: ProbeWant) -> None:
        target = self._targets.get(want)
        if target is None:
            first = first_delay(want)
            apart = phase(want) * want.interval_seconds - first
            target = _Target(want, self._clock.monotonic() + first, apart)
            self._targets[want] = target
            self._listener.begin(want)
            self._plan(target)
        target.keys.add(key)

    def _unwant(self, key: ObjectRef, want: ProbeWant) -> None:
        target = self._targets[want]
        target.keys.discard(key)
        if not target.keys:
            del self._targets[want]
            self._listener.end(want)
            for pending in (target.timer, target.task):
                if pending is not None:
                    pending.cancel()

    def _plan(self, target: _Target) -> None:
        delay = target.due - self._clock.monotonic()
        target.timer = asyncio.get_running_loop().call_later(delay, self._fall_due, target)

    def _fall_due(self, target: _Target) -> None:
        if self._asking < _AT_ONCE:
            self._send(target)
        else:
            self._waiting.append(target)

    def _send(self, target: _Target) -> None:
        self._asking += 1
        target.task = asyncio.create_task(self._ask(target), name="probe")
        # Not at the end of the task: one that is cancelled before its first step has no end.
        target.task.add_done_callback(lambda _: self._ended(target))

    def _ended(self, target: _Target) -> None:
        self._asking -= 1
        while self._waiting and self._asking < _AT_ONCE:
            if (waiting := self._waiting.popleft()).keys:
                self._send(waiting)
        if target.keys:
            # What was missed is not made up for: that would count passes faster than is wanted.
            interval = target.want.interval_seconds
            apart = min(target.apart_seconds, DRIFT * interval)
            target.apart_seconds -= apart
            target.due = max(target.due + interval + apart, self._clock.monotonic())
            self._plan(target)

    async def _ask(self, target: _Target) -> None:
        asked_at, begun = self._clock.now(), self._clock.monotonic()
        try:
            answer = await self._source.answer(target.want.probe)
        except Exception as error:  # an unforeseen answer must not go unnoticed
            answer = Answer(Outcome.UNKNOWN, answered=False, detail=f"fault: {error!r}")
            if target.state.run.detail != answer.detail:
                log.warning("%s ends in a fault", target.want.probe, exc_info=error)
        self._metrics.probe_seconds.observe(self._clock.monotonic() - begun)
        self._take(target, answer, asked_at)

    def _take(self, target: _Target, answer: Answer, asked_at: float) -> None:
        want, old, now, ours = target.want, target.state, self._clock.now(), False
        if answer.answered:
            self._listener.spoke(want, now)
        elif is_silent(answer):
            since = now if old.silent_since is None else old.silent_since
            ours = is_ours(old, asked_at, self._listener.silent(want, since, now))
        target.state = recorded(old, answer, now, ours=ours)
        self._metrics.probes.labels(str(target.state.run.outcome)).inc()
        if is_news(want, old.run, target.state.run):
            for key in tuple(target.keys):
                self._wake(key)


def phase(want: ProbeWant) -> float:
    """Return the part of the interval at which a want is probed, the same in every process."""
    return crc32(repr(want).encode()) / 2**32


def first_delay(want: ProbeWant) -> float:
    """Return the seconds until the first probe."""
    return phase(want) * min(want.interval_seconds, _FIRST_WITHIN_SECONDS)
