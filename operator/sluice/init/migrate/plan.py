"""What to run, decided from the files and the history before anything is touched."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from sluice.init.exits import Exit, InitError
from sluice.init.migrate.dirt import dirty_error
from sluice.init.migrate.files import Migration, Script, refuse
from sluice.init.migrate.history import Direction, Row, Status, applied, dirty, latest


@dataclass(frozen=True, slots=True)
class Step:
    """One file to run."""

    migration: Migration
    direction: Direction
    script: Script


Migrations = tuple[Migration, ...]
Rows = tuple[Row, ...]


def to_apply(files: Migrations, rows: Rows, to: str | None) -> tuple[Step, ...]:
    """Return what `up` runs: what is not applied, in order, up to and with `to`."""
    _sound(files, rows)
    most = files[-1].number if to is None else _named(files, to).number
    done = {row.number for row in applied(rows)}
    return tuple(
        Step(migration, Direction.UP, migration.up)
        for migration in files
        if migration.number not in done and migration.number <= most
    )


def to_undo(files: Migrations, rows: Rows, to: str) -> tuple[Step, ...]:
    """Return what `down` runs: what is applied and later than `to`, the last first."""
    _sound(files, rows)
    least = 0 if to.strip("0") == "" else _named(files, to).number
    undone = [row for row in reversed(applied(rows)) if row.number > least]
    by_number = {migration.number: migration for migration in files}
    refuse(tuple(_lacking(undone, by_number)))
    return tuple(
        Step(migration, Direction.DOWN, migration.down)
        for migration in (by_number[row.number] for row in undone)
        if migration.down
    )


def to_resolve(files: Migrations, rows: Rows, version: str, status: Status) -> Row | None:
    """Return the row that says what a person says of a version; None if it is known already."""
    number = _number(version)
    before = latest(rows).get(number)
    migration = next((one for one in files if one.number == number), None)
    if before is None and migration is None:
        _named(files, version)
    name = migration.name if migration else before.name if before else ""
    known = migration.version if migration else before.version if before else version
    checksum = migration.checksum if migration else before.checksum if before else ""
    is_so = before.status is status if before else status is Status.UNDONE
    same_file = before is None or status is Status.UNDONE or before.checksum == checksum
    if is_so and same_file:
        return None
    return Row(known, name, Direction.RESOLVE, status, checksum)


def ahead(files: Migrations, rows: Rows) -> tuple[str, ...]:
    """Return applied versions later than all files: a newer program was here before."""
    return tuple(row.version for row in applied(rows) if row.number > files[-1].number)


def current(rows: Rows) -> str:
    """Return the highest version that is applied; 0 if none is."""
    done = applied(rows)
    return done[-1].version if done else "0"


def _sound(files: Migrations, rows: Rows) -> None:
    """Refuse to run anything on a database that is not as the files say."""
    first = next(iter(dirty(rows)), None)
    if first:
        raise dirty_error(first)
    refuse((*_changed(files, rows), *_gone(files, rows)))


def _changed(files: Migrations, rows: Rows) -> tuple[str, ...]:
    found = {migration.number: migration for migration in files}
    return tuple(
        f"{found[row.number].up.file} was changed after it was applied at {row.finished_at}:"
        " restore it and write a new migration, or, if the change means nothing to the database,"
        f" `sluice-init migrate resolve --version {row.version} --as applied`"
        for row in applied(rows)
        if row.number in found and found[row.number].checksum != row.checksum
    )


def _gone(files: Migrations, rows: Rows) -> tuple[str, ...]:
    """A version that no file has; later ones are an older program's, which is no fault."""
    there = {migration.number for migration in files}
    return tuple(
        f"{row.version}_{row.name}.up.sql is applied, but not in the directory: put it back"
        for row in applied(rows)
        if row.number not in there and row.number < files[-1].number
    )


def _lacking(undone: list[Row], by_number: Mapping[int, Migration]) -> Iterator[str]:
    for row in undone:
        migration = by_number.get(row.number)
        stem = f"{row.version}_{row.name}"
        if migration is None:
            yield f"{stem}.down.sql is not there: use the files of the newer version to undo it"
        elif migration.down is None:
            yield f"{stem}.down.sql is missing: write it, if only as a comment"


def _named(files: Migrations, version: str) -> Migration:
    number = _number(version)
    found = next((one for one in files if one.number == number), None)
    if found:
        return found
    versions = [one.version for one in files]
    near = get_close_matches(version, versions, n=1, cutoff=0.0) or versions[-1:]
    raise InitError(
        Exit.USAGE,
        f"there is no migration {version}: the directory has {versions[0]} to {versions[-1]}",
        f"the nearest is {near[0]}; `sluice-init migrate status` lists all",
    )


def _number(version: str) -> int:
    if version.isascii() and version.isdigit():
        return int(version)
    raise InitError(
        Exit.USAGE, f"{version!r} is no version", "write the number alone, such as 0003"
    )
