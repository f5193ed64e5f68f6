"""Two at once, and locks that somebody left: each migration is applied once."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg
import pytest

from sluice.init.exits import Exit
from tests.init.program import Run
from tests.init.site import Site, SqliteDatabase
from tests.localcluster.waiting import wait_until

# A file in PostgreSQL waits with this until the test lets it go on.
WAITS = "SELECT pg_advisory_lock(42), pg_advisory_unlock(42);\n"
IS_WAITING = (
    "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = 42 AND NOT granted"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


@contextmanager
def held_up(site: Site) -> Iterator[None]:
    """Hold up whoever runs a migration until the block ends."""
    if isinstance(site.database, SqliteDatabase):
        with closing(sqlite3.connect(site.database.path, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield
        return
    with psycopg.connect(site.database.url, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(42)")
        yield


def text_of(site: Site, text: str) -> str:
    return text if isinstance(site.database, SqliteDatabase) else WAITS + text


def is_running(site: Site) -> bool:
    """Tell whether somebody has the lock and is held up."""
    if not isinstance(site.database, SqliteDatabase):
        return bool(site.database.ask(IS_WAITING))
    lock = site.database.path.with_name("app.db.sluice-lock")
    with closing(sqlite3.connect(lock, timeout=0, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            return True
    return False


def started(site: Site, *words: str) -> Run:
    """Start a run and return it when it has the lock."""
    run = site.start("up", *words)
    wait_until(lambda: is_running(site), timeout_seconds=60, waiting_for="the first to run")
    return run


def first_line(run: Run) -> str:
    """Return the first thing that a run says, which it says while it waits."""
    assert run.process.stderr is not None
    return run.process.stderr.readline()


@pytest.fixture
def prepared(site: Site) -> Site:
    """A database that has a history, so that SQLite is held up at the file and not before it."""
    site.write(_0001_first_up="CREATE TABLE first (id int);")
    site.migrate("up")
    site.write(_0002_a_up=text_of(site, "CREATE TABLE a (id int);"))
    return site


def test_of_two_at_once_one_waits_and_each_file_is_applied_once(prepared: Site) -> None:
    with held_up(prepared):
        first = started(prepared)
        second = prepared.start("up")
        said = first_line(second)

    assert said.startswith("waiting up to 60s for the lock")
    assert first.end().facts == {"applied": 1, "version": "0002"}
    assert second.end().facts == {"applied": 0}
    assert [row[0] for row in prepared.history()] == ["0001", "0002"]


def test_who_waits_too_long_is_told_so_and_may_come_again(prepared: Site) -> None:
    with held_up(prepared):
        first = started(prepared)
        second = prepared.migrate("up", "--lock-timeout", "1s")

    assert second.code == Exit.LOCKED
    assert "is locked by" in second.err
    assert "--lock-timeout" in second.err
    assert first.end().code == Exit.DONE
    assert prepared.migrate("up").facts == {"applied": 0}


def test_status_tells_what_runs_from_what_was_left(on_postgres: Site) -> None:
    on_postgres.write(_0001_a_up="-- sluice: no-transaction\n" + WAITS)
    with held_up(on_postgres):
        first = started(on_postgres)
        during = on_postgres.migrate("status")
        first.kill()
    on_postgres.migrate("up", "--lock-timeout", "10s")

    assert "running" in during.out
    assert "dirty" in on_postgres.migrate("status").out


def test_five_at_once_on_an_empty_database_apply_each_file_once(site: Site) -> None:
    site.write(_0001_a_up="CREATE TABLE a (id int);", _0002_b_up="CREATE TABLE b (id int);")

    said = [run.end() for run in [site.start("up") for _ in range(5)]]

    assert [one.code for one in said] == [Exit.DONE] * 5
    assert sorted(str(one.facts["applied"]) for one in said) == ["0", "0", "0", "0", "2"]
    assert site.history() == [("0001", "up", "applied"), ("0002", "up", "applied")]


def test_who_waits_does_not_keep_an_index_from_being_made(on_postgres: Site) -> None:
    # A statement that waited for the lock would be waited for by the index: a deadlock.
    on_postgres.write(_0001_t_up="CREATE TABLE t (id int);")
    on_postgres.migrate("up")
    index = "-- sluice: no-transaction\n" + WAITS + "CREATE INDEX CONCURRENTLY i ON t (id);"
    on_postgres.write(_0002_i_up=index)
    with held_up(on_postgres):
        first = started(on_postgres)
        second = on_postgres.start("up")
        first_line(second)

    assert first.end().facts == {"applied": 1, "version": "0002"}
    assert second.end().facts == {"applied": 0}


def test_the_holder_of_the_lock_is_named(on_postgres: Site) -> None:
    on_postgres.write(_0001_a_up=WAITS)
    with held_up(on_postgres):
        first = started(on_postgres)
        second = on_postgres.migrate("up", "--lock-timeout", "0s")

    assert "for sluice-init " in second.err
    assert first.end().code == Exit.DONE


def test_a_file_that_gives_the_lock_away_is_rolled_back(on_postgres: Site) -> None:
    on_postgres.write(_0001_a_up="CREATE TABLE a (id int);\nSELECT pg_advisory_unlock_all();")

    said = on_postgres.migrate("up")

    assert said.code == Exit.USAGE
    assert "no longer held the lock" in said.err
    assert on_postgres.history() == []
    assert on_postgres.database.ask("SELECT 1 FROM pg_tables WHERE tablename = 'a'") == []


def test_after_a_file_that_gave_the_lock_away_nothing_more_is_run(on_postgres: Site) -> None:
    alone = "-- sluice: no-transaction\n"
    on_postgres.write(_0001_a_up=alone + "SELECT pg_advisory_unlock_all();")
    on_postgres.write(_0002_b_up=alone + "CREATE TABLE b (id int);")

    said = on_postgres.migrate("up")

    assert said.code == Exit.USAGE
    assert "0002_b.up.sql: the session no longer held the lock" in said.err
    assert on_postgres.history() == [("0001", "up", "applied")]


def test_two_databases_of_one_server_do_not_wait_for_each_other(
    on_postgres: Site, request: pytest.FixtureRequest
) -> None:
    other = request.getfixturevalue("postgres").new_database()
    on_postgres.write(_0001_a_up=WAITS)
    with held_up(on_postgres):
        first = started(on_postgres)
        second = on_postgres.migrate("up", "--database", other, "--lock-timeout", "0s")

    assert second.facts == {"applied": 1, "version": "0001"}
    assert first.end().code == Exit.DONE


def test_two_histories_in_one_database_do_not_wait_for_each_other(on_postgres: Site) -> None:
    on_postgres.write(_0001_a_up=WAITS)
    with held_up(on_postgres):
        first = started(on_postgres)
        on_postgres.write(_0001_a_up="SELECT 1;")
        second = on_postgres.migrate("up", "--table", "other", "--lock-timeout", "0s")

    assert second.facts == {"applied": 1, "version": "0001"}
    assert first.end().code == Exit.DONE
