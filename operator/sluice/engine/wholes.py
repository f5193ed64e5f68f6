"""Whole foreign objects, read afresh when a decision needs more than the projection."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sluice.adapters.failures import KubeError, NotFoundError
from sluice.adapters.kube import KubeClient
from sluice.engine.backoff import Backoff
from sluice.model.json import Body, JsonObject
from sluice.model.kind import WholeWant
from sluice.model.references import ObjectRef, Resource

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Reading:
    """One want, who has it, and its answer once there is one."""

    keys: set[ObjectRef] = field(default_factory=set)
    task: asyncio.Task[None] | None = None
    answered: bool = False
    body: JsonObject | None = None


class Wholes:
    """All whole objects that are wanted at this moment."""

    def __init__(self, client: KubeClient, wake: Callable[[ObjectRef], None]) -> None:
        self._client = client
        self._wake = wake
        self._readings: dict[WholeWant, _Reading] = {}
        self._wants: dict[ObjectRef, frozenset[WholeWant]] = {}
        self._backoff: Backoff[WholeWant] = Backoff(0.1, 10.0)

    def want(self, key: ObjectRef, wants: tuple[WholeWant, ...]) -> None:
        """Replace what a key asks: new wants are read, what nobody wants any more is discarded."""
        new = frozenset(wants)
        for want in self._wants.get(key, frozenset()) - new:
            self._unwant(key, want)
        for want in new:
            reading = self._readings.setdefault(want, _Reading())
            reading.keys.add(key)
            if reading.task is None:
                reading.task = asyncio.create_task(self._read(want), name=f"whole {want.ref}")
        if new:
            self._wants[key] = new
        else:
            self._wants.pop(key, None)

    def drop(self, key: ObjectRef) -> None:
        """Forget a key."""
        self.want(key, ())

    def answers(self, wants: tuple[WholeWant, ...]) -> Mapping[WholeWant, JsonObject | None]:
        """Return what has been read; None where the object is gone."""
        found = ((want, self._readings.get(want)) for want in wants)
        return {want: reading.body for want, reading in found if reading and reading.answered}

    def relisted(self, resource: Resource) -> None:
        """Discard the answers about a resource: its watch had a gap."""
        for want, reading in self._readings.items():
            if want.ref.resource == resource and reading.answered:
                reading.answered = False
                reading.task = asyncio.create_task(self._read(want), name=f"whole {want.ref}")

    def stop(self) -> None:
        """End all readings."""
        for key in tuple(self._wants):
            self.drop(key)

    def _unwant(self, key: ObjectRef, want: WholeWant) -> None:
        reading = self._readings[want]
        reading.keys.discard(key)
        if not reading.keys:
            del self._readings[want]
            self._backoff.reset(want)
            if reading.task is not None:
                reading.task.cancel()

    async def _read(self, want: WholeWant) -> None:
        while True:
            try:
                body = await self._client.get(want.ref)
            except NotFoundError:
                return self._answer(want, None)
            except KubeError as error:
                delay = self._backoff.next(want)
                log.warning("%s cannot be read: %s; next try in %.1fs", want.ref, error, delay)
                await asyncio.sleep(delay)
            else:
                is_it = Body(body).json("metadata", "uid") == want.uid
                return self._answer(want, body if is_it else None)

    def _answer(self, want: WholeWant, body: JsonObject | None) -> None:
        reading = self._readings[want]
        reading.answered, reading.body = True, body
        for key in tuple(reading.keys):
            self._wake(key)
