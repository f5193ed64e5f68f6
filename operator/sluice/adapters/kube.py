"""The API server: get, list, watch, create, patch, merge, delete, on raw JSON.

The generated classes of the kubernetes package would hold every object twice; configuration and
authentication come from it (connection.py).
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

from sluice.adapters.connection import Connection
from sluice.adapters.failures import error_of
from sluice.adapters.transport import Request, Transport, parsed
from sluice.model.json import Body, Json, JsonObject
from sluice.model.plan import Operation
from sluice.model.references import ObjectRef, Resource

# Small pages keep the peak of memory low at the start, when all resources are listed at once.
_PAGE_SIZE, _PAGE_SECONDS = 200, 60.0
_ANSWER_SECONDS = 10.0
# The server sends a bookmark every minute (60.1 to 61.5 s were measured), so a stream that is
# silent for longer is dead; it ends a watch by itself after `timeoutSeconds`.
_SILENCE_SECONDS, _WATCH_SECONDS = 90.0, 300
_JSON_PATCH = {"Content-Type": "application/json-patch+json"}
_STRATEGIC_MERGE = {"Content-Type": "application/strategic-merge-patch+json"}
_METADATA_ONLY = {"Accept": "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"}


@dataclass(frozen=True, slots=True)
class Page:
    """Some objects of a list and the resourceVersion of the whole list."""

    items: tuple[JsonObject, ...]
    resource_version: str


@dataclass(frozen=True, slots=True)
class WatchEvent:
    """One line of a watch: ADDED, MODIFIED, DELETED or BOOKMARK, and the object."""

    type: str
    object: JsonObject


class KubeClient:
    """Requests to one API server. Every failure is a KubeError with the server's message."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._transport = Transport(connection)

    async def get(self, ref: ObjectRef) -> JsonObject:
        """Return the object from a quorum read: never older than any write that has succeeded."""
        return await self._request("GET", ref.path)

    async def pages(
        self, resource: Resource, label_selector: str = "", *, metadata_only: bool = False
    ) -> AsyncIterator[Page]:
        """Yield all objects of a resource in pages; GoneError when the list expires midway."""
        headers = _METADATA_ONLY if metadata_only else {}
        query = {"limit": str(_PAGE_SIZE), **_selecting(label_selector)}
        while True:
            path = _collection(resource)
            answer = Body(await self._request("GET", path, query, headers, seconds=_PAGE_SECONDS))
            meta = answer.body("metadata")
            items = tuple(item.value for item in answer.bodies("items"))
            yield Page(items, meta.text("resourceVersion", default=""))
            following = meta.text("continue", default="")
            if not following:
                return
            query = {**query, "continue": following}

    async def watch(
        self, resource: Resource, resource_version: str, label_selector: str = ""
    ) -> AsyncIterator[WatchEvent]:
        """Yield what happens after `resource_version` until the server ends the stream."""
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": resource_version,
            "timeoutSeconds": str(_WATCH_SECONDS),
            **_selecting(label_selector),
        }
        path = _collection(resource)
        request = Request("GET", path, query, silence_seconds=_SILENCE_SECONDS)
        async for line in self._transport.lines(request):
            event = Body(parsed(line))
            kind, seen = event.text("type"), event.body("object")
            if kind == "ERROR":
                raise error_of(seen.whole("code", default=0), seen.value)
            yield WatchEvent(kind, seen.value)

    async def create(self, resource: Resource, namespace: str, manifest: JsonObject) -> JsonObject:
        """Create the object and return it; AlreadyExistsError if the name is taken."""
        return await self._request("POST", _collection(resource, namespace), payload=manifest)

    async def patch(
        self, ref: ObjectRef, operations: Sequence[Operation], subresource: str = ""
    ) -> JsonObject:
        """Apply a JSON patch and return the object; ConflictError if its version is stale."""
        path = f"{ref.path}/{subresource}" if subresource else ref.path
        payload = tuple(operation.to_json() for operation in operations)
        return await self._request("PATCH", path, headers=_JSON_PATCH, payload=payload)

    async def merge(self, ref: ObjectRef, fields: JsonObject, subresource: str = "") -> JsonObject:
        """Apply a strategic merge patch and return the object; a built-in type's only.

        With `metadata.uid` in it an object of another UID is left alone: InvalidError.
        """
        path = f"{ref.path}/{subresource}" if subresource else ref.path
        return await self._request("PATCH", path, headers=_STRATEGIC_MERGE, payload=fields)

    async def delete(self, ref: ObjectRef, uid: str) -> JsonObject:
        """Delete the object with that UID; return it if it lingers, else the server's Status."""
        options: JsonObject = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "preconditions": {"uid": uid},
            "propagationPolicy": "Background",
        }
        return await self._request("DELETE", ref.path, payload=options)

    async def close(self) -> None:
        """Close all connections."""
        await self._transport.close()

    async def _request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        payload: Json = None,
        seconds: float = _ANSWER_SECONDS,
    ) -> JsonObject:
        """Return what answers a request, for what subclasses ask besides."""
        return await self._transport.ask(
            Request(method, path, query or {}, headers or {}, payload, seconds)
        )


def _collection(resource: Resource, namespace: str = "") -> str:
    scope = f"/namespaces/{namespace}" if namespace else ""
    return f"{resource.root}{scope}/{resource.plural}"


def _selecting(label_selector: str) -> dict[str, str]:
    return {"labelSelector": label_selector} if label_selector else {}
