"""The table of the history in SQL: the same columns in both databases.

docs/sluice-init.md lists the columns.
"""
# ruff: noqa: S608 - the only texts put into SQL are quoted table names and constants of this file

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from sluice.init.exits import Exit, InitError
from sluice.init.migrate.history import Direction, Row, Status

DEFAULT_NAME: Final = "schema_migrations"
COLUMNS: Final = (
    *("version", "name", "direction", "status", "checksum", "statements", "statement"),
    *("sql", "error", "started_at", "finished_at", "duration_ms", "run_by", "program"),
)
Value = str | int | None


@dataclass(frozen=True, slots=True)
class HistoryTable:
    """SQL for one database.

    quoted: the table's name as SQL has it.  shown: for people.
    identity: type of a column that counts.  time: type of the columns with times.
    mark: how a parameter is written.  iso: a time column as RFC 3339 in UTC.
    """

    quoted: str
    shown: str
    identity: str
    time: str
    mark: str
    iso: str

    @property
    def create(self) -> str:
        """Make the table."""
        return (
            f"CREATE TABLE {self.quoted} (id {self.identity}, version text NOT NULL,"
            " name text NOT NULL, direction text NOT NULL, status text NOT NULL,"
            " checksum text NOT NULL, statements integer NOT NULL, statement integer NOT NULL,"
            f" sql text, error text, started_at {self.time} NOT NULL, finished_at {self.time},"
            " duration_ms bigint, run_by text NOT NULL, program text NOT NULL)"
        )

    @property
    def insert(self) -> str:
        """Add a row; gives its id."""
        marks = ", ".join([self.mark] * len(COLUMNS))
        return f"INSERT INTO {self.quoted} ({', '.join(COLUMNS)}) VALUES ({marks}) RETURNING id"

    @property
    def update(self) -> str:
        """Write a row anew; the id is the last parameter."""
        changes = ", ".join(f"{column} = {self.mark}" for column in COLUMNS)
        return f"UPDATE {self.quoted} SET {changes} WHERE id = {self.mark}"

    @property
    def select(self) -> str:
        """Return all rows, their columns as `read` takes them."""
        return f"SELECT id, {', '.join(self._read())} FROM {self.quoted} ORDER BY id"

    def _read(self) -> Iterator[str]:
        for column in COLUMNS:
            yield self.iso.format(column) if column.endswith("_at") else column


class Asking(Protocol):
    """One session, as far as the history needs it."""

    def ask(self, statement: str, *parameters: Value) -> list[tuple[Value, ...]]:
        """Run a statement of our own and return what it gives."""

    def columns(self) -> tuple[str, ...]:
        """Return the columns of the history's table; none: there is no table."""


@dataclass(frozen=True, slots=True)
class History:
    """The history in one session."""

    table: HistoryTable
    session: Asking

    def prepare(self) -> None:
        """Make the table if it is not there; InitError (USAGE) if it is another tool's."""
        if not self._is_there():
            self.session.ask(self.table.create)

    def rows(self) -> tuple[Row, ...]:
        """Return all rows; none if there is no table. InitError (USAGE) if it is another tool's."""
        if not self._is_there():
            return ()
        return tuple(read(found) for found in self.session.ask(self.table.select))

    def insert(self, row: Row) -> int:
        """Add a row and return its id."""
        ((number, *_),) = self.session.ask(self.table.insert, *values(row))
        return int(number or 0)

    def update(self, row: Row) -> None:
        """Write the row anew that has its id."""
        self.session.ask(self.table.update, *values(row), row.id)

    def _is_there(self) -> bool:
        columns = self.session.columns()
        if columns and not {"id", *COLUMNS} <= set(columns):
            raise InitError(
                Exit.USAGE,
                f"the table {self.table.shown} is another tool's: it has {', '.join(columns)}",
                "give --table a name of its own, such as sluice_migrations, and record what is"
                " applied already: `sluice-init migrate resolve --version V --as applied`",
            )
        return bool(columns)


def values(row: Row) -> tuple[Value, ...]:
    """Return what a row's columns hold; empty texts as NULL where the column may be."""
    return (
        *(row.version, row.name, row.direction.value, row.status.value, row.checksum),
        *(row.statements, row.statement, row.sql or None, row.error or None),
        *(row.started_at, row.finished_at or None, row.duration_ms, row.run_by, row.program),
    )


def read(columns: Sequence[Value]) -> Row:
    """Return the row that `select` gave."""
    number, *rest = columns
    texts = dict(zip(COLUMNS, rest, strict=True))

    def text(name: str) -> str:
        return str(texts[name] or "")

    return Row(
        id=int(number or 0),
        version=text("version"),
        name=text("name"),
        direction=Direction(text("direction")),
        status=Status(text("status")),
        checksum=text("checksum"),
        statements=int(texts["statements"] or 0),
        statement=int(texts["statement"] or 0),
        sql=text("sql"),
        error=text("error"),
        started_at=text("started_at"),
        finished_at=text("finished_at"),
        duration_ms=int(texts["duration_ms"] or 0),
        run_by=text("run_by"),
        program=text("program"),
    )
