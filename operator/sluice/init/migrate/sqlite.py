"""A session of SQLite."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from sluice.init.migrate.database import LockLostError, LostError, StatementError
from sluice.init.migrate.history_table import History, HistoryTable, Value
from sluice.init.migrate.locking import LockedError, take
from sluice.init.migrate.statements import Splitter, split_sqlite

_LOCK_SUFFIX: Final = ".sluice-lock"
_HOLDER: Final = "another process"
_BUSY: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_GONE: Final = frozenset({sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOTADB})


@dataclass(slots=True)
class Sqlite:
    """A database file, and beside it a second one whose exclusive lock is the session's.

    The lock is the kernel's, on an empty file: it ends with the process. It cannot be the
    database's own, since that ends with each transaction, and some statements must not be in one.
    """

    connection: sqlite3.Connection
    path: Path
    table: str
    lock: sqlite3.Connection | None = None
    split: Splitter = split_sqlite
    user: str = ""

    @classmethod
    def open(cls, path: Path, table: str, *, create: bool) -> "Sqlite":
        """Open the file; without `create` a missing one is read as an empty database."""
        with _translated():
            name = path if create or path.exists() else ":memory:"
            connection = sqlite3.connect(name, isolation_level=None)
        return cls(connection, path, table)

    @property
    def history(self) -> History:
        """The table of the history."""
        table = HistoryTable(
            quoted=self._quoted,
            shown=self.table,
            identity="integer PRIMARY KEY",
            time="text",
            mark="?",
            iso="{}",
        )
        return History(table, self)

    def acquire(self, timeout_seconds: float, tell: Callable[[str], None]) -> None:
        """Take the lock of the second file; its database may be busy as long, each time."""
        with _translated():
            self.connection.execute(f"PRAGMA busy_timeout = {round(timeout_seconds * 1000)}")
            self.lock = sqlite3.connect(self._lock_path, isolation_level=None, timeout=0)
            attempt = partial(_begun, self.lock, "BEGIN EXCLUSIVE")
            take(attempt, lambda: _HOLDER, timeout_seconds, tell)

    def is_locked(self) -> bool:
        """Whether another session holds the lock."""
        if not self._lock_path.exists():
            return False
        probe = sqlite3.connect(self._lock_path, isolation_level=None, timeout=0)
        try:
            probe.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            return True
        finally:
            probe.close()
        return False

    def holds_lock(self) -> bool:
        """Whether it does; a file of SQL cannot reach the second file."""
        return self.lock is not None

    def now(self) -> str:
        """Return the time by the machine's clock, as SQLite writes it."""
        return str(self.ask("SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now')")[0][0])

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; the file is free for nobody else meanwhile."""
        with _translated():
            if not _begun(self.connection, "BEGIN IMMEDIATE"):
                raise LockedError(_HOLDER)
            try:
                yield
                if not self.connection.in_transaction:
                    raise LockLostError
                self.connection.execute("COMMIT")
            finally:
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")

    def execute(self, sql: str) -> None:
        """Run a statement to its end."""
        with _translated():
            # A SELECT has its effects only as its rows are read.
            for _ in self.connection.execute(sql):
                pass

    def be_ourselves(self) -> None:
        """Do nothing: SQLite knows no roles."""

    def tidy(self) -> None:
        """Keep the pragmas: those that a file sets for its session are few, and known to it."""

    def close(self) -> None:
        """End the session."""
        self.connection.close()
        if self.lock:
            self.lock.close()

    @property
    def _quoted(self) -> str:
        return '"' + self.table.replace('"', '""') + '"'

    @property
    def _lock_path(self) -> Path:
        return self.path.with_name(self.path.name + _LOCK_SUFFIX)

    def columns(self) -> tuple[str, ...]:
        """Return the columns of the table."""
        return tuple(str(found[1]) for found in self.ask(f"PRAGMA table_info({self._quoted})"))

    def ask(self, statement: str, *parameters: Value) -> list[tuple[Value, ...]]:
        """Run a statement of our own."""
        with _translated():
            return self.connection.execute(statement, parameters).fetchall()


def _begun(connection: sqlite3.Connection, statement: str) -> bool:
    try:
        connection.execute(statement)
    except sqlite3.OperationalError as error:
        if _kind(error) in _BUSY:
            return False
        raise
    return True


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, sqlite3.Warning) as error:
        told = str(error)
        raise (LostError(told) if _kind(error) in _GONE else StatementError(told)) from error


def _kind(error: Exception) -> int:
    """Return SQLite's primary code of an error; 0 if it has none."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF
