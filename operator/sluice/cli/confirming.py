"""Asking a person before something dangerous is written."""

import click

from sluice.cli.exits import CommandError, Exit
from sluice.cli.terminal import Terminal


def confirm(where: str, effect: str, terminal: Terminal) -> None:
    """Return if the person agrees to the effect; CommandError if not, or if nobody can be asked."""
    _tell(where, effect, terminal)
    if not click.confirm("Go on?", default=False, err=True):
        raise CommandError(Exit.USAGE, "not confirmed, nothing is written")


def confirm_by_name(where: str, effect: str, name: str, terminal: Terminal) -> None:
    """Return if the person writes the name of what is lost for good; CommandError as `confirm`."""
    _tell(where, effect, terminal)
    if click.prompt(f"Write {name} to go on", default="", show_default=False, err=True) != name:
        raise CommandError(Exit.USAGE, "not confirmed, nothing is written")


def _tell(where: str, effect: str, terminal: Terminal) -> None:
    if not terminal.asks:
        sentence = f"{where}: nothing is written, since this would {effect}"
        raise CommandError(Exit.USAGE, sentence, "add --yes if that is what you want")
    terminal.say(f"{where}: this will {effect}.")
