"""What is written where: data to stdout, talk to stderr, colours only for eyes."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, assert_never

import yaml
from rich.console import Console, RenderableType
from rich.text import Text

from sluice.cli.options import Output, Settings
from sluice.cli.views.glyphs import ASCII, UNICODE, Glyphs
from sluice.cli.views.states import State
from sluice.model.json import Json, JsonObject

# A pipe has no edge: a line is as long as what it says.
_PIPE_WIDTH: Final = 100_000

STYLES: Final[Mapping[State, str]] = {
    State.HEALTHY: "green",
    State.PROGRESSING: "cyan",
    State.PAUSED: "yellow",
    State.DEGRADED: "bold red",
    State.UNKNOWN: "dim",
}


@dataclass(frozen=True, slots=True)
class Terminal:
    """Both streams of the command, and how the user called it."""

    out: Console
    err: Console
    program: str

    @classmethod
    def open(cls, settings: Settings) -> "Terminal":
        """Return the streams of this process; NO_COLOR and TERM are heeded as well."""
        return cls(
            out=_console(color=settings.color, stderr=False),
            err=_console(color=settings.color, stderr=True),
            program=settings.program,
        )

    @property
    def glyphs(self) -> Glyphs:
        """The symbols that stdout can carry."""
        return UNICODE if self.out.encoding.lower().startswith("utf") else ASCII

    @property
    def redraws(self) -> bool:
        """Whether stdout is a screen on which the cursor may be moved."""
        return self.out.is_terminal and self.out.color_system is not None

    @property
    def asks(self) -> bool:
        """Whether a person can answer a question."""
        return sys.stdin.isatty() and self.err.is_terminal

    def show(self, renderable: RenderableType) -> None:
        """Write data; lines end where their text ends, not where a column does."""
        if self.redraws:
            self.out.print(renderable)
            return
        with self.out.capture() as captured:
            self.out.print(renderable)
        for line in captured.get().splitlines():
            self.out.file.write(line.rstrip() + "\n")

    def write(self, value: JsonObject, output: Output) -> None:
        """Write a value for programs."""
        self.out.file.write(encode(value, output))

    def say(self, text: str, style: str = "") -> None:
        """Talk to the person; never part of the data."""
        self.err.print(Text(text, style), soft_wrap=True)


def encode(value: Json, output: Output) -> str:
    """Return a value as JSON or YAML, with a line end."""
    plain = _plain(value)
    match output:
        case Output.JSON:
            return json.dumps(plain, indent=2, ensure_ascii=False) + "\n"
        case Output.YAML | Output.TABLE:
            return str(yaml.safe_dump(plain, sort_keys=False, allow_unicode=True))
    assert_never(output)


def _plain(value: Json) -> Json:
    """Return the value in lists and dicts, as both encoders want it."""
    match value:
        case Mapping():
            return {key: _plain(item) for key, item in value.items()}
        case str():
            return value
        case Sequence():
            return [_plain(item) for item in value]
        case _:
            return value


def _console(*, color: bool, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    found = Console(file=stream, highlight=False, markup=False, emoji=False)
    plain = not color or found.no_color or not found.is_terminal or found.is_dumb_terminal
    if not plain:
        return found
    width = None if found.is_terminal else _PIPE_WIDTH
    return Console(
        file=stream,
        highlight=False,
        markup=False,
        emoji=False,
        color_system=None,
        width=width,
    )
