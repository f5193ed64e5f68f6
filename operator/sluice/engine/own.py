"""Our own objects, whole: fed by Kopf, by the answers to our own writes, and by lists.

Kopf emits no DELETED for what vanished while its watch was lost, so a list of metadata is compared
with what is known: periodically, and whenever Kopf's watch has started anew.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from sluice.adapters.failures import KubeError, NotFoundError
from sluice.adapters.kube import KubeClient
from sluice.engine.backoff import Backoff
from sluice.engine.cache import Cache
from sluice.engine.informer import project
from sluice.engine.queue import Lane
from sluice.model.cluster import PROJECTIONS
from sluice.model.json import Body, JsonObject, canonical
from sluice.model.references import ObjectRef, Resource

log = logging.getLogger(__name__)

_VERIFY_SECONDS = 300.0
_BURIED_LIMIT = 4096
_ASKING = ("generation", "annotations", "deletionTimestamp")

Changed: TypeAlias = Callable[[ObjectRef, Lane], None]
Dropped: TypeAlias = Callable[[ObjectRef], None]


@dataclass(frozen=True, slots=True)
class Own:
    """One of our objects as last seen, without managedFields.

    text: the object as JSON; as Python objects an idle one would take four times the memory.
    """

    ref: ObjectRef
    uid: str
    version: int
    text: bytes

    @classmethod
    def from_body(cls, resource: Resource, value: JsonObject) -> "Own":
        """Read an object; managedFields are half of its size and nobody reads them."""
        meta = Body(value).body("metadata")
        lean = {key: item for key, item in meta.value.items() if key != "managedFields"}
        return cls(
            ref=ObjectRef(resource, meta.text("namespace"), meta.text("name")),
            uid=meta.text("uid"),
            version=int(meta.text("resourceVersion")),
            text=canonical({**value, "metadata": lean}).encode(),
        )

    @property
    def body(self) -> JsonObject:
        """The object, whole."""
        value: JsonObject = json.loads(self.text)
        return value

    def asked_anew_since(self, old: "Own") -> bool:
        """Whether a person has asked for something: another spec, a command, the deletion."""
        mine, theirs = Body(self.body), Body(old.body)
        return any(mine.json("metadata", name) != theirs.json("metadata", name) for name in _ASKING)


class OwnObjects:
    """The objects of our own kinds."""

    def __init__(
        self, resources: Iterable[Resource], cache: Cache, changed: Changed, dropped: Dropped
    ) -> None:
        self._resources = frozenset(resources)
        self._cache = cache
        self._changed = changed
        self._dropped = dropped
        self._objects: dict[ObjectRef, Own] = {}
        self._buried: dict[str, None] = {}

    def serves(self, resource: Resource) -> bool:
        """Whether a resource is one of our kinds."""
        return resource in self._resources

    def get(self, ref: ObjectRef) -> Own | None:
        """Return an object as last seen."""
        return self._objects.get(ref)

    def put(self, resource: Resource, value: JsonObject, *, ours: bool = False) -> Own | None:
        """Take in a state of an object unless a newer one is known; return what is known now.

        ours: it is the answer to our own write, of which nobody has to be told.
        """
        own = Own.from_body(resource, value)
        old = self._objects.get(own.ref)
        if own.uid in self._buried or (old is not None and own.version <= old.version):
            return old
        if old is not None and old.uid != own.uid:
            self._dropped(own.ref)
            old = None
        self._objects[own.ref] = own
        if resource in PROJECTIONS and (projection := project(resource, own.body)) is not None:
            self._cache.put(projection)
        if not ours:
            asked = old is not None and own.asked_anew_since(old)
            self._changed(own.ref, Lane.USER if asked else Lane.CHANGE)
        return own

    def drop(self, ref: ObjectRef, uid: str) -> None:
        """Forget an object that is gone."""
        self._buried[uid] = None
        if len(self._buried) > _BURIED_LIMIT:
            del self._buried[next(iter(self._buried))]
        own = self._objects.get(ref)
        if own is not None and own.uid == uid:
            del self._objects[ref]
            self._cache.remove(ref, uid)
            self._dropped(ref)

    def known(self, resource: Resource) -> Mapping[ObjectRef, Own]:
        """Return the objects of a kind."""
        return {ref: own for ref, own in self._objects.items() if ref.resource == resource}


class Verifier:
    """Compares what is known of one of our kinds with what there is."""

    def __init__(self, client: KubeClient, resource: Resource, objects: OwnObjects) -> None:
        self._client = client
        self.resource = resource
        self._objects = objects
        self._asked = asyncio.Event()
        self.synced = asyncio.Event()

    def ask(self) -> None:
        """Have the comparison made soon: the watch has been interrupted."""
        self._asked.set()

    async def run(self) -> None:
        """List everything once, then compare periodically and when asked, for ever."""
        backoff: Backoff[Resource] = Backoff(0.5, 10.0)
        first = self._read_all
        while not self.synced.is_set():
            try:
                await first()
                self.synced.set()
            except KubeError as error:
                delay = backoff.next(self.resource)
                log.warning("%s cannot be listed: %s%s", self.resource.kind, error, _hint(error))
                await asyncio.sleep(delay)
        while True:
            try:
                async with asyncio.timeout(_VERIFY_SECONDS):
                    await self._asked.wait()
            except TimeoutError:
                pass
            self._asked.clear()
            try:
                await self.verify()
            except KubeError as error:
                log.warning("%s cannot be compared: %s", self.resource.kind, error)
                self._asked.set()
                await asyncio.sleep(backoff.next(self.resource))

    async def verify(self) -> None:
        """Drop what is gone, read what was missed. Whatever is newer than the list stays."""
        before = self._objects.known(self.resource)
        listed: dict[ObjectRef, tuple[str, int]] = {}
        async for page in self._client.pages(self.resource, metadata_only=True):
            for item in page.items:
                own = Own.from_body(self.resource, item)
                listed[own.ref] = (own.uid, own.version)
        for ref, own in before.items():
            if ref not in listed or listed[ref][0] != own.uid:
                self._objects.drop(ref, own.uid)
        for ref, (_, version) in listed.items():
            own_now = self._objects.get(ref)
            if own_now is None or own_now.version < version:
                await self.refresh(ref)

    async def refresh(self, ref: ObjectRef) -> None:
        """Read one object afresh."""
        try:
            self._objects.put(self.resource, await self._client.get(ref))
        except NotFoundError:
            known = self._objects.get(ref)
            if known is not None:
                self._objects.drop(ref, known.uid)

    async def _read_all(self) -> None:
        async for page in self._client.pages(self.resource):
            for item in page.items:
                self._objects.put(self.resource, item)
            await asyncio.sleep(0)


def _hint(error: KubeError) -> str:
    return "; apply the CRDs (crds/)" if isinstance(error, NotFoundError) else ""
