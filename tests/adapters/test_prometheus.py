"""Prometheus, as it answers and as it fails, against a small server."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from math import inf, isnan
from pathlib import Path

import pytest
from aiohttp import web

from sluice.adapters.prometheus import Credentials, NoMetrics, Prometheus, PrometheusError
from sluice.model.metrics import MetricQuery, Series

QUERY = MetricQuery('requests_total{app="checkout"}')
EMPTY = {"status": "success", "data": {"resultType": "matrix", "result": []}}

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Server:
    """Answers every question alike and remembers it."""

    answer: Answer
    url: str = ""
    forms: list[dict[str, str]] = field(default_factory=list)
    headers: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        self.forms.append({key: str(value) for key, value in form.items()})
        self.headers.append(request.headers.get("Authorization", ""))
        self.paths.append(f"{request.method} {request.path}")
        return await self.answer(request)


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[Server]:
    server = Server(answer)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await runner.cleanup()


def says(body: object, status: int = 200) -> Answer:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.json_response(body, status=status)

    return answer


def writes(text: str, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(text=text, status=status, headers=headers)

    return answer


def matrix(*values: list[object]) -> dict[str, object]:
    result = [{"metric": {"pod": "b", "__name__": "x"}, "values": list(values)}]
    return {"status": "success", "data": {"resultType": "matrix", "result": result}}


async def ask(
    url: str, credentials: Credentials | None = None, seconds: float = 5, cap: int = 10_000
) -> tuple[Series, ...]:
    prometheus = Prometheus(url, credentials, timeout_seconds=seconds, max_answer_bytes=cap)
    try:
        return await prometheus.samples(QUERY, 1000.0, 1060.0)
    finally:
        await prometheus.close()


async def test_asks_for_the_raw_samples_of_a_range_with_both_ends() -> None:
    async with serving(says(EMPTY)) as server:
        assert await ask(server.url + "/") == ()

        assert server.paths == ["POST /api/v1/query"]
        (form,) = server.forms
        assert form == {"query": 'requests_total{app="checkout"}[60001ms]', "time": "1060.000"}


async def test_reads_series_with_their_labels_sorted() -> None:
    async with serving(says(matrix([1000.5, "3"], [1001.5, "4.5"]))) as server:
        (series,) = await ask(server.url)

        assert series.labels == (("__name__", "x"), ("pod", "b"))
        assert series.timestamps == (1000.5, 1001.5)
        assert series.values == (3.0, 4.5)


async def test_reads_numbers_that_are_none() -> None:
    async with serving(says(matrix([1, "NaN"], [2, "+Inf"], [3, "-Inf"]))) as server:
        (series,) = await ask(server.url)

        assert isnan(series.values[0])
        assert series.values[1:] == (inf, -inf)


def _one_result(**result: object) -> dict[str, object]:
    return {"status": "success", "data": {"resultType": "matrix", "result": [result]}}


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        pytest.param(writes("<html>"), "malformed answer", id="no JSON"),
        pytest.param(says([1]), "malformed answer: not a JSON object", id="no object"),
        pytest.param(says({}), "status: expected a string", id="no status"),
        pytest.param(says({"status": "success"}), "data.resultType", id="no data"),
        pytest.param(says(matrix([1000.5])), "not a pair", id="a sample without a value"),
        pytest.param(says(matrix([1, "many"])), "could not convert", id="a value that is a word"),
        pytest.param(says(matrix([None, "1"])), "malformed answer", id="a sample without instant"),
        pytest.param(
            says(_one_result(metric={"pod": 7}, values=[])), "pod", id="a label that is no text"
        ),
        pytest.param(
            says({"status": "success", "data": {"resultType": "vector", "result": []}}),
            "answers a vector, not raw samples",
            id="another type of result",
        ),
        pytest.param(
            says({"status": "error", "error": "parse error: x"}), "parse error: x", id="an error"
        ),
        pytest.param(
            says({"status": "error", "error": "query timed out"}, 503),
            "HTTP 503: query timed out",
            id="an error with its code",
        ),
        pytest.param(writes("gateway", 502), "HTTP 502: gateway", id="a proxy's words"),
        pytest.param(
            writes("", 302, {"Location": "http://169.254.169.254/"}),
            "redirects to http://169.254.169.254/; redirects are not followed",
            id="a redirect",
        ),
        pytest.param(
            writes("x" * 20_000), "larger than 10000 bytes: write a narrower", id="a huge answer"
        ),
    ],
)
async def test_an_answer_that_is_no_answer(answer: Answer, words: str) -> None:
    async with serving(answer) as server:
        with pytest.raises(PrometheusError, match=words.replace("(", r"\(")):
            await ask(server.url)


async def test_a_huge_answer_is_not_read_to_its_end() -> None:
    sent = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        while sent < 50_000_000:
            await response.write(b"x" * 50_000)
            sent += 50_000
        return response

    async with serving(endless) as server:
        with pytest.raises(PrometheusError, match="larger than"):
            await ask(server.url)

    assert sent < 20_000_000


async def test_an_answer_that_does_not_come_is_given_up() -> None:
    async def never(_: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError

    async with serving(never) as server:
        with pytest.raises(PrometheusError, match=r"no answer within 0\.05s"):
            await ask(server.url, seconds=0.05)


async def test_a_server_that_is_not_there_is_named() -> None:
    with pytest.raises(PrometheusError, match=r"127\.0\.0\.1"):
        await ask("http://127.0.0.1:1")


@pytest.mark.parametrize("url", ["ftp://host", "host:9090", "file:///etc/passwd", ""])
def test_only_http_is_spoken(url: str) -> None:
    with pytest.raises(ValueError, match="write for example http://host:9090"):
        Prometheus(url)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param({}, "", id="an empty directory gives none"),
        pytest.param({"token": "abc\n"}, "Bearer abc", id="a token"),
        pytest.param(
            {"username": "sluice", "password": "secret"},
            "Basic c2x1aWNlOnNlY3JldA==",
            id="name and password",
        ),
    ],
)
async def test_credentials(tmp_path: Path, files: dict[str, str], expected: str) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)

    async with serving(says(EMPTY)) as server:
        await ask(server.url, Credentials(tmp_path))

        assert server.headers == [expected]


async def test_rotated_credentials_take_effect_with_the_next_question(tmp_path: Path) -> None:
    async with serving(says(EMPTY)) as server:
        for token in ("old", "new"):
            (tmp_path / "token").write_text(token)
            await ask(server.url, Credentials(tmp_path))

        assert server.headers == ["Bearer old", "Bearer new"]


async def test_credentials_that_cannot_be_read_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "token").mkdir()

    async with serving(says(EMPTY)) as server:
        with pytest.raises(PrometheusError, match="credentials"):
            await ask(server.url, Credentials(tmp_path))


async def test_without_a_prometheus_every_question_says_so() -> None:
    with pytest.raises(PrometheusError, match="--prometheus-url"):
        await NoMetrics().samples(QUERY, 0, 1)
