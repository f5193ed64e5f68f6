"""What is around a Rollout in its namespace, as far as it decides whether a rollout can work."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sluice.model.cluster import (
    Autoscaler,
    Deployment,
    DisruptionBudget,
    HttpRoute,
    NetworkPolicy,
    PodMonitor,
    RolloutSummary,
    Service,
    VolumeClaim,
)
from sluice.rollout.canary import Canary, canary_labels
from sluice.rollout.spec import RolloutSpec


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What was found; a target, Service or route that is not there does not exist.

    own: the Rollout itself. routes: by name. rollouts: the other ones that have claimed the target
    or the canary's Service. The rest is all that the namespace has of the kind.
    """

    own: RolloutSummary
    spec: RolloutSpec
    target: Deployment | None = None
    service: Service | None = None
    routes: Mapping[str, HttpRoute] = field(default_factory=dict)
    claims: tuple[VolumeClaim, ...] = ()
    autoscalers: tuple[Autoscaler, ...] = ()
    policies: tuple[NetworkPolicy, ...] = ()
    budgets: tuple[DisruptionBudget, ...] = ()
    monitors: tuple[PodMonitor, ...] = ()
    rollouts: tuple[RolloutSummary, ...] = ()


@dataclass(frozen=True, slots=True)
class Ground:
    """Surroundings in which Deployment and Service exist and a canary can be told from stable."""

    around: Surroundings
    target: Deployment
    service: Service
    key: str

    @property
    def stable_labels(self) -> Mapping[str, str]:
        """The labels of the stable pods."""
        return self.target.template_labels

    @property
    def canary_labels(self) -> Mapping[str, str]:
        """The labels of the canary's pods; the revision is left empty."""
        meta = self.around.own.meta
        return canary_labels(self.target, Canary(meta.ref.name, meta.uid, "", self.key))

    @property
    def remedy(self) -> str:
        """What a selector has to say to select both versions."""
        values = f"{self.stable_labels[self.key]}, {self.canary_labels[self.key]}"
        return f"matchExpressions: [{{key: {self.key}, operator: In, values: [{values}]}}]"
