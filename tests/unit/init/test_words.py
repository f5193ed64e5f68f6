"""What is written: last words that fit, without passwords, and what was typed."""

import json
from pathlib import Path

import click
import pytest

from sluice.init.durations import DURATION
from sluice.init.exits import Exit, InitError
from sluice.init.facts import MOST_BYTES, Facts, to_line
from sluice.init.migrate.opening import sqlite_path
from sluice.init.secrets import parse_address
from tests.manifest_files import ROOT


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({"applied": 0}, id="a number"),
        pytest.param({"error": "x" * 10_000, "version": "0001"}, id="a long text"),
        pytest.param({"error": "ü" * 10_000}, id="a long text of two bytes each"),
        pytest.param({"error": '"\\' * 5_000, "sql": "y" * 9_000}, id="much to escape"),
        pytest.param({"drift": tuple({"name": "q" * 50} for _ in range(500))}, id="a long list"),
    ],
)
def test_the_last_words_are_json_that_fits(facts: Facts) -> None:
    line = to_line(facts)

    assert len(line.encode()) <= MOST_BYTES
    assert facts.keys() <= json.loads(line).keys()
    assert "\n" not in line


def test_what_is_short_is_kept_as_it_is() -> None:
    facts: Facts = {"error": "e" * 5_000, "version": "0001", "cause": "no table"}

    kept = json.loads(to_line(facts))

    assert (kept["version"], kept["cause"]) == ("0001", "no table")
    assert str(kept["error"]).endswith(" ...")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        pytest.param("postgres://app:hush@db:5432/app", "postgres://app@db:5432/app", id="whole"),
        pytest.param("postgres://db/app", "postgres://db/app", id="without a user"),
        pytest.param("amqp://app:hu%2Fsh@mq/%2Fshop", "amqp://app@mq/%2Fshop", id="a broker"),
        pytest.param("postgres://db/app?password=hush", "postgres://db/app", id="as a parameter"),
        pytest.param(" postgres://app:hush@db/app\n", "postgres://app@db/app", id="a Secret's end"),
        pytest.param("sqlite:/data/app.db", "sqlite:/data/app.db", id="a file"),
    ],
)
def test_an_address_is_shown_without_its_password(url: str, shown: str) -> None:
    address = parse_address(url)

    assert address.shown == shown
    assert address.without_secrets(f"cannot use {address.url}") == "cannot use ***"


@pytest.mark.parametrize("form", ["hush:hush/now", "hush%3Ahush%2Fnow"], ids=["plain", "escaped"])
def test_a_password_is_blotted_out_in_both_its_forms(form: str) -> None:
    address = parse_address("postgres://app:hush%3Ahush%2Fnow@db/app")

    assert address.without_secrets(f"with {form} it fails") == "with *** it fails"


def test_a_password_from_the_environment_is_blotted_out() -> None:
    address = parse_address("postgres://app@db/app", "from-elsewhere")

    assert address.without_secrets("from-elsewhere") == "***"


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("postgres://app:se@cret@db/app", id="an at sign"),
        pytest.param("postgres://app:sec/ret@db/app", id="a slash"),
        pytest.param("postgres://app:secret@db:port/app", id="a port that is no number"),
        pytest.param("postgres://app:secret@[db/app", id="a bracket"),
    ],
)
def test_a_url_that_cannot_be_read_is_not_repeated(url: str) -> None:
    with pytest.raises(InitError) as caught:
        parse_address(url)

    assert caught.value.code is Exit.USAGE
    assert "ret" not in caught.value.message


@pytest.mark.parametrize(
    ("statement", "kept"),
    [
        pytest.param("CREATE ROLE a PASSWORD 'x''y'", "CREATE ROLE a PASSWORD '***'", id="plain"),
        pytest.param("ALTER ROLE a password E'x'", "ALTER ROLE a password '***'", id="escapes"),
        pytest.param(
            "CREATE SUBSCRIPTION s CONNECTION 'host=db password=x user=a'",
            "CREATE SUBSCRIPTION s CONNECTION 'host=db password=*** user=a'",
            id="in a connection",
        ),
        pytest.param("SELECT 'x' AS password", "SELECT 'x' AS password", id="only the word"),
    ],
)
def test_a_password_in_a_statement_is_blotted_out(statement: str, kept: str) -> None:
    assert parse_address("sqlite:/a").without_secrets(statement) == kept


@pytest.mark.parametrize(
    ("url", "path"),
    [
        pytest.param("sqlite:app.db", "app.db", id="relative"),
        pytest.param("sqlite:/data/app.db", "/data/app.db", id="absolute"),
        pytest.param("sqlite:///data/app.db", "/data/app.db", id="with an empty host"),
        pytest.param("sqlite:////data/app.db", "/data/app.db", id="as SQLAlchemy has it"),
        pytest.param("sqlite3:/data/app.db?mode=rw", "/data/app.db", id="with parameters"),
    ],
)
def test_a_sqlite_url_names_a_file(url: str, path: str) -> None:
    assert sqlite_path(parse_address(url)) == Path(path)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90.0), ("90s", 90.0), ("0.5s", 0.5), ("5m", 300.0), ("1h2m3s", 3723.0)],
)
def test_a_duration_is_in_seconds(text: str, seconds: float) -> None:
    assert DURATION.convert(text, None, None) == seconds


@pytest.mark.parametrize("text", ["", "soon", "5 minutes", "-1s"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="write 90s, 5m or 1m30s"):
        DURATION.convert(text, None, None)


def test_the_page_has_every_exit_code() -> None:
    page = (ROOT / "docs/sluice-init.md").read_text(encoding="utf-8")

    assert [code for code in Exit if f"| {code.value} | `{code.name}` |" not in page] == []
