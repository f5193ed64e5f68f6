"""The one line of JSON that a run ends with, small enough for a termination log."""

import json
from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

Fact: TypeAlias = str | int | tuple[Mapping[str, str], ...] | tuple[str, ...]
Facts: TypeAlias = Mapping[str, Fact]

# What the kubelet reads of a termination log.
MOST_BYTES: Final = 4096
_SHORTEST: Final = 32
_CUT: Final = " ..."


def to_line(facts: Facts, most_bytes: int = MOST_BYTES) -> str:
    """Return the facts as one line of JSON of at most so many bytes.

    Half a JSON document is none, so the longest text or list is cut until the rest fits.
    """
    line = _encoded(facts)
    while len(line.encode()) > most_bytes:
        name = max(facts, key=lambda name: len(_encoded({name: facts[name]})))
        facts = {**facts, **_shortened(name, facts[name])}
        line = _encoded(facts)
    return line


def _shortened(name: str, fact: Fact) -> Facts:
    match fact:
        case str() if len(fact) > _SHORTEST:
            return {name: fact[: len(fact) // 2].removesuffix(_CUT) + _CUT}
        case tuple() if fact:
            return {name: fact[: len(fact) // 2], f"{name}Cut": "true"}
        case _:
            raise ValueError(f"{name} cannot be made shorter")


def _encoded(facts: Facts) -> str:
    return json.dumps(dict(facts), ensure_ascii=False)


def lines(text: str) -> Iterator[str]:
    """Yield what a message of a database says, line by line, without what is empty."""
    return (line.strip() for line in text.splitlines() if line.strip())


def one_line(text: str) -> str:
    """Return what a message of a database says, in one line."""
    return "; ".join(lines(text))
