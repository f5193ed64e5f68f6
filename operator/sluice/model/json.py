"""JSON as read-only values, and the typed door through which foreign JSON enters.

Everything behind a `from_body` function works on dataclasses. `Body` is what those functions
read with: each getter names the whole path when the value is missing or of the wrong type, so
that a malformed object is one clear `Malformed` and never a KeyError in the middle of a decision.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

Json: TypeAlias = bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"] | None
JsonObject: TypeAlias = Mapping[str, Json]


class MalformedError(ValueError):
    """A foreign object does not have the shape that its API promises."""


def canonical(value: Json) -> str:
    """One text for one value: sorted keys, no spaces (equal values, equal texts)."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(value: Json) -> str:
    """Return 16 hexadecimal digits that stand for a JSON value in comparisons of this process."""
    return hashlib.blake2b(canonical(value).encode(), digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True)
class Body:
    """A JSON object and where it stands in its document (for messages)."""

    value: JsonObject
    path: str = ""

    def has(self, *path: str) -> bool:
        """Whether something other than null stands at the path."""
        return self._find(path) is not None

    def json(self, *path: str) -> Json:
        """Return what stands at the path, null when absent."""
        return self._find(path)

    def text(self, *path: str, default: str | None = None) -> str:
        """Return the string at the path; without a default it must be there."""
        found = self._find(path, default)
        if not isinstance(found, str):
            raise self._malformed(path, "a string", found)
        return found

    def whole(self, *path: str, default: int | None = None) -> int:
        """Return the integer at the path; without a default it must be there."""
        found = self._find(path, default)
        if isinstance(found, bool) or not isinstance(found, int):
            raise self._malformed(path, "an integer", found)
        return found

    def number(self, *path: str, default: float | None = None) -> float:
        """Return the number at the path; without a default it must be there."""
        found = self._find(path, default)
        if isinstance(found, bool) or not isinstance(found, int | float):
            raise self._malformed(path, "a number", found)
        return float(found)

    def flag(self, *path: str, default: bool | None = None) -> bool:
        """Return the boolean at the path; without a default it must be there."""
        found = self._find(path, default)
        if not isinstance(found, bool):
            raise self._malformed(path, "true or false", found)
        return found

    def body(self, *path: str) -> "Body":
        """Return the object at the path, an empty one when absent."""
        found = self._find(path, {})
        if not isinstance(found, Mapping):
            raise self._malformed(path, "an object", found)
        return Body(found, self._name(path))

    def bodies(self, *path: str) -> tuple["Body", ...]:
        """Return the objects of the list at the path, none when absent."""
        name = self._name(path)
        bodies = []
        for index, item in enumerate(self._list(path)):
            if not isinstance(item, Mapping):
                raise self._malformed((*path, str(index)), "an object", item)
            bodies.append(Body(item, f"{name}[{index}]"))
        return tuple(bodies)

    def texts(self, *path: str) -> tuple[str, ...]:
        """Return the strings of the list at the path, none when absent."""
        texts = []
        for index, item in enumerate(self._list(path)):
            if not isinstance(item, str):
                raise self._malformed((*path, str(index)), "a string", item)
            texts.append(item)
        return tuple(texts)

    def labels(self, *path: str) -> Mapping[str, str]:
        """Return the string-to-string map at the path, an empty one when absent."""
        labels = {}
        for key, item in self.body(*path).value.items():
            if not isinstance(item, str):
                raise self._malformed((*path, key), "a string", item)
            labels[key] = item
        return labels

    def _list(self, path: tuple[str, ...]) -> Sequence[Json]:
        found = self._find(path, ())
        if isinstance(found, str) or not isinstance(found, Sequence):
            raise self._malformed(path, "a list", found)
        return found

    def _find(self, path: tuple[str, ...], default: Json = None) -> Json:
        value: Json = self.value
        for name in path:
            if not isinstance(value, Mapping):
                return default
            value = value.get(name)
        return default if value is None else value

    def _name(self, path: tuple[str, ...]) -> str:
        return ".".join((self.path, *path)) if self.path else ".".join(path)

    def _malformed(self, path: tuple[str, ...], expected: str, found: Json) -> MalformedError:
        shown = "nothing" if found is None else canonical(found)[:80]
        return MalformedError(f"{self._name(path)}: expected {expected}, found {shown}")
