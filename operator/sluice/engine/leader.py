"""Leadership by a Lease: at most one replica writes, and it knows when it must stop.

Durations are client-go's. Time is measured on the monotonic clock alone: what other replicas wrote
as their wall-clock time is never compared, a Lease counts from when this process saw it change.
(kubernetes.aio.leaderelection compares wall clocks, has no time-outs, ends at the first refused
connection and cannot release.)
"""

import asyncio
import logging
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sluice.adapters.clock import Clock
from sluice.adapters.failures import (
    AlreadyExistsError,
    ConflictError,
    KubeError,
    NotFoundError,
)
from sluice.adapters.kube import KubeClient
from sluice.engine.writer import replace_version
from sluice.model.json import Body, JsonObject
from sluice.model.plan import Operation
from sluice.model.references import LEASES, ObjectRef

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LeaseTiming:
    """When a lease that nobody renews is free, when its holder gives up, how often it is tried."""

    lease_seconds: float = 15.0
    renew_deadline_seconds: float = 10.0
    retry_seconds: float = 2.0


@dataclass(frozen=True, slots=True)
class _Seen:
    """The lease as it was last seen to change, and when (monotonic)."""

    holder: str
    version: str
    transitions: int
    lease_seconds: float
    at: float

    def is_free_for(self, identity: str, now: float) -> bool:
        """Whether `identity` may take the lease.

        Its own lease it may take at once: a pod that was killed comes back under the same name.
        """
        expired = now >= self.at + self.lease_seconds
        return self.holder in ("", identity) or expired


class Elector:
    """One candidate for one Lease."""

    def __init__(
        self,
        client: KubeClient,
        lease: ObjectRef,
        identity: str,
        clock: Clock,
        timing: LeaseTiming | None = None,
    ) -> None:
        self._client = client
        self._lease = lease
        self._identity = identity
        self._clock = clock
        self._timing = timing or LeaseTiming()
        self._seen: _Seen | None = None
        self._held_until = float("-inf")

    def leads(self) -> bool:
        """Whether this process may write now.

        True only until the renewal deadline of the last successful renewal, so that a blocked
        event loop finds its gate closed even before the loss is noticed.
        """
        return self._clock.monotonic() < self._held_until

    async def acquire(self) -> None:
        """Return when this process leads."""
        while not await self.attempt():  # noqa: ASYNC110 - what is polled is the API server
            await asyncio.sleep(self._timing.retry_seconds)
        log.info("leading as %s", self._identity)

    async def keep(self) -> None:
        """Renew for ever; return when the lease is lost."""
        while self.leads():
            await asyncio.sleep(self._timing.retry_seconds)
            await self.attempt()
            seen = self._seen
            if seen is not None and seen.holder != self._identity:
                log.error("the Lease has been taken by %s", seen.holder or "nobody")
                break
        self._held_until = float("-inf")

    async def release(self) -> None:
        """Give the lease back, so that another replica leads at once."""
        if not self.leads() or self._seen is None:
            return
        self._held_until = float("-inf")
        spec = self._spec("", self._seen.transitions)
        operations = (replace_version(self._seen.version), Operation("replace", "/spec", spec))
        try:
            await self._client.patch(self._lease, operations)
        except KubeError as error:
            log.warning("the Lease is not released, it expires: %s", error)

    async def attempt(self) -> bool:
        """Take or renew the lease once; whether this process holds it afterwards."""
        started = self._clock.monotonic()
        try:
            async with asyncio.timeout(self._timing.renew_deadline_seconds / 2):
                held = await self._take()
        except (KubeError, TimeoutError) as error:
            log.warning("the Lease cannot be taken: %s", str(error) or "no answer in time")
            return False
        if held:
            # From before the request: the server may have granted it just then.
            self._held_until = started + self._timing.renew_deadline_seconds
        return held

    async def _take(self) -> bool:
        try:
            seen = self._see(await self._client.get(self._lease))
        except NotFoundError:
            return await self._create()
        if not seen.is_free_for(self._identity, self._clock.monotonic()):
            return False
        if seen.holder == self._identity:
            renewal = Operation("add", "/spec/renewTime", self._now_text())
        else:
            renewal = Operation("add", "/spec", self._spec(self._identity, seen.transitions + 1))
        try:
            operations = (replace_version(seen.version), renewal)
            self._see(await self._client.patch(self._lease, operations))
        except ConflictError:
            self._see(await self._client.get(self._lease))
            return False
        return True

    async def _create(self) -> bool:
        lease: JsonObject = {
            "apiVersion": LEASES.api_version,
            "kind": LEASES.kind,
            "metadata": {"name": self._lease.name, "namespace": self._lease.namespace},
            "spec": self._spec(self._identity, 0),
        }
        try:
            self._see(await self._client.create(LEASES, self._lease.namespace, lease))
        except AlreadyExistsError:
            return False
        return True

    def _see(self, body: JsonObject) -> _Seen:
        """Take in the lease; its time starts anew whenever it has changed."""
        lease = Body(body)
        spec = lease.body("spec")
        seen = _Seen(
            holder=spec.text("holderIdentity", default=""),
            version=lease.body("metadata").text("resourceVersion"),
            transitions=spec.whole("leaseTransitions", default=0),
            lease_seconds=spec.number("leaseDurationSeconds", default=0),
            at=self._clock.monotonic(),
        )
        if self._seen is not None and self._seen.version == seen.version:
            seen = replace(seen, at=self._seen.at)
        self._seen = seen
        return seen

    def _spec(self, holder: str, transitions: int) -> JsonObject:
        now = self._now_text()
        return {
            "holderIdentity": holder,
            "leaseDurationSeconds": round(self._timing.lease_seconds) if holder else 1,
            "acquireTime": now,
            "renewTime": now,
            "leaseTransitions": transitions,
        }

    def _now_text(self) -> str:
        now = datetime.fromtimestamp(self._clock.now(), UTC)
        return now.isoformat(timespec="microseconds").replace("+00:00", "Z")
