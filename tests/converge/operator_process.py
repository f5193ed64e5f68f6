"""A process of the operator: the real engine and the real kinds, on the cluster in memory."""

import asyncio
from dataclasses import dataclass

from sluice.adapters.failures import KubeError
from sluice.app import LABEL_SELECTORS
from sluice.engine.process import Engine, EngineSettings
from sluice.model.kind import Guardian, Kind
from sluice.model.metrics import MetricQuery, Series
from sluice.model.references import Resource
from tests.converge.client import MemoryClient, View
from tests.converge.clockwork import VirtualClock
from tests.converge.cluster import Cluster
from tests.converge.store import Change
from tests.converge.targets import Prober

_SEED = 20_261_121


@dataclass
class _Source:
    """Prometheus, as it is in the cluster at the moment of the question."""

    cluster: Cluster

    async def samples(self, query: MetricQuery, start: float, end: float) -> tuple[Series, ...]:
        await asyncio.sleep(0)
        return await self.cluster.gateway.counters.samples_of(query, start, end)


@dataclass
class OperatorProcess:
    """One process. It writes only while it is alive."""

    cluster: Cluster
    view: View
    kinds: tuple[Kind, ...]
    guardians: tuple[Guardian, ...]
    alive: bool = False

    def __post_init__(self) -> None:
        self.client = MemoryClient(self.cluster.store, self.view)
        self.probes = Prober(self.cluster.store, self.cluster.targets)
        self._watching: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin with empty hands, and lead as soon as everything has been read once."""
        await self.warm_up()
        self.lead()

    async def warm_up(self) -> None:
        """Begin with empty hands; return when everything has been read once."""
        self.alive = True
        self.cluster.seen.append(self._tell)
        settings = EngineSettings(workers=2, label_selectors=LABEL_SELECTORS)
        self.engine = Engine(
            self.client,
            self.kinds,
            _Source(self.cluster),
            VirtualClock(self.cluster.loop),
            self._may_write,
            settings,
            guardians=self.guardians,
            probes=self.probes,
        )
        delays = self.engine.reconciler.delays
        for chance in (delays.progress.jitter, delays.failure.jitter, delays.refusal.jitter):
            chance.seed(_SEED)
        delays.spread.seed(_SEED)
        self.engine.warm_up()
        await self.engine.synced()
        feeds = [asyncio.create_task(self._feed(kind.resource)) for kind in self.kinds]
        self._watching = [*feeds, asyncio.create_task(self._tire())]

    def lead(self) -> None:
        """Begin to decide and to write."""
        self.engine.lead()

    async def crash(self) -> None:
        """End at once, without any further write, and forget everything."""
        self.alive = False
        if self._tell in self.cluster.seen:
            self.cluster.seen.remove(self._tell)
        for task in self._watching:
            task.cancel()
        await asyncio.gather(*self._watching, return_exceptions=True)
        await self.engine.stop(0.0)

    def _may_write(self) -> bool:
        return self.alive

    def _tell(self, _: Change) -> None:
        self.client.tell()

    async def _feed(self, resource: Resource) -> None:
        """Do what Kopf does: list, watch, and pass on what it sees."""
        while True:
            async for page in self.client.pages(resource):
                for item in page.items:
                    self.engine.feed(resource, None, item)
            try:
                async for event in self.client.watch(resource, page.resource_version):
                    self.engine.feed(resource, event.type, event.object)
            except KubeError:
                continue

    async def _tire(self) -> None:
        """Wake lagging watches now and then: what is overdue is seen without further news."""
        while True:
            await asyncio.sleep(0.5)
            if self.view.lag:
                self.client.tell()
