"""A statement fails, or its process is killed: what is left, and what is said."""

import signal
from functools import partial

import pytest

from sluice.init.exits import Exit
from tests.init.site import Site, SqliteDatabase
from tests.localcluster.waiting import wait_until

BROKEN = "CREATE TABLE a (id int);\nINSERT INTO nowhere VALUES (1);\nCREATE TABLE b (id int);"
ALONE = "-- sluice: no-transaction\n"
# Never ends, and holds what it holds, until somebody ends it.
ENDLESS = {
    "PostgresDatabase": "SELECT pg_sleep(3600);",
    "SqliteDatabase": (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
        " SELECT count(*) FROM n WHERE i < 0;"
    ),
}

SLEEPING = "FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"


def endless(site: Site) -> str:
    return f"CREATE TABLE a (id int);\n{ENDLESS[type(site.database).__name__]}\n"


def is_in_the_middle(site: Site) -> bool:
    """Tell whether the endless statement runs."""
    if isinstance(site.database, SqliteDatabase):
        return bool(site.database.path.with_name("app.db-journal").exists())
    return bool(site.database.ask(f"SELECT 1 {SLEEPING}"))


def runs_statement(site: Site, number: int) -> bool:
    return ("0001", "running", number) in site.history("version, status, statement")


def has_table(site: Site, name: str) -> bool:
    catalogue = "sqlite_master" if isinstance(site.database, SqliteDatabase) else "pg_tables"
    column = "name" if isinstance(site.database, SqliteDatabase) else "tablename"
    question = f"SELECT 1 FROM {catalogue} WHERE {column} = '{name}'"  # noqa: S608 (a test's names)
    return bool(site.database.ask(question))


def test_a_failed_transaction_leaves_nothing_but_a_line_in_the_history(site: Site) -> None:
    site.write(_0001_a_up=BROKEN)

    said = site.migrate("up")

    assert said.code == Exit.FAILED
    assert {key: said.facts[key] for key in ("file", "statement", "statements", "sql")} == {
        "file": "0001_a.up.sql",
        "statement": 2,
        "statements": 3,
        "sql": "INSERT INTO nowhere VALUES (1)",
    }
    assert "nowhere" in str(said.facts["cause"])
    assert not has_table(site, "a")
    assert site.history("status, statement, version") == [("failed", 2, "0001")]


def test_after_a_failed_transaction_the_corrected_file_is_applied(site: Site) -> None:
    site.write(_0001_a_up=BROKEN)
    site.migrate("up")
    site.write(_0001_a_up="CREATE TABLE a (id int);")

    said = site.migrate("up")

    assert said.facts == {"applied": 1, "version": "0001"}
    assert [row[2] for row in site.history()] == ["failed", "applied"]


def test_a_statement_that_must_not_be_in_a_transaction_is_told_where_it_belongs(
    site: Site,
) -> None:
    site.write(_0001_a_up="VACUUM;")

    said = site.migrate("up")

    assert said.code == Exit.FAILED
    assert "«-- sluice: no-transaction»" in said.err
    site.write(_0001_a_up=ALONE + "VACUUM;")
    assert site.migrate("up").facts == {"applied": 1, "version": "0001"}


def test_a_way_back_without_a_transaction_that_fails_is_dirty_too(site: Site) -> None:
    site.write(_0001_a_up="CREATE TABLE a (id int);")
    site.write(_0001_a_down=ALONE + "DROP TABLE a;\nDROP TABLE nowhere;")
    site.migrate("up")

    said = site.migrate("down", "--to", "0")

    assert said.code == Exit.DIRTY
    assert "0001_a.down.sql failed in the middle, statement 2 of 2" in said.err
    assert site.history() == [("0001", "up", "applied"), ("0001", "down", "dirty")]


def test_what_was_applied_before_the_failure_stays(site: Site) -> None:
    site.write(_0001_users_up="CREATE TABLE users (id int);", _0002_a_up=BROKEN)

    assert site.migrate("up").code == Exit.FAILED
    assert site.history() == [("0001", "up", "applied"), ("0002", "up", "failed")]


def test_a_failure_without_a_transaction_needs_a_person(site: Site) -> None:
    site.write(_0001_a_up=ALONE + BROKEN)

    said = site.migrate("up")

    assert said.code == Exit.DIRTY
    assert "0001_a.up.sql failed in the middle, statement 2 of 3" in said.err
    assert "statement 1 is done" in said.err
    assert "sluice-init migrate resolve --version 0001 --as applied" in said.err
    assert has_table(site, "a")
    assert site.history("status, statement") == [("dirty", 2)]


@pytest.mark.parametrize("command", [["up"], ["down", "--to", "0"]], ids=["up", "down"])
def test_nothing_is_run_while_a_version_is_dirty(site: Site, command: list[str]) -> None:
    site.write(_0001_a_up=ALONE + BROKEN, _0001_a_down="DROP TABLE a;")
    site.migrate("up")
    before = site.history("*")

    said = site.migrate(*command)

    assert said.code == Exit.DIRTY
    assert said.facts["statement"] == 2
    assert site.history("*") == before


