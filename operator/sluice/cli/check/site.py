"""Where the checks look."""

from dataclasses import dataclass
from typing import Final

from sluice.adapters.clock import Clock
from sluice.adapters.failures import NotFoundError
from sluice.adapters.prometheus import MetricSource
from sluice.cli.check.buildinfo import BuildInfo
from sluice.cli.cluster import Cluster, within
from sluice.model.json import Body, JsonObject
from sluice.model.references import STARTUPGRAPHS, Resource

OPERATOR_ACCOUNT: Final = "sluice"


@dataclass(frozen=True, slots=True)
class Site:
    """A cluster and its metrics, seen from here.

    namespace: whose Rollouts are checked; None: all.
    build_info: asks Prometheus what it is; None: no URL is known.
    """

    cluster: Cluster
    namespace: str | None
    operator_namespace: str
    metrics: MetricSource
    build_info: BuildInfo | None
    scrape_seconds: float
    clock: Clock

    async def served(self, group_version: str) -> frozenset[str]:
        """Return the plurals of the resources that an API group serves; none if it is absent."""
        try:
            answer = await self.cluster.read(f"/apis/{group_version}")
        except NotFoundError:
            return frozenset()
        return frozenset(item.text("name") for item in Body(answer).bodies("resources"))

    async def everywhere(self, resource: Resource, label_selector: str = "") -> tuple[Body, ...]:
        """Return the objects of a resource in the namespaces that are checked."""
        found = await self.cluster.all(within(resource, self.namespace), label_selector)
        return tuple(Body(item) for item in found)

    async def graphs(self) -> tuple[Body, ...]:
        """Return the StartupGraphs that are checked; none if the kind is not served."""
        try:
            return await self.everywhere(STARTUPGRAPHS)
        except NotFoundError:
            return ()

    async def one(self, path: str) -> JsonObject | None:
        """Return an object by its path, None if it does not exist."""
        try:
            return await self.cluster.read(path)
        except NotFoundError:
            return None
