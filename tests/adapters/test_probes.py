"""Probes against real servers and sockets on loopback."""

import asyncio
import errno
import os
import resource
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web

from sluice.adapters.probes import NetworkProbes, NoProbes
from sluice.model.probes import Answer, HttpProbe, Outcome, Probe, TcpProbe

LOOPBACK = "127.0.0.1"
LONG_SECONDS, SHORT_SECONDS = 5.0, 0.05

PASSED, FAILED, UNKNOWN = Outcome.PASSED, Outcome.FAILED, Outcome.UNKNOWN


async def ask(probe: Probe, resolve: Callable[[str], Awaitable[str]] | None = None) -> Answer:
    probes = NetworkProbes(resolve)
    try:
        return await probes.answer(probe)
    finally:
        await probes.close()


def http(url: str, low: int = 200, high: int = 399, seconds: float = LONG_SECONDS) -> HttpProbe:
    return HttpProbe(url, low, high, seconds)


def tcp(port: int, host: str = LOOPBACK, seconds: float = LONG_SECONDS) -> TcpProbe:
    return TcpProbe(host, port, seconds)


async def loopback(_: str) -> str:
    return LOOPBACK


@dataclass
class Server:
    """Answers the status that its path names, and remembers what it was asked."""

    port: int = 0
    asked: list[web.Request] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        headers = {"Location": "/200", "Set-Cookie": "a=b"}
        return web.Response(status=int(request.path[1:]), headers=headers)


@asynccontextmanager
async def serving(tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    server = Server()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, LOOPBACK, 0, ssl_context=tls).start()
    server.port = runner.addresses[0][1]
    try:
        yield server
    finally:
        await runner.cleanup()


