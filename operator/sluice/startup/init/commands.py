"""Commands about an init node: one annotation per node, «<verb> <of> <by>#<nonce>».

`of` is what a command is about, so that one that comes late resolves nothing else: the Job of the
run, the checksum (12 digits) that does not match, or the version down to which to undo, «-» for
all. No clocks are compared; what was taken last is remembered whole, so it cannot be long.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sluice.model.names import RESOLVE_PREFIX

ALL: Final = "-"
_COMMAND = re.compile(
    r"(?P<verb>[A-Z][a-z]+) (?P<of>\S{1,128}) (?P<by>\S.{0,127})#(?P<nonce>[^#\s]{1,64})"
)


class Verb(StrEnum):
    """What a person may say."""

    APPLIED = "Applied"  # it is done, by hand or by the run itself
    RERUN = "Rerun"  # the mess is cleaned up: it may run again
    ACCEPT = "Accept"  # the changed job did, or would have done, the same
    DOWN = "Down"  # undo every version that came after one


@dataclass(frozen=True, slots=True)
class Command:
    """A command as it was written; by: who says that he gave it."""

    verb: Verb
    of: str
    by: str
    text: str


def command_of(annotations: Mapping[str, str], node: str, consumed: str) -> Command | None:
    """Return the command about a node that has not been taken; None if there is none."""
    text = annotations.get(f"{RESOLVE_PREFIX}{node}", "")
    match = _COMMAND.fullmatch(text)
    if text == consumed or match is None or match["verb"] not in set(Verb):
        return None
    return Command(Verb(match["verb"]), match["of"], match["by"], text)
