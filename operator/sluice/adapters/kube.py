"""The API server: get, list, watch, create, patch, delete, on raw JSON.

The generated classes of the kubernetes package would copy every object twice; configuration and
authentication come from it (connection.py), the requests are plain aiohttp.
"""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp

from sluice.adapters.connection import USER_AGENT, Connection
from sluice.adapters.failures import TransientError, error_of
from sluice.model.json import Body, Json, JsonObject
from sluice.model.plan import Operation
from sluice.model.references import ObjectRef, Resource

_PAGE_SIZE = 200
_REQUEST_SECONDS, _PAGE_SECONDS, _CONNECT_SECONDS = 10.0, 60.0, 5.0
# The server sends a bookmark every minute (60.1 to 61.5 s were measured), so a stream that is
# silent for longer is dead; it ends a watch by itself after `timeoutSeconds`.
_SILENCE_SECONDS, _WATCH_SECONDS = 90.0, 300
_JSON_PATCH = "application/json-patch+json"
_METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_UNAUTHORIZED = 401


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
        self._connection = connection
        self._session: aiohttp.ClientSession | None = None

    @property
    def connection(self) -> Connection:
        """Where and as whom this client asks."""
        return self._connection

    async def get(self, ref: ObjectRef) -> JsonObject:
        """Return the object from a quorum read: never older than any write that has succeeded."""
        return await self._request("GET", ref.path)

    async def pages(
        self, resource: Resource, label_selector: str = "", *, metadata_only: bool = False
    ) -> AsyncIterator[Page]:
        """Yield all objects of a resource in pages; GoneError when the list expires midway."""
        headers = {"Accept": _METADATA_ONLY} if metadata_only else {}
        query = {"limit": str(_PAGE_SIZE)} | _selecting(label_selector)
        while True:
            url = f"{resource.root}/{resource.plural}"
            answer = Body(await self._request("GET", url, query, headers, seconds=_PAGE_SECONDS))
            meta = answer.body("metadata")
            items = tuple(item.value for item in answer.bodies("items"))
            yield Page(items, meta.text("resourceVersion", default=""))
            following = meta.text("continue", default="")
            if not following:
                return
            query["continue"] = following

    async def watch(
        self, resource: Resource, resource_version: str, label_selector: str = ""
    ) -> AsyncIterator[WatchEvent]:
        """Yield what happens after `resource_version` until the server ends the stream."""
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": resource_version,
            "timeoutSeconds": str(_WATCH_SECONDS),
        } | _selecting(label_selector)
        timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=_CONNECT_SECONDS, sock_read=_SILENCE_SECONDS
        )
        url = f"{resource.root}/{resource.plural}"
        async with self._answer("GET", url, query, {}, None, timeout) as response:
            async for line in _lines(response):
                event = Body(_parse(line))
                kind, seen = event.text("type"), event.body("object")
                if kind == "ERROR":
                    raise error_of(seen.whole("code", default=0), seen.value)
                yield WatchEvent(kind, seen.value)

    async def create(self, resource: Resource, namespace: str, manifest: JsonObject) -> JsonObject:
        """Create the object and return it; AlreadyExistsError if the name is taken."""
        url = f"{resource.root}/namespaces/{namespace}/{resource.plural}"
        return await self._request("POST", url, payload=manifest)

    async def patch(
        self, ref: ObjectRef, operations: Sequence[Operation], subresource: str = ""
    ) -> JsonObject:
        """Apply a JSON patch and return the object; ConflictError if its version is stale."""
        url = f"{ref.path}/{subresource}" if subresource else ref.path
        payload = tuple(operation.to_json() for operation in operations)
        return await self._request(
            "PATCH", url, headers={"Content-Type": _JSON_PATCH}, payload=payload
        )

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
        if self._session is not None:
            await self._session.close()

    async def _request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        payload: Json = None,
        *,
        seconds: float = _REQUEST_SECONDS,
    ) -> JsonObject:
        timeout = aiohttp.ClientTimeout(total=seconds, sock_connect=_CONNECT_SECONDS)
        async with self._answer(
            method, path, query or {}, headers or {}, payload, timeout
        ) as response:
            return _parse(await response.read())

    @asynccontextmanager
    async def _answer(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        payload: Json,
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send a request and give its successful answer; every failure becomes a KubeError."""
        body = None if payload is None else json.dumps(payload).encode()
        sent = {"Content-Type": "application/json", **headers}
        sent |= await self._connection.authorization()
        try:
            async with self._open().request(
                method,
                self._connection.server + path,
                params=query,
                data=body,
                headers=sent,
                timeout=timeout,
                allow_redirects=False,
                proxy=self._connection.configuration.proxy,
            ) as response:
                await self._raise_for_status(response)
                yield response
        except TimeoutError as error:
            raise TransientError(f"{method} {path}: no answer in time") from error
        except (aiohttp.ClientError, OSError) as error:
            raise TransientError(
                f"{method} {path}: {str(error) or type(error).__name__}"
            ) from error

    async def _raise_for_status(self, response: aiohttp.ClientResponse) -> None:
        if response.ok and response.status < 300:  # noqa: PLR2004
            return
        if response.status == _UNAUTHORIZED:
            await self._connection.renew()
        raw = await response.read()
        try:
            answer: Json = json.loads(raw)
        except ValueError:
            answer = {"message": raw[:200].decode(errors="replace")}
        raise error_of(response.status, answer, response.headers.get("Retry-After", ""))

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            tls = self._connection.tls
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=True if tls is None else tls, limit=0),
                headers={"User-Agent": USER_AGENT},
                trust_env=True,
            )
        return self._session


def _selecting(label_selector: str) -> dict[str, str]:
    return {"labelSelector": label_selector} if label_selector else {}


def _parse(raw: bytes) -> JsonObject:
    """Return the JSON object in an answer; a cut answer or a proxy's page is transient."""
    try:
        value: Json = json.loads(raw)
    except ValueError as error:
        shown = raw[:80].decode(errors="replace")
        raise TransientError(f"the answer is not JSON: {shown!r}") from error
    if not isinstance(value, dict):
        raise TransientError(f"the answer is not a JSON object: {raw[:80]!r}")
    return value


async def _lines(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """Yield the lines of a stream; aiohttp's own line reader refuses those above its buffer."""
    pending = bytearray()
    async for chunk in response.content.iter_any():
        pending += chunk
        *lines, rest = pending.split(b"\n")
        pending = rest
        for line in lines:
            if line:
                yield bytes(line)
