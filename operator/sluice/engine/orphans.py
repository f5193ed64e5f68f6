"""Objects whose label names an object of ours that does not exist: a guardian decides on them.

The key of the missing object goes through the same queue as those that exist, so it is never in
two passes at once, neither of the guardian's nor of its own once the object is there.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from sluice.adapters.failures import KubeError
from sluice.engine.announcer import Announcer
from sluice.engine.apply import Applied, Applier
from sluice.engine.cache import Cache
from sluice.engine.delays import Result
from sluice.engine.knowledge import Knowledge
from sluice.engine.observe import Observer
from sluice.engine.outcome import Outcome, outcome_of
from sluice.engine.writer import GateClosedError
from sluice.model.cluster import PROJECTIONS, Projection
from sluice.model.kind import Guardian, Labelled
from sluice.model.plan import Subject, Work
from sluice.model.references import ObjectRef, Resource

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Orphans:
    """Which objects are missing, and the passes over them.

    A guardian that waits for an answer (metrics, wholes, probes) says until when by `due_at`.
    """

    guardians: Mapping[Resource, Guardian]
    cache: Cache
    knowledge: Knowledge
    observer: Observer
    applier: Applier
    announcer: Announcer

    def touched(self, old: Projection | None, new: Projection | None) -> set[ObjectRef]:
        """Return the keys of the missing objects that a changed object names or named."""
        states = [state for state in (old, new) if state is not None]
        keys = {
            ObjectRef(guardian.resource, state.meta.ref.namespace, name)
            for guardian in self.guardians.values()
            for state in states
            if (name := state.meta.labels.get(guardian.label))
        }
        return {key for key in keys if self.knowledge.own.get(key) is None}

    def named(self, key: ObjectRef) -> bool:
        """Whether an object's label names that object, which a guardian looks after."""
        guardian = self.guardians.get(key.resource)
        return guardian is not None and any(
            self.cache.select(Labelled(resource, key.namespace, guardian.label, key.name))
            for resource in PROJECTIONS
        )

    def guards(self, key: ObjectRef) -> bool:
        """Whether a guardian would look after that object if it is missing."""
        return key.resource in self.guardians

    async def attempt(self, key: ObjectRef) -> Outcome | None:
        """Carry out one pass for an object that is missing; None: it may be forgotten, at once."""
        try:
            return await self._pass(self.guardians[key.resource], key)
        except GateClosedError:
            return Outcome(Result.STOPPED)
        except KubeError as error:
            log.warning("%s, which is missing: %s", key, error)
            return Outcome(Result.FAILED)
        except Exception:
            log.exception("%s, which is missing, is set aside", key)
            return Outcome(Result.BROKEN)  # the others go on

    async def _pass(self, guardian: Guardian, key: ObjectRef) -> Outcome | None:
        observation = self.observer.observe(key, {}, lambda _: guardian.wants(key))
        work = guardian.plan(key, observation)
        if work.actions:
            return await self._work(key, work, observation.now)
        if work.notes and await self.knowledge.refresh(key) is None:
            self.announcer.announce(Subject(key, "", ""), work.notes)
        if work.due_at is None:
            return None
        return Outcome(Result.SETTLED, work.due_at - observation.now)

    async def _work(self, key: ObjectRef, work: Work, now: float) -> Outcome:
        # No fence can say «it does not exist»: Kopf may have been mute about an object that does.
        if await self.knowledge.refresh(key) is not None:
            return Outcome(Result.STALE)
        applied = await self.applier.apply(work.actions)
        for problem in applied.problems:
            log.warning("%s, which is missing: %s: %s", key, problem.reason, problem.message)
        if applied == Applied():
            self.announcer.announce(Subject(key, "", ""), work.notes)
        due = None if work.due_at is None else work.due_at - now
        return outcome_of(applied, Result.SETTLED, due)
