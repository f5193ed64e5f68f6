"""Everything that a namespace goes through, by watches: no state is missed."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

from sluice.model.json import Body
from sluice.model.references import Resource
from tests.cluster.cluster_api import ClusterApi, Sighting

SAMPLE_SECONDS: Final = 0.05


@dataclass(slots=True)
class Watcher:
    """What is there now of a namespace, and a way to wait for it to change."""

    objects: dict[tuple[Resource, str], Body] = field(default_factory=dict)
    watches: list[asyncio.Task[None]] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, resource: Resource, sighting: Sighting) -> None:
        """Take in one event of a watch."""
        key = (resource, sighting.name)
        if sighting.deleted:
            self.objects.pop(key, None)
        else:
            self.objects[key] = sighting.body
        self.changed.set()

    def present(self, resource: Resource) -> list[Body]:
        """Return the objects of a resource that are there now."""
        return [body for (found, _), body in self.objects.items() if found is resource]

    def get(self, resource: Resource, name: str) -> Body:
        """Return an object, an empty body while it is not there."""
        return self.objects.get((resource, name), Body({}))

    async def until(self, condition: Callable[[], bool], within: float, waiting_for: str) -> float:
        """Return the instant at which the condition holds; AssertionError after so many seconds."""
        try:
            async with asyncio.timeout(within):
                while not condition():
                    self.require_sight()
                    self.changed.clear()
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self.changed.wait(), SAMPLE_SECONDS)
        except TimeoutError:
            raise AssertionError(f"no {waiting_for} within {within:g} s; {self}") from None
        return time.time()

    async def stays(self, condition: Callable[[], bool], seconds: float, what: str) -> None:
        """Watch a condition hold for so long."""
        end = time.monotonic() + seconds

        def is_over() -> bool:
            assert condition(), f"not {what} any more; {self}"
            return time.monotonic() >= end

        await self.until(is_over, seconds + 5, f"end of {seconds:g} s")

    def require_sight(self) -> None:
        """Raise what ended a watch, if one has ended: nothing is proven by not having looked."""
        for task in self.watches:
            if task.done():
                task.result()


@asynccontextmanager
async def watching(
    api: ClusterApi, namespace: str, resources: Iterable[Resource], watcher: Watcher
) -> AsyncIterator[None]:
    """Watch a namespace while the block runs; a watch that breaks fails whoever waits for it."""

    async def follow(resource: Resource) -> None:
        async for sighting in api.watch(resource, namespace):
            watcher.take(resource, sighting)
        raise AssertionError(f"the watch of {resource.plural} in {namespace} has ended")

    watcher.watches = [
        asyncio.create_task(follow(resource), name=f"watch of {resource.plural}")
        for resource in resources
    ]
    try:
        yield
        watcher.require_sight()
    finally:
        for task in watcher.watches:
            task.cancel()
        await asyncio.gather(*watcher.watches, return_exceptions=True)
