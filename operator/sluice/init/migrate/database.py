"""What running migrations needs of a database, and how it says that something went wrong."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from sluice.init.migrate.history_table import History
from sluice.init.migrate.statements import Splitter


class StatementError(Exception):
    """The database refused a statement; the text is what it said."""


class LostError(Exception):
    """There is no database, it does not let us in, or it went away; the text is what was said."""


class LockLostError(Exception):
    """This session does not hold the lock that it took."""


class Database(Protocol):
    """One session. Every method raises LostError when the database has gone."""

    @property
    def split(self) -> Splitter:
        """How its SQL falls into statements."""

    @property
    def user(self) -> str:
        """Whom the history names beside the host; empty if the database knows no users."""

    @property
    def history(self) -> History:
        """The table of the history."""

    def acquire(self, timeout_seconds: float, tell: Callable[[str], None]) -> None:
        """Take the lock that this session holds to its end; LockedError after so long.

        It ends with the session, however that ends: it is never a row.
        tell: takes, once, by whom it is held if it has to be waited for.
        """

    def is_locked(self) -> bool:
        """Whether any session holds the lock."""

    def holds_lock(self) -> bool:
        """Whether this session still holds the lock that it took."""

    def now(self) -> str:
        """Return the time by the database's clock, in UTC."""

    def transaction(self) -> AbstractContextManager[None]:
        """All or nothing of what is done in the block.

        Raises StatementError if the database refuses at its end; LockLostError, and nothing is
        done, if the lock went away meanwhile.
        """

    def execute(self, sql: str) -> None:
        """Run one statement of a migration; StatementError if the database refuses it."""

    def be_ourselves(self) -> None:
        """Be the user again that the session began with: a file may have taken another role."""

    def tidy(self) -> None:
        """Undo what a file set for its session: the next one begins as the first did."""

    def close(self) -> None:
        """End the session, and with it the lock."""
