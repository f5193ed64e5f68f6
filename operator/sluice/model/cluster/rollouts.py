"""Rollouts as other Rollouts see them."""

from dataclasses import dataclass

from sluice.model.cluster.metadata import Metadata
from sluice.model.json import Body
from sluice.model.references import ROLLOUTS


@dataclass(frozen=True, slots=True)
class RolloutSummary:
    """A Rollout: which Deployment and Service it has, by name in its own namespace."""

    meta: Metadata
    target: str
    service: str

    @classmethod
    def from_body(cls, body: Body) -> "RolloutSummary":
        """Read a Rollout (sluice.dev/v1alpha1)."""
        spec = body.body("spec")
        target, service = spec.text("targetRef", "name"), spec.text("service", "name")
        return cls(Metadata.from_body(body, ROLLOUTS), target, service)
