"""A story: what people do to a graph, and when."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sluice.startup.states import State
from tests.converge.client import Write
from tests.converge.cluster import Moment
from tests.converge.graph import picture
from tests.converge.graph.people import People
from tests.converge.store import Store

When = Callable[[Store], bool]


@dataclass(frozen=True, slots=True)
class Step:
    """What people do as soon as `when` is so (None: at once), and some seconds later."""

    do: Callable[[People], None]
    when: When | None = None
    after_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Story:
    """Steps in their order, and what must be so in the end.

    states: of the graph's nodes. ready: how many pods of nodes get traffic.
    held: whose workload or pods are held. quiet_seconds: nothing happens for so long only at its
    end.
    """

    steps: tuple[Step, ...]
    states: Mapping[str, State]
    ready: Mapping[str, int] = field(default_factory=dict)
    held: frozenset[str] = frozenset()
    quiet_seconds: float = 7.0


@dataclass(frozen=True, slots=True)
class Position:
    """Where a story stands: its next step, and since when it waits for that step's seconds."""

    step: int = 0
    armed_at: float | None = None


@dataclass(frozen=True, slots=True)
class Bookmark:
    """A moment in a story; `write`: after which write of the operator it was taken.

    released: how often each UID had been released until then.
    """

    moment: Moment
    position: Position
    write: Write
    released: Counter[str]


def is_in(state: State, *nodes: str) -> When:
    """Wait until nodes are in a state."""
    return lambda store: all(picture.states(store).get(node) is state for node in nodes)


def then(do: Callable[[People], None], after_seconds: float = 0.0) -> Step:
    """Return a step that follows the one before."""
    return Step(do, None, after_seconds)


def when(condition: When, do: Callable[[People], None], after_seconds: float = 0.0) -> Step:
    """Return a step that waits."""
    return Step(do, condition, after_seconds)
