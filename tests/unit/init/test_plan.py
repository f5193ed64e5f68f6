"""What is run, decided from the files and the history."""

from collections.abc import Callable

import pytest

from sluice.init.exits import Exit, InitError
from sluice.init.migrate.files import Migration, migrations
from sluice.init.migrate.history import Direction, Row, Status
from sluice.init.migrate.plan import ahead, current, to_apply, to_resolve, to_undo
from sluice.init.migrate.standing import State, standing

FILES = migrations(
    {
        f"000{number}_m{number}.{way}.sql": f"SELECT {number}; -- {way}"
        for number in (1, 2, 3)
        for way in ("up", "down")
    }
)
ONE_WAY = tuple(Migration(one.version, one.name, one.up, None) for one in FILES)


def row(
    number: int, status: Status, direction: Direction = Direction.UP, checksum: str = ""
) -> Row:
    return Row(
        version=f"000{number}",
        name=f"m{number}",
        direction=direction,
        status=status,
        checksum=checksum or next((f.checksum for f in FILES if f.number == number), "v1:gone"),
        statements=3,
        statement=2,
        sql="DROP TABLE a",
        finished_at="2026-11-21T10:00:00Z",
        run_by="app@job",
    )


def told(*rows: Row) -> tuple[Row, ...]:
    """Return rows in the order in which they were written."""
    return tuple(
        Row(**{name: getattr(one, name) for name in Row.__slots__} | {"id": number})
        for number, one in enumerate(rows, 1)
    )


APPLIED = told(row(1, Status.APPLIED), row(2, Status.APPLIED), row(3, Status.APPLIED))


def refusal(call: Callable[[], object]) -> InitError:
    with pytest.raises(InitError) as caught:
        call()
    return caught.value


@pytest.mark.parametrize(
    ("rows", "to", "expected"),
    [
        pytest.param((), None, ["0001", "0002", "0003"], id="all on an empty database"),
        pytest.param((), "2", ["0001", "0002"], id="up to a version, and with it"),
        pytest.param(APPLIED, None, [], id="none when all are applied"),
        pytest.param(APPLIED[:1], None, ["0002", "0003"], id="those that are new"),
        pytest.param(APPLIED, "0001", [], id="none: up never undoes"),
        pytest.param(
            told(row(1, Status.APPLIED), row(3, Status.APPLIED)), None, ["0002"], id="one between"
        ),
        pytest.param(
            told(*APPLIED, row(3, Status.UNDONE, Direction.DOWN)), None, ["0003"], id="one undone"
        ),
        pytest.param(told(row(1, Status.FAILED)), "1", ["0001"], id="one that was rolled back"),
        pytest.param(
            told(row(1, Status.APPLIED), row(1, Status.FAILED, Direction.DOWN)),
            "1",
            [],
            id="none: only the way back failed",
        ),
        pytest.param(
            told(row(1, Status.DIRTY), row(1, Status.APPLIED, Direction.RESOLVE)),
            "1",
            [],
            id="none: a person said that it is applied",
        ),
        pytest.param(
            told(row(1, Status.RUNNING), row(1, Status.UNDONE, Direction.RESOLVE)),
            "1",
            ["0001"],
            id="one that a person took back",
        ),
    ],
)
def test_up_runs(rows: tuple[Row, ...], to: str | None, expected: list[str]) -> None:
    assert [step.migration.version for step in to_apply(FILES, rows, to)] == expected


@pytest.mark.parametrize(
    ("rows", "to", "expected"),
    [
        pytest.param(APPLIED, "1", ["0003", "0002"], id="what is later, the last first"),
        pytest.param(APPLIED, "0", ["0003", "0002", "0001"], id="all down to 0"),
        pytest.param(APPLIED, "0003", [], id="nothing above the highest"),
        pytest.param(APPLIED[:1], "0", ["0001"], id="what is applied, and nothing else"),
    ],
)
def test_down_runs(rows: tuple[Row, ...], to: str, expected: list[str]) -> None:
    steps = to_undo(FILES, rows, to)

    assert [step.script.file[:4] for step in steps] == expected
    assert all(step.script.file.endswith(".down.sql") for step in steps)


@pytest.mark.parametrize("status", [Status.RUNNING, Status.DIRTY])
def test_nothing_is_decided_while_a_version_is_dirty(status: Status) -> None:
    rows = told(row(1, Status.APPLIED), row(2, status))

    up = refusal(lambda: to_apply(FILES, rows, None))
    down = refusal(lambda: to_undo(FILES, rows, "0"))

    assert (up.code, down.code) == (Exit.DIRTY, Exit.DIRTY)
    assert "statement 2 of 3 (DROP TABLE a)" in up.message
    assert "statement 1 is done" in up.fix
    assert "resolve --version 0002 --as applied" in up.fix


