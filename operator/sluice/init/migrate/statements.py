"""SQL into statements, each with its number and line; and those that a migration may not hold."""

import re
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from sluice.init.drivers import needed_for
from sluice.init.facts import one_line
from sluice.init.migrate.files import Script, refuse

_SPACE_AND_COMMENTS: Final = re.compile(r"(?:\s+|--[^\n]*|/\*.*?\*/|;)*", re.DOTALL)
_TRANSACTION: Final = re.compile(
    r"(BEGIN|START\s+TRANSACTION|COMMIT|END|ABORT|PREPARE\s+TRANSACTION"
    r"|ROLLBACK(?!\s+(?:(?:WORK|TRANSACTION)\s+)?TO\b))\b",
    re.IGNORECASE,
)
_COPY: Final = re.compile(r"COPY\b[^;]*?\bFROM\s+STDIN\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement; number and line count from 1."""

    number: int
    line: int
    sql: str


Splitter: TypeAlias = Callable[[str], tuple[str, ...]]


class BrokenSqlError(Exception):
    """The text ends inside a string or comment. line: where that begins."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def statements(script: Script, split: Splitter) -> tuple[Statement, ...]:
    """Return the statements of a file.

    Raises InitError (USAGE) for what cannot be split, and for what a migration may not hold.
    """
    try:
        found = tuple(_placed(script.text, split(script.text)))
    except BrokenSqlError as error:
        refuse((f"{script.file}, line {error.line}: {error}",))
        raise
    refuse(tuple(_forbidden(script, found)))
    return found


def split_postgres(text: str) -> tuple[str, ...]:
    """Split with PostgreSQL's own grammar, or its scanner alone where the grammar is younger.

    A syntax error is for the database to tell: it may know more SQL than the grammar here.
    """
    with needed_for("a PostgreSQL database"):
        from postgast import PgQueryError, split  # noqa: PLC0415 (of the extra `init`)
    try:
        return tuple(split(text, method="parser"))
    except PgQueryError:
        pass
    try:
        return tuple(split(text, method="scanner"))
    except PgQueryError as error:
        line = text.count("\n", 0, max(error.cursorpos - 1, 0)) + 1
        raise BrokenSqlError(line, one_line(str(error))) from error


def split_sqlite(text: str) -> tuple[str, ...]:
    """Split where SQLite itself says that a statement is complete."""
    found = []
    begin = 0
    for semicolon in re.finditer(";", text):
        if sqlite3.complete_statement(text[begin : semicolon.end()]):
            found.append(text[begin : semicolon.start()])
            begin = semicolon.end()
    return (*found, text[begin:])


def _placed(text: str, pieces: tuple[str, ...]) -> Iterator[Statement]:
    """Number what is more than space and comments."""
    number = 0
    line = 1
    counted = end = 0
    for piece in pieces:
        begin = text.index(piece, end)
        end = begin + len(piece)
        inside = _SPACE_AND_COMMENTS.match(piece)
        skipped = inside.end() if inside else 0
        if skipped < len(piece):
            number += 1
            line += text.count("\n", counted, begin + skipped)
            counted = begin + skipped
            yield Statement(number, line, piece[skipped:].rstrip())


def _forbidden(script: Script, found: tuple[Statement, ...]) -> Iterator[str]:
    for statement in found:
        place = f"{script.file}, line {statement.line}"
        transaction = _TRANSACTION.match(statement.sql)
        if transaction:
            yield (
                f"{place}: {' '.join(transaction.group().upper().split())} is not for a migration:"
                " sluice-init begins and ends the transaction; delete the statement"
            )
        if _COPY.match(statement.sql):
            yield (
                f"{place}: COPY FROM STDIN reads lines that only psql sends: write INSERT"
                " (pg_dump --inserts does)"
            )
        if statement.sql.startswith("\\"):
            word = statement.sql.split()[0]
            yield f"{place}: {word} is a command of psql, not SQL: write what it stands for"
