"""Commands: who says what about which run, once."""

import pytest

from sluice.startup.init.commands import Command, Verb, command_of

KEY = "resolve.sluice.dev/migrate"


@pytest.mark.parametrize(
    ("text", "verb", "of", "by"),
    [
        ("Rerun shop-migrate-0a ada#1", Verb.RERUN, "shop-migrate-0a", "ada"),
        ("Applied shop-migrate-0a Ada of shop#x", Verb.APPLIED, "shop-migrate-0a", "Ada of shop"),
        ("Accept 0123456789ab a#b#1", Verb.ACCEPT, "0123456789ab", "a#b"),
        ("Down - system:serviceaccount:a:b#1", Verb.DOWN, "-", "system:serviceaccount:a:b"),
    ],
)
def test_what_is_said(text: str, verb: Verb, of: str, by: str) -> None:
    assert command_of({KEY: text}, "migrate", "") == Command(verb, of, by, text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Rerun",
        "Rerun job ada",
        "Rerun job #1",
        "Rerun  ada#1",
        "Forget job ada#1",
        "rerun a b#1",
    ],
)
def test_what_says_nothing(text: str) -> None:
    assert command_of({KEY: text}, "migrate", "") is None


def test_a_command_is_taken_once_and_by_its_own_node() -> None:
    text = "Rerun shop-migrate-0a ada#1"

    assert command_of({KEY: text}, "migrate", text) is None
    assert command_of({KEY: text}, "other", "") is None


def test_what_is_too_long_to_be_remembered_is_not_taken() -> None:
    assert command_of({KEY: f"Rerun job {'a' * 128}#1"}, "migrate", "") is not None
    assert command_of({KEY: f"Rerun job {'a' * 129}#1"}, "migrate", "") is None
