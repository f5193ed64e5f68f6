"""No database, wrong words, wrong files: the code says whether a retry makes sense."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sluice.init.exits import Exit
from tests.init.site import Site
from tests.servers.process import LOOPBACK, PASSWORD, free_port

FILE = {"_0001_a_up": "CREATE TABLE a (id int);"}


@pytest.fixture
def ready(on_postgres: Site) -> Site:
    on_postgres.write(**FILE)
    return on_postgres


def test_a_server_that_is_not_there_is_worth_a_retry(ready: Site) -> None:
    url = f"postgres://app:{PASSWORD.partition(':')[0]}@{LOOPBACK}:{free_port(LOOPBACK)}/app"

    said = ready.migrate("up", "--database", url)

    assert said.code == Exit.UNREACHABLE
    assert "Connection refused" in said.err
    assert "hush" not in said.err + said.words


def test_a_wrong_password_is_not_repeated(ready: Site) -> None:
    url = ready.database.url.replace("hush%3A", "guess%3A")

    said = ready.migrate("up", "--database", url)

    assert said.code == Exit.UNREACHABLE
    assert "password authentication failed" in said.err
    assert "guess" not in said.err + said.out + said.words


def test_a_url_whose_password_is_not_escaped_is_not_repeated(ready: Site) -> None:
    said = ready.migrate("up", "--database", f"postgres://app:se@cr/et@{LOOPBACK}/app")

    assert said.code == Exit.USAGE
    assert "%40 for @" in said.err
    assert "cr/et" not in said.err + said.out + said.words


def test_a_database_that_is_not_there_is_worth_a_retry(ready: Site) -> None:
    said = ready.migrate("up", "--database", ready.database.url + "nope")

    assert said.code == Exit.UNREACHABLE
    assert "does not exist" in said.err


def test_an_unknown_kind_of_database_is_a_usage_error(ready: Site) -> None:
    said = ready.migrate("up", "--database", "mysql://app@db/app")

    assert said.code == Exit.USAGE
    assert "write postgres://USER:PASSWORD@HOST:5432/NAME or sqlite:/PATH" in said.err


def test_a_volume_that_is_not_mounted_does_not_pass_for_nothing_to_do(ready: Site) -> None:
    empty = ready.directory / "empty"
    empty.mkdir()

    said = replace(ready, directory=empty).migrate("up")

    assert said.code == Exit.USAGE
    assert "is the volume mounted there?" in said.err


def test_a_sqlite_file_in_a_folder_that_is_not_there_is_worth_a_retry(on_sqlite: Site) -> None:
    on_sqlite.write(**FILE)

    said = on_sqlite.migrate("up", "--database", "sqlite:/nowhere/app.db")

    assert said.code == Exit.UNREACHABLE


def test_a_user_who_may_not_write_the_history_is_told_so(ready: Site) -> None:
    ready.database.ask("CREATE ROLE reader LOGIN PASSWORD 'hush'")
    url = ready.database.url.replace("postgres:hush%3Ahush%2Fnow", "reader:hush")

    said = ready.migrate("up", "--database", url)

    assert said.code == Exit.FAILED
    assert "permission denied" in said.err


def test_a_password_in_a_statement_is_kept_out_of_all_that_is_written(ready: Site) -> None:
    ready.write(_0001_a_up="CREATE ROLE app PASSWORD 'se;cret' NONSENSE;")

    said = ready.migrate("up")

    assert said.code == Exit.FAILED
    assert "se;cret" not in said.err + said.out + said.words
    assert ready.history("sql") == [("CREATE ROLE app PASSWORD '***' NONSENSE",)]


@pytest.mark.parametrize("driver", ["psycopg", "postgast"])
def test_a_missing_driver_is_named_with_what_to_install(
    ready: Site, driver: str, tmp_path: Path
) -> None:
    missing = tmp_path / "without"
    missing.mkdir()
    (missing / f"{driver}.py").write_text(
        f"raise ModuleNotFoundError('no {driver}', name='{driver}')"
    )
    environment = {**ready.program.environment, "PYTHONPATH": str(missing)}

    said = replace(ready, program=replace(ready.program, environment=environment)).migrate("up")

    assert said.code == Exit.USAGE
    assert driver in said.err
    assert 'pip install "sluice[init]"' in said.err


def test_a_long_statement_leaves_last_words_that_fit_into_the_log(ready: Site) -> None:
    ready.write(_0001_a_up=f"SELECT nothing, '{'x' * 20_000}';")

    said = ready.migrate("up")

    assert said.code == Exit.FAILED
    assert len(said.words.encode()) <= 4097
    assert "nothing" in str(said.facts["cause"])


def test_a_termination_log_that_cannot_be_written_is_told_before_anything_is_done(
    ready: Site,
) -> None:
    said = ready.migrate("up", "--termination-log=/nowhere/log")

    assert said.code == Exit.USAGE
    assert "the termination log /nowhere/log cannot be written" in said.err
    assert ready.database.ask("SELECT 1 FROM pg_tables WHERE tablename = 'a'") == []


def test_what_a_file_sets_does_not_reach_the_next(ready: Site) -> None:
    ready.write(
        _0001_a_up="CREATE ROLE app1;\nSET search_path = '';\nSET ROLE app1;",
        _0002_b_up="CREATE TABLE b AS SELECT current_setting('search_path') AS path, current_user;",
    )

    said = ready.migrate("up")

    assert said.facts == {"applied": 2, "version": "0002"}
    assert ready.database.ask("SELECT * FROM b") == [('"$user", public', "postgres")]


def test_what_the_server_remarks_is_said(ready: Site) -> None:
    ready.write(_0001_a_up="DROP TABLE IF EXISTS nowhere;")

    assert 'table "nowhere" does not exist, skipping' in ready.migrate("up").err


def test_help_imports_no_driver_and_nothing_of_the_operator() -> None:
    probe = (
        "import json, sys; from sluice.init.main import outcome; outcome(['migrate', '--help']);"
        "print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})));"
        "print(json.dumps([n for n in sys.modules if n.startswith('sluice.')]))"
    )

    said = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)

    *_, imported, ours = said.stdout.splitlines()
    slow = {"aio_pika", "aiormq", "kopf", "postgast", "psycopg", "redis", "rich"}
    assert slow & set(json.loads(imported)) == set()
    assert {name.split(".")[1] for name in json.loads(ours)} == {"init"}
