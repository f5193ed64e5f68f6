"""A database to migrate, and files to migrate it with."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import psycopg

from sluice.init.migrate.history_table import DEFAULT_NAME
from tests.init.program import Program, Run, Said

Rows = list[tuple[object, ...]]


class Database(Protocol):
    """A database as a test looks at it, in sessions of its own."""

    @property
    def url(self) -> str: ...

    def ask(self, statement: str) -> Rows: ...


@dataclass(frozen=True, slots=True)
class PostgresDatabase:
    """One of the server's."""

    url: str

    def ask(self, statement: str) -> Rows:
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []


@dataclass(frozen=True, slots=True)
class SqliteDatabase:
    """A file."""

    path: Path

    @property
    def url(self) -> str:
        return f"sqlite:{self.path}"

    def ask(self, statement: str) -> Rows:
        with closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            return connection.execute(statement).fetchall()


@dataclass(frozen=True, slots=True)
class Site:
    """A database, and the directory that a Job of it would mount."""

    database: Database
    directory: Path
    program: Program

    def write(self, **texts: str) -> None:
        """Write files, named like _0001_users_up."""
        for name, text in texts.items():
            stem, _, way = name.removeprefix("_").rpartition("_")
            (self.directory / f"{stem}.{way}.sql").write_text(text)

    def migrate(self, *words: str) -> Said:
        return self.start(*words).end()

    def start(self, *words: str) -> Run:
        return self.program.start("migrate", *words, f"--directory={self.directory}")

    def history(self, columns: str = "version, direction, status") -> Rows:
        # The columns are the test's own.
        return self.database.ask(f"SELECT {columns} FROM {DEFAULT_NAME} ORDER BY id")  # noqa: S608 - our own table's name
