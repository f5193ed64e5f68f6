"""Readers of the spec's fields: the value in its type, or a message that says what to write.

The CRD has the same rules. They are repeated here because an object can be older than a rule.
"""

import re
from enum import StrEnum
from typing import TypeVar

from sluice.model.json import Body
from sluice.model.problems import Invalid
from sluice.model.reasons import Reason
from sluice.model.scalars import parse_duration, parse_percent

_Choice = TypeVar("_Choice", bound=StrEnum)

_HIGHEST_RATIO = 10
_WHOLE = re.compile(r"([0-9]{1,2})%")


class InvalidSpecError(ValueError):
    """A field of the spec has a value that cannot be carried out."""

    def __init__(self, field: str, value: str, fault: str, example: str) -> None:
        """Name the field, its value, what is wrong with it, and what to write instead."""
        super().__init__(f"{field} {value} {fault}: write for example {example}")
        self.field = field

    @property
    def problem(self) -> Invalid:
        """The same as the user's problem."""
        return Invalid(Reason.INVALID_SPEC, str(self))


def whole(body: Body, name: str, lowest: int, highest: int) -> int:
    """Return the integer between two bounds, both allowed."""
    value = body.whole(name)
    if lowest <= value <= highest:
        return value
    fault = f"is not between {lowest} and {highest}"
    raise InvalidSpecError(_path(body, name), str(value), fault, str(max(lowest, 1)))


def ratio(body: Body, name: str) -> float:
    """Return the factor above 1 and up to 10."""
    value = body.number(name)
    if 1 < value <= _HIGHEST_RATIO:
        return value
    fault = f"is not a ratio above 1 and up to {_HIGHEST_RATIO}"
    raise InvalidSpecError(_path(body, name), f"{value:g}", fault, "1.25")


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
    raise InvalidSpecError(_path(body, name), repr(text), fault, example)


def whole_percent(body: Body, name: str, example: str) -> int:
    """Return the number, 0 to 99, of a text like «5%»."""
    text = body.text(name)
    match = _WHOLE.fullmatch(text)
    if match is not None:
        return int(match[1])
    fault = "is not a whole percentage from 0% to 99%"
    raise InvalidSpecError(_path(body, name), repr(text), fault, example)


def seconds(body: Body, name: str, example: str) -> float:
    """Return the seconds of a text like «1m30s»; 0 is allowed."""
    text = body.text(name)
    try:
        return parse_duration(text)
    except ValueError as error:
        fault = "is not a duration"
        raise InvalidSpecError(_path(body, name), repr(text), fault, example) from error


def positive_seconds(body: Body, name: str, example: str) -> float:
    """Return the seconds of a text like «1m30s», above 0."""
    value = seconds(body, name, example)
    if value > 0:
        return value
    raise InvalidSpecError(_path(body, name), repr(body.text(name)), "is not above 0", example)


def choice(body: Body, name: str, kind: type[_Choice]) -> _Choice:
    """Return the member of an enumeration that a word names."""
    word = body.text(name)
    for member in kind:
        if member.value == word:
            return member
    fault = f"is none of {', '.join(kind)}"
    raise InvalidSpecError(_path(body, name), repr(word), fault, next(iter(kind)))


def unique_names(names: tuple[str, ...], field: str) -> None:
    """Raise when a name occurs twice."""
    for name in names:
        if names.count(name) > 1:
            fault = f"stands there {names.count(name)} times"
            raise InvalidSpecError(field, repr(name), fault, f"{name} once")


def _path(body: Body, name: str) -> str:
    return f"{body.path}.{name}" if body.path else name
