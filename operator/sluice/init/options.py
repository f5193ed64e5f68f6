"""The options that every command shares."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from sluice.init import termination

Command = TypeVar("Command", bound=Callable[..., object])


class LastWords:
    """Where the last words of a run go, known as soon as the options are read."""

    log: Path | None = None


def termination_log_option(command: Command) -> Command:
    """Add `--termination-log`, which the command itself does not see."""
    option = click.option(
        "--termination-log",
        metavar="PATH",
        type=click.Path(path_type=Path, dir_okay=False),
        callback=_remember,
        expose_value=False,
        is_eager=True,
        help="File for the outcome as JSON. Default: /dev/termination-log, if it can be written.",
    )
    return option(command)


def _remember(context: click.Context, _option: click.Parameter, given: Path | None) -> None:
    if given is not None:
        context.ensure_object(LastWords).log = termination.choose(given)
