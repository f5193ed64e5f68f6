"""How a run ends: scripts, Jobs and StartupGraphs depend on these codes.

docs/sluice-init.md is their page. Codes that `sluice` has too mean the same there.
"""

from enum import IntEnum

from sluice.init.facts import Facts


class Exit(IntEnum):
    """What the end of a run says to whoever started it."""

    DONE = 0  # done, or nothing to do
    FAILED = 1  # refused by the database or broker; nothing of it is left
    USAGE = 2  # wrong options, files or driver: the same again ends the same
    LOCKED = 5  # waited for the lock as long as --lock-timeout said
    UNREACHABLE = 6  # no database or broker there, or it does not let us in, or it went away
    DRIFT = 8  # a queue, exchange or stream is there, but another one; nothing was changed
    DIRTY = 20  # a part was done: a person has to look
    INTERRUPTED = 130  # told to stop; nothing of the migration under way is left


class InitError(Exception):
    """A run ends without having done what was asked: what, and what to do about it.

    facts: what programs read in the termination log, beside the message and the fix.
    """

    def __init__(self, code: Exit, message: str, fix: str, facts: Facts | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.fix = fix
        self.facts: Facts = facts or {}