def test_a_way_back_that_ended_in_the_middle_is_resolved_the_other_way_round() -> None:
    rows = told(row(1, Status.APPLIED), row(1, Status.DIRTY, Direction.DOWN))

    error = refusal(lambda: to_apply(FILES, rows, None))

    assert error.message.startswith("0001_m1.down.sql failed in the middle")
    assert (
        "finish the file by hand and say `sluice-init migrate resolve --version 0001 --as undone"
        in (error.fix)
    )


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        pytest.param(
            lambda: to_apply(FILES, told(row(1, Status.APPLIED, checksum="v1:other")), None),
            "0001_m1.up.sql was changed after it was applied at 2026-11-21T10:00:00Z",
            id="a changed file",
        ),
        pytest.param(
            lambda: to_apply(FILES[1:], APPLIED, None),
            "0001_m1.up.sql is applied, but not in the directory: put it back",
            id="a file that is gone",
        ),
        pytest.param(
            lambda: to_undo(ONE_WAY, APPLIED, "1"),
            "0003_m3.down.sql is missing: write it, if only as a comment;"
            " 0002_m2.down.sql is missing: write it, if only as a comment",
            id="ways back that are missing",
        ),
        pytest.param(
            lambda: to_undo(FILES[:2], APPLIED, "1"),
            "0003_m3.down.sql is not there: use the files of the newer version to undo it",
            id="a way back that only a newer version has",
        ),
        pytest.param(
            lambda: to_apply(FILES, (), "7"),
            "there is no migration 7: the directory has 0001 to 0003",
            id="an unknown version",
        ),
        pytest.param(lambda: to_undo(FILES, (), "v1"), "'v1' is no version", id="no number"),
        pytest.param(
            lambda: to_resolve(FILES, (), "7", Status.APPLIED),
            "there is no migration 7: the directory has 0001 to 0003",
            id="an unknown version to resolve",
        ),
    ],
)
def test_it_is_refused(call: Callable[[], object], sentence: str) -> None:
    error = refusal(call)

    assert error.code is Exit.USAGE
    assert error.message.startswith(sentence)


@pytest.mark.parametrize(
    ("rows", "status", "is_news"),
    [
        pytest.param(told(row(1, Status.DIRTY)), Status.APPLIED, True, id="a dirty one is applied"),
        pytest.param(told(row(1, Status.RUNNING)), Status.UNDONE, True, id="a dirty one is undone"),
        pytest.param((), Status.APPLIED, True, id="another tool applied it"),
        pytest.param((), Status.UNDONE, False, id="it never was applied"),
        pytest.param(APPLIED, Status.APPLIED, False, id="it is applied already"),
        pytest.param(APPLIED, Status.UNDONE, True, id="it was undone by hand"),
        pytest.param(
            told(row(1, Status.APPLIED, checksum="v1:other")),
            Status.APPLIED,
            True,
            id="the changed file is what is applied",
        ),
    ],
)
def test_what_a_person_says_is_recorded(
    rows: tuple[Row, ...], status: Status, *, is_news: bool
) -> None:
    recorded = to_resolve(FILES, rows, "1", status)

    assert (recorded is not None) is is_news
    if recorded:
        assert (recorded.version, recorded.direction) == ("0001", Direction.RESOLVE)
        assert (recorded.status, recorded.checksum) == (status, FILES[0].checksum)


def test_a_dirty_version_without_a_file_can_be_resolved() -> None:
    recorded = to_resolve(FILES[:1], told(row(2, Status.DIRTY)), "2", Status.UNDONE)

    assert recorded is not None
    assert (recorded.version, recorded.name) == ("0002", "m2")


def test_what_a_newer_program_applied_is_known() -> None:
    assert ahead(FILES[:1], APPLIED) == ("0002", "0003")
    assert to_apply(FILES[:1], APPLIED, None) == ()


def test_the_current_version_is_the_highest_that_is_applied() -> None:
    assert current(()) == "0"
    assert current(APPLIED) == "0003"


@pytest.mark.parametrize(
    ("files", "rows", "locked", "expected"),
    [
        pytest.param(FILES[:1], (), False, [State.PENDING], id="pending"),
        pytest.param(FILES[:1], APPLIED[:1], False, [State.APPLIED], id="applied"),
        pytest.param(
            FILES[:1],
            told(row(1, Status.APPLIED, checksum="v1:other")),
            False,
            [State.CHANGED],
            id="changed",
        ),
        pytest.param(FILES[:1], APPLIED[:2], False, [State.APPLIED, State.MISSING], id="missing"),
        pytest.param(
            FILES[:1], told(row(1, Status.RUNNING)), True, [State.RUNNING], id="running: locked"
        ),
        pytest.param(
            FILES[:1], told(row(1, Status.RUNNING)), False, [State.DIRTY], id="dirty: not locked"
        ),
        pytest.param(
            FILES[:1], told(row(1, Status.DIRTY)), True, [State.DIRTY], id="dirty: it failed"
        ),
        pytest.param(
            FILES[:1],
            told(*APPLIED[:2], row(2, Status.UNDONE, Direction.DOWN)),
            False,
            [State.APPLIED],
            id="undone and without a file: not told",
        ),
    ],
)
def test_each_version_stands_somewhere(
    files: tuple[Migration, ...], rows: tuple[Row, ...], *, locked: bool, expected: list[State]
) -> None:
    assert [one.state for one in standing(files, rows, locked=locked)] == expected
