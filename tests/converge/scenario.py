"""A scenario: what people do to a rollout, and when."""

from collections.abc import Callable
from dataclasses import dataclass

from sluice.rollout.phases import Stage
from tests.converge.client import Write
from tests.converge.cluster import Cluster, Moment, People


@dataclass(frozen=True, slots=True)
class Step:
    """What people do once the Rollout is in a stage (None: at once), and some seconds later."""

    do: Callable[[People], None]
    stage: Stage | None = None
    after_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """Steps in their order. until: when the story is over; by default once all is at rest.

    common: how many steps other stories have as well: no crash is tried before they are done.
    """

    steps: tuple[Step, ...]
    until: Callable[[Cluster], bool] | None = None
    common: int = 0


@dataclass(frozen=True, slots=True)
class Position:
    """Where a story stands: its next step, and since when it waits for that step's seconds."""

    step: int = 0
    armed_at: float | None = None


@dataclass(frozen=True, slots=True)
class Bookmark:
    """A moment in a story; `write`: after which write of the operator it was taken."""

    moment: Moment
    position: Position
    write: Write
