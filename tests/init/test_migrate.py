"""Files up and down on real databases: each once, and all of it is in the history."""

import json

import pytest

from sluice.init.exits import Exit
from tests.init.site import Site

USERS = {
    "_0001_users_up": "CREATE TABLE users (id int);\nINSERT INTO users VALUES (1);\n",
    "_0001_users_down": "DROP TABLE users;",
}
ORDERS = {
    "_0002_orders_up": "CREATE TABLE orders (note text);\nINSERT INTO orders VALUES ('a;b%s?');",
    "_0002_orders_down": "-- back again\nDROP TABLE orders;",
}


@pytest.fixture
def two(site: Site) -> Site:
    site.write(**USERS, **ORDERS)
    return site


def test_all_files_are_applied_in_order(two: Site) -> None:
    said = two.migrate("up")

    assert (said.code, said.facts) == (Exit.DONE, {"applied": 2, "version": "0002"})
    assert two.history() == [("0001", "up", "applied"), ("0002", "up", "applied")]
    assert two.database.ask("SELECT note FROM orders") == [("a;b%s?",)]


def test_applied_twice_is_one_history(two: Site) -> None:
    two.migrate("up")
    before = two.history("*")

    said = two.migrate("up")

    assert (said.code, said.facts) == (Exit.DONE, {"applied": 0})
    assert two.history("*") == before


def test_a_new_file_is_applied_alone(site: Site) -> None:
    site.write(**USERS)
    site.migrate("up")
    site.write(**ORDERS)

    said = site.migrate("up")

    assert said.facts == {"applied": 1, "version": "0002"}
    assert site.database.ask("SELECT count(*) FROM users") == [(1,)]


def test_up_to_a_version_stops_there(two: Site) -> None:
    said = two.migrate("up", "--to", "1")

    assert said.facts == {"applied": 1, "version": "0001"}
    assert two.history() == [("0001", "up", "applied")]


def test_the_history_has_who_when_how_long_and_with_what(two: Site) -> None:
    two.migrate("up", "--to", "1")

    columns = "name, checksum, statements, statement, started_at <= finished_at, duration_ms >= 0"
    ((name, checksum, statements, statement, ordered, measured),) = two.history(columns)
    ((run_by, program, sql, error),) = two.history("run_by, program, sql, error")
    assert (name, statements, statement, sql, error) == ("users", 2, 2, None, None)
    assert (bool(ordered), bool(measured)) == (True, True)
    assert str(checksum).startswith("v1:")
    assert str(run_by)
    assert str(program).startswith("sluice-init ")


def test_down_and_up_again_are_kept_in_the_history(two: Site) -> None:
    two.migrate("up")

    down = two.migrate("down", "--to", "0")
    up = two.migrate("up")

    assert down.facts == {"undone": 2, "version": "0"}
    assert up.facts == {"applied": 2, "version": "0002"}
    assert two.history() == [
        ("0001", "up", "applied"),
        ("0002", "up", "applied"),
        ("0002", "down", "undone"),
        ("0001", "down", "undone"),
        ("0001", "up", "applied"),
        ("0002", "up", "applied"),
    ]


def test_down_leaves_the_version_that_it_goes_to(two: Site) -> None:
    two.migrate("up")

    said = two.migrate("down", "--to", "0001")

    assert said.facts == {"undone": 1, "version": "0001"}
    assert two.database.ask("SELECT id FROM users") == [(1,)]


def test_down_with_nothing_above_is_done(two: Site) -> None:
    two.migrate("up")

    assert two.migrate("down", "--to", "2").facts == {"undone": 0}


def test_down_without_a_target_is_refused(two: Site) -> None:
    two.migrate("up")

    said = two.migrate("down")

    assert said.code == Exit.USAGE
    assert "--to" in said.err
    assert len(two.history()) == 2


def test_down_without_a_way_back_touches_nothing(site: Site) -> None:
    site.write(**ORDERS, _0001_users_up=USERS["_0001_users_up"])
    site.migrate("up")
    before = site.history("*")

    said = site.migrate("down", "--to", "0")

    assert said.code == Exit.USAGE
    assert "0001_users.down.sql is missing" in said.err
    assert site.history("*") == before
    assert site.database.ask("SELECT note FROM orders") == [("a;b%s?",)]


def test_a_file_that_was_changed_after_it_was_applied_is_refused(two: Site) -> None:
    two.migrate("up", "--to", "1")
    two.write(_0001_users_up="CREATE TABLE users (id bigint);")

    said = two.migrate("up")

    assert said.code == Exit.USAGE
    assert "0001_users.up.sql was changed after it was applied" in said.err
    assert two.history() == [("0001", "up", "applied")]


def test_a_change_that_means_nothing_can_be_accepted(two: Site) -> None:
    two.migrate("up")
    two.write(_0001_users_up="-- the first\n" + USERS["_0001_users_up"])

    accepted = two.migrate("resolve", "--version", "1", "--as", "applied")

    assert accepted.facts == {"resolved": 1, "version": "0001"}
    assert two.migrate("up").facts == {"applied": 0}


def test_an_older_directory_leaves_what_a_newer_one_did(two: Site) -> None:
    two.migrate("up")
    for way in ("up", "down"):
        (two.directory / f"0002_orders.{way}.sql").unlink()

    said = two.migrate("up")

    assert (said.code, said.facts) == (Exit.DONE, {"applied": 0})
    assert "version 0002 is applied, and later than all files" in said.err


def test_an_applied_version_without_a_file_is_refused(two: Site) -> None:
    two.migrate("up")
    for way in ("up", "down"):
        (two.directory / f"0001_users.{way}.sql").unlink()

    said = two.migrate("up")

    assert said.code == Exit.USAGE
    assert "0001_users.up.sql is applied, but not in the directory: put it back" in said.err


def test_a_database_that_another_tool_migrated_can_be_taken_over(two: Site) -> None:
    two.database.ask("CREATE TABLE schema_migrations (version text, dirty int)")
    two.database.ask("CREATE TABLE users (id int)")

    refused = two.migrate("up")
    taken = two.migrate("resolve", "--version", "1", "--as", "applied", "--table", "ours")
    up = two.migrate("up", "--table", "ours")

    assert refused.code == Exit.USAGE
    assert "is another tool's: it has version, dirty" in refused.err
    assert taken.facts == {"resolved": 1, "version": "0001"}
    assert up.facts == {"applied": 1, "version": "0002"}
    assert two.database.ask("SELECT * FROM schema_migrations") == []


def test_status_tells_where_each_version_stands(two: Site) -> None:
    two.migrate("up", "--to", "1")

    table = two.migrate("status")
    listed = json.loads(two.migrate("status", "-o", "json").out)

    lines = [line.split()[:4] for line in table.out.splitlines() if " 000" in line]
    assert lines == [["0001", "users", "applied", "yes"], ["0002", "orders", "pending", "yes"]]
    assert [one["state"] for one in listed["migrations"]] == ["applied", "pending"]


def test_status_writes_nothing(site: Site) -> None:
    site.write(**USERS)

    said = site.migrate("status", "-o", "json")

    assert (said.code, said.words) == (Exit.DONE, "")
    assert [one["state"] for one in json.loads(said.out)["migrations"]] == ["pending"]
    assert site.migrate("up").facts == {"applied": 1, "version": "0001"}
