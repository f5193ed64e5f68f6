"""One rollout's situation: what the observation says, in the words that the checks use."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from sluice.model.cluster import (
    Deployment,
    EndpointSlice,
    HttpRoute,
    Pod,
    ReplicaSet,
    Service,
)
from sluice.model.found import Found, all_of, one_of
from sluice.model.json import Body
from sluice.model.kind import Descendants, InNamespace, Observation, One
from sluice.model.names import OWNER_UID_LABEL
from sluice.model.own import OwnMeta
from sluice.model.references import (
    DEPLOYMENTS,
    ENDPOINTSLICES,
    HTTPROUTES,
    PODS,
    REPLICASETS,
    ROLLOUTS,
    SERVICES,
    ObjectRef,
)
from sluice.rollout.canary import canary_name
from sluice.rollout.capacity import replicas_for
from sluice.rollout.phases import Phase, Stage
from sluice.rollout.spec import RolloutSpec
from sluice.rollout.status import RolloutStatus

M = TypeVar("M", Deployment, Service)


@dataclass(frozen=True, slots=True)
class Own:
    """The Rollout's own metadata, spec and status."""

    meta: OwnMeta
    spec: RolloutSpec
    status: RolloutStatus

    @classmethod
    def from_body(cls, body: Body) -> "Own":
        """Read a Rollout; InvalidSpecError or MalformedError if it cannot be carried out."""
        return cls(
            meta=OwnMeta.from_body(body, ROLLOUTS),
            spec=RolloutSpec.from_body(body.body("spec")),
            status=RolloutStatus.from_body(body.body("status")),
        )

    @property
    def target(self) -> ObjectRef:
        """The Deployment whose versions are rolled out."""
        return self.meta.near(DEPLOYMENTS, self.spec.target)

    @property
    def service(self) -> ObjectRef:
        """The Service whose traffic is shifted."""
        return self.meta.near(SERVICES, self.spec.service)

    @property
    def canary_service(self) -> ObjectRef:
        """The Service of the canary's pods."""
        return self.meta.near(SERVICES, f"{self.spec.service}-canary")

    def canary(self, revision: str) -> ObjectRef:
        """Return the canary Deployment of a revision."""
        return self.meta.near(DEPLOYMENTS, canary_name(self.spec.target, revision))

    @property
    def routes(self) -> tuple[ObjectRef, ...]:
        """The routes that are shifted, in the order of the spec."""
        return tuple(self.meta.near(HTTPROUTES, route.name) for route in self.spec.routes)


@dataclass(frozen=True, slots=True)
class Scene:
    """Own object and surroundings; what is None or absent is not in the cluster."""

    now: float
    scrape_seconds: float
    own: Own
    observation: Observation
    target: Deployment | None
    replica_sets: tuple[ReplicaSet, ...]
    service: Service | None
    canary_service: Service | None
    routes: Mapping[str, HttpRoute]
    canary: Deployment | None
    rejected: Deployment | None
    canary_sets: tuple[ReplicaSet, ...]
    stable_pods: tuple[Pod, ...]
    canary_pods: tuple[Pod, ...]
    canary_endpoints: int

    @property
    def spec(self) -> RolloutSpec:
        """The Rollout's spec."""
        return self.own.spec

    @property
    def status(self) -> RolloutStatus:
        """The Rollout's persisted status."""
        return self.own.status

    @property
    def stage(self) -> Stage:
        """The persisted stage."""
        return self.own.status.stage

    @property
    def paused(self) -> bool:
        """Whether time stands still, by spec or by command."""
        return self.spec.paused or self.status.paused_by_command

    @property
    def stable_set(self) -> ReplicaSet | None:
        """The ReplicaSet of the stable version."""
        return self.replica_set(self.status.stable_replica_set)

    @property
    def promoted_set(self) -> ReplicaSet | None:
        """The ReplicaSet that the promotion brings up, once the Deployment controller made it."""
        return self.replica_set(self.status.promoted_replica_set)

    @property
    def receiver(self) -> ReplicaSet | None:
        """The ReplicaSet that gets the traffic back: the former one when a promotion is undone."""
        return self.stable_set if self.stage.phase is Phase.REVERTING else self.promoted_set

    @property
    def own_set(self) -> ReplicaSet | None:
        """The ReplicaSet that has the Deployment's template, if the controller made it."""
        if self.target is None:
            return None
        wanted = self.target.template_digest
        return next((s for s in self.replica_sets if s.template_digest == wanted), None)

    def replica_set(self, name: str) -> ReplicaSet | None:
        """Return a ReplicaSet of the target by name."""
        return next((s for s in self.replica_sets if s.meta.ref.name == name), None)

    @property
    def stable_size(self) -> int:
        """The largest number of stable pods asked for since the rollout began."""
        return max(self.status.stable_size, self.target.replicas if self.target else 0)

    @property
    def rung_weight(self) -> int:
        """The weight that the current step asks for; the last step is the bake."""
        return rung_weight(self.spec, self.status.step)

    @property
    def canary_size(self) -> int:
        """How many canary pods the stage needs."""
        if self.stage in _FULL_SIZE:
            return max(self.stable_size, 1)
        return replicas_for(self.rung_weight, self.stable_size)

    @property
    def canary_ready(self) -> int:
        """How many canary pods can take traffic now: ready, and known to the Service."""
        if self.canary is None:
            return 0
        return min(self.canary.ready_replicas, self.canary_endpoints)


