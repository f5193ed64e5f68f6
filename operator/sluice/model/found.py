"""Reading an observation: what a selection matched, in the type that one knows it to be."""

from collections.abc import Mapping
from typing import TypeAlias, TypeVar

from sluice.model.cluster import Projection
from sluice.model.kind import One, Selection

Found: TypeAlias = Mapping[Selection, tuple[Projection, ...]]
P = TypeVar("P")


def one_of(found: Found, selection: One, kind: type[P]) -> P | None:
    """Return the object of a selection, None if it is not there."""
    return next((item for item in found.get(selection, ()) if isinstance(item, kind)), None)


def all_of(found: Found, selection: Selection, kind: type[P]) -> tuple[P, ...]:
    """Return the objects of a selection."""
    return tuple(item for item in found.get(selection, ()) if isinstance(item, kind))
