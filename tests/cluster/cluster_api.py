"""The API server as the tests ask it: not through the code under test, and one namespace at a time.

The watches of these tests are their oracle, so they do not rest on the operator's own client.
"""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final

import aiohttp
from kubernetes.aio.client import Configuration
from kubernetes.aio.client.rest import RESTClientObject
from kubernetes.aio.config import load_kube_config

from sluice.model.json import Body, Json, JsonObject
from sluice.model.references import ObjectRef, Resource

NAMESPACES: Final = Resource("", "v1", "namespaces", "Namespace")
MERGE: Final = "application/merge-patch+json"
JSON_PATCH: Final = "application/json-patch+json"
WATCH_SECONDS: Final = 3600
# A Deployment with its status and managed fields is some 10 kB; one line of a watch is one object.
LINE_LIMIT: Final = 2**20


class RefusedError(Exception):
    """The API server did not do what it was asked for; the text is its own."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One event of a watch. version: the resourceVersion, which orders all writes of a cluster."""

    deleted: bool
    version: int
    body: Body

    @property
    def name(self) -> str:
        """The object's name."""
        return self.body.text("metadata", "name")


@dataclass(frozen=True, slots=True)
class ClusterApi:
    """Requests as the administrator; every refusal raises RefusedError."""

    session: aiohttp.ClientSession

    async def get(self, ref: ObjectRef) -> Body:
        """Return the object, an empty body when there is none."""
        async with self.session.get(ref.path) as answer:
            if answer.status == HTTPStatus.NOT_FOUND:
                return Body({})
            return await _read(answer)

    async def create(self, resource: Resource, namespace: str, manifest: JsonObject) -> Body:
        """Create an object; namespace: empty for what lives in none."""
        async with self.session.post(_collection(resource, namespace), json=manifest) as answer:
            return await _read(answer)

    async def merge(self, ref: ObjectRef, patch: JsonObject) -> Body:
        """Merge a patch into the object, as its user."""
        return await self._patch(ref, patch, MERGE)

    async def json_patch(self, ref: ObjectRef, *operations: JsonObject) -> Body:
        """Apply a JSON patch to the object, as its user."""
        return await self._patch(ref, operations, JSON_PATCH)

    async def replace(self, ref: ObjectRef, manifest: JsonObject) -> Body:
        """Put an object in the place of the one that is there."""
        async with self.session.put(ref.path, json=manifest) as answer:
            return await _read(answer)

    async def delete(self, ref: ObjectRef, propagation: str = "Background") -> None:
        """Delete the object if it is there; propagation: Background, Foreground or Orphan."""
        async with self.session.delete(ref.path, json={"propagationPolicy": propagation}) as answer:
            if answer.status != HTTPStatus.NOT_FOUND:
                await _read(answer)

    async def delete_namespace(self, name: str) -> None:
        """Have a namespace deleted with everything in it, without waiting for it."""
        async with self.session.delete(f"{_collection(NAMESPACES, '')}/{name}") as answer:
            if answer.status != HTTPStatus.NOT_FOUND:
                await _read(answer)

    async def list(self, resource: Resource, namespace: str, selector: str = "") -> list[Body]:
        """Return the objects of a namespace that have the labels."""
        query = {"labelSelector": selector}
        async with self.session.get(_collection(resource, namespace), params=query) as answer:
            return list((await _read(answer)).bodies("items"))

    async def watch(self, resource: Resource, namespace: str) -> AsyncIterator[Sighting]:
        """Yield what is there, then every change of it."""
        query = {"watch": "true", "timeoutSeconds": str(WATCH_SECONDS)}
        timeout = aiohttp.ClientTimeout(total=None)
        async with self.session.get(
            _collection(resource, namespace), params=query, timeout=timeout
        ) as answer:
            try:
                async for line in answer.content:
                    event = Body(json.loads(line))
                    if event.text("type") == "ERROR":
                        raise RefusedError(event.body("object").text("message"))
                    body = event.body("object")
                    version = int(body.text("metadata", "resourceVersion"))
                    yield Sighting(event.text("type") == "DELETED", version, Body(body.value))
            finally:
                # A polite end of TLS would still be under way when the event loop is gone.
                if answer.connection and answer.connection.transport:
                    answer.connection.transport.abort()

    async def _patch(self, ref: ObjectRef, patch: Json, kind: str) -> Body:
        async with self.session.patch(
            ref.path, data=json.dumps(patch), headers={"Content-Type": kind}
        ) as answer:
            return await _read(answer)


@asynccontextmanager
async def cluster_api(kubeconfig: Path) -> AsyncIterator[ClusterApi]:
    """Open the API that a kubeconfig leads to."""
    settings = Configuration()
    await load_kube_config(  # type: ignore[no-untyped-call]  # the client has no types here
        config_file=str(kubeconfig), client_configuration=settings, persist_config=False
    )
    token = await settings.get_api_key_with_prefix("BearerToken")
    tls = RESTClientObject(settings).ssl_context
    async with aiohttp.ClientSession(
        base_url=settings.host,
        headers={"Authorization": token or "", "User-Agent": "sluice-tests"},
        connector=aiohttp.TCPConnector(ssl=tls, limit=0),
        read_bufsize=LINE_LIMIT,
    ) as session:
        yield ClusterApi(session)


def _collection(resource: Resource, namespace: str) -> str:
    place = f"/namespaces/{namespace}" if namespace else ""
    return f"{resource.root}{place}/{resource.plural}"


async def _read(answer: aiohttp.ClientResponse) -> Body:
    value = await answer.json()
    assert isinstance(value, Mapping)
    if not answer.ok:
        raise RefusedError(f"{answer.method} {answer.url.path}: {Body(value).text('message')}")
    return Body(value)
