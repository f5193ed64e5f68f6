"""Readers of the fields that only a Rollout has: ratios and shares."""

import re

from sluice.model.fields import InvalidSpecError, field_path
from sluice.model.json import Body
from sluice.model.scalars import parse_percent

_HIGHEST_RATIO = 10
_WHOLE = re.compile(r"([0-9]{1,2})%")


def ratio(body: Body, name: str) -> float:
    """Return the factor above 1 and up to 10."""
    value = body.number(name)
    if 1 < value <= _HIGHEST_RATIO:
        return value
    fault = f"is not a ratio above 1 and up to {_HIGHEST_RATIO}"
    raise InvalidSpecError(field_path(body, name), f"{value:g}", fault, "1.25")


def share(body: Body, name: str, example: str) -> float:
    """Return the share, above 0 and below 1, of a text like «1%»."""
    text = body.text(name)
    try:
        value = parse_percent(text)
    except ValueError:
        value = 0.0
    if 0 < value < 1:
        return value
    fault = "is not a percentage between 0% and 100%"
    raise InvalidSpecError(field_path(body, name), repr(text), fault, example)


def whole_percent(body: Body, name: str, example: str) -> int:
    """Return the number, 0 to 99, of a text like «5%»."""
    text = body.text(name)
    match = _WHOLE.fullmatch(text)
    if match is not None:
        return int(match[1])
    fault = "is not a whole percentage from 0% to 99%"
    raise InvalidSpecError(field_path(body, name), repr(text), fault, example)
