"""What a kind promises whatever happens: checked on the cluster itself, by its own safety laws."""

import traceback
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.converge.cluster import Cluster
from tests.converge.operator_process import OperatorProcess
from tests.converge.store import Change


@dataclass
class Laws(ABC):
    """Watches a cluster and keeps what was wrong.

    pass_seconds: how old the knowledge may be on which an operator acts.
    one_leader: whether nobody else writes. processes: all that probe.
    watching: whether an operator is at work.
    """

    cluster: Cluster
    pass_seconds: float = 0.3
    one_leader: bool = True
    processes: Sequence[OperatorProcess] = ()
    watching: bool = False
    broken: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.cluster.seen.append(self._seen)

    def _seen(self, change: Change) -> None:
        """Check a change; the engine would set an object aside whose law itself raises."""
        try:
            self.check(change)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with a law is told
            self._say("".join(traceback.format_exception(error)))

    @abstractmethod
    def check(self, change: Change) -> None:
        """Check a change and what there is after it."""

    @abstractmethod
    def check_quiet(self) -> None:
        """Check what there is at an instant when nothing is left to do."""

    def watch(self) -> None:
        """An operator is at work from now on."""
        self.watching = True

    def _say(self, sentence: str) -> None:
        self.broken.append(f"{self.cluster.loop.time():.3f}: {sentence}")
