"""A live copy of some collections of a namespace, for as long as a person looks at it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

from sluice.adapters.failures import GoneError, TransientError
from sluice.cli.cluster import Cluster, within
from sluice.model.json import Body, JsonObject
from sluice.model.references import Resource

# A screen that is redrawn more often flickers and says no more.
_CALM_SECONDS = 0.2
_RETRY_SECONDS = 1.0


@dataclass(slots=True)
class Mirror:
    """The objects of each resource by name; `changed` is set by every event."""

    cluster: Cluster
    namespace: str
    resources: tuple[Resource, ...]
    _objects: dict[Resource, dict[str, JsonObject]] = field(default_factory=dict)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def objects(self, resource: Resource) -> Mapping[str, JsonObject]:
        """Return the objects of a resource by name."""
        return self._objects.get(resource, {})

    async def changes(self, tick_seconds: float | None = None) -> AsyncIterator[None]:
        """Yield once all is read, then after changes, at most five times a second.

        tick_seconds: yield at least this often, for the clocks on the screen; None: never.
        """
        followers = [asyncio.create_task(self._follow(item)) for item in self.resources]
        try:
            while True:
                await self._next(followers, tick_seconds)
                if len(self._objects) == len(self.resources):
                    yield
                await asyncio.sleep(_CALM_SECONDS)
        finally:
            for task in followers:
                task.cancel()
            await asyncio.gather(*followers, return_exceptions=True)

    async def _next(self, followers: list[asyncio.Task[None]], tick_seconds: float | None) -> None:
        changed = asyncio.create_task(self._changed.wait())
        try:
            done, _ = await asyncio.wait(
                [changed, *followers],
                timeout=tick_seconds,
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            changed.cancel()
        for task in done:
            task.result()
        self._changed.clear()

    async def _follow(self, resource: Resource) -> None:
        """List and watch, for ever; what repetition cannot mend is raised."""
        collection = within(resource, self.namespace)
        while True:
            try:
                version = await self._list(resource, collection)
                while True:
                    version = await self._watch(resource, collection, version)
                    await asyncio.sleep(_CALM_SECONDS)  # a proxy may end every stream at once
            except GoneError:
                continue
            except TransientError:
                await asyncio.sleep(_RETRY_SECONDS)

    async def _list(self, resource: Resource, collection: Resource) -> str:
        found: dict[str, JsonObject] = {}
        version = ""
        async for page in self.cluster.pages(collection):
            version = page.resource_version
            found |= {_name(item): item for item in page.items}
        self._objects[resource] = found
        self._changed.set()
        return version

    async def _watch(self, resource: Resource, collection: Resource, version: str) -> str:
        async for event in self.cluster.watch(collection, version):
            version = Body(event.object).text("metadata", "resourceVersion")
            if event.type == "BOOKMARK":
                continue
            if event.type == "DELETED":
                self._objects[resource].pop(_name(event.object), None)
            else:
                self._objects[resource][_name(event.object)] = event.object
            self._changed.set()
        return version


def _name(item: JsonObject) -> str:
    return Body(item).text("metadata", "name")
