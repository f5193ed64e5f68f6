"""Work that goes on beside the steps."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

Work = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Background:
    """Jobs in threads, each known by the function that it runs."""

    pool: ThreadPoolExecutor
    jobs: dict[Work, Future[None]] = field(default_factory=dict)

    def begin(self, work: Work) -> None:
        self.jobs[work] = self.pool.submit(work)

    def finish(self, work: Work) -> None:
        """Wait for a job that has begun, and raise what it raised."""
        self.jobs[work].result()
