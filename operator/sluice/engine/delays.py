"""When an object is looked at again, by how its last pass ended."""

import random
from dataclasses import dataclass, field
from enum import StrEnum
from typing import assert_never

from sluice.engine.backoff import Backoff
from sluice.model.references import ObjectRef

# An object is looked at this often (and up to twice as long) even if nothing is known to have
# happened; an instant further away is approached in such steps, so a jump of the clock is noticed.
_RESYNC_SECONDS = 300.0


class Result(StrEnum):
    """How a pass ended; also the label of sluice_reconcile_total."""

    SETTLED = "settled"  # nothing was left to write
    PROGRESSED = "progressed"  # status was written; the next pass goes on from there
    STALE = "stale"  # it was decided on old knowledge
    FAILED = "failed"  # a passing failure
    REFUSED = "refused"  # the API server refused an action
    BROKEN = "broken"  # the kind raised an exception
    STOPPED = "stopped"  # this process may not write any more


@dataclass(slots=True)
class Delays:
    """The back-offs of all objects.

    progress: a kind whose status never settles would otherwise write without end.
    """

    progress: Backoff[ObjectRef] = field(default_factory=lambda: Backoff(0.0005, 30.0))
    failure: Backoff[ObjectRef] = field(default_factory=lambda: Backoff(0.05, 10.0))
    refusal: Backoff[ObjectRef] = field(default_factory=lambda: Backoff(1.0, 60.0))
    spread: random.Random = field(default_factory=random.Random)

    def after(self, key: ObjectRef, result: Result) -> float:
        """Return the seconds until the next pass, if nothing happens before."""
        match result:
            case Result.SETTLED:
                self.reset(key)
                return _RESYNC_SECONDS * (1 + self.spread.random())
            case Result.PROGRESSED:
                self.failure.reset(key)
                self.refusal.reset(key)
                return self.progress.next(key)
            case Result.STALE | Result.FAILED:
                return self.failure.next(key)
            case Result.REFUSED | Result.BROKEN:
                return self.refusal.next(key)
            case Result.STOPPED:
                return _RESYNC_SECONDS
            case _:
                assert_never(result)

    def reset(self, key: ObjectRef) -> None:
        """Forget the past of a key."""
        for backoff in (self.progress, self.failure, self.refusal):
            backoff.reset(key)
