"""Durations on the command line, written as in the spec: 30s, 1m30s."""

from typing import Final

import click

from sluice.model.scalars import parse_duration


class _Duration(click.ParamType[float]):
    """A text like «1m30s», given to the command in seconds."""

    name = "duration"

    def convert(
        self, value: str | float, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        if not isinstance(value, str):
            return value
        try:
            return parse_duration(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


DURATION: Final = _Duration()
