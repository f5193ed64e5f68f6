"""Names of files: 0001_name.up.sql; and what to write instead of names that other tools have."""

import re
from typing import Final

# A version fits into 64 bits: 20261121093000 does.
_NAME: Final = re.compile(r"(?P<version>\d{1,18})_(?P<name>[^.][^/]*)\.(?P<way>up|down)\.sql")
_FLYWAY: Final = re.compile(r"(?P<kind>[VU])(?P<version>\d+)__(?P<name>.+)\.sql")
_BEGINS_WITH_NUMBER: Final = re.compile(r"(?P<version>\d+)[-_. ]*(?P<name>.*)")
_WAY: Final = re.compile(r"[-_. ]*(up|down)$", re.IGNORECASE)
_ODD: Final = re.compile(r"[^A-Za-z0-9_-]+")
_DBMATE: Final = "-- migrate:up"


def parse_name(file: str) -> re.Match[str] | None:
    """Return version, name and way of a file; None if its name says none."""
    found = _NAME.fullmatch(file)
    return found if found and int(found["version"]) > 0 else None


def rename(file: str, text: str) -> str:
    """Return what to do about a file whose name does not say version, name and way."""
    stem = re.sub(r"\.sql$", "", file, flags=re.IGNORECASE)
    flyway = _FLYWAY.fullmatch(file)
    if flyway:
        way = "up" if flyway["kind"] == "V" else "down"
        return f"name it {flyway['version']}_{flyway['name']}.{way}.sql"
    if _DBMATE in text:
        return f"split it into {stem}.up.sql and {stem}.down.sql, one for each of its sections"
    numbered = _BEGINS_WITH_NUMBER.fullmatch(stem)
    if numbered is None:
        return f"begin with a number, as in 0001_{_ODD.sub('_', stem) or 'name'}.up.sql"
    if int(numbered["version"]) == 0:
        return "versions begin with 1, as in 0001_name.up.sql (`down --to 0` undoes all)"
    return f"name it {numbered['version'][:18]}_{_named(numbered['name'])}"


def _named(rest: str) -> str:
    way = _WAY.search(rest)
    name = _ODD.sub("_", rest[: way.start()] if way else rest).strip("_") or "name"
    if way:
        return f"{name}.{way.group(1).lower()}.sql"
    return f"{name}.up.sql (and the way back .down.sql)"
