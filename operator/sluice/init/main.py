"""`sluice-init`: the entry point, and how every run ends."""

import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version as version_of
from pathlib import Path
from types import FrameType

import click

from sluice.init import termination
from sluice.init.exits import Exit, InitError
from sluice.init.facts import Facts, to_line
from sluice.init.migrate.commands import migrate
from sluice.init.options import LastWords
from sluice.init.queue.commands import queue

_HELP = {"help_option_names": ["-h", "--help"]}


@click.group(context_settings=_HELP)
@click.version_option(version_of("sluice"), prog_name="sluice-init")
def root() -> None:
    """Migrations and queues, once: for init Jobs of a StartupGraph, or by hand."""


root.add_command(migrate)
root.add_command(queue)


def main() -> None:
    """Run the command line of this process and end it with the right code."""
    # The first process of a container is not ended by a signal that it does not handle.
    signal.signal(signal.SIGTERM, _stop)
    sys.exit(outcome(sys.argv[1:]))


def outcome(arguments: list[str]) -> int:
    """Run a command line, leave its last words and return its exit code."""
    words = LastWords()
    ended = _run(arguments, words)
    if ended.error:
        click.echo(f"error: {ended.error}", err=True)
    if ended.fix:
        click.echo(f"fix:   {ended.fix}", err=True)
    if ended.facts:
        line = to_line(ended.facts)
        termination.write(_log(words), line)
        click.echo(line)
    return ended.code


@dataclass(frozen=True, slots=True)
class _Ended:
    code: int
    facts: Facts
    error: str = ""
    fix: str = ""


def _run(arguments: list[str], words: LastWords) -> _Ended:
    try:
        facts = root.main(arguments, prog_name="sluice-init", obj=words, standalone_mode=False)
    except InitError as error:
        told = {"error": error.message, "fix": error.fix, **error.facts}
        return _Ended(error.code, told, error.message, error.fix)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return _Ended(Exit.USAGE, {})
    except click.ClickException as error:
        fix = "sluice-init --help"
        if isinstance(error, click.UsageError) and error.ctx is not None:
            fix = f"{error.ctx.command_path} --help"
        message = error.format_message()
        return _Ended(Exit.USAGE, {"error": message, "fix": fix}, message, fix)
    except (click.Abort, KeyboardInterrupt):
        message = "told to stop; nothing of what was under way is left"
        return _Ended(Exit.INTERRUPTED, {"error": message}, message)
    except Exception as error:
        if os.environ.get("SLUICE_DEBUG"):
            raise
        # Only the kind of error: its text may hold what nobody should read.
        message = f"a fault in sluice-init: {type(error).__name__}"
        fix = "report it, with what SLUICE_DEBUG=1 shows"
        return _Ended(Exit.FAILED, {"error": message, "fix": fix}, message, fix)
    # A command gives its facts; --help and --version give a code.
    return _Ended(Exit.DONE, facts if isinstance(facts, Mapping) else {})


def _log(words: LastWords) -> Path | None:
    try:
        return words.log or termination.choose(None)
    except InitError:
        return None


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
