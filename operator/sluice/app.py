"""The composition root: the only place that knows the kinds, the engine and the outside."""

import asyncio
import logging
import signal
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from sluice.adapters.clock import SystemClock
from sluice.adapters.connection import connect
from sluice.adapters.kube import KubeClient
from sluice.adapters.prometheus import Credentials, NoMetrics, Prometheus
from sluice.api.server import application, listen
from sluice.engine.leader import LEASES, Elector
from sluice.engine.process import Engine, EngineSettings
from sluice.handlers.watching import Watch
from sluice.model.kind import Kind
from sluice.model.names import ROLLOUT_LABEL
from sluice.model.references import ENDPOINTSLICES, ObjectRef

log = logging.getLogger(__name__)

_LEASE_NAME = "sluice"
_GRACE_SECONDS, _KOPF_SECONDS = 3.0, 1.0


@dataclass(frozen=True, slots=True)
class Settings:
    """What an installation chooses.

    namespace: where the Lease lives.
    identity: this replica's name in the Lease and in events; a pod's own name, so that a restarted
    container takes its Lease back at once.
    prometheus_url: empty means that no metrics can be read, so no analysis goes forward.
    listen: `host:port` of health, readiness and metrics.
    """

    kubeconfig: Path | None = None
    context: str | None = None
    namespace: str = "sluice-system"
    identity: str = "sluice"
    prometheus_url: str = ""
    prometheus_credentials: Path | None = None
    scrape_interval_seconds: float = 15.0
    listen: str = ":8080"
    workers: int = 16
    leader_election: bool = True


class BrokenError(Exception):
    """The operator cannot go on; the process ends, non-zero, and is started anew."""


async def serve(settings: Settings, kinds: tuple[Kind, ...]) -> None:
    """Run the operator until SIGTERM or SIGINT. Raises BrokenError, ConnectionSettingsError."""
    async with AsyncExitStack() as stack:
        operator = await _assemble(settings, kinds, stack)
        await operator.run()


@dataclass(frozen=True, slots=True)
class _Operator:
    """The parts of a running operator and the order in which they begin and end."""

    engine: Engine
    elector: Elector | None
    watch: Watch
    stop: asyncio.Event

    async def run(self) -> None:
        self._listen_to_signals()
        self.engine.warm_up()
        tasks = [
            asyncio.create_task(self.stop.wait(), name="signal"),
            asyncio.create_task(self._watch(), name="Kopf"),
            asyncio.create_task(self._kopf_ending(), name="Kopf's end"),
            asyncio.create_task(self._lead(), name="leadership"),
            asyncio.create_task(self.engine.broken(), name="engine"),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await self._shut_down()
        await self._end(tasks)

    def _listen_to_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop.set)

    async def _watch(self) -> None:
        """Start Kopf once the CRDs are there (it would never notice that they came later)."""
        await self.engine.own_kinds_synced()
        await self.watch.run()
        raise BrokenError("Kopf has ended")

    async def _kopf_ending(self) -> None:
        await self.watch.ready.wait()
        self._listen_to_signals()  # Kopf has put its own in their place
        await self.watch.ending.wait()
        raise BrokenError("Kopf is ending")

    async def _lead(self) -> None:
        await self.engine.synced()
        log.info("everything has been read once")
        if self.elector is None:
            self.engine.lead()
            await asyncio.Event().wait()
            return
        await self.elector.acquire()
        self.engine.lead()
        await self.elector.keep()
        raise BrokenError("leadership is lost")

    async def _shut_down(self) -> None:
        grace = _GRACE_SECONDS if self.stop.is_set() else 0.1
        await self.engine.stop(grace)
        if self.elector is not None:
            await self.elector.release()
        self.watch.stop.set()
