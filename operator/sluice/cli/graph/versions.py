"""Versions of init nodes as people read and write them; pure."""

from collections.abc import Iterable
from typing import Final

from sluice.startup.init.checksum import short

# A node without a written version has its checksum for one; people read and write 12 digits of it.
_OF_CHECKSUM: Final = "v1:"


def shown(version: str) -> str:
    """Return a version as people read it."""
    return short(version) if version.startswith(_OF_CHECKSUM) else version


def meant(given: str, known: Iterable[str]) -> str:
    """Return the known version that a person means; what was given if there is none."""
    found = [version for version in known if given in (version, shown(version))]
    return found[0] if found and given not in found else given
