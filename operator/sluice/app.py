"""The composition root: the only place that knows the kinds, the engine and the outside."""

import asyncio
import logging
import signal
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from sluice.adapters.clock import SystemClock
from sluice.adapters.connection import ConnectionSettingsError, connect
from sluice.adapters.kube import KubeClient
from sluice.adapters.probes import NetworkProbes
from sluice.adapters.prometheus import Credentials, NoMetrics, Prometheus
from sluice.api.server import application, listen
from sluice.engine.leader import Elector
from sluice.engine.perpetual import BrokenError
from sluice.engine.process import Engine, EngineSettings
from sluice.handlers.watching import Watch
from sluice.model.kind import Guardian, Kind
from sluice.model.names import LOCK_LABEL, RECORD_LABEL, ROLLOUT_LABEL
from sluice.model.readings import Gauges
from sluice.model.references import CONFIGMAPS, ENDPOINTSLICES, LEASES, ObjectRef
from sluice.model.registers import Register
from sluice.rollout.kind import RolloutKind
from sluice.startup.gauges import GraphGauges
from sluice.startup.guardian import StartupGuardian
from sluice.startup.kind import StartupGraphKind
from sluice.startup.release import released_register

log = logging.getLogger(__name__)

_LEASE_NAME = "sluice"
# Of these there are many that are no concern of ours, or that we must not know.
LABEL_SELECTORS: Final = {
    ENDPOINTSLICES: ROLLOUT_LABEL,
    CONFIGMAPS: RECORD_LABEL,
    LEASES: LOCK_LABEL,
}
_GRACE_SECONDS, _KOPF_SECONDS = 2.0, 1.5


@dataclass(frozen=True, slots=True)
class Settings:
    """What an installation chooses.

    namespace: where the Lease lives.
    identity: this replica's name in the Lease and in events; a pod's own name, so that a restarted
    container takes its Lease back at once.
    prometheus_url: empty means that no metrics can be read, so no analysis goes forward.
    probe_hosts: hosts besides the Services of its namespace that a graph's gates may ask.
    listen: `host:port` of health, readiness and metrics.
    """

    kubeconfig: Path | None = None
    context: str | None = None
    namespace: str = "sluice-system"
    identity: str = "sluice"
    prometheus_url: str = ""
    prometheus_credentials: Path | None = None
    scrape_interval_seconds: float = 15.0
    probe_hosts: tuple[str, ...] = ()
    listen: str = ":8080"
    workers: int = 16
    leader_election: bool = True


@dataclass(frozen=True, slots=True)
class Parts:
    """What the engine is given: the kinds, and what belongs to them."""

    kinds: tuple[Kind, ...]
    guardians: tuple[Guardian, ...] = ()
    gauges: tuple[Gauges, ...] = ()
    registers: tuple[Register, ...] = ()


def parts(settings: Settings) -> Parts:
    """Return all that Sluice carries out."""
    namespace = settings.namespace
    return Parts(
        kinds=(
            RolloutKind(settings.scrape_interval_seconds),
            StartupGraphKind(namespace, settings.probe_hosts),
        ),
        guardians=(StartupGuardian(namespace),),
        gauges=(GraphGauges(),),
        registers=(released_register(namespace),),
    )


async def serve(settings: Settings, given: Parts) -> None:
    """Run the operator until SIGTERM or SIGINT. Raises BrokenError, ConnectionSettingsError."""
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        connection = await connect(settings.kubeconfig, settings.context)
        client, source = KubeClient(connection), _metric_source(settings)
        probes = NetworkProbes()
        for part in (client, source, probes):
            stack.push_async_callback(part.close)
        elector = None
        if settings.leader_election:
            lease = ObjectRef(LEASES, settings.namespace, _LEASE_NAME)
            elector = Elector(client, lease, settings.identity, clock)
        engine = Engine(
            client,
            given.kinds,
            source,
            clock,
            elector.leads if elector else lambda: True,
            EngineSettings(settings.workers, settings.identity, LABEL_SELECTORS),
            guardians=given.guardians,
            gauges=given.gauges,
            registers=given.registers,
            probes=probes,
        )
        app = application(engine.metrics.text, engine.obstacle)
        try:
            runner = await listen(app, settings.listen)
        except (OSError, ValueError) as error:
            raise BrokenError(f"cannot listen at {settings.listen!r}: {error}") from error
        stack.push_async_callback(runner.cleanup)
        watch = Watch(tuple(engine.kinds), connection, engine.feed)
        await _Life(engine, elector, watch).run()


def _metric_source(settings: Settings) -> Prometheus | NoMetrics:
    if not settings.prometheus_url:
        return NoMetrics()
    directory = settings.prometheus_credentials
    return Prometheus(settings.prometheus_url, Credentials(directory) if directory else None)


@dataclass(frozen=True, slots=True)
class _Life:
    """In which order the parts of the operator begin and end."""

    engine: Engine
    elector: Elector | None
    watch: Watch
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        self._listen_to_signals()
        self.engine.warm_up()
        kopf = asyncio.create_task(self._watch(), name="Kopf")
        others = [
            asyncio.create_task(self.stop.wait(), name="signal"),
            asyncio.create_task(self._follow_kopf(), name="Kopf's end"),
            asyncio.create_task(self._lead(), name="leadership"),
            asyncio.create_task(self.engine.broken(), name="engine"),
        ]
        done, _ = await asyncio.wait([kopf, *others], return_when=asyncio.FIRST_COMPLETED)
        await self._shut_down([kopf, *others])
        for task in done:
            task.result()

    def _listen_to_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop.set)

    async def _watch(self) -> None:
        """Start Kopf once the CRDs are there (it would never notice that they came later)."""
        await self.engine.own_synced()
        await self.watch.run()
        if not self.stop.is_set():
            raise BrokenError("Kopf has ended")

    async def _follow_kopf(self) -> None:
        await self.watch.ready.wait()
        self._listen_to_signals()  # Kopf has put its own in their place
        await self.watch.ending.wait()
        raise BrokenError("Kopf is ending")

    async def _lead(self) -> None:
        await self.engine.synced()
        log.info("everything has been read once")
        if self.elector is not None:
            await self.elector.acquire()
        self.engine.lead()
        if self.elector is None:
            await asyncio.Event().wait()
            return
        await self.elector.keep()
        raise BrokenError("leadership is lost")

    async def _shut_down(self, tasks: list[asyncio.Task[Any]]) -> None:
        """Let the running writes end, give the Lease back, and only then end Kopf."""
        await self.engine.stop(_GRACE_SECONDS)
        if self.elector is not None:
            await self.elector.release()
        self.watch.stop.set()
        await asyncio.wait(tasks[:1], timeout=_KOPF_SECONDS)
        for task in tasks:
            task.cancel()


def run(settings: Settings) -> int:
    """Run the operator with all its kinds; return the exit code of the process."""
    try:
        asyncio.run(serve(settings, parts(settings)))
    except (BrokenError, ConnectionSettingsError) as error:
        log.error("%s", error)  # noqa: TRY400 - the message says it all
        return 1
    return 0
