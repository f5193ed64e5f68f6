"""What a namespace goes through: every change of it, in the order of the cluster's own log.

Watches, not polls: no state is missed, and the resourceVersion says which of two writes to
different objects came first.
"""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
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
from tests.cluster.watching import Watcher, watching

CANARY: Final = f"{NAME}-canary"
WATCHED: Final = (ROLLOUTS, HTTPROUTES, ENDPOINTSLICES, DEPLOYMENTS, PODS)


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
class Sampler(Watcher):
    """The history of one namespace, and what is there now; ended: when it was deleted whole."""

    statuses: list[StatusSeen] = field(default_factory=list)
    weights: list[WeightSeen] = field(default_factory=list)
    canary_ready: list[ReadySeen] = field(default_factory=list)
    ended: float = float("inf")
    _slices: dict[str, frozenset[str]] = field(default_factory=dict)

    def take(self, resource: Resource, sighting: Sighting) -> None:
        """Take in one event of a watch."""
        super(Sampler, self).take(resource, sighting)
        if (resource, sighting.name) == (ROLLOUTS, NAME) and not sighting.deleted:
            self._take_rollout(sighting)
        elif resource is HTTPROUTES:
            self._take_route(sighting)
        elif resource is ENDPOINTSLICES:
            self._take_slice(sighting)

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
    async with watching(api, namespace, WATCHED, sampler):
        yield sampler
