"""Keeping the cache of one resource true: list, watch, and list again when the watch is lost."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from sluice.adapters.failures import ForbiddenError, GoneError, KubeError, NotFoundError
from sluice.adapters.kube import KubeClient, WatchEvent
from sluice.engine.backoff import Backoff
from sluice.engine.cache import Cache
from sluice.engine.metrics import Metrics
from sluice.model.cluster import PROJECTIONS, Projection
from sluice.model.json import Body, JsonObject
from sluice.model.references import ObjectRef, Resource

log = logging.getLogger(__name__)

_BASE_SECONDS, _CAP_SECONDS = 0.1, 10.0
# A resource type that is not installed (Gateway API) or not permitted is asked for again.
_ABSENT_SECONDS = 30.0


@dataclass(slots=True)
class Informer:
    """List and watch of one resource.

    label_selector: only objects that match are read at all.
    relisted: told after every complete list.
    """

    client: KubeClient
    resource: Resource
    cache: Cache
    metrics: Metrics
    label_selector: str = ""
    relisted: Callable[[Resource], None] = lambda _: None
    synced: asyncio.Event = field(default_factory=asyncio.Event)
    _backoff: Backoff[Resource] = field(
        default_factory=lambda: Backoff(_BASE_SECONDS, _CAP_SECONDS), init=False
    )

    async def run(self) -> None:
        """Keep the cache true, for ever."""
        while True:
            await asyncio.sleep(await self._attempt())
            self.metrics.watch_restarts.labels(self.resource.kind).inc()

    async def _attempt(self) -> float:
        """List, then watch for as long as it goes; return the seconds to wait before the next."""
        try:
            version = await self._list()
            self.synced.set()
            while True:
                version = await self._watch(version)
                self._backoff.reset(self.resource)
        except GoneError:
            log.info("%s: the watch is too old, listing again", self.resource.kind)
            return self._backoff.next(self.resource)
        except (NotFoundError, ForbiddenError) as error:
            # The operator works without: whoever needs the objects says that they are not found.
            log.warning("%s cannot be read, next try in 30s: %s", self.resource.kind, error)
            self.cache.replace(self.resource, (), str(2**63))
            self.synced.set()
            return _ABSENT_SECONDS
        except (KubeError, ValueError) as error:
            delay = self._backoff.next(self.resource)
            log.warning("%s: %s; next try in %.1fs", self.resource.kind, error, delay)
            return delay

    async def _list(self) -> str:
        listed: list[ObjectRef] = []
        version = ""
        async for page in self.client.pages(self.resource, self.label_selector):
            version = page.resource_version
            for item in page.items:
                listed.append(_ref(self.resource, item))
                self._take(item)
            await asyncio.sleep(0)  # a page of large objects must not keep the Lease waiting
        self.cache.replace(self.resource, listed, version)
        self.relisted(self.resource)
        return version

    async def _watch(self, version: str) -> str:
        """Follow one stream to its end; return the version from which the next one goes on."""
        async for event in self.client.watch(self.resource, version, self.label_selector):
            self._handle(event)
            version = Body(event.object).body("metadata").text("resourceVersion")
            self._backoff.reset(self.resource)
        return version

    def _handle(self, event: WatchEvent) -> None:
        match event.type:
            case "ADDED" | "MODIFIED":
                self._take(event.object)
            case "DELETED":
                meta = Body(event.object).body("metadata")
                self.cache.remove(_ref(self.resource, event.object), meta.text("uid"))
            case _:
                pass  # BOOKMARK: its resourceVersion is all there is to it

    def _take(self, item: JsonObject) -> None:
        projection = project(self.resource, item)
        if projection is not None:
            self.cache.put(projection)


def project(resource: Resource, item: JsonObject) -> Projection | None:
    """Return the projection of an object; a malformed one is logged and left out."""
    try:
        return PROJECTIONS[resource](Body(item))
    except ValueError as error:
        log.warning("a %s is left out, it is malformed: %s", resource.kind, error)
        return None


def _ref(resource: Resource, item: JsonObject) -> ObjectRef:
    meta = Body(item).body("metadata")
    return ObjectRef(resource, meta.text("namespace"), meta.text("name"))
