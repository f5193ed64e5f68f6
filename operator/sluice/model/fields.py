"""Readers of a spec's fields: the value in its type, or a message that says what to write.

The CRDs have the same rules. They are repeated here because an object can be older than a rule.
"""

from collections import Counter
from enum import StrEnum
from typing import TypeVar

from sluice.model.json import Body
from sluice.model.problems import Invalid
from sluice.model.reasons import Reason
from sluice.model.scalars import parse_duration

_Choice = TypeVar("_Choice", bound=StrEnum)


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
    raise InvalidSpecError(field_path(body, name), str(value), fault, str(max(lowest, 1)))


def seconds(body: Body, name: str, example: str) -> float:
    """Return the seconds of a text like «1m30s»; 0 is allowed."""
    text = body.text(name)
    try:
        return parse_duration(text)
    except ValueError as error:
        fault = "is not a duration"
        raise InvalidSpecError(field_path(body, name), repr(text), fault, example) from error


def positive_seconds(body: Body, name: str, example: str) -> float:
    """Return the seconds of a text like «1m30s», above 0."""
    value = seconds(body, name, example)
    if value > 0:
        return value
    raise InvalidSpecError(field_path(body, name), repr(body.text(name)), "is not above 0", example)


def choice(body: Body, name: str, kind: type[_Choice]) -> _Choice:
    """Return the member of an enumeration that a word names."""
    word = body.text(name)
    for member in kind:
        if member.value == word:
            return member
    fault = f"is none of {', '.join(kind)}"
    raise InvalidSpecError(field_path(body, name), repr(word), fault, next(iter(kind)))


def unique_names(names: tuple[str, ...], field: str) -> None:
    """Raise when a name occurs twice."""
    for name, count in Counter(names).items():
        if count > 1:
            raise InvalidSpecError(field, repr(name), f"stands there {count} times", f"{name} once")


def field_path(body: Body, name: str) -> str:
    """Return where a field stands in its document, as messages name it."""
    return f"{body.path}.{name}" if body.path else name
