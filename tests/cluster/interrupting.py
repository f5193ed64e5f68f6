"""The operator's way to the API server, on which it is killed at every write of a namespace.

Each kind of write ends the operator twice: once when it has left it and has not arrived, once when
it is done and its answer has not been read. A new operator starts at once, and goes on.
"""

import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPMethod, HTTPStatus
from pathlib import Path
from typing import Final

import aiohttp
import yaml
from aiohttp import web

from sluice.model.json import Body, Json
from tests.cluster.cluster_api import ClusterApi

ADDRESS: Final = "127.0.0.1"
PORT: Final = 18098
_WRITES: Final = frozenset({HTTPMethod.POST, HTTPMethod.PATCH, HTTPMethod.PUT, HTTPMethod.DELETE})
_PASSED_ON: Final = ("Authorization", "Accept", "Content-Type", "User-Agent")
_LARGEST: Final = 4 * 2**20


@dataclass(slots=True)
class Interruptions:
    """Kills the operator at each kind of write. counted: how often each was seen, by its name.

    Events tell of what was done, and are no part of it.
    """

    api: ClusterApi
    namespace: str = ""
    interrupt: Callable[[], object] = field(default=lambda: None)
    counted: Counter[str] = field(default_factory=Counter)

    async def pass_on(self, request: web.Request) -> web.StreamResponse:
        """Pass a request on, unless this is where its sender dies."""
        body = await request.read()
        write = self._name(request, body)
        if write:
            self.counted[write] += 1
        if write and self.counted[write] == 1:
            return self._interrupted()
        async with self.api.session.request(
            request.method,
            request.path_qs,
            data=body or None,
            headers={name: request.headers[name] for name in _PASSED_ON if name in request.headers},
            timeout=aiohttp.ClientTimeout(total=None),
        ) as found:
            if write and self.counted[write] == 2:
                await found.read()
                return self._interrupted()
            return await _answered(request, found)

    def _interrupted(self) -> web.Response:
        self.interrupt()
        return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE)  # nobody is left to read it

    def _name(self, request: web.Request, body: bytes) -> str:
        """Return what is written, alike when it is written again; empty for all else."""
        inside = f"/namespaces/{self.namespace}/"
        if not self.namespace or request.method not in _WRITES or inside not in request.path:
            return ""
        what = request.path.partition(inside)[2].split("/")
        if what[0] == "events":
            return ""
        return " ".join((request.method, what[0], *what[2:], *_said(json.loads(body or b"{}"))))


def _said(body: Json) -> Iterator[str]:
    """Yield the fields that a patch writes, and of a status where its nodes are."""
    if not isinstance(body, list):
        return
    for each in body:
        operation = Body(each)
        path = operation.text("path", default="")
        if path == "/status":
            for node in operation.body("value").bodies("nodes"):
                uid = "seen" if node.body("init").has("uid") else "new"
                yield f"{node.text('name')}={node.text('state')},{uid}"
        elif path == "/spec/holderIdentity" and operation.text("op") == "add":
            yield "held by UID" if operation.text("value").split("/")[1] else "held by name"
        elif operation.text("op") != "test" and path != "/metadata/resourceVersion":
            yield path


async def _answered(request: web.Request, found: aiohttp.ClientResponse) -> web.StreamResponse:
    """Pass an answer on, as it comes: a watch has no end."""
    answer = web.StreamResponse(status=found.status)
    answer.content_type = found.content_type
    with suppress(ConnectionResetError):  # its reader was killed
        await answer.prepare(request)
        async for part in found.content.iter_any():
            await answer.write(part)
        await answer.write_eof()
    return answer


def through_here(kubeconfig: Path, path: Path) -> Path:
    """Write a kubeconfig that leads to the API server by way of us; return where."""
    content = yaml.safe_load(kubeconfig.read_text())
    for cluster in content["clusters"]:
        cluster["cluster"] = {"server": f"http://{ADDRESS}:{PORT}"}
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(content))
    return path


@asynccontextmanager
async def interrupting(api: ClusterApi) -> AsyncIterator[Interruptions]:
    """Stand between an operator and the API server while the block runs."""
    found = Interruptions(api)
    application = web.Application(client_max_size=_LARGEST)
    application.router.add_route("*", "/{path:.*}", found.pass_on)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0)
    await runner.setup()
    try:
        await web.TCPSite(runner, ADDRESS, PORT).start()
        yield found
    finally:
        await runner.cleanup()
