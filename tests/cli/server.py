"""An API server for the command line, in a thread: a command has an event loop of its own."""

import asyncio
import copy
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from sluice.model.json import Body, Json, JsonObject
from sluice.model.references import (
    CONFIGMAPS,
    DAEMONSETS,
    DEPLOYMENTS,
    HTTPROUTES,
    JOBS,
    LEASES,
    PODS,
    REPLICASETS,
    ROLLOUTS,
    SERVICES,
    STARTUPGRAPHS,
    STATEFULSETS,
    ObjectRef,
    Resource,
)
from tests.builders import CREATED, NAME, NAMESPACE
from tests.cli.scenes import Around
from tests.engine.apiserver import ApiServer, Fault
from tests.engine.store import RefusalError, Store

RESOURCES = {
    ROLLOUTS,
    STARTUPGRAPHS,
    DEPLOYMENTS,
    STATEFULSETS,
    DAEMONSETS,
    JOBS,
    REPLICASETS,
    PODS,
    SERVICES,
    HTTPROUTES,
    CONFIGMAPS,
    LEASES,
}
ROLLOUT = ObjectRef(ROLLOUTS, NAMESPACE, NAME)


@dataclass
class CliApiServer(ApiServer):
    """The API server of the engine's tests, with dry runs, fixed answers and reviews.

    answers, refusals: by path, for what is no object of the store.
    denied: «verb resource» that no review allows.
    admission: what a policy makes of an object that is written.
    reviewed: the rights that reviews have asked for.
    after_read, after_trial: called when an object was read, or written for trial.
    on_watch: called whenever a watch of our own kinds has told all that there is and waits.
    username: whom the server takes the caller for.
    """

    answers: dict[str, JsonObject] = field(default_factory=dict)
    refusals: dict[str, tuple[int, str]] = field(default_factory=dict)
    denied: set[str] = field(default_factory=set)
    username: str = "ada"
    admission: Callable[[JsonObject], JsonObject] = lambda body: body
    after_read: Callable[[], None] = lambda: None
    after_trial: Callable[[], None] = lambda: None
    on_watch: Callable[[], object] = lambda: None
    written: list[str] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)
    reviewed: list[JsonObject] = field(default_factory=list)

    async def _route(self, request: web.Request) -> web.StreamResponse:
        if request.path in self.refusals:
            code, reason = self.refusals[request.path]
            raise RefusalError(code, reason, f"refused with {code} on purpose")
        if request.path in self.answers:
            return web.json_response(self.answers[request.path])
        if request.path.endswith("accessreviews"):
            return web.json_response(self._review(Body(await request.json())))
        if request.path.endswith("selfsubjectreviews"):
            return web.json_response({"status": {"userInfo": {"username": self.username}}})
        if request.query.get("dryRun") == "All":
            self.tried.append(request.path)
            return await self._dry_run(request)
        answer = await super()._route(request)
        if request.method == "GET":
            self.after_read()
        else:
            self.written.append(request.path)
        return answer

    async def _send_since(
        self, response: web.StreamResponse, request: web.Request, resource: Resource, version: int
    ) -> int:
        told = await super()._send_since(response, request, resource, version)
        if resource in {ROLLOUTS, STARTUPGRAPHS}:
            asyncio.get_running_loop().call_soon(self.on_watch)
        return told

    def _review(self, review: Body) -> JsonObject:
        asked = review.body("spec", "resourceAttributes")
        self.reviewed.append(asked.value)
        allowed = f"{asked.text('verb')} {asked.text('resource')}" not in self.denied
        return {"status": {"allowed": allowed}}

    async def _dry_run(self, request: web.Request) -> web.Response:
        resource, namespace, name, _ = self._parse(request.path)
        if request.method == "POST":
            body = await request.json()
            server = {"namespace": namespace, "uid": "none", "creationTimestamp": CREATED}
            new = {**body, "metadata": {**body["metadata"], **server}}
            return web.json_response(self.admission(new))
        ref = ObjectRef(resource, namespace, name)
        if request.method == "DELETE":
            self._check(ref, await request.json())
            return web.json_response(self.store.get(ref))
        kept = copy.deepcopy((self.store.objects, self.store.events, self.store.version))
        try:
            made = self.store.patch(ref, await request.json())
        finally:
            self.store.objects, self.store.events, self.store.version = kept
        answer = self.admission(made)
        self.after_trial()
        return web.json_response(answer)

    async def _delete(self, request: web.Request, ref: ObjectRef) -> web.Response:
        if request.can_read_body:
            self._check(ref, await request.json())
        return await super()._delete(request, ref)

    def _check(self, ref: ObjectRef, options: dict[str, dict[str, str]]) -> None:
        """Refuse to delete what is not as it was seen."""
        meta = self.store.get(ref)["metadata"]
        for name, value in options.get("preconditions", {}).items():
            if meta[name] != value:
                message = f"the {name} in the precondition ({value}) is not {meta[name]}"
                raise RefusalError(409, "Conflict", message)


