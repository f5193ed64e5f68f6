"""Redis."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.servers.process import (
    LOOPBACK,
    PASSWORD,
    QUOTED_PASSWORD,
    accepts,
    free_port,
    new_place,
    program,
)


@dataclass(frozen=True, slots=True)
class Redis:
    """A server with a password, which keeps nothing."""

    address: str
    port: int

    @property
    def url(self) -> str:
        """How it is reached."""
        return f"redis://:{QUOTED_PASSWORD}@{self.address}:{self.port}/0"


@contextmanager
def running_redis(address: str = LOOPBACK) -> Iterator[Redis]:
    """Have a server run on a free port of the address."""
    with new_place() as place:
        port = free_port(address)
        with place.running(
            *(program("usr/bin/redis-server"), "--bind", address, "--port", str(port)),
            *("--requirepass", PASSWORD, "--save", "", "--dir", place.folder),
        ) as process:
            place.wait(process, lambda: accepts(address, port))
            yield Redis(address, port)
