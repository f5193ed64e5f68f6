"""Keeping the cache of one resource true: list, watch, and list again when the watch is lost."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from sluice.adapters.failures import GoneError, KubeError, NotFoundError, TransientError
from sluice.adapters.kube import KubeClient, WatchEvent
from sluice.engine.backoff import Backoff
from sluice.engine.cache import Cache
from sluice.engine.metrics import Metrics
from sluice.model.cluster import PROJECTIONS, Projection
from sluice.model.json import Body, JsonObject
from sluice.model.references import OPTIONAL, ObjectRef, Resource

log = logging.getLogger(__name__)

_BASE_SECONDS, _CAP_SECONDS = 0.1, 10.0
# A resource type that is not installed (Gateway API) is asked for again.
_ABSENT_SECONDS = 30.0
# An optional one may never be: asked for less often, and that it is missing is no failure.
_OPTIONAL_SECONDS = 60.0
_ANY_VERSION = str(2**63)
# After so many failures in a row the version is doubted: list again; and what cannot be listed at
# all (no right to) no longer holds up the start.
_PATIENCE = 4
# A stream that ends sooner than this has failed, whatever it says.
_SHORTEST_WATCH_SECONDS = 1.0


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
    backoff: Backoff[Resource] = field(default_factory=lambda: Backoff(_BASE_SECONDS, _CAP_SECONDS))
    _version: str = field(default="", init=False)
    _absent: bool = field(default=False, init=False)

    async def run(self) -> None:
        """Keep the cache true, for ever."""
        while True:
            delay = await self._attempt()
            await asyncio.sleep(delay)

    async def _attempt(self) -> float:
        """List if need be, then watch; return the seconds to wait before the next attempt."""
        try:
            if not self._version:
                await self._list()
            await self._watch()
        except GoneError:
            log.info("%s: the watch is too old, listing again", self.resource.kind)
            self._version = ""
            return self.backoff.next(self.resource)
        except NotFoundError as error:
            return self._do_without(error)
        except (KubeError, ValueError) as error:
            return self._fail(error)
        return 0.0

    def _do_without(self, error: NotFoundError) -> float:
        """Know of none: whoever needs the objects says that they are not found."""
        self._version = ""
        self.cache.replace(self.resource, (), _ANY_VERSION)
        self.synced.set()
        if self.resource not in OPTIONAL:
            log.warning("%s is not served, next try in 30s: %s", self.resource.kind, error)
            return _ABSENT_SECONDS
        if not self._absent:
            log.info("%s is not served here, looking again every minute", self.resource.kind)
        self._absent = True
        return _OPTIONAL_SECONDS

    def _fail(self, error: Exception) -> float:
        """Keep what is known: an API server that starts up says 403 or 500 to everything."""
        if self.backoff.failures(self.resource) >= _PATIENCE:
            self._version = ""
            self.synced.set()
        delay = self.backoff.next(self.resource)
        if isinstance(error, TransientError):
            delay = max(delay, error.retry_after_seconds)
        log.warning("%s: %s; next try in %.1fs", self.resource.kind, error, delay)
        return delay

    async def _list(self) -> None:
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
        self._version = version
        self._absent = False
        self.synced.set()

    async def _watch(self) -> None:
        """Follow one stream to its end."""
        self.metrics.watch_restarts.labels(self.resource.kind).inc()
        clock = asyncio.get_running_loop().time
        began = clock()
        events = self.client.watch(self.resource, self._version, self.label_selector)
        try:
            async for event in events:
                self._handle(event)
                self._version = Body(event.object).body("metadata").text("resourceVersion")
                self.backoff.reset(self.resource)
        finally:
            # However it ends: a quiet resource's version is too old after every long watch.
            lasted = clock() - began >= _SHORTEST_WATCH_SECONDS
            if lasted:
                self.backoff.reset(self.resource)
        if not lasted:
            raise TransientError("the watch was ended at once")

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
