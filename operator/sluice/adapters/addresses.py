"""From the host of a probe to the address that is asked, and which addresses never are."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TypeAlias

# Their own, few: a name server that hangs must not hold up who else resolves names.
_THREADS = 4

Resolve: TypeAlias = Callable[[str], Awaitable[str]]


class UnaskableError(Exception):
    """A probe cannot or may not be sent; the text says why."""


class Addresses:
    """Finds addresses; `resolve` returns one of a name, or raises OSError (default: the system).

    Nothing is remembered: a Service that was deleted and made anew has another address at once.
    """

    def __init__(self, resolve: Resolve | None = None) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, "resolve")
        self._resolve = resolve or self._system_address

    async def of(self, host: str, deadline: float) -> str:
        """Return the address to be asked until `deadline` of the loop. Raises UnaskableError.

        The address is checked, not only what was written: a name may lead anywhere.
        """
        address = _parsed(host)
        if address is None:
            address = ip_address(await self._resolved(host, deadline))
        if _is_link_local(address):
            raise UnaskableError(f"{address} is link-local (instance metadata): never probed")
        return str(address)

    def close(self) -> None:
        """Give up what is being resolved."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _resolved(self, name: str, deadline: float) -> str:
        try:
            async with asyncio.timeout_at(deadline):
                return await self._resolve(name)
        except TimeoutError as error:
            raise UnaskableError(f"{name} was not resolved in time") from error
        except OSError as error:
            raise UnaskableError(f"{name} cannot be resolved: {error.strerror}") from error
        except UnicodeError as error:
            raise UnaskableError(f"{name!r} is not a host name") from error

    async def _system_address(self, name: str) -> str:
        find = partial(socket.getaddrinfo, name, None, type=socket.SOCK_STREAM)
        found = await asyncio.get_running_loop().run_in_executor(self._threads, find)
        return str(found[0][4][0])


def _parsed(host: str) -> IPv4Address | IPv6Address | None:
    """Return the address that a host is written as, None for a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def _is_link_local(address: IPv4Address | IPv6Address) -> bool:
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_link_local
