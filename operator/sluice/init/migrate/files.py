"""What the files of a directory mean: migrations in order, or what is wrong with them."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Final

from sluice.init.exits import Exit, InitError
from sluice.init.migrate.naming import parse_name, rename

_NO_TRANSACTION: Final = "-- sluice: no-transaction"
_INSTRUCTION: Final = re.compile(r"^--\s*sluice\s*:.*$", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Script:
    """One file: its name, and its text with the line ends of Unix."""

    file: str
    text: str

    @property
    def transactional(self) -> bool:
        """Whether all of it runs in one transaction, together with its line in the history."""
        return self.text.partition("\n")[0].rstrip() != _NO_TRANSACTION


@dataclass(frozen=True)
class Migration:
    """A version: the way there and, if one was written, the way back."""

    version: str
    name: str
    up: Script
    down: Script | None

    @property
    def number(self) -> int:
        """What orders versions; 2, 02 and 0002 are the same one."""
        return int(self.version)

    @cached_property
    def checksum(self) -> str:
        """What shows that an applied file was changed.

        Line ends at the end do not count: a ConfigMap keeps or loses them as YAML was written.
        """
        digest = hashlib.sha256(self.up.text.rstrip("\n").encode()).hexdigest()
        return f"v1:{digest}"


def migrations(texts: Mapping[str, str]) -> tuple[Migration, ...]:
    """Return the migrations that files (name to text) hold, in order of their versions.

    Raises InitError (USAGE) that names every file that is wrong, and what to write instead.
    """
    scripts = tuple(
        Script(file, text.removeprefix("\ufeff").replace("\r\n", "\n"))
        for file, text in sorted(texts.items())
    )
    refuse((*_misnamed(scripts), *_misinstructed(scripts)))
    found = tuple(_paired(scripts))
    refuse((*_lone(scripts, found), *_doubles(found)))
    return tuple(sorted(found, key=lambda migration: migration.number))


def refuse(faults: tuple[str, ...]) -> None:
    """Raise InitError (USAGE) with all faults, each of which says what to write; none: return."""
    if faults:
        fix = "correct that and repeat; nothing was run"
        raise InitError(Exit.USAGE, "; ".join(faults), fix, {"faults": faults})


def _misnamed(scripts: tuple[Script, ...]) -> Iterator[str]:
    for script in scripts:
        if parse_name(script.file) is None:
            yield f"{script.file} is no name of a migration: {rename(script.file, script.text)}"


def _misinstructed(scripts: tuple[Script, ...]) -> Iterator[str]:
    """An instruction that is overlooked would run a file in another way than its author wants."""
    for script in scripts:
        found = [match.group() for match in _INSTRUCTION.finditer(script.text)]
        expected = [] if script.transactional else [_NO_TRANSACTION]
        if [line.rstrip() for line in found] != expected:
            yield (
                f"{script.file} says «{found[-1]}»: the one instruction there is,"
                f" «{_NO_TRANSACTION}», stands alone as the first line"
            )


def _paired(scripts: tuple[Script, ...]) -> Iterator[Migration]:
    by_stem = {(way_of(script), stem_of(script)): script for script in scripts}
    for (way, stem), script in by_stem.items():
        if way == "up":
            version, _, name = stem.partition("_")
            yield Migration(version, name, script, by_stem.get(("down", stem)))


def _lone(scripts: tuple[Script, ...], found: tuple[Migration, ...]) -> Iterator[str]:
    used = {migration.down.file for migration in found if migration.down}
    for script in scripts:
        if way_of(script) == "down" and script.file not in used:
            number = int(stem_of(script).partition("_")[0])
            near = next((one for one in found if one.number == number), None)
            name = near.up.file.replace(".up.sql", ".down.sql") if near else None
            wanted = f"name it {name}" if name else f"write {stem_of(script)}.up.sql, or delete it"
            yield f"{script.file} is the way back of no migration: {wanted}"


def _doubles(found: tuple[Migration, ...]) -> Iterator[str]:
    ordered = sorted(found, key=lambda migration: migration.number)
    for number, same in groupby(ordered, key=lambda migration: migration.number):
        first, *others = (migration.up.file for migration in same)
        free = ordered[-1].number + 1
        for other in others:
            yield (
                f"{other} and {first} have the same version {number}: give one of them"
                f" another, such as {free:0{len(ordered[-1].version)}d}"
            )


def way_of(script: Script) -> str:
    """Return `up` or `down`."""
    return script.file.rsplit(".", 2)[1]


def stem_of(script: Script) -> str:
    """Return what the files of both ways begin with: 0001_name."""
    return script.file.rsplit(".", 2)[0]
