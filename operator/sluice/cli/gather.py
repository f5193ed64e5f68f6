"""The observation on which the operator would decide now, gathered by a person's own rights."""

import asyncio
from dataclasses import dataclass
from typing import Final, TypeAlias

from sluice.adapters.clock import Clock
from sluice.adapters.failures import ForbiddenError, NotFoundError
from sluice.adapters.prometheus import MetricSource, PrometheusError
from sluice.cli.cluster import Cluster, within
from sluice.engine.cache import Cache
from sluice.engine.informer import project
from sluice.engine.samplers import next_range
from sluice.engine.samples import SampleStore
from sluice.model.cluster import Projection
from sluice.model.json import Body, JsonObject
from sluice.model.kind import (
    Descendants,
    InNamespace,
    Kind,
    Labelled,
    Observation,
    One,
    Selection,
    Wants,
    WholeWant,
)
from sluice.model.metrics import MetricAnswer, MetricQuery, MetricWant
from sluice.model.names import LOCK_LABEL, RECORD_LABEL
from sluice.model.references import (
    CONFIGMAPS,
    DEPLOYMENTS,
    LEASES,
    OPTIONAL,
    REPLICASETS,
    ObjectRef,
    Resource,
)

_MOST_ROUNDS: Final = 8
_MOST_QUESTIONS: Final = 20  # of up to 15 minutes each: 5 hours of one step
# What is listed: a resource, and by which labels (empty: all of the namespace).
_List: TypeAlias = tuple[Resource, str]
# As the operator sees them: what is not ours of these is neither its concern nor ours.
_MARKS: Final = {CONFIGMAPS: RECORD_LABEL, LEASES: LOCK_LABEL}


@dataclass(slots=True)
class Gatherer:
    """Reads whole collections of one namespace, and answers selections as the operator does."""

    cluster: Cluster
    source: MetricSource
    clock: Clock

    async def observe(self, kind: Kind, ref: ObjectRef) -> Observation:
        """Return all that the kind wants to know about an object."""
        body = await self.cluster.get(ref)
        wants, found = await self._found(kind, body, ref.namespace)
        now = self.clock.now()
        answers = await asyncio.gather(*(self._ask(want, now) for want in wants.metrics))
        wholes = await asyncio.gather(*(self._whole(want) for want in wants.wholes))
        return Observation(
            now=now,
            body=body,
            found=found,
            answers=dict(answers),
            wholes=dict(zip(wants.wholes, wholes, strict=True)),
        )

    async def _found(
        self, kind: Kind, body: JsonObject, namespace: str
    ) -> tuple[Wants, dict[Selection, tuple[Projection, ...]]]:
        """Ask the kind until what it has been given raises no further wish."""
        cache, read = Cache(), set[_List]()
        found: dict[Selection, tuple[Projection, ...]] = {}
        wants = kind.wants(body, found)
        for _ in range(_MOST_ROUNDS):
            needed = {part for selection in wants.selections for part in _lists(selection)} - read
            await asyncio.gather(*(self._read(part, namespace, cache) for part in sorted(needed)))
            read |= needed
            found = {selection: cache.select(selection) for selection in wants.selections}
            following = kind.wants(body, found)
            if following.selections == wants.selections:
                return following, found
            wants = following
        raise RuntimeError(f"{kind.resource.kind}.wants asks for more after {_MOST_ROUNDS} rounds")

    async def _read(self, part: _List, namespace: str, cache: Cache) -> None:
        resource, label_selector = part
        try:
            bodies = await self.cluster.all(within(resource, namespace), label_selector)
        except NotFoundError:
            return  # the resource type is not installed: to a decision that is «none found»
        except ForbiddenError:
            # Who has no right is told so before it is looked whether the type is installed.
            if resource in OPTIONAL:
                return
            raise
        for body in bodies:
            projection = project(resource, body)
            if projection is not None:
                cache.put(projection)

    async def _ask(self, want: MetricWant, now: float) -> tuple[MetricQuery, MetricAnswer]:
        store = SampleStore()
        try:
            for _ in range(_MOST_QUESTIONS):
                start, end = next_range(store, want.since, now)
                store.merge(await self.source.samples(want.query, start, end), start, end)
                if store.covered_from <= want.since and store.covered_until >= now:
                    break
        except PrometheusError as error:
            store.failing_since, store.error = now, str(error)
        return want.query, store.answer()

    async def _whole(self, want: WholeWant) -> JsonObject | None:
        try:
            body = await self.cluster.get(want.ref)
        except NotFoundError:
            return None
        return body if Body(body).text("metadata", "uid") == want.uid else None


def _lists(selection: Selection) -> tuple[_List, ...]:
    """Return the lists from which a selection is answered."""
    match selection:
        case One(ref):
            return ((ref.resource, _MARKS.get(ref.resource, "")),)
        case InNamespace(resource, _):
            return ((resource, ""),)
        case Labelled(resource, _, label, value):
            return ((resource, f"{label}={value}"),)
        case Descendants(resource, ancestor):
            # A Pod leads to its Deployment through a ReplicaSet.
            between = ((REPLICASETS, ""),) if ancestor.resource == DEPLOYMENTS else ()
            return ((resource, ""), *between)
