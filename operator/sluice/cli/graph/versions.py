"""Versions of init nodes as people write them; pure."""

from collections.abc import Iterable

from sluice.startup.init.checksum import shown


def meant(given: str, known: Iterable[str]) -> str:
    """Return the known version that a person means; what was given if there is none."""
    found = [version for version in known if given in (version, shown(version))]
    return found[0] if found and given not in found else given
