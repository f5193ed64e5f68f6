"""The checksum of what a Job runs: of the fields that were written, never of defaulted ones."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Final

from sluice.model.json import Json, JsonObject, canonical

_PREFIX: Final = "v1:"
_SHOWN = 12
_CHECKSUM = re.compile(f"{_PREFIX}[0-9a-f]{{64}}")


def checksum(written: JsonObject) -> str:
    """Return `v1:` and the SHA-256 of the canonical JSON of the written fields of a Job.

    Equal values have equal checksums: the order of keys does not count, 1 is 1.0, and a field that
    is null is absent (the API server drops it). The order of lists does count.
    """
    return _PREFIX + hashlib.sha256(canonical(_plain(written)).encode()).hexdigest()


def short(text: str) -> str:
    """Return the part of a checksum that people read and write, 12 hexadecimal digits."""
    return text.removeprefix(_PREFIX)[:_SHOWN]


def shown(version: str) -> str:
    """Return a version as people read it: of one that nobody wrote, the digits that tell it."""
    return short(version) if _CHECKSUM.fullmatch(version) else version


def _plain(value: Json) -> Json:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
