"""All parts of the engine put together, and their life: warm up, lead, stop."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from sluice.adapters.clock import Clock
from sluice.adapters.kube import KubeClient
from sluice.adapters.probes import NoProbes, ProbeSource
from sluice.adapters.prometheus import MetricSource
from sluice.engine.announcer import Announcer
from sluice.engine.apply import Applier
from sluice.engine.cache import Cache
from sluice.engine.deeds import Deeds
from sluice.engine.gauges import OwnGauges
from sluice.engine.informer import Informer
from sluice.engine.knowledge import Knowledge
from sluice.engine.metrics import Metrics
from sluice.engine.observe import Observer
from sluice.engine.orphans import Orphans
from sluice.engine.own import OwnObjects, Verifier
from sluice.engine.perpetual import PerpetualTasks
from sluice.engine.prober import Prober
from sluice.engine.queue import Lane, WorkQueue
from sluice.engine.reconcile import Reconciler
from sluice.engine.registers import Pruning
from sluice.engine.samplers import Samplers
from sluice.engine.status import StatusWriter
from sluice.engine.subscriptions import Subscriptions
from sluice.engine.wholes import Wholes
from sluice.engine.writer import Writer
from sluice.model.cluster import PROJECTIONS, Projection
from sluice.model.json import Body, JsonObject
from sluice.model.kind import Guardian, Kind
from sluice.model.readings import Gauges
from sluice.model.references import ObjectRef, Resource
from sluice.model.registers import Register

log = logging.getLogger(__name__)

_LAG_PERIOD_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """What an installation may choose.

    workers: how many objects are in a pass at the same time.
    instance: this process's name in events.
    label_selectors: which objects of a foreign resource are read at all (default: all).
    """

    workers: int = 16
    instance: str = "sluice"
    label_selectors: Mapping[Resource, str] = field(default_factory=dict)


class Engine:
    """One process's engine. `may_write` is asked before every write.

    guardians: at most one for each kind.
    probes: by default nothing can be probed.
    """

    def __init__(  # noqa: PLR0913 - the composition root hands over each part by itself
        self,
        client: KubeClient,
        kinds: tuple[Kind, ...],
        source: MetricSource,
        clock: Clock,
        may_write: Callable[[], bool],
        settings: EngineSettings,
        *,
        guardians: tuple[Guardian, ...] = (),
        gauges: tuple[Gauges, ...] = (),
        registers: tuple[Register, ...] = (),
        probes: ProbeSource | None = None,
    ) -> None:
        self.metrics = Metrics()
        self.kinds = {kind.resource: kind for kind in kinds}
        self._settings = settings
        self._stopping = False
        self._may_write = may_write
        self._tasks = PerpetualTasks()
        self._workers: list[asyncio.Task[None]] = []
        self.queue = WorkQueue(clock, self.metrics.queue)
        self.cache = Cache()
        self.subscriptions = Subscriptions(self.cache)
        self.own = OwnObjects(self.kinds, self.cache, self.queue.add, self._forget)
        knowledge = Knowledge(client, self.cache, self.own)
        writer = Writer(client, self._is_writing_allowed, self.metrics)
        # Events about what has been written are still posted while the process stops.
        posts = Writer(client, may_write, self.metrics)
        self.announcer = Announcer(posts, clock, self.metrics, settings.instance)
        self.wholes = Wholes(client, self._wake)
        self.samplers = Samplers(source, clock, self.metrics, self._wake)
        self.prober = Prober(probes or NoProbes(), clock, self.metrics, self._wake)
        observer = Observer(
            clock, self.cache, self.subscriptions, self.samplers, self.wholes, self.prober
        )
        applier = Applier(Deeds(client, writer, knowledge), knowledge)
        guarded = {guardian.resource: guardian for guardian in guardians}
        self.orphans = Orphans(guarded, self.cache, knowledge, observer, applier, self.announcer)
        self.reconciler = Reconciler(
            kinds=self.kinds,
            queue=self.queue,
            own=self.own,
            observer=observer,
            orphans=self.orphans,
            applier=applier,
            status=StatusWriter(writer, knowledge, self.announcer),
            metrics=self.metrics,
        )
        self._verifiers = {kind: Verifier(client, kind, self.own) for kind in self.kinds}
        self._informers = [
            Informer(
                client,
                resource,
                self.cache,
                self.metrics,
                settings.label_selectors.get(resource, ""),
                self.wholes.relisted,
            )
            for resource in PROJECTIONS
            if resource not in self.kinds
        ]
        self.cache.listen(self._changed)
        self._prunings = [Pruning(client, writer, register) for register in registers]
        self.metrics.leader.set_function(lambda: float(may_write()))
        for resource in PROJECTIONS:
            gauge = self.metrics.cache_objects.labels(resource.kind)
            gauge.set_function(partial(self.cache.count, resource))
        for of_kind in gauges:
            self.metrics.registry.register(OwnGauges(of_kind, self.own, may_write))

    def feed(self, resource: Resource, event: str | None, body: JsonObject) -> None:
        """Take in what Kopf has seen of one of our objects; `event` is None when it was listed."""
        if event == "DELETED":
            meta = Body(body).body("metadata")
            ref = ObjectRef(resource, meta.text("namespace"), meta.text("name"))
            self.own.drop(ref, meta.text("uid"))
            return
        self.own.put(resource, body)
        verifier = self._verifiers[resource]
        if event is None and verifier.synced.is_set():
            verifier.ask()  # after a gap in its watch Kopf lists anew, mute about what vanished

    def warm_up(self) -> None:
        """Begin to read; nothing is written before `lead`."""
        for informer in self._informers:
            self._tasks.begin(informer.run(), f"informer {informer.resource.plural}")
        for verifier in self._verifiers.values():
            self._tasks.begin(verifier.run(), f"verifier {verifier.resource.plural}")
        self._tasks.begin(self._measure_lag(), "event loop lag")

    def obstacle(self) -> str:
        """Return what has not been read yet, empty when everything has."""
        missing = [part.resource.kind for part in self._parts() if not part.synced.is_set()]
        return f"not read yet: {', '.join(missing)}" if missing else ""

    async def own_synced(self) -> None:
        """Return when our own objects have been read once: their CRDs are there."""
        for verifier in self._verifiers.values():
            await verifier.synced.wait()

    async def synced(self) -> None:
        """Return when everything has been read once."""
        for part in self._parts():
            await part.synced.wait()

    def lead(self) -> None:
        """Begin to decide and to write; everything that is known is looked at now."""
        self._tasks.begin(self.queue.run(), "due times")
        self._tasks.begin(self.announcer.run(), "announcer")
        for pruning in self._prunings:
            self._tasks.begin(pruning.run(), f"pruning of {pruning.register.ref}")
        for number in range(self._settings.workers):
            self._workers.append(self._tasks.begin(self.reconciler.work(), f"worker {number}"))

    async def broken(self) -> None:
        """Wait for the end of a task that should run for ever; raise BrokenError then."""
        await self._tasks.broken()

    async def stop(self, grace_seconds: float) -> None:
        """Let the writes that are under way end, begin no others, post what is announced."""
        self._stopping = True
        self.queue.close()
        if self._workers:
            await asyncio.wait(self._workers, timeout=grace_seconds)
            with suppress(TimeoutError):
                async with asyncio.timeout(grace_seconds / 2):
                    await self.announcer.drain()
        await self._tasks.cancel()
        self.samplers.stop()
        self.wholes.stop()
        self.prober.stop()

    def _parts(self) -> list[Informer | Verifier]:
        return [*self._informers, *self._verifiers.values()]

    def _is_writing_allowed(self) -> bool:
        return not self._stopping and self._may_write()

    def _wake(self, key: ObjectRef) -> None:
        # What others changed is a reason to write again: only a kind that goes on writing without
        # one is slowed down.
        self.reconciler.delays.progress.reset(key)
        self.queue.add(key, Lane.CHANGE)

    def _changed(self, old: Projection | None, new: Projection | None) -> None:
        for key in self.subscriptions.touched(old, new) | self.orphans.touched(old, new):
            self._wake(key)

    def _forget(self, key: ObjectRef) -> None:
        self.reconciler.forget(key)
        if self.orphans.named(key):
            self._wake(key)

    async def _measure_lag(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            before = loop.time()
            await asyncio.sleep(_LAG_PERIOD_SECONDS)
            self.metrics.loop_lag_seconds.set(loop.time() - before - _LAG_PERIOD_SECONDS)
