"""Foreign JSON is read through one typed door; what is wrong is named with its whole path."""

from collections.abc import Callable

import pytest

from sluice.model.json import Body, JsonObject, MalformedError

DOCUMENT: JsonObject = {
    "spec": {
        "text": "a",
        "whole": 3,
        "number": 2.5,
        "flag": True,
        "body": {"text": "b"},
        "bodies": [{"text": "c"}],
        "texts": ["d"],
        "labels": {"app": "shop"},
        "null": None,
    }
}
SPEC = Body(DOCUMENT).body("spec")


def test_reads_what_stands_at_a_path() -> None:
    assert SPEC.text("text") == "a"
    assert SPEC.whole("whole") == 3
    assert SPEC.number("number") == 2.5
    assert SPEC.flag("flag") is True
    assert SPEC.text("body", "text") == "b"
    assert [item.text("text") for item in SPEC.bodies("bodies")] == ["c"]
    assert SPEC.texts("texts") == ("d",)
    assert SPEC.labels("labels") == {"app": "shop"}


def test_null_is_as_good_as_absent() -> None:
    assert not SPEC.has("null")
    assert SPEC.text("null", default="x") == "x"
    assert SPEC.texts("absent") == ()
    assert SPEC.body("text", "below").value == {}


@pytest.mark.parametrize(
    ("read", "message"),
    [
        (lambda: SPEC.text("whole"), "spec.whole"),
        (lambda: SPEC.text("absent"), "spec.absent"),
        (lambda: SPEC.whole("number"), "spec.number"),
        (lambda: SPEC.whole("flag"), "spec.flag"),
        (lambda: SPEC.number("flag"), "spec.flag"),
        (lambda: SPEC.number("text"), "spec.text"),
        (lambda: SPEC.flag("whole"), "spec.whole"),
        (lambda: SPEC.body("texts"), "spec.texts"),
        (lambda: SPEC.bodies("body"), "spec.body"),
        (lambda: SPEC.bodies("texts"), "spec.texts.0"),
        (lambda: SPEC.bodies("bodies")[0].whole("text"), "spec.bodies[0].text"),
        (lambda: SPEC.texts("text"), "spec.text"),
        (lambda: SPEC.texts("bodies"), "spec.bodies.0"),
        (lambda: SPEC.labels("labels", "app"), "spec.labels.app"),
        (lambda: Body({"labels": {"app": 1}}).labels("labels"), "labels.app"),
    ],
)
def test_what_is_malformed_is_named(read: Callable[[], object], message: str) -> None:
    with pytest.raises(MalformedError, match=rf"^{message.replace('[', '.').replace(']', '.')}\b"):
        read()
