"""From a URL to a session of the database that it names."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sluice.init.drivers import needed_for
from sluice.init.exits import Exit, InitError
from sluice.init.migrate.database import Database, LostError, StatementError
from sluice.init.migrate.locking import LockedError
from sluice.init.secrets import Address, parse_address

_POSTGRES: Final = frozenset({"postgres", "postgresql"})
_SQLITE: Final = frozenset({"sqlite", "sqlite3"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which database, and which table of it has the history.

    host: whose name the history has.  create: whether a file that is not there is made.
    """

    url: str
    table: str
    host: str
    create: bool


@contextmanager
def opened(wanted: Wanted, say: Callable[[str], None]) -> Iterator[tuple[Database, Address]]:
    """Give a session, and end it.

    Raises InitError: USAGE for what is no URL of a database, UNREACHABLE, LOCKED, and FAILED
    if the history cannot be had.
    """
    address = parse_address(wanted.url, os.environ.get("PGPASSWORD", ""))
    try:
        database = _open(address, wanted, say)
        try:
            yield database, address
        finally:
            database.close()
    except LostError as error:
        raise InitError(
            Exit.UNREACHABLE,
            f"{address.shown}: {error}",
            "is it up, and may this user connect? then repeat: what was done is in the history",
        ) from error
    except StatementError as error:
        raise InitError(
            Exit.FAILED,
            f"{address.shown}: {error}",
            "may this user create and write the table of the history? --table names another",
        ) from error
    except LockedError as error:
        raise InitError(
            Exit.LOCKED,
            f"{address.shown} is locked by {error}",
            "repeat when it has ended, or wait longer with --lock-timeout",
        ) from error


def _open(address: Address, wanted: Wanted, say: Callable[[str], None]) -> Database:
    if address.scheme in _POSTGRES:
        with needed_for("a PostgreSQL database"):
            from sluice.init.migrate.postgres import Postgres  # noqa: PLC0415 (extra `init`)
        return Postgres.open(address, wanted.table, wanted.host, say)
    if address.scheme in _SQLITE:
        from sluice.init.migrate.sqlite import Sqlite  # noqa: PLC0415 (only for such a file)

        return Sqlite.open(sqlite_path(address), wanted.table, create=wanted.create)
    raise InitError(
        Exit.USAGE,
        f"{address.scheme or 'no scheme'}: is no database that sluice-init knows",
        "write postgres://USER:PASSWORD@HOST:5432/NAME or sqlite:/PATH",
    )


def sqlite_path(address: Address) -> Path:
    """Return the file of sqlite:PATH; with slashes before the path it is absolute."""
    path = address.url.split(":", 1)[1].partition("?")[0]
    if path.startswith("//"):
        path = "/" + path.lstrip("/")
    if path.strip("/"):
        return Path(path)
    raise InitError(
        Exit.USAGE, "the URL names no file", "write sqlite:/PATH, as in sqlite:/data/app.db"
    )
