"""The engine's API client, on the store in memory: one for each process of the operator.

What a process sees of the watches can lag, repeat or miss; what it writes can be refused.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass

from sluice.adapters.failures import GoneError
from sluice.adapters.kube import KubeClient, Page, WatchEvent
from sluice.model.json import Body, JsonObject, canonical
from sluice.model.plan import Operation
from sluice.model.references import ObjectRef, Resource
from tests.converge.admission import OPERATOR
from tests.converge.store import Change, Store

_OVERDUE_SECONDS = 1.0


@dataclass
class View:
    """How a process sees what happens.

    lag: how many changes its watches are behind; after a second without news they catch up.
    copies: how often each event arrives. drops: which changes it never hears of, until it lists
    again after `relist_seconds`. frozen: whether it hears of nothing at all.
    until: the version after which it hears of nothing.
    """

    lag: int = 0
    copies: int = 1
    drops: Callable[[Change], bool] = lambda _: False
    relist_seconds: float = 0.0
    frozen: bool = False
    until: float = float("inf")


@dataclass
class Write:
    """A write as the test may refuse it: raise a KubeError from `Refuse`."""

    verb: str
    ref: ObjectRef
    content: str


class MemoryClient(KubeClient):
    """Requests to the store. `refuse` sees every write first; `written` is told afterwards."""

    def __init__(self, store: Store, view: View) -> None:
        self._store = store
        self._view = view
        self._news = asyncio.Event()
        self.refuse: Callable[[Write], None] = lambda _: None
        self.written: Callable[[Write], None] = lambda _: None

    def tell(self) -> None:
        """Wake the watches: something happened, or is to be seen at last."""
        self._news.set()
        self._news = asyncio.Event()

    async def get(self, ref: ObjectRef) -> JsonObject:
        """Return the object as it is now, whatever the watches have seen."""
        await asyncio.sleep(0)
        return self._store.get(ref)

    async def pages(
        self, resource: Resource, label_selector: str = "", *, metadata_only: bool = False
    ) -> AsyncIterator[Page]:
        """Yield everything in one page."""
        del metadata_only
        await asyncio.sleep(0)
        items = (body.value for _, body in self._store.every(resource))
        matching = tuple(item for item in items if _matches(item, label_selector))
        yield Page(matching, str(self._store.version))

    async def watch(
        self, resource: Resource, resource_version: str, label_selector: str = ""
    ) -> AsyncIterator[WatchEvent]:
        """Yield what happens, as this process sees it."""
        position = self._position(int(resource_version))
        until = self._now() + self._view.relist_seconds
        while True:
            for change in self._visible(position):
                position += 1
                if change.ref.resource != resource or self._view.drops(change):
                    continue
                if _matches(change.new, label_selector):
                    for _ in range(self._view.copies):
                        yield WatchEvent(change.type, change.new)
            if await self._wait(until):
                raise GoneError("the watch is too old", 410)

    async def create(self, resource: Resource, namespace: str, manifest: JsonObject) -> JsonObject:
        """Create an object."""
        name = Body(manifest).text("metadata", "name")
        write = Write("create", ObjectRef(resource, namespace, name), "")
        await self._ask(write)
        answer = self._store.create(resource, manifest, OPERATOR)
        self.written(write)
        return answer

    async def patch(
        self, ref: ObjectRef, operations: Sequence[Operation], subresource: str = ""
    ) -> JsonObject:
        """Patch an object."""
        content = ";".join(f"{o.op} {o.path}" for o in operations)
        write = Write(f"patch {subresource}".strip(), ref, content)
        await self._ask(write)
        answer = self._store.patch(ref, operations, OPERATOR, subresource)
        self.written(write)
        return answer

    async def merge(self, ref: ObjectRef, fields: JsonObject, subresource: str = "") -> JsonObject:
        """Merge fields into an object."""
        write = Write(f"merge {subresource}".strip(), ref, canonical(fields))
        await self._ask(write)
        answer = self._store.merge(ref, fields, OPERATOR, subresource)
        self.written(write)
        return answer

    async def delete(self, ref: ObjectRef, uid: str) -> JsonObject:
        """Delete an object."""
        write = Write("delete", ref, uid)
        await self._ask(write)
        answer = self._store.delete(ref, OPERATOR, uid)
        self.written(write)
        return answer

    async def close(self) -> None:
        """Do nothing: there is no connection."""

    async def _ask(self, write: Write) -> None:
        await asyncio.sleep(0)
        self.refuse(write)

    def _position(self, version: int) -> int:
        log = self._store.log
        return next((i for i, change in enumerate(log) if change.version > version), len(log))

    def _visible(self, position: int) -> Iterator[Change]:
        """Yield what may be seen now; what comes while it is read is seen as well."""
        while not self._view.frozen and position < self._seen():
            yield self._store.log[position]
            position += 1

    def _seen(self) -> int:
        log = self._store.log
        if log and log[-1].version > self._view.until:
            return sum(change.version <= self._view.until for change in log)
        overdue = self._now() - self._store.written_at >= _OVERDUE_SECONDS
        return len(log) if overdue else max(0, len(log) - self._view.lag)

    async def _wait(self, until: float) -> bool:
        """Wait for news; return whether it is time to list again."""
        news = self._news
        if not self._view.relist_seconds:
            await news.wait()
            return False
        try:
            async with asyncio.timeout(until - self._now()):
                await news.wait()
        except TimeoutError:
            return True
        return False

    def _now(self) -> float:
        return self._store.now()


def _matches(item: JsonObject, label_selector: str) -> bool:
    """Whether an object has the label (`key` is all that the operator asks for)."""
    return not label_selector or label_selector in Body(item).labels("metadata", "labels")
