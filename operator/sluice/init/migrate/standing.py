"""Where each version stands, for people and for programs."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum

from sluice.init.migrate.files import Migration
from sluice.init.migrate.history import Row, Status, latest


class State(StrEnum):
    """What may be said of a version."""

    PENDING = "pending"
    APPLIED = "applied"
    CHANGED = "changed"  # applied; its file is another one now
    MISSING = "missing"  # applied; there is no file
    RUNNING = "running"  # at this moment, by whoever has the lock
    DIRTY = "dirty"  # ended in the middle


@dataclass(frozen=True, slots=True)
class Standing:
    """One version. down: whether there is a way back.  row: what holds of it in the history."""

    version: str
    name: str
    state: State
    down: bool
    row: Row | None


def standing(
    migrations: tuple[Migration, ...], rows: tuple[Row, ...], *, locked: bool
) -> tuple[Standing, ...]:
    """Return all versions of files and history, in order.

    locked: whether a session holds the lock: only then can anything be running.
    """
    files = {migration.number: migration for migration in migrations}
    known = latest(rows)
    return tuple(_all(files, dict(known), locked=locked))


def _all(files: dict[int, Migration], known: dict[int, Row], *, locked: bool) -> Iterator[Standing]:
    for number in sorted(files.keys() | known.keys()):
        migration, row = files.get(number), known.get(number)
        if migration:
            state = _state(row, migration, locked=locked)
            has_down = migration.down is not None
            yield Standing(migration.version, migration.name, state, has_down, row)
        elif row and row.status is not Status.UNDONE:
            state = _state(row, None, locked=locked)
            yield Standing(row.version, row.name, state, down=False, row=row)


def _state(row: Row | None, migration: Migration | None, *, locked: bool) -> State:
    if row is None or row.status is Status.UNDONE:
        return State.PENDING
    if row.is_dirty:
        is_running = locked and row.status is Status.RUNNING
        return State.RUNNING if is_running else State.DIRTY
    if migration is None:
        return State.MISSING
    return State.APPLIED if row.checksum == migration.checksum else State.CHANGED


def to_json(found: tuple[Standing, ...]) -> str:
    """Return all of it for programs."""
    migrations = [
        {
            "version": one.version,
            "name": one.name,
            "state": one.state.value,
            "down": one.down,
            "last": asdict(one.row) if one.row else None,
        }
        for one in found
    ]
    return json.dumps({"migrations": migrations}, indent=2, ensure_ascii=False)
