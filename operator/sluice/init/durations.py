"""Durations on the command line: 90, 90s, 1m30s."""

import re
from typing import Final

import click

_PATTERN: Final = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s?)?")


class _Duration(click.ParamType[float]):
    """A text like «1m30s», given to the command in seconds."""

    name = "duration"

    def convert(
        self, value: str | float, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        if not isinstance(value, str):
            return value
        found = _PATTERN.fullmatch(value.strip())
        if found is None or not any(found.groups()):
            self.fail(f"{value!r} is no duration: write 90s, 5m or 1m30s", param, ctx)
        hours, minutes, seconds = (float(part or 0) for part in found.groups())
        return hours * 3600 + minutes * 60 + seconds


DURATION: Final = _Duration()
