"""From what a kind wants to the picture on which it decides."""

from collections.abc import Mapping
from dataclasses import dataclass

from sluice.adapters.clock import Clock
from sluice.engine.cache import Cache
from sluice.engine.own import Own
from sluice.engine.samplers import Samplers
from sluice.engine.subscriptions import Subscriptions
from sluice.engine.wholes import Wholes
from sluice.model.cluster import Projection
from sluice.model.json import JsonObject
from sluice.model.kind import Kind, Observation, Selection, Wants
from sluice.model.references import ObjectRef

# Each round follows one more reference from object to object; no kind has chains as long as this.
_MAX_ROUNDS = 8


class EndlessWantsError(Exception):
    """A kind goes on wanting more, whatever it is given: a fault in its `wants`."""


@dataclass(frozen=True, slots=True)
class Observer:
    """Reads caches and stores, and nothing else; remembers who wanted what."""

    clock: Clock
    cache: Cache
    subscriptions: Subscriptions
    samplers: Samplers
    wholes: Wholes

    def observe(self, kind: Kind, own: Own) -> Observation:
        """Return all that the kind wants to know about an object."""
        body = own.body
        wants, found = self._found(kind, body)
        self.subscriptions.replace(own.ref, wants.selections)
        self.samplers.want(own.ref, wants.metrics)
        self.wholes.want(own.ref, wants.wholes)
        return Observation(
            now=self.clock.now(),
            body=body,
            found=found,
            answers=self.samplers.answers(wants.metrics),
            wholes=self.wholes.answers(wants.wholes),
        )

    def forget(self, key: ObjectRef) -> None:
        """Forget what an object wanted: it is gone."""
        self.subscriptions.drop(key)
        self.samplers.drop(key)
        self.wholes.drop(key)

    def _found(
        self, kind: Kind, body: JsonObject
    ) -> tuple[Wants, Mapping[Selection, tuple[Projection, ...]]]:
        """Ask the kind until what it has been given raises no further wish."""
        found: dict[Selection, tuple[Projection, ...]] = {}
        for _ in range(_MAX_ROUNDS):
            wants = kind.wants(body, found)
            missing = [selection for selection in wants.selections if selection not in found]
            if not missing:
                return wants, {selection: found[selection] for selection in wants.selections}
            found |= {selection: self.cache.select(selection) for selection in missing}
        raise EndlessWantsError(f"{kind.resource.kind}.wants adds selections after 8 rounds")
