"""A session of PostgreSQL."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from sluice.init.facts import one_line
from sluice.init.migrate.database import LockLostError, LostError, StatementError
from sluice.init.migrate.history_table import History, HistoryTable, Value
from sluice.init.migrate.locking import take
from sluice.init.migrate.statements import Splitter, split_postgres
from sluice.init.secrets import Address, malformed

_CONNECT_SECONDS: Final = 10
# So the server notices within seconds that this process is dead, even in the middle of a statement,
# and frees the lock. A server before 14 lacks the first of them.
_SETTINGS: Final = (
    ("client_connection_check_interval", "1s"),
    ("tcp_keepalives_idle", "10"),
    ("tcp_keepalives_interval", "5"),
    ("tcp_keepalives_count", "3"),
)
_ISO: Final = "to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"
_HELD: Final = (
    "FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND objsubid = 1 AND granted"
    " AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())"
    " AND (classid::bigint << 32) | objid::bigint = %s"
)
_HOLDERS: Final = (
    "SELECT pid, application_name, host(client_addr) FROM pg_stat_activity WHERE pid IN"
)
_Answer = list[tuple[Value, ...]]


@dataclass(slots=True)
class Postgres:
    """One connection, which holds the lock and runs everything: they end together."""

    connection: psycopg.Connection[tuple[Value, ...]]
    address: Address
    schema: str
    relation: str
    user: str
    split: Splitter = split_postgres

    @classmethod
    def open(
        cls, address: Address, table: str, host: str, say: Callable[[str], None]
    ) -> "Postgres":
        """Connect; LostError if that cannot be. say: takes what the server remarks meanwhile."""
        try:
            connection = _connected(address.url, f"sluice-init {host}"[:63])
            schema, relation, user = _named(connection, table)
        except psycopg.Error as error:
            raise LostError(address.without_secrets(one_line(str(error)))) from None
        connection.add_notice_handler(
            lambda remark: say(address.without_secrets(one_line(remark.message_primary or "")))
        )
        found = cls(connection, address, schema, relation, user)
        found._settle()
        return found

    @property
    def history(self) -> History:
        """The table of the history, named with its schema wherever the search path leads."""
        table = HistoryTable(
            quoted=sql.Identifier(self.schema, self.relation).as_string(),
            shown=f"{self.schema}.{self.relation}",
            identity="bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
            time="timestamptz",
            mark="%s",
            iso=_ISO,
        )
        return History(table, self)

    @property
    def _key(self) -> int:
        """The number of the lock: one for each table of history. Each database has its own."""
        name = f"sluice-init {self.schema}.{self.relation}"
        return int.from_bytes(blake2b(name.encode(), digest_size=8).digest()) >> 1

    def acquire(self, timeout_seconds: float, tell: Callable[[str], None]) -> None:
        """Ask for the lock until it is there.

        A statement that waits for it would be one that CREATE INDEX CONCURRENTLY, run by whoever
        has the lock, waits for: each for the other, until PostgreSQL ends one of them.
        """
        take(self._try_to_lock, self._holder, timeout_seconds, tell)

    def is_locked(self) -> bool:
        """Whether any session holds the lock."""
        return bool(self.ask(f"SELECT 1 {_HELD}", self._key))

    def holds_lock(self) -> bool:
        """Whether it does: a pooler may have given the session away, or a file the lock."""
        return bool(self.ask(f"SELECT 1 {_HELD} AND pid = pg_backend_pid()", self._key))

    def now(self) -> str:
        """Return the time by the server's clock."""
        return str(self.ask(f"SELECT {_ISO.format('clock_timestamp()')}")[0][0])

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, and only while the lock is held."""
        with self._translated(), self.connection.transaction():
            yield
            if not self.holds_lock():
                raise LockLostError

    def execute(self, sql: str) -> None:
        """Send a statement as it is written."""
        with self._translated():
            self.connection.execute(sql.encode())

    def be_ourselves(self) -> None:
        """Leave the role that a file took."""
        with self._translated():
            self.connection.execute("RESET ROLE")

    def tidy(self) -> None:
        """Forget what a file has SET."""
        self.be_ourselves()
        with self._translated():
            self.connection.execute("RESET ALL")
        self._settle()

    def close(self) -> None:
        """End the session."""
        self.connection.close()

    def _settle(self) -> None:
        for name, value in _SETTINGS:
            self.ask(
                "SELECT pg_catalog.set_config(name, %s, false) FROM pg_catalog.pg_settings"
                " WHERE name = %s",
                value,
                name,
            )

    def _try_to_lock(self) -> bool:
        return bool(self.ask("SELECT pg_catalog.pg_try_advisory_lock(%s)", self._key)[0][0])

    def _holder(self) -> str:
        found = self.ask(f"{_HOLDERS} (SELECT pid {_HELD})", self._key)
        return (
            "; ".join(
                f"process {pid} of the server, for {name or 'a program without a name'}"
                f"{f' at {client}' if client else ''}"
                for pid, name, client in found
            )
            or "another session"
        )

    def columns(self) -> tuple[str, ...]:
        """Return the columns of the table, also if the role may not read it."""
        found = self.ask(
            "SELECT a.attname FROM pg_catalog.pg_attribute AS a"
            " JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid"
            " JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace"
            " WHERE n.nspname = %s AND c.relname = %s AND a.attnum > 0 AND NOT a.attisdropped"
            " ORDER BY a.attnum",
            self.schema,
            self.relation,
        )
        return tuple(str(name) for (name,) in found)

    def ask(self, statement: str, *parameters: Value) -> _Answer:
        """Run a statement of our own."""
        with self._translated():
            cursor = self.connection.execute(statement.encode(), parameters)
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            told = self.address.without_secrets(_message(error))
            if self.connection.closed or self.connection.broken:
                raise LostError(told) from None
            raise StatementError(told) from None


def _connected(url: str, application: str) -> psycopg.Connection[tuple[Value, ...]]:
    try:
        given = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        raise malformed() from None  # the driver's message repeats a part of the URL
    return psycopg.connect(
        url,
        autocommit=True,
        prepare_threshold=None,  # poolers do not know prepared statements
        connect_timeout=int(given.get("connect_timeout") or _CONNECT_SECONDS),
        application_name=str(given.get("application_name") or application),
        client_encoding="utf8",
    )


def _named(connection: psycopg.Connection[tuple[Value, ...]], table: str) -> Sequence[str]:
    """Return schema and name of the table, and the user, all as the server calls them.

    The schema is found once: a file may change the search path for all that come after it.
    """
    schema, _, relation = table.rpartition(".")
    found = connection.execute("SELECT current_schema(), session_user").fetchone() or (None, None)
    return schema or str(found[0] or "public"), relation, str(found[1] or "")


def _message(error: psycopg.Error) -> str:
    diagnosis = error.diag
    parts = (diagnosis.message_primary, diagnosis.message_detail, diagnosis.message_hint)
    return one_line("\n".join(part for part in parts if part) or str(error))
