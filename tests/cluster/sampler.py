"""What a namespace goes through: every change of it, in the order of the cluster's own log.

Watches, not polls: no state is missed, and the resourceVersion says which of two writes to
different objects came first.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

from sluice.model.json import Body
from sluice.model.references import (
    DEPLOYMENTS,
    ENDPOINTSLICES,
    HTTPROUTES,
    PODS,
    ROLLOUTS,
    Resource,
)
from sluice.rollout.phases import Stage
from sluice.rollout.status import RolloutStatus
from tests.cluster.app_manifests import NAME
from tests.cluster.cluster_api import ClusterApi, Sighting

CANARY: Final = f"{NAME}-canary"
WATCHED: Final = (ROLLOUTS, HTTPROUTES, ENDPOINTSLICES, DEPLOYMENTS, PODS)
SAMPLE_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True)
class Seen:
    """Something that began: at in seconds since the epoch, version in the order of all writes."""

    at: float
    version: int


@dataclass(frozen=True, slots=True)
class StatusSeen(Seen):
    """A status of the Rollout; known: whether the operator has written one at all."""

    known: bool
    status: RolloutStatus


@dataclass(frozen=True, slots=True)
class WeightSeen(Seen):
    """The canary's percent in the route; None when the route does not name it."""

    canary: int | None


@dataclass(frozen=True, slots=True)
class ReadySeen(Seen):
    """The pods that a Service sends to."""

    addresses: frozenset[str]


@dataclass(slots=True)
class Sampler:
    """The history of one namespace, and what is there now; ended: when it was deleted whole."""

    statuses: list[StatusSeen] = field(default_factory=list)
    weights: list[WeightSeen] = field(default_factory=list)
    canary_ready: list[ReadySeen] = field(default_factory=list)
    objects: dict[tuple[Resource, str], Body] = field(default_factory=dict)
    ended: float = float("inf")
    watches: list[asyncio.Task[None]] = field(default_factory=list)
    _slices: dict[str, frozenset[str]] = field(default_factory=dict)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, resource: Resource, sighting: Sighting) -> None:
        """Take in one event of a watch."""
        key = (resource, sighting.name)
        if sighting.deleted:
            self.objects.pop(key, None)
        else:
            self.objects[key] = sighting.body
        if key == (ROLLOUTS, NAME) and not sighting.deleted:
            self._take_rollout(sighting)
        elif resource is HTTPROUTES:
            self._take_route(sighting)
        elif resource is ENDPOINTSLICES:
            self._take_slice(sighting)
        self._changed.set()

    def present(self, resource: Resource) -> list[Body]:
        """Return the objects of a resource that are there now."""
        return [body for (found, _), body in self.objects.items() if found is resource]

    @property
    def status(self) -> RolloutStatus:
        """The Rollout's last status."""
        return self.statuses[-1].status if self.statuses else RolloutStatus()

    @property
    def weight(self) -> int:
        """The canary's percent in the route now."""
        return (self.weights[-1].canary or 0) if self.weights else 0

    @property
    def shifts(self) -> list[int]:
        """Every canary percent that the route has had since the canary was first named in it."""
        return [seen.canary for seen in self.weights if seen.canary is not None]

    @property
    def stages(self) -> list[Stage]:
        """Every stage that the Rollout has been in, in order."""
        return [stage for stage, _ in groupby(seen.status.stage for seen in self.statuses)]

    async def until(self, condition: Callable[[], bool], within: float, waiting_for: str) -> float:
        """Return the instant at which the condition holds; AssertionError after so many seconds."""
        try:
            async with asyncio.timeout(within):
                while not condition():
                    self.require_sight()
                    self._changed.clear()
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._changed.wait(), SAMPLE_SECONDS)
        except TimeoutError:
            raise AssertionError(f"no {waiting_for} within {within:g} s; {self}") from None
        return time.time()

    def require_sight(self) -> None:
        """Raise what ended a watch, if one has ended: nothing is proven by not having looked."""
        for task in self.watches:
            if task.done():
                task.result()

    def __str__(self) -> str:
        status = self.status
        stages = " > ".join(self.stages)
        shifts = " > ".join(str(seen.canary) for seen in self.weights)
        return f"now {status.stage}, «{status.message}»; stages {stages}; route {shifts}"

    def _take_rollout(self, sighting: Sighting) -> None:
        body = sighting.body.body("status")
        status = RolloutStatus.from_body(Body(body.value))
        known = bool(body.value)
        self.statuses.append(StatusSeen(time.time(), sighting.version, known, status))

    def _take_route(self, sighting: Sighting) -> None:
        canary = None if sighting.deleted else canary_percent(sighting.body)
        if not self.weights or self.weights[-1].canary != canary:
            self.weights.append(WeightSeen(time.time(), sighting.version, canary))

    def _take_slice(self, sighting: Sighting) -> None:
        service = sighting.body.labels("metadata", "labels").get("kubernetes.io/service-name")
        if service != CANARY:
            return
        found = frozenset[str]() if sighting.deleted else ready_addresses(sighting.body)
        self._slices[sighting.name] = found
        everywhere = frozenset[str]().union(*self._slices.values())
        if not self.canary_ready or self.canary_ready[-1].addresses != everywhere:
            self.canary_ready.append(ReadySeen(time.time(), sighting.version, everywhere))


def canary_percent(route: Body) -> int | None:
    """Return the canary's percent in the route's only rule, None when it is not named."""
    (rule,) = route.bodies("spec", "rules")
    shares: Mapping[str, int] = {
        backend.text("name"): backend.whole("weight", default=1)
        for backend in rule.bodies("backendRefs")
    }
    if CANARY not in shares:
        return None
    return round(100 * shares[CANARY] / (sum(shares.values()) or 1))


def ready_addresses(endpoint_slice: Body) -> frozenset[str]:
    """Return the addresses that are ready."""
    return frozenset(
        address
        for endpoint in endpoint_slice.bodies("endpoints")
        if endpoint.body("conditions").flag("ready", default=True)
        for address in endpoint.texts("addresses")
    )


@asynccontextmanager
async def sampling(api: ClusterApi, namespace: str) -> AsyncIterator[Sampler]:
    """Watch a namespace while the block runs; a watch that breaks fails whoever waits for it."""
    sampler = Sampler()

    async def follow(resource: Resource) -> None:
        async for sighting in api.watch(resource, namespace):
            sampler.take(resource, sighting)
        raise AssertionError(f"the watch of {resource.plural} in {namespace} has ended")

    sampler.watches = [
        asyncio.create_task(follow(resource), name=f"watch of {resource.plural}")
        for resource in WATCHED
    ]
    try:
        yield sampler
        sampler.require_sight()
    finally:
        for task in sampler.watches:
            task.cancel()
        await asyncio.gather(*sampler.watches, return_exceptions=True)
