"""PostgreSQL."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Final

import psycopg

from tests.servers.process import (
    LOOPBACK,
    PASSWORD,
    QUOTED_PASSWORD,
    free_port,
    new_place,
    program,
)

_BIN: Final = "usr/lib/postgresql/*/bin"
_NUMBERS: Final = count(1)


@dataclass(frozen=True, slots=True)
class Postgres:
    """A server with the user `postgres`, who may do everything, and whose password is known."""

    address: str
    port: int

    def url(self, database: str = "postgres") -> str:
        """Return how a database is reached."""
        return f"postgres://postgres:{QUOTED_PASSWORD}@{self.address}:{self.port}/{database}"

    def new_database(self) -> str:
        """Make an empty database and return its URL."""
        name = f"test{next(_NUMBERS)}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self.url(name)

    def answers(self) -> bool:
        """Tell whether it lets us in."""
        try:
            psycopg.connect(self.url(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


@contextmanager
def running_postgres(address: str = LOOPBACK) -> Iterator[Postgres]:
    """Have a server run on a free port of the address."""
    with new_place() as place:
        port = free_port(address)
        data = place.folder / "data"
        password = place.folder / "password"
        password.write_text(PASSWORD)
        password.chmod(0o644)
        place.run(
            *(program(f"{_BIN}/initdb"), "--no-sync", "--username=postgres", "--encoding=UTF8"),
            *(f"--pgdata={data}", f"--pwfile={password}", "--auth=scram-sha-256"),
        )
        with (data / "pg_hba.conf").open("a") as rules:
            rules.write("host all all all scram-sha-256\n")
        settings = {
            "listen_addresses": address,
            "port": str(port),
            "unix_socket_directories": "",
            "fsync": "off",
            "max_connections": "50",
        }
        words = (f"--{name}={value}" for name, value in settings.items())
        with place.running(
            program(f"{_BIN}/postgres"), "-D", data, *words, stop=signal.SIGQUIT
        ) as process:
            server = Postgres(address, port)
            place.wait(process, server.answers)
            yield server
