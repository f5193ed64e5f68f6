"""The client of the API server: what goes over the wire, and what broken wires become."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml
from aiohttp import web

from sluice.adapters.connection import Connection, ConnectionSettingsError, connect
from sluice.adapters.failures import (
    ForbiddenError,
    GoneError,
    KubeError,
    TransientError,
)
from sluice.adapters.kube import KubeClient
from sluice.model.plan import Operation
from sluice.model.references import DEPLOYMENTS, ObjectRef
from tests.plain_connection import plain_connection

REF = ObjectRef(DEPLOYMENTS, "shop", "app")
PATH = "/apis/apps/v1/namespaces/shop/deployments/app"

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Server:
    """Answers every request alike and remembers it."""

    answer: Answer
    client: KubeClient = field(init=False)
    seen: list[tuple[str, str, str, dict[str, str]]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = (await request.read()).decode()
        self.seen.append((request.method, request.path, body, dict(request.headers)))
        return await self.answer(request)


@asynccontextmanager
async def serving(
    answer: Answer, connection: Callable[[str], Connection] = plain_connection
) -> AsyncIterator[Server]:
    server = Server(answer)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.client = KubeClient(connection(f"http://127.0.0.1:{runner.addresses[0][1]}"))
    try:
        yield server
    finally:
        await server.client.close()
        await runner.cleanup()


def says(body: object, status: int = 200) -> Answer:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.json_response(body, status=status)

    return answer


def streams(*chunks: bytes) -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for chunk in chunks:
            await response.write(chunk)
            await asyncio.sleep(0)
        return response

    return answer


def event(kind: str, **item: object) -> bytes:
    return json.dumps({"type": kind, "object": item}).encode() + b"\n"


async def watched(server: Server) -> list[str]:
    return [found.type async for found in server.client.watch(DEPLOYMENTS, "5")]


async def test_every_request_says_who_sends_it() -> None:
    async with serving(says({})) as server:
        await server.client.get(REF)

        ((method, path, _, headers),) = server.seen
        assert (method, path) == ("GET", PATH)
        assert headers["User-Agent"].startswith("sluice/")


async def test_a_patch_is_a_json_patch_on_the_subresource() -> None:
    async with serving(says({})) as server:
        await server.client.patch(REF, [Operation("remove", "/spec/paused")], "status")

        ((method, path, body, headers),) = server.seen
        assert (method, path) == ("PATCH", f"{PATH}/status")
        assert headers["Content-Type"] == "application/json-patch+json"
        assert json.loads(body) == [{"op": "remove", "path": "/spec/paused"}]


async def test_a_merge_is_a_strategic_merge_patch_on_the_subresource() -> None:
    async with serving(says({})) as server:
        await server.client.merge(REF, {"metadata": {"uid": "u-1"}}, "status")
        await server.client.merge(REF, {})

        (method, path, body, headers), (_, other_path, _, _) = server.seen
        assert (method, path) == ("PATCH", f"{PATH}/status")
        assert headers["Content-Type"] == "application/strategic-merge-patch+json"
        assert json.loads(body) == {"metadata": {"uid": "u-1"}}
        assert other_path == PATH


async def test_a_delete_names_the_uid_that_it_means() -> None:
    async with serving(says({})) as server:
        await server.client.delete(REF, "u-1")

        ((method, _, body, _),) = server.seen
        assert method == "DELETE"
        assert json.loads(body)["preconditions"] == {"uid": "u-1"}


async def test_events_are_found_wherever_the_stream_is_cut_into_pieces() -> None:
    whole = event("ADDED", name="a" * 200_000) + event("DELETED") + event("BOOKMARK")
    pieces = [whole[start : start + 70_001] for start in range(0, len(whole), 70_001)]

    async with serving(streams(*pieces)) as server:
        assert await watched(server) == ["ADDED", "DELETED", "BOOKMARK"]


async def test_a_history_that_is_gone_is_an_error_in_the_stream() -> None:
    lost = event("ERROR", code=410, message="too old resource version")

    async with serving(streams(event("ADDED"), lost)) as server:
        with pytest.raises(GoneError, match="too old"):
            await watched(server)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(says({"message": "no"}, 403), ForbiddenError, id="a refusal"),
        pytest.param(says({"message": "no"}, 500), TransientError, id="a failing server"),
        pytest.param(says([1]), TransientError, id="JSON that is no object"),
        pytest.param(streams(b"<html>"), TransientError, id="a proxy's page"),
        pytest.param(streams(b'{"a":'), TransientError, id="an answer that is cut"),
        pytest.param(says({}, 302), TransientError, id="a redirect"),
    ],
)
async def test_every_failure_is_a_kube_error(answer: Answer, error: type[KubeError]) -> None:
    async with serving(answer) as server:
        with pytest.raises(error):
            await server.client.get(REF)


async def test_a_connection_that_breaks_is_transient() -> None:
    async def breaks(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        with closing(request.transport):
            return web.Response()

    async with serving(breaks) as server:
        with pytest.raises(TransientError):
            await server.client.patch(REF, [])


async def test_a_server_that_is_not_there_is_transient() -> None:
    client = KubeClient(plain_connection("http://127.0.0.1:1"))

    with pytest.raises(TransientError, match=r"127\.0\.0\.1"):
        await client.get(REF)

    await client.close()


def _kubeconfig(directory: Path, server: str, token: str) -> Path:
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "one",
        "contexts": [{"name": "one", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": {"token": token}}],
    }
    path = directory / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    return path


async def test_a_kubeconfig_gives_server_and_token(tmp_path: Path) -> None:
    connection = await connect(_kubeconfig(tmp_path, "https://example.test:6443", "abc"), None)

    assert connection.server == "https://example.test:6443"
    assert await connection.authorization() == {"Authorization": "Bearer abc"}


async def test_a_token_that_has_expired_is_read_again(tmp_path: Path) -> None:
    connection = await connect(_kubeconfig(tmp_path, "http://example.test", "old"), None)
    _kubeconfig(tmp_path, "http://example.test", "new")

    def expired(url: str) -> Connection:
        connection.configuration.host = url
        return connection

    async with serving(says({"message": "Unauthorized"}, 401), expired) as server:
        with pytest.raises(ForbiddenError):
            await server.client.get(REF)

    assert await connection.authorization() == {"Authorization": "Bearer new"}


async def test_without_any_way_to_the_server_the_message_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(ConnectionSettingsError, match="--kubeconfig"):
        await connect(tmp_path / "absent", None)
