"""The termination log: a file in which Kubernetes looks for a container's last words."""

import os
from pathlib import Path
from typing import Final

from sluice.init.exits import Exit, InitError

_KUBERNETES_GIVES: Final = Path("/dev/termination-log")


def choose(given: Path | None) -> Path | None:
    """Return where the last words go; None: nowhere, for this is no container.

    Raises InitError (USAGE) if the file that was asked for cannot be written.
    """
    if given is None:
        # It is never made: a program that runs as root on a desk must not leave a file in /dev.
        is_there = _KUBERNETES_GIVES.is_file() and os.access(_KUBERNETES_GIVES, os.W_OK)
        return _KUBERNETES_GIVES if is_there else None
    try:
        given.open("ab").close()
    except OSError as error:
        raise InitError(
            Exit.USAGE,
            f"the termination log {given} cannot be written: {error.strerror}",
            "give --termination-log a file in a directory that is there, or leave it out",
        ) from error
    return given


def write(target: Path | None, line: str) -> None:
    """Leave the last words; a log that went away meanwhile does not change how the run ended."""
    if target is None:
        return
    try:
        target.write_text(line + "\n", encoding="utf-8")
    except OSError:
        return
