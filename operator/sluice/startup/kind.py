"""StartupGraph as a kind: what the engine calls."""

from collections.abc import Mapping
from dataclasses import dataclass

from sluice.model.cluster import Projection
from sluice.model.json import JsonObject
from sluice.model.kind import Observation, Selection, Wants
from sluice.model.plan import Plan
from sluice.model.references import STARTUPGRAPHS, Resource
from sluice.startup.plan import plan
from sluice.startup.release import released_list
from sluice.startup.wants import wants


@dataclass(frozen=True, slots=True)
class StartupGraphKind:
    """The kind with what an installation chooses.

    namespace: the operator's own. probe_hosts: hosts besides the Services of a graph's namespace
    that its gates may ask.
    """

    namespace: str = "sluice-system"
    probe_hosts: tuple[str, ...] = ()

    @property
    def resource(self) -> Resource:
        """Where StartupGraphs live."""
        return STARTUPGRAPHS

    def wants(self, body: JsonObject, found: Mapping[Selection, tuple[Projection, ...]]) -> Wants:
        """Return what the next decision about a graph rests on."""
        return wants(body, found, self.probe_hosts)

    def plan(self, observation: Observation) -> Plan:
        """Decide about a graph."""
        return plan(observation, released_list(self.namespace), self.probe_hosts)
