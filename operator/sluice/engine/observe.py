"""From what a kind wants to the picture on which it decides."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from sluice.adapters.clock import Clock
from sluice.engine.cache import Cache
from sluice.engine.prober import Prober
from sluice.engine.samplers import Samplers
from sluice.engine.subscriptions import Subscriptions
from sluice.engine.wholes import Wholes
from sluice.model.cluster import Projection
from sluice.model.json import JsonObject
from sluice.model.kind import Observation, Selection, Wants
from sluice.model.references import ObjectRef

Found: TypeAlias = Mapping[Selection, tuple[Projection, ...]]
# What is wanted, given what has been found so far.
Wanting: TypeAlias = Callable[[Found], Wants]

# Each round follows one more reference from object to object; no kind has chains as long as this.
_MAX_ROUNDS = 8


class EndlessWantsError(Exception):
    """Somebody goes on wanting more, whatever it is given: a fault in its `wants`."""


@dataclass(frozen=True, slots=True)
class Observer:
    """Reads caches and stores, and nothing else; remembers who wanted what."""

    clock: Clock
    cache: Cache
    subscriptions: Subscriptions
    samplers: Samplers
    wholes: Wholes
    prober: Prober

    def observe(self, key: ObjectRef, body: JsonObject, wanting: Wanting) -> Observation:
        """Return all that is wanted about an object; `body` is empty when it does not exist."""
        wants, found = self._found(key, wanting)
        self.subscriptions.replace(key, wants.selections)
        self.samplers.want(key, wants.metrics)
        self.wholes.want(key, wants.wholes)
        self.prober.want(key, wants.probes)
        return Observation(
            now=self.clock.now(),
            body=body,
            found=found,
            answers=self.samplers.answers(wants.metrics),
            wholes=self.wholes.answers(wants.wholes),
            probes=self.prober.answers(wants.probes),
        )

    def forget(self, key: ObjectRef) -> None:
        """Forget what an object wanted: it is gone."""
        self.subscriptions.drop(key)
        self.samplers.drop(key)
        self.wholes.drop(key)
        self.prober.drop(key)

    def _found(self, key: ObjectRef, wanting: Wanting) -> tuple[Wants, Found]:
        """Ask until what has been given raises no further wish."""
        found: dict[Selection, tuple[Projection, ...]] = {}
        for _ in range(_MAX_ROUNDS):
            wants = wanting(found)
            missing = [selection for selection in wants.selections if selection not in found]
            if not missing:
                return wants, {selection: found[selection] for selection in wants.selections}
            found |= {selection: self.cache.select(selection) for selection in missing}
        raise EndlessWantsError(f"{key.resource.kind}.wants adds selections after 8 rounds")
