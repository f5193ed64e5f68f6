"""Exit codes: scripts depend on them, so each has one meaning in every command.

docs/exit-codes.md is their page.
"""

from enum import IntEnum
from typing import IO

import click

from sluice.adapters.failures import (
    ConflictError,
    ForbiddenError,
    KubeError,
    NotFoundError,
    TransientError,
)


class Exit(IntEnum):
    """What the end of a command says; 0, 1 and above stay compatible with `kubectl diff`."""

    DONE = 0  # done; healthy; no difference
    NEGATIVE = 1  # a negative answer: degraded, refused by the situation, a check failed
    USAGE = 2  # a usage error, or refused without confirmation
    NOT_FOUND = 3
    FORBIDDEN = 4
    TIMED_OUT = 5
    UNREACHABLE = 6
    CONFLICT = 7  # changed meanwhile
    INTERRUPTED = 130


class CommandError(click.ClickException):
    """A command ends without having done what was asked: what, why, and what to do about it."""

    def __init__(self, code: Exit, message: str, fix: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.fix = fix

    def show(self, file: IO[str] | None = None) -> None:
        """Print the message and, on a line of its own, the fix; always to stderr."""
        click.echo(f"error: {self.format_message()}", file=file, err=True)
        if self.fix:
            click.echo(f"fix:   {self.fix}", file=file, err=True)


def command_error(error: KubeError) -> CommandError:
    """Return how a command ends when the API server did not do what it asked."""
    match error:
        case NotFoundError():
            return CommandError(Exit.NOT_FOUND, str(error), "sluice check tells what is missing")
        case ForbiddenError():
            return CommandError(
                Exit.FORBIDDEN, str(error), "ask for the role view to look, edit to steer"
            )
        case ConflictError():
            return CommandError(Exit.CONFLICT, str(error), "look again, then repeat the command")
        case TransientError():
            return CommandError(
                Exit.UNREACHABLE, str(error), "check --context and --kubeconfig, then repeat"
            )
        case _:
            return CommandError(Exit.NEGATIVE, str(error))
