"""The history as rows, and what follows from them: in which state each version is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Direction(StrEnum):
    """What a row of the history tells of."""

    UP = "up"
    DOWN = "down"
    RESOLVE = "resolve"  # a person said how it is; nothing was run


class Status(StrEnum):
    """How that ended."""

    RUNNING = "running"  # without a transaction, not ended; its process may be dead
    APPLIED = "applied"
    UNDONE = "undone"
    FAILED = "failed"  # rolled back: nothing of it is left
    DIRTY = "dirty"  # without a transaction, ended in the middle


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the history, as the table has it.

    statements: how many the file has.  statement: the one that ran last; 0: none.
    sql, error: of the statement that failed, or that was running.
    started_at, finished_at: RFC 3339 in UTC; finished_at is empty while it runs.
    """

    version: str
    name: str
    direction: Direction
    status: Status
    checksum: str
    statements: int = 0
    statement: int = 0
    sql: str = ""
    error: str = ""
    started_at: str = ""
    finished_at: str = ""
    duration_ms: int = 0
    run_by: str = ""
    program: str = ""
    id: int = 0

    @property
    def number(self) -> int:
        """What orders versions."""
        return int(self.version)

    @property
    def is_dirty(self) -> bool:
        """Whether a part of it was done; under the lock nobody is still running it."""
        return self.status in {Status.RUNNING, Status.DIRTY}


def latest(rows: Iterable[Row]) -> Mapping[int, Row]:
    """Return what holds of each version: its last row that left something behind."""
    ordered = sorted(rows, key=lambda row: row.id)
    return {row.number: row for row in ordered if row.status is not Status.FAILED}


def dirty(rows: Iterable[Row]) -> tuple[Row, ...]:
    """Return the versions that a person has to look at."""
    return tuple(row for row in latest(rows).values() if row.is_dirty)


def applied(rows: Iterable[Row]) -> tuple[Row, ...]:
    """Return the versions that are applied, in order."""
    found = (row for row in latest(rows).values() if row.status is Status.APPLIED)
    return tuple(sorted(found, key=lambda row: row.number))
