"""Readers of fields: the value, or a message with field, value and what to write instead."""

from collections.abc import Callable
from enum import StrEnum

import pytest

from sluice.model.fields import (
    InvalidSpecError,
    choice,
    field_path,
    positive_seconds,
    seconds,
    unique_names,
    whole,
)
from sluice.model.json import Body, Json
from sluice.model.problems import Invalid
from sluice.model.reasons import Reason


class Colour(StrEnum):
    RED = "Red"
    BLUE = "Blue"


def of(value: Json) -> Body:
    return Body({"field": value}, "spec")


@pytest.mark.parametrize(
    ("read", "value"),
    [
        pytest.param(lambda: whole(of(1), "field", 1, 3), 1, id="the lowest number"),
        pytest.param(lambda: whole(of(3), "field", 1, 3), 3, id="the highest number"),
        pytest.param(lambda: seconds(of("0s"), "field", "5s"), 0, id="no time"),
        pytest.param(lambda: positive_seconds(of("1m30s"), "field", "5s"), 90, id="some time"),
        pytest.param(lambda: choice(of("Blue"), "field", Colour), Colour.BLUE, id="a word"),
    ],
)
def test_reads(read: Callable[[], object], value: object) -> None:
    assert read() == value


@pytest.mark.parametrize(
    ("read", "message"),
    [
        pytest.param(
            lambda: whole(of(4), "field", 0, 3),
            "spec.field 4 is not between 0 and 3: write for example 1",
            id="a number above the highest",
        ),
        pytest.param(
            lambda: seconds(of("soon"), "field", "5s"),
            "spec.field 'soon' is not a duration: write for example 5s",
            id="a text that is no duration",
        ),
        pytest.param(
            lambda: positive_seconds(of("0s"), "field", "5s"),
            "spec.field '0s' is not above 0: write for example 5s",
            id="no time where some is needed",
        ),
        pytest.param(
            lambda: choice(of("Green"), "field", Colour),
            "spec.field 'Green' is none of Red, Blue: write for example Red",
            id="an unknown word",
        ),
        pytest.param(
            lambda: unique_names(("a", "b", "a"), "spec.field"),
            "spec.field 'a' stands there 2 times: write for example a once",
            id="a name twice",
        ),
    ],
)
def test_refuses_with_field_value_and_example(read: Callable[[], object], message: str) -> None:
    with pytest.raises(InvalidSpecError) as refusal:
        read()
    assert str(refusal.value) == message
    assert refusal.value.field == "spec.field"
    assert refusal.value.problem == Invalid(Reason.INVALID_SPEC, message)


def test_names_that_differ_are_accepted() -> None:
    unique_names(("a", "b"), "spec.field")


def test_a_field_at_the_root_is_named_by_itself() -> None:
    assert field_path(Body({}), "field") == "field"
