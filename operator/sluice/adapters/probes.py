"""Probes: one question to one target, over HTTP or TCP, and what came of it.

Each probe opens a connection of its own, as kubelet does: a kept one would go on to answer where
a new client is refused, and stay with one endpoint of a Service. That costs 0.3 ms instead of 0.1.
"""

import asyncio
import os
from errno import (
    ECONNABORTED,
    ECONNREFUSED,
    ECONNRESET,
    EHOSTDOWN,
    EHOSTUNREACH,
    ENETDOWN,
    ENETUNREACH,
    EPIPE,
    ETIMEDOUT,
)
from functools import lru_cache
from typing import Protocol

import aiohttp
from yarl import URL

from sluice.adapters.addresses import Addresses, Resolve, UnaskableError
from sluice.model.probes import Answer, HttpProbe, Outcome, Probe, TcpProbe

# What the target's host says, what nobody says; all else is a fault of this machine.
_SPOKEN = frozenset({ECONNREFUSED, ECONNRESET, ECONNABORTED, EPIPE})
_SILENT = frozenset({ETIMEDOUT, EHOSTUNREACH, EHOSTDOWN, ENETUNREACH, ENETDOWN})
_HEADERS = {"User-Agent": "sluice-probe", "Connection": "close"}
# Parsed ones that are kept: parsing is a tenth of what a probe costs.
_URLS = 4096


class ProbeSource(Protocol):
    """Whatever can ask a target."""

    async def answer(self, probe: Probe) -> Answer:
        """Ask once, for at most the probe's `timeout_seconds`; what fails is an answer too."""
        ...


class NoProbes:
    """What answers where nothing may be asked: that it is unknown."""

    async def answer(self, probe: Probe) -> Answer:
        """Return that it is unknown."""
        del probe
        return _unknown("probes are not switched on")


class NetworkProbes:
    """Probes sent from this process; `resolve` replaces the system's resolver."""

    def __init__(self, resolve: Resolve | None = None) -> None:
        self._addresses = Addresses(resolve)
        self._session: aiohttp.ClientSession | None = None

    async def answer(self, probe: Probe) -> Answer:
        """Ask once. Neither redirects nor proxies are followed, no body is read."""
        deadline = asyncio.get_running_loop().time() + probe.timeout_seconds
        try:
            if isinstance(probe, HttpProbe):
                return await self._get(probe, deadline)
            return await self._connect(probe, deadline)
        except UnaskableError as error:
            return _unknown(str(error))
        except TimeoutError:
            return _failed(f"no answer within {probe.timeout_seconds:g}s", answered=False)
        except aiohttp.ClientSSLError:
            return _failed("the TLS handshake failed", answered=True)
        except OSError as error:
            return _of_system(error)
        except aiohttp.ServerDisconnectedError:
            return _failed("disconnected without an answer", answered=True)
        except aiohttp.ClientError as error:
            return _failed(f"malformed answer: {type(error).__name__}", answered=True)

    async def close(self) -> None:
        """Close what is open."""
        self._addresses.close()
        if self._session is not None:
            await self._session.close()

    async def _get(self, probe: HttpProbe, deadline: float) -> Answer:
        url = _url(probe.url)
        host = url.host or ""
        address = await self._addresses.of(host, deadline)
        named = address != host
        target = url.with_host(address) if named else url
        async with (
            asyncio.timeout_at(deadline),
            self._open().get(
                target,
                headers={"Host": url.host_port_subcomponent or host} if named else None,
                server_hostname=host if named and url.scheme == "https" else None,
                allow_redirects=False,
            ) as response,
        ):
            status = response.status
        if probe.low <= status <= probe.high:
            return Answer(Outcome.PASSED, answered=True, detail=f"HTTP {status}")
        return _failed(f"HTTP {status}, wanted {probe.low}-{probe.high}", answered=True)

    async def _connect(self, probe: TcpProbe, deadline: float) -> Answer:
        address = await self._addresses.of(probe.host, deadline)
        async with asyncio.timeout_at(deadline):
            _, writer = await asyncio.open_connection(address, probe.port)
        writer.close()
        return Answer(Outcome.PASSED, answered=True, detail=f"port {probe.port} accepts")

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            # A health check asks whether something answers, not who: kubelet verifies nothing.
            connector = aiohttp.TCPConnector(
                limit=0, force_close=True, ssl=False, happy_eyeballs_delay=None
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                headers=_HEADERS,
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
            )
        return self._session


@lru_cache(_URLS)
def _url(text: str) -> URL:
    try:
        url = URL(text)
    except ValueError as error:
        raise UnaskableError(f"{text!r} is not a URL: {error}") from error
    if url.scheme not in ("http", "https") or not url.host:
        raise UnaskableError(f"{text!r} is not an http or https URL of a host")
    return url


def _of_system(error: OSError) -> Answer:
    text = os.strerror(error.errno).lower() if error.errno else str(error)
    if error.errno in _SPOKEN:
        return _failed(text, answered=True)
    if error.errno in _SILENT:
        return _failed(text, answered=False)
    return _unknown(f"cannot ask: {text}")


def _failed(detail: str, *, answered: bool) -> Answer:
    return Answer(Outcome.FAILED, answered, detail)


def _unknown(detail: str) -> Answer:
    return Answer(Outcome.UNKNOWN, answered=False, detail=detail)
