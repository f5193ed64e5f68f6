"""Running migrations: the lock, then each file with its line in the history."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.metadata import version as version_of
from typing import NoReturn

from sluice.init.exits import Exit, InitError
from sluice.init.migrate.database import (
    Database,
    LockLostError,
    LostError,
    StatementError,
)
from sluice.init.migrate.dirt import advice, dirty_error, facts_of, file_of, place
from sluice.init.migrate.history import Direction, Row, Status
from sluice.init.migrate.plan import Step
from sluice.init.migrate.statements import Statement, statements
from sluice.init.secrets import Address

# What the history keeps of one statement.
_LONGEST_SQL = 4000


@dataclass(frozen=True, slots=True)
class Runner:
    """A session and what it says to people. host: whose name the history has."""

    database: Database
    address: Address
    host: str
    say: Callable[[str], None]

    def begin(self, lock_timeout_seconds: float) -> tuple[Row, ...]:
        """Take the lock and return the history, which nobody else writes from now on."""

        def tell(holder: str) -> None:
            self.say(f"waiting up to {lock_timeout_seconds:g}s for the lock: {holder} has it")

        self.database.acquire(lock_timeout_seconds, tell)
        self.database.history.prepare()
        return self.database.history.rows()

    def run(self, steps: tuple[Step, ...]) -> None:
        """Run the files in this order; all of them are split before the first is run."""
        split = [statements(step.script, self.database.split) for step in steps]
        for step, found in zip(steps, split, strict=True):
            row = self._row(step, len(found))
            if step.script.transactional:
                row = self._run_whole(row, found)
            else:
                row = self._run_one_by_one(row, found)
            self.database.tidy()
            self.say(
                f"{row.status} {file_of(row)} ({row.statements} statements, {row.duration_ms} ms)"
            )

    def record(self, row: Row) -> None:
        """Add what a person says to the history."""
        now = self.database.now()
        self.database.history.insert(self._signed(replace(row, started_at=now, finished_at=now)))

    def _run_whole(self, row: Row, found: tuple[Statement, ...]) -> Row:
        began = time.monotonic()
        at = row
        try:
            with self.database.transaction():
                for statement in found:
                    at = self._at(row, statement)
                    self.database.execute(statement.sql)
                self.database.be_ourselves()
                # From here on it is the end of the transaction that may fail.
                at = replace(row, statement=row.statements, sql="COMMIT")
                done = self._ended(replace(row, statement=row.statements), began)
                self.database.history.insert(done)
        except StatementError as error:
            self._fail(self._ended(replace(at, status=Status.FAILED, error=str(error)), began))
        except LockLostError:
            self._without_lock(row)
        return done

    def _run_one_by_one(self, row: Row, found: tuple[Statement, ...]) -> Row:
        if not self.database.holds_lock():
            self._without_lock(row)
        began = time.monotonic()
        number = self.database.history.insert(replace(row, status=Status.RUNNING))
        ended = row.status
        row = replace(row, status=Status.RUNNING, id=number)
        try:
            for statement in found:
                row = self._at(row, statement)
                self.database.history.update(row)
                self.database.execute(statement.sql)
            self.database.tidy()
            done = self._ended(replace(row, status=ended, sql=""), began)
            self.database.history.update(done)
        except (StatementError, LostError, KeyboardInterrupt) as error:
            self._leave(row, str(error) or "told to stop", began)
        return done

    def _fail(self, row: Row) -> NoReturn:
        """End a run of which nothing is left but a line in the history."""
        self.database.history.insert(row)
        raise InitError(
            Exit.FAILED,
            f"{file_of(row)} failed, {place(row)}: {row.error}",
            f"nothing of that file is left; {advice(row)}, then repeat",
            facts_of(row),
        )

    def _leave(self, row: Row, said: str, began: float) -> NoReturn:
        """End a run of which a part was done."""
        row = self._ended(replace(row, status=Status.DIRTY, error=said), began)
        try:
            self.database.tidy()
            self.database.history.update(row)
        except (StatementError, LostError):
            # The row says «running» for good, and the next run takes it for what it is.
            self.say("the history could not be written any more")
        raise dirty_error(row)

    def _without_lock(self, row: Row) -> NoReturn:
        raise InitError(
            Exit.USAGE,
            f"{file_of(row)}: the session no longer held the lock, so nothing of the file was done",
            "connect to the database itself, not through a pooler that gives each transaction"
            " another session; and let no file unlock all, or end the transaction",
        )

    def _row(self, step: Step, count: int) -> Row:
        migration = step.migration
        status = Status.APPLIED if step.direction is Direction.UP else Status.UNDONE
        return self._signed(
            Row(
                version=migration.version,
                name=migration.name,
                direction=step.direction,
                status=status,
                checksum=migration.checksum,
                statements=count,
                started_at=self.database.now(),
            )
        )

    def _signed(self, row: Row) -> Row:
        user = f"{self.database.user}@" if self.database.user else ""
        program = f"sluice-init {version_of('sluice')}"
        return replace(row, run_by=f"{user}{self.host}", program=program)

    def _ended(self, row: Row, began: float) -> Row:
        spent = round((time.monotonic() - began) * 1000)
        try:
            now = self.database.now()
        except (StatementError, LostError):
            now = ""
        return replace(row, finished_at=now, duration_ms=spent)

    def _at(self, row: Row, statement: Statement) -> Row:
        sql = self.address.without_secrets(statement.sql)
        return replace(row, statement=statement.number, sql=sql[:_LONGEST_SQL])
