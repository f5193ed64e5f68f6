"""What the files of a directory mean, and what is wrong with them."""

from collections.abc import Mapping

import pytest

from sluice.init.exits import Exit, InitError
from sluice.init.migrate.files import migrations

SQL = "CREATE TABLE a (id int);\n"


def refusal(texts: Mapping[str, str]) -> InitError:
    with pytest.raises(InitError) as caught:
        migrations(texts)
    assert caught.value.code is Exit.USAGE
    return caught.value


def test_files_are_paired_and_ordered_by_the_number_of_their_version() -> None:
    found = migrations(
        {"10_c.up.sql": SQL, "2_b.up.sql": SQL, "0001_a.up.sql": SQL, "0001_a.down.sql": SQL}
    )

    assert [(one.version, one.name) for one in found] == [("0001", "a"), ("2", "b"), ("10", "c")]
    assert [one.down.file if one.down else None for one in found] == ["0001_a.down.sql", None, None]


@pytest.mark.parametrize(
    ("file", "text", "fix"),
    [
        pytest.param("0001_a.sql", SQL, "name it 0001_a.up.sql", id="without a way"),
        pytest.param(
            "0001_a.sql",
            "-- migrate:up\nSELECT 1;\n-- migrate:down\n",
            "split it into 0001_a.up.sql and 0001_a.down.sql",
            id="both ways in one file, as dbmate has it",
        ),
        pytest.param("V2__add_users.sql", SQL, "name it 2_add_users.up.sql", id="as Flyway has it"),
        pytest.param("U2__add.sql", SQL, "name it 2_add.down.sql", id="Flyway's way back"),
        pytest.param("0001-a-b.up.sql", SQL, "name it 0001_a-b.up.sql", id="a hyphen"),
        pytest.param("0001_a_down.sql", SQL, "name it 0001_a.down.sql", id="the way with a hyphen"),
        pytest.param("0001_a.up.SQL", SQL, "name it 0001_a.up.sql", id="in capitals"),
        pytest.param("0001.up.sql", SQL, "name it 0001_name.up.sql", id="without a name"),
        pytest.param("users.sql", SQL, "begin with a number, as in 0001_users.up.sql", id="none"),
        pytest.param("0000_a.up.sql", SQL, "versions begin with 1", id="version 0"),
    ],
)
def test_a_wrong_name_is_told_with_a_right_one(file: str, text: str, fix: str) -> None:
    error = refusal({file: text, "0009_good.up.sql": SQL})

    assert error.message.startswith(f"{file} is no name of a migration: {fix}")


def test_two_files_of_one_version_are_told_with_a_free_one() -> None:
    error = refusal({"0001_a.up.sql": SQL, "01_b.up.sql": SQL, "0007_c.up.sql": SQL})

    assert error.message == (
        "01_b.up.sql and 0001_a.up.sql have the same version 1:"
        " give one of them another, such as 0008"
    )


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        pytest.param(
            ["0001_a.up.sql", "0001_b.down.sql"],
            "0001_b.down.sql is the way back of no migration: name it 0001_a.down.sql",
            id="another name",
        ),
        pytest.param(
            ["0001_a.up.sql", "0002_b.down.sql"],
            "0002_b.down.sql is the way back of no migration: write 0002_b.up.sql, or delete it",
            id="no way there",
        ),
    ],
)
def test_a_way_back_without_a_way_there_is_told(files: list[str], sentence: str) -> None:
    assert refusal(dict.fromkeys(files, SQL)).message == sentence


def test_every_fault_is_told_at_once() -> None:
    error = refusal({"a.sql": SQL, "b.sql": SQL})

    assert error.facts["faults"] == tuple(error.message.split("; "))
    assert len(error.message.split("; ")) == 2


@pytest.mark.parametrize(
    ("text", "transactional"),
    [
        pytest.param(SQL, True, id="nothing said"),
        pytest.param("-- sluice: no-transaction\n" + SQL, False, id="said in the first line"),
        pytest.param("-- sluice: no-transaction\r\n" + SQL, False, id="with line ends of Windows"),
        pytest.param(
            "\ufeff-- sluice: no-transaction\n" + SQL, False, id="after a byte order mark"
        ),
    ],
)
def test_the_first_line_says_whether_there_is_a_transaction(
    text: str, *, transactional: bool
) -> None:
    (found,) = migrations({"0001_a.up.sql": text})

    assert found.up.transactional is transactional


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("-- a comment\n-- sluice: no-transaction\n", id="not in the first line"),
        pytest.param("-- sluice: notransaction\n", id="misspelt"),
        pytest.param("-- SLUICE: no-transaction\n", id="in capitals"),
        pytest.param("-- sluice: no-transaction\n-- sluice: fast\n", id="with another"),
    ],
)
def test_an_instruction_that_would_be_overlooked_is_refused(text: str) -> None:
    error = refusal({"0001_a.up.sql": text + SQL})

    assert "«-- sluice: no-transaction», stands alone as the first line" in error.message


@pytest.mark.parametrize(
    ("other", "same"),
    [
        pytest.param(SQL.rstrip(), True, id="without the last line end"),
        pytest.param(SQL.replace("\n", "\r\n"), True, id="with line ends of Windows"),
        pytest.param("\ufeff" + SQL, True, id="with a byte order mark"),
        pytest.param(SQL + "-- a comment\n", False, id="with a comment"),
        pytest.param(SQL.replace("int", "bigint"), False, id="with another type"),
    ],
)
def test_what_a_volume_does_to_a_file_is_no_change_of_it(other: str, *, same: bool) -> None:
    (before,) = migrations({"0001_a.up.sql": SQL})
    (after,) = migrations({"0001_a.up.sql": other})

    assert (before.checksum == after.checksum) is same
