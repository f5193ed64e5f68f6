"""SQL into statements: what PostgreSQL and SQLite would make of the file."""

import pytest

from sluice.init.exits import InitError
from sluice.init.migrate.files import Script
from sluice.init.migrate.statements import (
    Splitter,
    split_postgres,
    split_sqlite,
    statements,
)

BODY = "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END"
TRIGGER = "CREATE TRIGGER t AFTER INSERT ON a BEGIN UPDATE a SET id = 1; DELETE FROM b; END"


def of(text: str, split: Splitter) -> list[str]:
    return [one.sql for one in statements(Script("0001_a.up.sql", text), split)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("SELECT 1; SELECT 2;", ["SELECT 1", "SELECT 2"], id="two"),
        pytest.param("SELECT 1; SELECT 2", ["SELECT 1", "SELECT 2"], id="without the last sign"),
        pytest.param("SELECT 'a;b'; SELECT 2;", ["SELECT 'a;b'", "SELECT 2"], id="in a string"),
        pytest.param(
            "SELECT 'it''s;'; SELECT 2;", ["SELECT 'it''s;'", "SELECT 2"], id="after two quotes"
        ),
        pytest.param('SELECT 1 AS "a;b"; SELECT 2;', ['SELECT 1 AS "a;b"', "SELECT 2"], id="name"),
        pytest.param("-- a; b\nSELECT 1;\n-- end;\n", ["SELECT 1"], id="in a comment"),
        pytest.param("/* a; b */ SELECT 1;", ["SELECT 1"], id="in a long comment"),
        pytest.param("-- nothing\n/* to do; */\n", [], id="comments alone"),
        pytest.param("", [], id="nothing at all"),
        pytest.param(";;SELECT 1;;\n;", ["SELECT 1"], id="empty ones"),
    ],
)
@pytest.mark.parametrize("split", [split_postgres, split_sqlite], ids=["PostgreSQL", "SQLite"])
def test_both_databases_end_a_statement_at_its_semicolon(
    split: Splitter, text: str, expected: list[str]
) -> None:
    assert of(text, split) == expected


@pytest.mark.parametrize(
    ("text", "count"),
    [
        pytest.param("DO $$ BEGIN PERFORM 1; END $$; SELECT 1;", 2, id="dollar quotes"),
        pytest.param("DO $a$ SELECT $$;$$; $a$; SELECT 1;", 2, id="dollar quotes in dollar quotes"),
        pytest.param("CREATE TABLE a$1 (b int); SELECT 1;", 2, id="a dollar in a name"),
        pytest.param(r"SELECT E'it\'s; x'; SELECT 1;", 2, id="a string with escapes"),
        pytest.param(r"SELECT 'c:\'; SELECT 1;", 2, id="a backslash that escapes nothing"),
        pytest.param("/* a /* b; */ c; */ SELECT 1; SELECT 2;", 2, id="comments in comments"),
        pytest.param(f"{BODY}; SELECT 3;", 2, id="a body in SQL"),
        pytest.param(
            "CREATE RULE r AS ON INSERT TO t DO ALSO (DELETE FROM a; DELETE FROM b); SELECT 1;",
            2,
            id="a rule",
        ),
        pytest.param('CREATE INDEX i ON t ("begin", "end"); SELECT 1;', 2, id="words as names"),
        pytest.param("CREATE INDEX i ON t (begin); SELECT 1;", 2, id="words as names, bare"),
        pytest.param("SELECT 1;\r\nSELECT 2;\r\n", 2, id="line ends of Windows"),
        pytest.param("CREATE TABEL x (); SELECT 'ü;ö';", 2, id="SQL that it does not know"),
    ],
)
def test_postgres_is_split_by_its_own_grammar(text: str, count: int) -> None:
    assert len(of(text, split_postgres)) == count


@pytest.mark.parametrize(
    ("text", "count"),
    [
        pytest.param(f"{TRIGGER}; SELECT 1;", 2, id="a trigger"),
        pytest.param("CREATE TABLE [a;b] (id int); SELECT 1;", 2, id="a name in brackets"),
        pytest.param("SELECT `a;b` FROM c; SELECT 1;", 2, id="a name in backticks"),
    ],
)
def test_sqlite_is_split_where_sqlite_says(text: str, count: int) -> None:
    assert len(of(text, split_sqlite)) == count


def test_a_statement_has_its_number_and_line() -> None:
    text = "-- the first\nSELECT 1;\n\n/* the\nsecond */\nSELECT 2;\n"

    found = statements(Script("0001_a.up.sql", text), split_postgres)

    assert [(one.number, one.line) for one in found] == [(1, 2), (2, 6)]


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        pytest.param("BEGIN", "BEGIN", id="begin"),
        pytest.param("start  transaction", "START TRANSACTION", id="start"),
        pytest.param("COMMIT", "COMMIT", id="commit"),
        pytest.param("END", "END", id="end"),
        pytest.param("ROLLBACK", "ROLLBACK", id="rollback"),
    ],
)
def test_a_file_may_not_end_its_transaction(statement: str, named: str) -> None:
    with pytest.raises(InitError) as caught:
        of(f"SELECT 1;\n-- now\n{statement};\nSELECT 2;", split_postgres)

    assert caught.value.message == (
        f"0001_a.up.sql, line 3: {named} is not for a migration:"
        " sluice-init begins and ends the transaction; delete the statement"
    )


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("SAVEPOINT a; ROLLBACK TO SAVEPOINT a; RELEASE a;", id="savepoints"),
        pytest.param("SELECT 1 AS beginning;", id="a word that begins alike"),
        pytest.param("CREATE TABLE a (id int); COMMENT ON TABLE a IS 'x';", id="a comment"),
    ],
)
def test_what_only_looks_like_the_end_of_a_transaction_is_run(text: str) -> None:
    assert len(of(text, split_postgres)) == text.count(";")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param(
            "COPY t (a, b) FROM stdin;\n1\t2\n\\.\n",
            "0001_a.up.sql, line 1: COPY FROM STDIN reads lines that only psql sends",
            id="lines for COPY",
        ),
        pytest.param(
            "SELECT 1;\n\\i other.sql\n",
            "0001_a.up.sql, line 2: \\i is a command of psql",
            id="a command of psql",
        ),
        pytest.param(
            "SELECT 1;\nSELECT 'abc;\n",
            "0001_a.up.sql, line 2: unterminated quoted string",
            id="a string without end",
        ),
        pytest.param(
            "DO $$ BEGIN;",
            "0001_a.up.sql, line 1: unterminated dollar-quoted string",
            id="a body without end",
        ),
    ],
)
def test_what_no_server_can_take_is_refused_with_its_line(text: str, sentence: str) -> None:
    with pytest.raises(InitError) as caught:
        of(text, split_postgres)

    assert caught.value.message.startswith(sentence)