def test_a_dirty_version_that_was_finished_by_hand_is_resolved_as_applied(site: Site) -> None:
    site.write(_0001_a_up=ALONE + BROKEN, _0002_b_up="CREATE TABLE c (id int);")
    site.migrate("up")

    said = site.migrate("resolve", "--version", "1", "--as", "applied")

    assert said.facts == {"resolved": 1, "version": "0001"}
    assert site.migrate("up").facts == {"applied": 1, "version": "0002"}
    assert [row[1:] for row in site.history()] == [
        ("up", "dirty"),
        ("resolve", "applied"),
        ("up", "applied"),
    ]


def test_a_dirty_version_that_was_taken_back_is_resolved_as_undone_and_runs_anew(
    site: Site,
) -> None:
    site.write(_0001_a_up=ALONE + BROKEN)
    site.migrate("up")
    site.database.ask("DROP TABLE a")
    site.write(_0001_a_up=ALONE + "CREATE TABLE a (id int);")

    site.migrate("resolve", "--version", "1", "--as", "undone")

    assert site.migrate("up").facts == {"applied": 1, "version": "0001"}


def test_a_process_killed_in_a_transaction_leaves_nothing(site: Site) -> None:
    site.write(_0001_a_up=endless(site))
    run = site.start("up")
    wait_until(partial(is_in_the_middle, site), timeout_seconds=60, waiting_for="the statement")
    run.kill()
    site.write(_0001_a_up="CREATE TABLE a (id int);")

    said = site.migrate("up", "--lock-timeout", "10s")

    assert said.facts == {"applied": 1, "version": "0001"}
    assert site.history() == [("0001", "up", "applied")]


def test_a_process_killed_without_a_transaction_leaves_it_dirty(site: Site) -> None:
    site.write(_0001_a_up=ALONE + endless(site))
    run = site.start("up")
    wait_until(
        lambda: has_table(site, "schema_migrations") and runs_statement(site, 2),
        timeout_seconds=60,
        waiting_for="the statement",
    )
    run.kill()

    said = site.migrate("up", "--lock-timeout", "10s")

    assert said.code == Exit.DIRTY
    assert "0001_a.up.sql was left in the middle, statement 2 of 2" in said.err
    assert ENDLESS[type(site.database).__name__].rstrip(";") in str(said.facts["sql"])
    assert site.history("status, statement") == [("running", 2)]
    assert "dirty" in site.migrate("status").out


def test_a_version_left_in_the_middle_is_resolved(site: Site) -> None:
    site.write(_0001_a_up=ALONE + endless(site))
    run = site.start("up")
    wait_until(
        lambda: has_table(site, "schema_migrations") and runs_statement(site, 2),
        timeout_seconds=60,
        waiting_for="the statement",
    )
    run.kill()

    said = site.migrate("resolve", "--version", "1", "--as", "applied", "--lock-timeout", "10s")

    assert said.facts == {"resolved": 1, "version": "0001"}
    assert site.migrate("up").facts == {"applied": 0}


def test_told_to_stop_in_a_transaction_it_leaves_nothing(on_postgres: Site) -> None:
    on_postgres.write(_0001_a_up=endless(on_postgres))
    run = on_postgres.start("up")
    wait_until(
        partial(is_in_the_middle, on_postgres), timeout_seconds=60, waiting_for="the statement"
    )

    run.process.send_signal(signal.SIGTERM)
    said = run.end()

    assert said.code == Exit.INTERRUPTED
    assert not has_table(on_postgres, "a")
    assert on_postgres.history() == []


def test_told_to_stop_without_a_transaction_it_needs_a_person(on_postgres: Site) -> None:
    on_postgres.write(_0001_a_up=ALONE + endless(on_postgres))
    run = on_postgres.start("up")
    wait_until(
        partial(is_in_the_middle, on_postgres), timeout_seconds=60, waiting_for="the statement"
    )

    run.process.send_signal(signal.SIGTERM)
    said = run.end()

    assert said.code == Exit.DIRTY
    assert on_postgres.history("status, statement, error") == [("dirty", 2, "told to stop")]


def test_a_session_that_the_server_ends_in_a_transaction_is_worth_a_retry(
    on_postgres: Site,
) -> None:
    on_postgres.write(_0001_a_up=endless(on_postgres))
    run = on_postgres.start("up")
    wait_until(
        partial(is_in_the_middle, on_postgres), timeout_seconds=60, waiting_for="the statement"
    )

    on_postgres.database.ask(f"SELECT pg_terminate_backend(pid) {SLEEPING}")
    said = run.end()

    assert said.code == Exit.UNREACHABLE
    assert on_postgres.history() == []


def test_a_session_that_the_server_ends_without_a_transaction_needs_a_person(
    on_postgres: Site,
) -> None:
    on_postgres.write(_0001_a_up=ALONE + endless(on_postgres))
    run = on_postgres.start("up")
    wait_until(
        partial(is_in_the_middle, on_postgres), timeout_seconds=60, waiting_for="the statement"
    )

    on_postgres.database.ask(f"SELECT pg_terminate_backend(pid) {SLEEPING}")
    said = run.end()

    assert said.code == Exit.DIRTY
    assert "the history could not be written any more" in said.err
    assert on_postgres.migrate("up").code == Exit.DIRTY
