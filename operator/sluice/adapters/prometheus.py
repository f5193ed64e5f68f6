"""Prometheus: the raw samples of a selector over a time range.

Counters are read as they were scraped: `rate()` on the server would hide resets, births and gaps,
and could not be replayed.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import aiohttp

from sluice.adapters.connection import USER_AGENT
from sluice.model.json import Body, Json, MalformedError
from sluice.model.metrics import MetricQuery, Series, labels_of

_TIMEOUT_SECONDS, _CONNECT_SECONDS = 10.0, 3.0
_MAX_ANSWER_BYTES = 16 * 1024 * 1024
_MAX_CONNECTIONS = 20
_SHOWN = 200
_PAIR = 2


class PrometheusError(Exception):
    """The question was not answered; the text says why, with the server's own words if any."""


class MetricSource(Protocol):
    """Whatever answers questions about raw samples."""

    async def samples(self, query: MetricQuery, start: float, end: float) -> tuple[Series, ...]:
        """Return all samples of the selector in [start, end], seconds since the epoch."""
        ...


@dataclass(frozen=True, slots=True)
class Credentials:
    """A mounted directory: `username` and `password`, or `token`; read at every question.

    So a rotated Secret takes effect without a restart.
    """

    directory: Path

    def authorization(self) -> dict[str, str]:
        """Return the Authorization header, none if the directory holds no credentials."""
        token, username = self._read("token"), self._read("username")
        if token:
            return {"Authorization": f"Bearer {token}"}
        if username:
            return {"Authorization": aiohttp.encode_basic_auth(username, self._read("password"))}
        return {}

    def _read(self, name: str) -> str:
        path = self.directory / name
        try:
            return path.read_text(encoding="utf-8").strip() if path.exists() else ""
        except OSError as error:
            raise PrometheusError(f"credentials {path}: {error.strerror}") from error


class Prometheus:
    """One Prometheus (or what speaks its HTTP API) at `url`."""

    def __init__(
        self,
        url: str,
        credentials: Credentials | None = None,
        *,
        timeout_seconds: float = _TIMEOUT_SECONDS,
        max_answer_bytes: int = _MAX_ANSWER_BYTES,
    ) -> None:
        if not url.startswith(("http://", "https://")):
            raise ValueError(f"{url!r} is not a Prometheus URL: write for example http://host:9090")
        self._url = url.rstrip("/") + "/api/v1/query"
        self._credentials = credentials
        self._timeout = aiohttp.ClientTimeout(
            total=timeout_seconds, sock_connect=min(_CONNECT_SECONDS, timeout_seconds)
        )
        self._max_answer_bytes = max_answer_bytes
        self._session: aiohttp.ClientSession | None = None

    async def samples(self, query: MetricQuery, start: float, end: float) -> tuple[Series, ...]:
        """Return all samples of the selector in [start, end], seconds since the epoch.

        Raises PrometheusError. A range selector leaves its left end out (Prometheus 3), hence the
        extra millisecond.
        """
        milliseconds = max(1, round((end - start) * 1000) + 1)
        form = {"query": f"{query.selector}[{milliseconds}ms]", "time": f"{end:.3f}"}
        try:
            raw = await self._ask(form)
        except TimeoutError as error:
            raise PrometheusError(f"no answer within {self._timeout.total:g}s") from error
        except (aiohttp.ClientError, OSError) as error:
            raise PrometheusError(str(error) or type(error).__name__) from error
        return _matrix(raw)

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    async def _ask(self, form: dict[str, str]) -> bytes:
        headers = self._credentials.authorization() if self._credentials else {}
        async with self._open().post(
            self._url, data=form, headers=headers, timeout=self._timeout, allow_redirects=False
        ) as response:
            raw = await self._read(response)
            if response.status != 200:  # noqa: PLR2004 - HTTP OK
                raise PrometheusError(_refusal(response, raw))
            return raw

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        """Return the body, stopping at the cap: one wide selector must not take all memory."""
        raw = bytearray()
        async for chunk in response.content.iter_any():
            raw += chunk
            if len(raw) > self._max_answer_bytes:
                raise PrometheusError(
                    f"the answer is larger than {self._max_answer_bytes} bytes: "
                    "write a narrower selector"
                )
        return bytes(raw)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=_MAX_CONNECTIONS),
                headers={"User-Agent": USER_AGENT},
            )
        return self._session


def _refusal(response: aiohttp.ClientResponse, raw: bytes) -> str:
    if 300 <= response.status < 400:  # noqa: PLR2004 - the redirects
        target = response.headers.get("Location", "nowhere")
        return f"HTTP {response.status} redirects to {target}; redirects are not followed"
    try:
        said = Body(_object(raw)).text("error", default="")
    except (ValueError, PrometheusError):
        said = raw[:_SHOWN].decode(errors="replace")
    return f"HTTP {response.status}: {said[:_SHOWN]}"


def _object(raw: bytes) -> dict[str, Json]:
    value: Json = json.loads(raw)
    if not isinstance(value, dict):
        raise PrometheusError("malformed answer: not a JSON object")
    return value


def _matrix(raw: bytes) -> tuple[Series, ...]:
    """Return the series of a matrix answer; values are texts, among them NaN, +Inf and -Inf."""
    try:
        body = Body(_object(raw))
        if body.text("status") != "success":
            raise PrometheusError(body.text("error", default="the query failed without a message"))
        data = body.body("data")
        if data.text("resultType") != "matrix":
            raise PrometheusError(
                f"the query answers a {data.text('resultType')}, not raw samples: "
                "write a plain selector without functions"
            )
        return tuple(_series(item) for item in data.bodies("result"))
    except (MalformedError, ValueError, TypeError) as error:
        raise PrometheusError(f"malformed answer: {error}") from error


def _series(item: Body) -> Series:
    values = item.json("values")
    pairs = values if isinstance(values, list) else []
    if any(not isinstance(pair, list) or len(pair) != _PAIR for pair in pairs):
        raise MalformedError("a sample is not a pair of instant and value")
    return Series(
        labels=labels_of(item.labels("metric")),
        timestamps=tuple(float(pair[0]) for pair in pairs),
        values=tuple(float(pair[1]) for pair in pairs),
    )


class NoMetrics:
    """What answers when no Prometheus is configured: that there is none."""

    async def samples(self, query: MetricQuery, start: float, end: float) -> tuple[Series, ...]:
        """Raise PrometheusError."""
        del query, start, end
        raise PrometheusError("no Prometheus is configured: give --prometheus-url")

    async def close(self) -> None:
        """Do nothing: there is nothing to close."""