_FULL_SIZE = frozenset(
    {
        Stage.PROMOTING_SCALING,
        Stage.PROMOTING_SHIFTING,
        Stage.ROLLING,
        Stage.UNIFYING,
        Stage.RETURNING,
        Stage.REVERTING_FILLING,
        Stage.REVERTING_RETURNING,
    }
)


def rung_weight(spec: RolloutSpec, step: int) -> int:
    """Return the weight of a step by its index; one past the last is the bake."""
    if step < len(spec.steps):
        return spec.steps[step].weight
    return 100 - spec.holdout


def read_scene(observation: Observation, own: Own, scrape_seconds: float) -> Scene:
    """Return the scene of an observation; it holds nothing that the observation does not."""
    found = observation.found
    canary = own.canary(own.status.canary.revision)
    rejected = own.canary(own.status.rejected.revision) if own.status.rejected else None
    return Scene(
        now=observation.now,
        scrape_seconds=scrape_seconds,
        own=own,
        observation=observation,
        target=one_of(found, One(own.target), Deployment),
        replica_sets=all_of(found, Descendants(REPLICASETS, own.target), ReplicaSet),
        service=one_of(found, One(own.service), Service),
        canary_service=_ours(own, one_of(found, One(own.canary_service), Service)),
        routes={
            ref.name: route
            for ref in own.routes
            if (route := one_of(found, One(ref), HttpRoute)) is not None
        },
        canary=_ours(own, one_of(found, One(canary), Deployment)),
        rejected=_ours(own, one_of(found, One(rejected), Deployment)) if rejected else None,
        canary_sets=all_of(found, Descendants(REPLICASETS, canary), ReplicaSet),
        stable_pods=all_of(found, Descendants(PODS, own.target), Pod),
        canary_pods=all_of(found, Descendants(PODS, canary), Pod),
        canary_endpoints=_endpoints(found, own),
    )


def _ours(own: Own, item: M | None) -> M | None:
    """Return an object that this very Rollout made; a stranger of its name is as good as absent.

    So it is never scaled, sent to or deleted, and creating ours says that the name is taken.
    """
    made = item is not None and item.meta.labels.get(OWNER_UID_LABEL) == own.meta.uid
    return item if made else None


def _endpoints(found: Found, own: Own) -> int:
    slices = all_of(found, InNamespace(ENDPOINTSLICES, own.meta.ref.namespace), EndpointSlice)
    service = own.canary_service.name
    ready = {address for item in slices if item.service == service for address in item.ready}
    return len(ready)
