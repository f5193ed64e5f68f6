"""The only way to a write: through a gate that closes when leadership ends or the process stops."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sluice.adapters.failures import KubeError
from sluice.adapters.kube import KubeClient
from sluice.engine.metrics import Metrics
from sluice.model.json import JsonObject
from sluice.model.plan import Operation
from sluice.model.references import ObjectRef, Resource


class GateClosedError(Exception):
    """This process may not write (any more)."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes of one process; `may_write` is asked immediately before each of them."""

    client: KubeClient
    may_write: Callable[[], bool]
    metrics: Metrics

    async def create(self, resource: Resource, namespace: str, manifest: JsonObject) -> JsonObject:
        """Create an object (KubeClient.create)."""
        with self._gate("create"):
            return await self.client.create(resource, namespace, manifest)

    async def patch(
        self, ref: ObjectRef, operations: Sequence[Operation], subresource: str = ""
    ) -> JsonObject:
        """Patch an object (KubeClient.patch)."""
        with self._gate("patch"):
            return await self.client.patch(ref, operations, subresource)

    async def merge(self, ref: ObjectRef, fields: JsonObject, subresource: str = "") -> JsonObject:
        """Merge fields into an object (KubeClient.merge)."""
        with self._gate("patch"):
            return await self.client.merge(ref, fields, subresource)

    async def delete(self, ref: ObjectRef, uid: str) -> JsonObject:
        """Delete an object (KubeClient.delete)."""
        with self._gate("delete"):
            return await self.client.delete(ref, uid)

    @contextmanager
    def _gate(self, verb: str) -> Iterator[None]:
        if not self.may_write():
            raise GateClosedError
        try:
            yield
        except KubeError as error:
            self.metrics.writes.labels(verb, type(error).__name__.removesuffix("Error")).inc()
            raise
        self.metrics.writes.labels(verb, "Success").inc()


def replace_version(resource_version: str) -> Operation:
    """Return the operation that makes the server answer 409 unless this version is current."""
    return Operation("replace", "/metadata/resourceVersion", resource_version)