@dataclass
class Cluster:
    """A running API server and the kubeconfig that leads to it."""

    http: CliApiServer
    kubeconfig: Path
    loop: asyncio.AbstractEventLoop

    @property
    def store(self) -> Store:
        return self.http.store

    @property
    def annotations(self) -> Mapping[str, str]:
        """The annotations of the Rollout."""
        return Body(self.store.get(ROLLOUT)).labels("metadata", "annotations")

    def read(self, ref: ObjectRef) -> JsonObject:
        """Return an object between two deeds of the server's thread."""

        async def get() -> JsonObject:
            return self.store.get(ref)

        return asyncio.run_coroutine_threadsafe(get(), self.loop).result(5)

    def soon(self, deed: Callable[[], None]) -> Callable[[], None]:
        """Return a function that has the deed done in the server's thread."""

        def ask() -> None:
            self.loop.call_soon_threadsafe(deed)

        return ask

    def refuse(self, method: str, code: int, reason: str, times: int | None = None) -> None:
        """Answer requests of a method with a refusal."""
        refusal = RefusalError(code, reason, f"refused with {code} on purpose")
        self.http.faults.append(Fault(lambda r: r.method == method, refusal, times=times))

    def put(self, *bodies: JsonObject) -> None:
        """Put objects in place of what has their names."""
        kinds = {resource.kind: resource for resource in RESOURCES}
        for body in bodies:
            meta = Body(body).body("metadata")
            resource = kinds[Body(body).text("kind")]
            ref = ObjectRef(resource, meta.text("namespace"), meta.text("name"))
            self.store.version += 1
            version: Json = str(self.store.version)
            new = {**meta.value, "resourceVersion": version}
            self.store.objects[ref] = copy.deepcopy({**body, "metadata": new})

    def surround(self, around: Around) -> None:
        """Put what stands around a Rollout."""
        self.put(*around.deployments)
        self.put(*({**body, "kind": "ReplicaSet"} for body in around.replica_sets))
        self.put(*({**body, "kind": "Pod"} for body in around.pods))


@contextmanager
def serving(folder: Path) -> Iterator[Cluster]:
    """Serve an empty store."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    http = CliApiServer(Store(), set(RESOURCES))
    runner = asyncio.run_coroutine_threadsafe(_start(http), loop).result(5)
    path = folder / "kubeconfig.yaml"
    path.write_text(json.dumps(_kubeconfig(http.url)))  # YAML, too
    try:
        yield Cluster(http, path, loop)
    finally:
        http.cut_watches()
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()


async def _start(http: CliApiServer) -> web.AppRunner:
    http.store.listeners.append(http._notify)  # noqa: SLF001 - two halves of one thing
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", http.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    http.url = f"http://{host}:{port}"
    return runner


def _kubeconfig(url: str) -> dict[str, object]:
    context = {"cluster": "here", "user": "me", "namespace": NAMESPACE}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "here", "cluster": {"server": url}}],
        "users": [{"name": "me", "user": {}}],
        "contexts": [{"name": "here", "context": context}],
        "current-context": "here",
    }
