"""A small API server over HTTP with faults on command, in the test's own process.

It stands where the real API server cannot inject faults; that both behave alike in what the engine
relies on is checked by the tests in tests/cluster.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from sluice.model.references import ObjectRef, Resource
from tests.engine.store import Event, Object, RefusalError, Store

_PAGE_SIZE_CAP = 500
# Kopf waits until the API names these, though with our settings it asks for none of them.
_KOPF_LOOKS_FOR = {
    Resource("", "v1", "namespaces", "Namespace"),
    Resource("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition"),
}


@dataclass
class Fault:
    """What happens to requests that `matches`: held back, and then answered or refused.

    times: for how many requests, None for all.
    """

    matches: Callable[[web.Request], bool]
    refusal: RefusalError | None = None
    held: asyncio.Event | None = None
    after: bool = False
    times: int | None = None


@dataclass
class ApiServer:
    """The HTTP side of a store. `requests` has every request as «METHOD path»."""

    store: Store
    resources: set[Resource]
    url: str = ""
    requests: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    _watchers: set[asyncio.Event] = field(default_factory=set)
    _cut: int = 0

    @property
    def writes(self) -> list[str]:
        """The requests that are writes, Leases left out."""
        verbs = ("POST", "PATCH", "PUT", "DELETE")
        return [r for r in self.requests if r.startswith(verbs) and "/leases" not in r]

    def cut_watches(self) -> None:
        """End all watches at once, as a load balancer does."""
        self._cut += 1
        self._notify()

    def _notify(self) -> None:
        for watcher in self._watchers:
            watcher.set()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        self.requests.append(f"{request.method} {request.path}")
        try:
            fault = await self._fault(request)
            if fault is not None and fault.refusal is not None and not fault.after:
                raise fault.refusal
            answer = await self._route(request)
            if fault is not None and fault.refusal is not None:
                raise fault.refusal
        except RefusalError as refusal:
            return _status(refusal)
        return answer

    async def _fault(self, request: web.Request) -> Fault | None:
        for fault in self.faults:
            if fault.times != 0 and fault.matches(request):
                if fault.times is not None:
                    fault.times -= 1
                if fault.held is not None:
                    await fault.held.wait()
                return fault
        return None

    async def _route(self, request: web.Request) -> web.StreamResponse:
        if request.path in self._discovery():
            return web.json_response(self._discovery()[request.path])
        resource, namespace, name, subresource = self._parse(request.path)
        if not name:
            if request.method == "POST":
                body = await request.json()
                return web.json_response(self.store.create(resource, namespace, body), status=201)
            if request.query.get("watch") == "true":
                return await self._watch(request, resource)
            return self._list(request, resource)
        ref = ObjectRef(resource, namespace, name)
        match request.method:
            case "GET":
                return web.json_response(self.store.get(ref))
            case "PATCH":
                written = self.store.merge if _is_merge(request) else self.store.patch
                return web.json_response(written(ref, await request.json(), subresource))
            case "DELETE":
                return await self._delete(request, ref)
            case _:
                raise RefusalError(405, "MethodNotAllowed", request.method)

    def _discovery(self) -> dict[str, dict[str, Any]]:
        """Return what the API says of itself, by path: Kopf finds its resources by that."""
        groups: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
        for resource in self.resources | _KOPF_LOOKS_FOR:
            described = {
                "name": resource.plural,
                "singularName": resource.kind.lower(),
                "kind": resource.kind,
                "namespaced": True,
                "verbs": ["get", "list", "watch", "create", "patch", "delete"],
            }
            key = (resource.root, resource.group, resource.version)
            groups.setdefault(key, []).append(described)
        pages: dict[str, dict[str, Any]] = {
            root: {"kind": "APIResourceList", "resources": resources}
            for (root, _, _), resources in groups.items()
        }
        pages["/api"] = {"versions": ["v1"]}
        versions = [
            {"name": group, "versions": [described], "preferredVersion": described}
            for group, described in (
                (group, {"version": version}) for _, group, version in groups if group
            )
        ]
        pages["/apis"] = {"kind": "APIGroupList", "groups": versions}
        return pages

    def _parse(self, path: str) -> tuple[Resource, str, str, str]:
        for resource in self.resources:
            if path.startswith(resource.root + "/"):
                parts = path.removeprefix(resource.root + "/").split("/")
                namespace = ""
                if parts[0] == "namespaces":
                    namespace, parts = parts[1], parts[2:]
                if parts[0] == resource.plural:
                    name, subresource = (*parts[1:], "", "")[:2]
                    return resource, namespace, name, subresource
        raise RefusalError(404, "NotFound", "the server could not find the requested resource")

    def _list(self, request: web.Request, resource: Resource) -> web.Response:
        selector = request.query.get("labelSelector", "")
        found = [o for o in self.store.list(resource) if _selected(o, selector)]
        start = int(request.query.get("continue") or 0)
        limit = int(request.query.get("limit") or _PAGE_SIZE_CAP)
        page, rest = found[start : start + limit], found[start + limit :]
        if "PartialObjectMetadataList" in request.headers.get("Accept", ""):
            page = [{"metadata": item["metadata"]} for item in page]
        meta = {"resourceVersion": str(self.store.version)}
        if rest:
            meta["continue"] = str(start + limit)
        return web.json_response({"kind": "List", "metadata": meta, "items": page})

    async def _watch(self, request: web.Request, resource: Resource) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        changed, cut = asyncio.Event(), self._cut
        self._watchers.add(changed)
        version = int(request.query["resourceVersion"])
        try:
            while self._cut == cut:
                if version < self.store.compacted:
                    gone = RefusalError(410, "Expired", "too old resource version")
                    await _send(response, "ERROR", _body(gone))
                    break
                version = await self._send_since(response, request, resource, version)
                changed.clear()
                await changed.wait()
        except ConnectionResetError:
            pass  # whoever watched has gone
        finally:
            self._watchers.discard(changed)
        return response

    async def _send_since(
        self, response: web.StreamResponse, request: web.Request, resource: Resource, version: int
    ) -> int:
        selector = request.query.get("labelSelector", "")
        for event in [e for e in self.store.events if e.version > version]:
            if event.resource == resource:
                change = _seen_as(event, selector)
                if change:
                    await _send(response, change, event.object)
            version = event.version
        await _send(response, "BOOKMARK", {"metadata": {"resourceVersion": str(version)}})
        return version

    async def _delete(self, request: web.Request, ref: ObjectRef) -> web.Response:
        options = await request.json() if request.can_read_body else {}
        left = self.store.delete(ref, options.get("preconditions", {}).get("uid"))
        return web.json_response(left or {"kind": "Status", "status": "Success"})


@asynccontextmanager
async def api_server(store: Store, resources: set[Resource]) -> AsyncIterator[ApiServer]:
    """Serve the store on a free port of this machine."""
    server = ApiServer(store, resources)
    store.listeners.append(server._notify)  # noqa: SLF001 - two halves of one thing
    app = web.Application(client_max_size=2**24)
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    server.url = f"http://{host}:{port}"
    try:
        yield server
    finally:
        server.cut_watches()
        await runner.cleanup()


def _is_merge(request: web.Request) -> bool:
    return request.content_type == "application/strategic-merge-patch+json"


async def _send(response: web.StreamResponse, change: str, body: Object) -> None:
    await response.write(json.dumps({"type": change, "object": body}).encode() + b"\n")


def _status(refusal: RefusalError) -> web.Response:
    return web.json_response(_body(refusal), status=refusal.code)


def _body(refusal: RefusalError) -> dict[str, Any]:
    return {
        "kind": "Status",
        "status": "Failure",
        "code": refusal.code,
        "reason": refusal.reason,
        "message": refusal.message,
    }


def _seen_as(event: Event, selector: str) -> str:
    """Return what a change looks like through a selector; empty when it is not seen at all."""
    was = event.before is not None and _selected(event.before, selector)
    now = event.type != "DELETED" and _selected(event.object, selector)
    if was and not now:
        return "DELETED"
    if now and not was:
        return "ADDED"
    return "MODIFIED" if now else ""


def _selected(item: Object, selector: str) -> bool:
    labels = item["metadata"].get("labels", {})
    for term in filter(None, selector.split(",")):
        key, equals, value = term.partition("=")
        if key not in labels or (equals and labels[key] != value):
            return False
    return True
