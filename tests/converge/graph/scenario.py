"""A story of a graph: what people do to it, when, and what must be so in the end."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.converge import scenario
from tests.converge.graph import picture
from tests.converge.graph.people import People
from tests.converge.graph.picture import AnyState
from tests.converge.scenario import Scenario, When

Deed = Callable[[People], None]


@dataclass(frozen=True, slots=True)
class Step(scenario.Step[People]):
    """What people do to a graph and its workloads."""


@dataclass(frozen=True, slots=True)
class Story(Scenario[People]):
    """What people do, and what must be so in the end.

    states: of the graph's nodes. ready: how many pods of nodes get traffic.
    held: whose workload or pods are held. others: the states of other graphs' nodes, by graph.
    recorded: what the records say, by «<node> <version>». runs: how many Jobs init nodes had.
    """

    states: Mapping[str, AnyState]
    ready: Mapping[str, int] = field(default_factory=dict)
    held: frozenset[str] = frozenset()
    others: Mapping[str, Mapping[str, AnyState]] = field(default_factory=dict)
    recorded: Mapping[str, str] = field(default_factory=dict, kw_only=True)
    runs: int = field(default=0, kw_only=True)
    quiet_seconds: float = field(default=7.0, kw_only=True)


def is_in(state: AnyState, *nodes: str) -> When:
    """Wait until nodes are in a state."""
    return lambda store: all(picture.states(store).get(node) == state for node in nodes)


def then(do: Deed, after_seconds: float = 0.0) -> Step:
    """Return a step that follows the one before."""
    return Step(do, None, after_seconds)


def when(condition: When, do: Deed, after_seconds: float = 0.0) -> Step:
    """Return a step that waits."""
    return Step(do, condition, after_seconds)
