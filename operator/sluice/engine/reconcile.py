"""One pass: observe, plan, apply, write status, and say when to look again."""

import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import assert_never

from sluice.adapters.failures import KubeError
from sluice.engine.apply import Applied, Applier
from sluice.engine.delays import Delays, Result
from sluice.engine.metrics import Metrics
from sluice.engine.observe import Observer
from sluice.engine.orphans import Orphans
from sluice.engine.outcome import Outcome, outcome_of
from sluice.engine.own import Own, OwnObjects
from sluice.engine.queue import Lane, QueueClosedError, WorkQueue
from sluice.engine.refusals import internal_error, most_pressing, overlaid, ready_reason, status_of
from sluice.engine.status import StatusWriter, Write
from sluice.engine.writer import GateClosedError
from sluice.model.json import Body, JsonObject
from sluice.model.kind import Kind
from sluice.model.plan import Note, Transition, Work
from sluice.model.problems import Problem, Transient
from sluice.model.references import ObjectRef, Resource

log = logging.getLogger(__name__)

# An instant in the past is a kind's fault; it must not become a busy loop.
_SHORTEST_SECONDS = 0.01
# A passing failure is told to the user from this attempt on (about a second).
_TOLD_FROM_ATTEMPT = 5


@dataclass(frozen=True, slots=True)
class Reconciler:
    """Carries objects from pass to pass; one object is never in two passes at once."""

    kinds: Mapping[Resource, Kind]
    queue: WorkQueue
    own: OwnObjects
    observer: Observer
    orphans: Orphans
    applier: Applier
    status: StatusWriter
    metrics: Metrics
    delays: Delays = field(default_factory=Delays)
    # Not needed for what is right, only for what is tried first: a new process tries everything.
    refused: dict[ObjectRef, frozenset[str]] = field(default_factory=dict)

    async def work(self) -> None:
        """Take keys from the queue until it is closed: the body of one worker."""
        with suppress(QueueClosedError):
            while True:
                key = await self.queue.get()
                try:
                    await self.reconcile(key)
                finally:
                    self.queue.done(key)

    async def reconcile(self, key: ObjectRef) -> None:
        """Carry out one pass of an object, or of what names it, and schedule the next one."""
        own, name = self.own.get(key), key.resource.kind
        if own is None and not self.orphans.guards(key):
            self.forget(key)
            return
        with self.metrics.reconcile_seconds.labels(name).time():
            outcome = await (self.orphans.attempt(key) if own is None else self._attempt(own))
        result = Result.SETTLED if outcome is None else outcome.result
        self.metrics.reconciles.labels(name, str(result)).inc()
        if result in _ERRORS:
            self.metrics.reconcile_errors.labels(name).inc()
        if outcome is None:
            self.forget(key)
        else:
            self._schedule(key, outcome)

    def forget(self, key: ObjectRef) -> None:
        """Forget an object that is gone."""
        self.queue.forget(key)
        self.observer.forget(key)
        self.delays.reset(key)
        self.refused.pop(key, None)

    def _schedule(self, key: ObjectRef, outcome: Outcome) -> None:
        delay, lane = self.delays.after(key, outcome.result), Lane.CHANGE
        if outcome.result is Result.SETTLED:
            lane = Lane.RESYNC
        elif outcome.result is not Result.PROGRESSED:
            self.metrics.queue.retries.inc()
        if outcome.due_in_seconds is not None and outcome.due_in_seconds < delay:
            delay, lane = max(_SHORTEST_SECONDS, outcome.due_in_seconds), Lane.CHANGE
        self.queue.schedule(key, delay, lane)

    async def _attempt(self, own: Own) -> Outcome:
        try:
            return await self._pass(own)
        except GateClosedError:
            return Outcome(Result.STOPPED)
        except KubeError as error:
            log.warning("%s: %s", own.ref, error)
            return Outcome(Result.FAILED)
        except Exception as error:  # noqa: BLE001 - a poison object must not stop the others
            return await self._set_aside(own, error)

    async def _pass(self, own: Own) -> Outcome:
        kind, body = self.kinds[own.ref.resource], own.body
        observation = self.observer.observe(own.ref, body, partial(kind.wants, body))
        refused = self.refused.get(own.ref, frozenset())
        plan = kind.plan(replace(observation, refused=refused))
        match plan:
            case Transition(status, notes):
                return Outcome(_RESULTS[await self.status.write(own, status, notes)])
            case Work():
                return await self._work(own, plan, observation.now)
            case _:
                assert_never(plan)

    async def _work(self, own: Own, work: Work, now: float) -> Outcome:
        applied = await self.applier.apply(work.actions)
        tried = {action.group for action in work.actions}
        self.refused[own.ref] = self.refused.get(own.ref, frozenset()) - tried | applied.stopped
        due = None if work.due_at is None else work.due_at - now
        if self.own.get(own.ref) is not own:
            # It has changed, perhaps by an action on itself: whoever changed it has it looked at
            # again, and that pass writes, on the version that there is now.
            return Outcome(Result.STALE, due)
        write = await self._tell(own, work, applied, now)
        return outcome_of(applied, _RESULTS[write], due)

    async def _tell(self, own: Own, work: Work, applied: Applied, now: float) -> Write:
        """Write the status of the pass, with what went wrong in it."""
        problem = most_pressing(applied.problems)
        if problem is not None and self._is_worth_telling(own.ref, problem):
            base = status_of(Body(own.body)) if work.status is None else work.status
            return await self._write_problem(own, base, problem, now, work.notes)
        if work.status is None:
            return Write.UNCHANGED
        return await self.status.write(own, work.status, work.notes)

    def _is_worth_telling(self, key: ObjectRef, problem: Problem) -> bool:
        attempts = self.delays.failure.failures(key)
        return not isinstance(problem, Transient) or attempts >= _TOLD_FROM_ATTEMPT

    async def _write_problem(
        self, own: Own, base: JsonObject, problem: Problem, now: float, notes: tuple[Note, ...] = ()
    ) -> Write:
        body = Body(own.body)
        if ready_reason(body) != problem.reason:
            notes = (*notes, Note(problem.reason, problem.message))
        return await self.status.write(own, overlaid(base, body, problem, now), notes)

    async def _set_aside(self, own: Own, error: Exception) -> Outcome:
        """Say in the object's status that deciding about it failed; the others go on."""
        base, now = status_of(Body(own.body)), self.observer.clock.now()
        try:
            write = await self._write_problem(own, base, internal_error(error), now)
        except (KubeError, GateClosedError) as failure:
            log.warning("%s: %s", own.ref, failure)
            write = Write.STALE
        if write is not Write.UNCHANGED:  # told once, not at every attempt
            log.error("%s is set aside", own.ref, exc_info=error)
        return Outcome(Result.BROKEN)


_ERRORS = frozenset({Result.FAILED, Result.REFUSED, Result.BROKEN})

_RESULTS = {
    Write.UNCHANGED: Result.SETTLED,
    Write.WRITTEN: Result.PROGRESSED,
    Write.STALE: Result.STALE,
}
