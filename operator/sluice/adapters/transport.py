"""HTTP to the API server: credentials, time-outs, and one kind of error for all that fails."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp

from sluice.adapters.connection import USER_AGENT, Connection
from sluice.adapters.failures import TransientError, error_of
from sluice.model.json import Json, JsonObject

_CONNECT_SECONDS = 5.0
_UNAUTHORIZED, _REDIRECTS_FROM = 401, 300
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Request:
    """A request.

    seconds: how long until the whole answer is there, None for a stream.
    silence_seconds: how long nothing may come of a stream, None for ever.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    payload: Json = None
    seconds: float | None = None
    silence_seconds: float | None = None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def timeout(self) -> aiohttp.ClientTimeout:
        """The time-outs in aiohttp's terms."""
        return aiohttp.ClientTimeout(
            total=self.seconds, sock_connect=_CONNECT_SECONDS, sock_read=self.silence_seconds
        )


class Transport:
    """Connections to one API server."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._session: aiohttp.ClientSession | None = None

    async def ask(self, request: Request) -> JsonObject:
        """Return the JSON object that answers the request. Raises KubeError."""
        async with self._answer(request) as response:
            return parsed(await response.read())

    async def lines(self, request: Request) -> AsyncIterator[bytes]:
        """Yield the lines of the answer as they come. Raises KubeError.

        aiohttp's own line reader refuses lines above its buffer, and objects may be 1.5 MB.
        """
        pending = bytearray()
        async with self._answer(request) as response:
            async for chunk in response.content.iter_any():
                pending += chunk
                *lines, pending = pending.split(b"\n")
                for line in lines:
                    if line:
                        yield bytes(line)

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    @asynccontextmanager
    async def _answer(self, request: Request) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send a request and give its successful answer; every failure becomes a KubeError."""
        payload = request.payload
        headers = {"Content-Type": "application/json", **request.headers}
        headers |= await self._connection.authorization()
        try:
            async with self._open().request(
                request.method,
                self._connection.server + request.path,
                params=request.query,
                data=None if payload is None else json.dumps(payload).encode(),
                headers=headers,
                timeout=request.timeout,
                allow_redirects=False,
                proxy=self._connection.configuration.proxy,
            ) as response:
                await self._raise_for_status(response)
                yield response
        except TimeoutError as error:
            raise TransientError(f"{request}: no answer in time") from error
        except (aiohttp.ClientError, OSError) as error:
            raise TransientError(f"{request}: {str(error) or type(error).__name__}") from error

    async def _raise_for_status(self, response: aiohttp.ClientResponse) -> None:
        if response.status < _REDIRECTS_FROM:
            return
        if response.status == _UNAUTHORIZED:
            await self._connection.renew()
        raw = await response.read()
        try:
            answer: Json = json.loads(raw)
        except ValueError:
            answer = {"message": raw[:_SHOWN].decode(errors="replace")}
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


def parsed(raw: bytes) -> JsonObject:
    """Return the JSON object in an answer; a cut answer or a proxy's page is transient."""
    try:
        value: Json = json.loads(raw)
    except ValueError as error:
        shown = raw[:_SHOWN].decode(errors="replace")
        raise TransientError(f"the answer is not JSON: {shown!r}") from error
    if not isinstance(value, dict):
        raise TransientError("the answer is JSON, but not an object")
    return value