@asynccontextmanager
async def saying(raw: bytes | None) -> AsyncIterator[int]:
    """Give a port at which everyone is told these bytes; None: accepted, and told nothing."""
    over = asyncio.Event()

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if raw is None:
            await over.wait()
        else:
            await reader.read(10_000)  # what is unread when a socket is closed becomes a reset
            writer.write(raw)
        writer.close()

    server = await asyncio.start_server(speak, LOOPBACK, 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        over.set()
        server.close()
        await server.wait_closed()


@contextmanager
def closed_port() -> Iterator[int]:
    """Give a port that is taken, but at which nobody listens."""
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        yield taken.getsockname()[1]


@contextmanager
def full_port() -> Iterator[int]:
    """Give a port whose queue of connections is full: the kernel drops what comes, mutely."""
    with socket.socket() as listening, socket.socket() as first, socket.socket() as second:
        listening.bind((LOOPBACK, 0))
        listening.listen(0)
        for filling in (first, second):
            filling.setblocking(False)
            filling.connect_ex(listening.getsockname())
        yield listening.getsockname()[1]


@pytest.mark.parametrize(
    ("status", "low", "high", "expected"),
    [
        pytest.param(200, 200, 399, Answer(PASSED, True, "HTTP 200"), id="inside the range"),
        pytest.param(204, 204, 204, Answer(PASSED, True, "HTTP 204"), id="the only one wanted"),
        pytest.param(399, 200, 399, Answer(PASSED, True, "HTTP 399"), id="the end of the range"),
        pytest.param(
            503, 200, 399, Answer(FAILED, True, "HTTP 503, wanted 200-399"), id="above the range"
        ),
        pytest.param(
            200, 201, 299, Answer(FAILED, True, "HTTP 200, wanted 201-299"), id="below the range"
        ),
        pytest.param(500, 500, 599, Answer(PASSED, True, "HTTP 500"), id="an error that is wanted"),
    ],
)
async def test_a_status_passes_inside_the_range(
    status: int, low: int, high: int, expected: Answer
) -> None:
    async with serving() as server:
        assert await ask(http(f"{server.url}/{status}", low, high)) == expected


async def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    async with serving() as server:
        answer = await ask(http(f"{server.url}/302", 200, 299))

        assert answer == Answer(FAILED, True, "HTTP 302, wanted 200-299")
        assert [request.path for request in server.asked] == ["/302"]


async def test_every_probe_says_who_it_is_and_is_a_client_of_its_own() -> None:
    async with serving() as server:
        probes, clients = NetworkProbes(), set[object]()
        for _ in range(3):
            assert (await probes.answer(http(f"{server.url}/200"))).outcome is PASSED
        await probes.close()

        for request in server.asked:
            assert request.method == "GET"
            assert request.headers["User-Agent"] == "sluice-probe"
            assert "Cookie" not in request.headers
            clients.add(request.get_extra_info("peername") or id(request.protocol))
        assert len(clients) == 3


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with closed_port() as port:
        monkeypatch.setenv("http_proxy", f"http://{LOOPBACK}:{port}")
        async with serving() as server:
            assert (await ask(http(f"{server.url}/200"))).outcome is PASSED


async def test_the_body_is_not_waited_for() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\nonly the beginning"
    async with saying(head) as port:
        assert (await ask(http(f"http://{LOOPBACK}:{port}/"))).outcome is PASSED


async def test_a_named_host_is_told_its_name() -> None:
    async with serving() as server:
        answer = await ask(http(f"http://shop.test:{server.port}/200"), loopback)

        assert answer.outcome is PASSED
        assert server.asked[0].headers["Host"] == f"shop.test:{server.port}"


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate that nobody has reason to trust, with its key."""
    both = tmp_path / "both.pem"
    kind = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=nobody")
    files = ("-keyout", str(both), "-out", str(tmp_path / "crt"))
    subprocess.run(["openssl", "req", "-x509", *kind, *files], check=True, capture_output=True)
    both.write_text(both.read_text() + (tmp_path / "crt").read_text())
    return both


async def test_a_certificate_is_not_verified_and_the_name_is_asked_for(certificate: Path) -> None:
    names: list[str | None] = []
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    tls.sni_callback = lambda _, name, __: names.append(name)
    async with serving(tls) as server:
        answers = [
            await ask(http(f"https://shop.test:{server.port}/200"), loopback),
            await ask(http(f"https://{LOOPBACK}:{server.port}/200")),
        ]

    assert [answer.outcome for answer in answers] == [PASSED, PASSED]
    assert names == ["shop.test", None]


async def test_no_tls_where_it_is_expected_is_an_answer_that_fails() -> None:
    async with saying(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        answer = await ask(http(f"https://{LOOPBACK}:{port}/"))

    assert answer == Answer(FAILED, True, "the TLS handshake failed")


async def test_a_server_that_wants_our_certificate_answers_and_fails(certificate: Path) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    tls.verify_mode = ssl.CERT_REQUIRED
    tls.load_verify_locations(certificate)
    async with serving(tls) as server:
        answer = await ask(http(f"https://{LOOPBACK}:{server.port}/200"))

    assert (answer.outcome, answer.answered) == (FAILED, True)


@pytest.mark.parametrize(
    ("raw", "detail"),
    [
        pytest.param(b"", "disconnected without an answer", id="disconnects"),
        pytest.param(b"SSH-2.0-x\r\n\r\n", "malformed answer: ClientResponseError", id="no HTTP"),
    ],
)
async def test_what_is_no_http_answer_fails_as_an_answer(raw: bytes, detail: str) -> None:
    async with saying(raw) as port:
        answer = await ask(http(f"http://{LOOPBACK}:{port}/"))

    assert answer == Answer(FAILED, True, detail)


async def test_a_refused_connection_is_an_answer() -> None:
    with closed_port() as port:
        for probe in (tcp(port), http(f"http://{LOOPBACK}:{port}/")):
            assert await ask(probe) == Answer(FAILED, True, "connection refused")


async def test_who_accepts_and_then_hangs_is_silent() -> None:
    async with saying(None) as port:
        answer = await ask(http(f"http://{LOOPBACK}:{port}/", seconds=SHORT_SECONDS))

    assert answer == Answer(FAILED, False, "no answer within 0.05s")


async def test_who_does_not_even_accept_is_silent() -> None:
    with full_port() as port:
        for probe in (
            tcp(port, seconds=SHORT_SECONDS),
            http(f"http://{LOOPBACK}:{port}/", seconds=SHORT_SECONDS),
        ):
            assert await ask(probe) == Answer(FAILED, False, "no answer within 0.05s")


async def test_a_port_that_accepts_passes_even_if_it_says_nothing() -> None:
    async with saying(None) as port:
        assert await ask(tcp(port)) == Answer(PASSED, True, f"port {port} accepts")


@pytest.mark.parametrize(
    ("number", "outcome", "answered"),
    [
        pytest.param(errno.EHOSTUNREACH, FAILED, False, id="no route to the host is silence"),
        pytest.param(errno.ENETUNREACH, FAILED, False, id="no route to the network is silence"),
        pytest.param(errno.ECONNRESET, FAILED, True, id="a reset is an answer"),
        pytest.param(errno.EADDRNOTAVAIL, UNKNOWN, False, id="no port left is our own fault"),
    ],
)
async def test_the_systems_errors(
    number: int, outcome: Outcome, *, answered: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()

    async def broken(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(loop, "sock_connect", broken)
    for probe in (tcp(9), http(f"http://{LOOPBACK}:9/")):
        answer = await ask(probe)
        assert (answer.outcome, answer.answered) == (outcome, answered)
        assert os.strerror(number).lower() in answer.detail


async def test_running_out_of_file_descriptors_is_our_own_fault() -> None:
    probes = NetworkProbes()
    async with saying(None) as port:
        assert (await probes.answer(http("http://[::1]:1/"))).outcome is not UNKNOWN  # opens all
        before = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, before[1]))
        try:
            answers = [
                await probes.answer(probe)
                for probe in (tcp(port), http(f"http://127.0.0.1:{port}"))
            ]
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)
    await probes.close()

    assert answers == [Answer(UNKNOWN, False, "cannot ask: too many open files")] * 2


async def test_a_name_that_does_not_resolve_is_unknown() -> None:
    async def nowhere(_: str) -> str:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    for probe in (tcp(80, "db.test"), http("http://db.test/")):
        answer = await ask(probe, nowhere)
        assert answer.outcome is UNKNOWN
        assert answer.detail == "db.test cannot be resolved: Name or service not known"


async def test_a_name_server_that_hangs_is_unknown_and_no_silence() -> None:
    async def hang(_: str) -> str:
        await asyncio.Event().wait()
        return LOOPBACK

    answer = await ask(tcp(80, "db.test", SHORT_SECONDS), hang)

    assert answer == Answer(UNKNOWN, False, "db.test was not resolved in time")


async def test_names_are_resolved_by_the_system() -> None:
    async with saying(None) as port:
        answer = await ask(tcp(port, "localhost"))
    assert answer.outcome is not UNKNOWN
    assert (await ask(tcp(80, "a" * 64))).outcome is UNKNOWN


@pytest.mark.parametrize(
    "host",
    ["169.254.169.254", "[fe80::1]", "[::ffff:169.254.169.254]", "2852039166", "metadata.test"],
)
async def test_link_local_addresses_are_never_asked_whatever_they_are_called(host: str) -> None:
    async def metadata(_: str) -> str:
        return "169.254.169.254"

    answer = await ask(http(f"http://{host}/latest/meta-data"), metadata)

    assert answer.outcome is UNKNOWN
    assert answer.detail.endswith("is link-local (instance metadata): never probed")


async def test_the_system_resolves_no_number_into_a_link_local_address() -> None:
    answer = await ask(tcp(80, "2852039166"))

    assert answer.detail == "169.254.169.254 is link-local (instance metadata): never probed"


@pytest.mark.parametrize("url", ["ftp://shop/", "file:///etc/passwd", "http:///x", "http://[x/"])
async def test_what_is_no_web_address_is_never_asked(url: str) -> None:
    answer = await ask(http(url), loopback)

    assert answer.outcome is UNKNOWN
    assert repr(url) in answer.detail


async def test_where_probes_are_not_switched_on_everything_is_unknown() -> None:
    answer = await NoProbes().answer(tcp(80))

    assert answer == Answer(UNKNOWN, False, "probes are not switched on")
