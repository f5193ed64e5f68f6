"""Equal jobs have equal checksums, however they were written."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.model.json import Json, JsonObject
from sluice.startup.init.checksum import checksum, short, shown

SCALARS = st.one_of(st.booleans(), st.integers(), st.text(), st.floats(allow_nan=False))
KEYS = st.text(max_size=3)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=6,
)
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=4)


def test_the_checksum_of_a_job_stays_what_it_is_from_version_to_version() -> None:
    given: JsonObject = {"image": "shop/migrate:43", "args": ["up", "ä"], "env": [{"name": "A"}]}

    digest = "e3325a4c964d"

    assert checksum(given).startswith("v1:")
    assert short(checksum(given)) == digest


SAME: list[tuple[str, JsonObject, JsonObject]] = [
    ("the order of keys", {"a": 1, "b": {"c": 1, "d": 2}}, {"b": {"d": 2, "c": 1}, "a": 1}),
    ("a whole number with a point", {"a": 1.0}, {"a": 1}),
    ("a field that is null", {"a": 1, "b": None}, {"a": 1}),
    ("a tuple for a list", {"a": ("x", 1.0)}, {"a": ["x", 1]}),
]
OTHER: list[tuple[str, JsonObject, JsonObject]] = [
    ("the order of a list", {"a": ["x", "y"]}, {"a": ["y", "x"]}),
    ("a number and its text", {"a": 1}, {"a": "1"}),
    ("an empty list and none", {"a": []}, {}),
    ("true and 1", {"a": True}, {"a": 1}),
    ("a list and a text", {"a": ["x"]}, {"a": "x"}),
]


@pytest.mark.parametrize(("_", "one", "other"), SAME, ids=[said for said, *_ in SAME])
def test_what_makes_no_difference(_: str, one: JsonObject, other: JsonObject) -> None:
    assert checksum(one) == checksum(other)


@pytest.mark.parametrize(("_", "one", "other"), OTHER, ids=[said for said, *_ in OTHER])
def test_what_makes_a_difference(_: str, one: JsonObject, other: JsonObject) -> None:
    assert checksum(one) != checksum(other)


@settings(deadline=None)  # a busy machine is no fault
@given(OBJECTS)
def test_a_round_over_the_wire_with_other_keys_first_changes_nothing(
    value: dict[str, Json],
) -> None:
    back = json.loads(json.dumps(dict(reversed(value.items()))))

    assert checksum(back) == checksum(value)


def test_a_version_that_nobody_wrote_is_shown_as_its_first_digits() -> None:
    unwritten = checksum({"image": "shop/migrate:43"})

    assert shown(unwritten) == short(unwritten)
    assert len(shown(unwritten)) == 12
    assert [shown(written) for written in ("43", "v1:beta", "v1:" + "0" * 63)] == [
        "43",
        "v1:beta",
        "v1:" + "0" * 63,
    ]
