"""The API server as the command line needs it: lists of one namespace, reviews and dry runs."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from kubernetes.aio.config import ConfigException, list_kube_config_contexts

from sluice.adapters.connection import ConnectionSettingsError, connect
from sluice.adapters.failures import KubeError
from sluice.adapters.kube import KubeClient
from sluice.cli.exits import CommandError, Exit, command_error
from sluice.cli.options import Settings
from sluice.model.json import Body, JsonObject
from sluice.model.plan import Operation, pointer
from sluice.model.references import ObjectRef, Resource

_WHO_I_AM = Resource("authentication.k8s.io", "v1", "selfsubjectreviews", "SelfSubjectReview")
_OWN_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")

T = TypeVar("T")


def within(resource: Resource, namespace: str | None) -> Resource:
    """Return the collection of a resource in one namespace; None: in all of them."""
    if namespace is None:
        return resource
    return replace(resource, plural=f"namespaces/{namespace}/{resource.plural}")


class Cluster(KubeClient):
    """The operator's client, with what only people ask for."""

    async def all(self, resource: Resource, label_selector: str = "") -> tuple[JsonObject, ...]:
        """Return all objects of a collection."""
        pages = [page async for page in self.pages(resource, label_selector)]
        return tuple(item for page in pages for item in page.items)

    async def read(self, path: str) -> JsonObject:
        """Return what the API server has at a path: objects without a namespace, /version."""
        return await self._request("GET", path)

    async def review(self, resource: Resource, manifest: JsonObject) -> JsonObject:
        """Post a review, which is answered and stored nowhere."""
        return await self._request("POST", f"{resource.root}/{resource.plural}", payload=manifest)

    async def username(self) -> str:
        """Return whom the API server takes us for: what admission policies compare."""
        review: JsonObject = {"apiVersion": _WHO_I_AM.api_version, "kind": _WHO_I_AM.kind}
        answer = Body(await self.review(_WHO_I_AM, review))
        return answer.text("status", "userInfo", "username")

    async def try_patch(self, ref: ObjectRef, operations: Sequence[Operation]) -> JsonObject:
        """Return what a JSON patch would make of the object; nothing is written."""
        payload = tuple(operation.to_json() for operation in operations)
        headers = {"Content-Type": "application/json-patch+json"}
        return await self._request("PATCH", ref.path, {"dryRun": "All"}, headers, payload)

    async def remove(self, ref: ObjectRef, uid: str, version: str, *, dry_run: bool) -> None:
        """Delete the object as it was seen; ConflictError if it is not that any more."""
        seen: JsonObject = {"uid": uid, "resourceVersion": version}
        options: JsonObject = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "preconditions": seen,
            "propagationPolicy": "Background",
        }
        query = {"dryRun": "All"} if dry_run else {}
        await self._request("DELETE", ref.path, query, payload=options)

    async def try_create(
        self, resource: Resource, namespace: str, manifest: JsonObject
    ) -> JsonObject:
        """Return what the API server would make of a new object; nothing is written."""
        near = within(resource, namespace)
        path = f"{near.root}/{near.plural}"
        return await self._request("POST", path, {"dryRun": "All"}, payload=manifest)


def annotating(body: JsonObject, path: tuple[str, ...], key: str, value: str) -> list[Operation]:
    """Return the operations that set an annotation in the metadata at `path` of an object."""
    operations = []
    if not Body(body).body(*path).has("annotations"):
        operations.append(Operation("add", pointer(*path, "annotations"), {}))
    operations.append(Operation("add", pointer(*path, "annotations", key), value))
    return operations


def with_cluster(settings: Settings, work: Callable[[Cluster], Awaitable[T]]) -> T:
    """Connect, work, disconnect; what the API server refuses ends the command."""

    async def session() -> T:
        async with opened(settings) as cluster:
            return await work(cluster)

    try:
        return asyncio.run(session())
    except KubeError as error:
        raise command_error(error) from error


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Cluster]:
    """Give the cluster that the settings name."""
    try:
        connection = await connect(_kubeconfig(settings), settings.context)
    except (ConnectionSettingsError, OSError) as error:
        raise CommandError(Exit.UNREACHABLE, str(error)) from error
    cluster = Cluster(connection)
    try:
        yield cluster
    finally:
        await cluster.close()


def _kubeconfig(settings: Settings) -> Path | None:
    given = settings.kubeconfig
    if given and not any(Path(path).exists() for path in given.split(os.pathsep)):
        raise CommandError(Exit.UNREACHABLE, f"there is no file {given}")
    return Path(given) if given else None


def namespace_of(settings: Settings) -> str:
    """Return the namespace to work in: given, else the context's, else the pod's, else default."""
    if settings.namespace:
        return settings.namespace
    try:
        contexts, current = list_kube_config_contexts(  # type: ignore[no-untyped-call]  # no types there
            settings.kubeconfig
        )
    except (ConfigException, OSError):
        return _OWN_NAMESPACE.read_text("utf-8") if _OWN_NAMESPACE.exists() else "default"
    chosen = settings.context or current["name"]
    found = (Body(item) for item in contexts if item["name"] == chosen)
    return next((item.text("context", "namespace", default="default") for item in found), "default")
