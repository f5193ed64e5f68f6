"""Who holds a workload back, as one ordered list.

`sluice.dev/holders` names those who keep it paused by its own pause field. A Rollout's mark is
`sluice.dev/held`, which also says which revision it holds: that mark counts as the holder
`rollout`. The pause is lifted by whoever takes the last holder away, and by nobody else.
"""

from collections.abc import Iterable
from enum import StrEnum

from sluice.model.cluster.metadata import Metadata
from sluice.model.names import HELD, HOLDERS
from sluice.model.plan import Operation, pointer


class Holder(StrEnum):
    """Who may hold a workload back."""

    AUTHOR = "author"  # the field was already set when the object was created
    STARTUP = "startup"
    ROLLOUT = "rollout"


_HOLDERS = pointer("metadata", "annotations", HOLDERS)


def holders_of(meta: Metadata) -> tuple[str, ...]:
    """Return who holds a workload back, in the order in which they came."""
    listed = tuple(name for name in meta.annotations.get(HOLDERS, "").split(",") if name)
    return (*listed, Holder.ROLLOUT) if meta.annotations.get(HELD) else listed


def holds(meta: Metadata, holder: Holder) -> bool:
    """Whether `holder` is one of those who hold the workload back."""
    return holder in holders_of(meta)


def held_by_others(meta: Metadata, holder: Holder) -> bool:
    """Whether somebody else holds the workload back."""
    return any(name != holder for name in holders_of(meta))


def taken_off(meta: Metadata, holder: Holder) -> tuple[Operation, ...]:
    """Return the operations that take `holder` off the list, none when it is not on it."""
    listed = meta.annotations.get(HOLDERS, "")
    left = _joined(name for name in listed.split(",") if name and name != holder)
    if left == listed:
        return ()
    return (Operation("replace", _HOLDERS, left) if left else Operation("remove", _HOLDERS),)


def _joined(names: Iterable[str]) -> str:
    return ",".join(names)
