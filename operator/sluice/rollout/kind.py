"""Rollout as a kind: what the engine calls."""

from collections.abc import Mapping
from dataclasses import dataclass

from sluice.model.cluster import Projection
from sluice.model.json import JsonObject
from sluice.model.kind import Observation, Selection, Wants
from sluice.model.plan import Plan
from sluice.model.references import ROLLOUTS, Resource
from sluice.rollout.plan import plan
from sluice.rollout.wants import wants


@dataclass(frozen=True, slots=True)
class RolloutKind:
    """The kind with the one setting that it needs: how often Prometheus scrapes, in seconds."""

    scrape_seconds: float = 15.0

    @property
    def resource(self) -> Resource:
        """Where Rollouts live."""
        return ROLLOUTS

    def wants(self, body: JsonObject, found: Mapping[Selection, tuple[Projection, ...]]) -> Wants:
        """Return what the next decision about a Rollout rests on."""
        return wants(body, found, self.scrape_seconds)

    def plan(self, observation: Observation) -> Plan:
        """Decide about a Rollout."""
        return plan(observation, self.scrape_seconds)
