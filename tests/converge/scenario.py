"""A story: what people do, and when."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from sluice.model.json import JsonObject
from tests.converge.client import Write
from tests.converge.cluster import Moment
from tests.converge.store import Store

P = TypeVar("P")
When = Callable[[Store], bool]


@dataclass(frozen=True, slots=True)
class Step(Generic[P]):
    """What people do as soon as `when` is so (None: at once), and some seconds later."""

    do: Callable[[P], None]
    when: When | None = None
    after_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Scenario(Generic[P]):
    """Steps in their order; each kind adds what must be so in the end.

    until: when the story is over; by default once all is at rest.
    tried_from: how many steps are done when crashes begin to be tried: other stories have as well
    what comes before.
    quiet_seconds: nothing happens for so long only at its end.
    """

    steps: tuple[Step[P], ...]
    until: When | None = field(default=None, kw_only=True)
    tried_from: int = field(default=0, kw_only=True)
    quiet_seconds: float = field(default=2.0, kw_only=True)

    def start(self) -> Moment | None:
        """Return the moment with which it begins, None for an empty cluster."""
        return None

    def same(self, end: JsonObject, other: JsonObject) -> bool:
        """Whether two endings of it are the same."""
        return end == other


@dataclass(frozen=True, slots=True)
class Position:
    """Where a story stands: its next step, and since when it waits for that step's seconds."""

    step: int = 0
    armed_at: float | None = None


@dataclass(frozen=True, slots=True)
class Bookmark:
    """A moment in a story; `write`: after which write of the operator it was taken.

    times: how often each UID had been written until then, of resources that are written once.
    """

    moment: Moment
    position: Position
    write: Write
    times: Counter[str]
