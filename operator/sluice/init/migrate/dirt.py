"""What is told of a statement that failed, and when a part was done: a person has to look."""

import re
from typing import Final

from sluice.init.exits import Exit, InitError
from sluice.init.facts import one_line
from sluice.init.migrate.history import Direction, Row, Status

# As PostgreSQL and SQLite say it of CREATE INDEX CONCURRENTLY, VACUUM and the like.
_NOT_IN_TRANSACTION: Final = re.compile(r"cannot (?:run inside|\w+ from within) a transaction")


def dirty_error(row: Row) -> InitError:
    """Return how a run ends that found, or left, a migration of which a part was done."""
    return InitError(Exit.DIRTY, f"{_told(row)}: {_because(row)}", _next_step(row), facts_of(row))


def facts_of(row: Row) -> dict[str, str | int]:
    """Return what the termination log has of a statement that failed."""
    return {
        "version": row.version,
        "file": file_of(row),
        "statement": row.statement,
        "statements": row.statements,
        "sql": row.sql,
        "cause": row.error,
    }


def file_of(row: Row) -> str:
    """Return the file that the row tells of."""
    way = "down" if row.direction is Direction.DOWN else "up"
    return f"{row.version}_{row.name}.{way}.sql"


def advice(row: Row) -> str:
    """Return what to do about a statement that failed in a transaction."""
    if _NOT_IN_TRANSACTION.search(row.error):
        return "move that statement to a file that begins with «-- sluice: no-transaction»"
    return "correct the file or the data"


def _told(row: Row) -> str:
    if row.status is Status.RUNNING:
        return f"{file_of(row)} was left in the middle, {place(row)}"
    return f"{file_of(row)} failed in the middle, {place(row)}"


def place(row: Row) -> str:
    """Return which statement it was."""
    return f"statement {row.statement} of {row.statements} ({one_line(row.sql)})"


def _because(row: Row) -> str:
    if row.error:
        return one_line(row.error)
    return (
        f"its process ended ({row.run_by}, begun at {row.started_at}); that statement may be done"
    )


def _next_step(row: Row) -> str:
    before = row.statement - 1
    done = f"statements 1 to {before} are done" if before > 1 else "statement 1 is done"
    state = done if before > 0 else "no statement before it was run"
    resolve = f"sluice-init migrate resolve --version {row.version} --as"
    return (
        f"{state}; look at the database, then either finish the file by hand and say"
        f" `{resolve} {_ended(row)}`, or take back what was done and say `{resolve} {_begun(row)}`"
    )


def _ended(row: Row) -> str:
    return "undone" if row.direction is Direction.DOWN else "applied"


def _begun(row: Row) -> str:
    return "applied" if row.direction is Direction.DOWN else "undone"
