"""The Event of an outcome that is no move of the stage: posted once, when its reason is written.

A move brings its own notes. What else becomes of a rollout, a refusal or a hold, is known by the
reason of its Ready condition: the write that changes the reason is the one that tells of it.
"""

from typing import Final

from sluice.model import announcing
from sluice.model.conditions import READY
from sluice.model.plan import Note
from sluice.model.reasons import Reason
from sluice.rollout.status import RolloutStatus

# Of these the notes of the moves tell, with more numbers.
_TOLD_BY_MOVES: Final = frozenset(
    {
        Reason.HEALTHY,
        Reason.PROGRESSING,
        Reason.PROMOTING,
        Reason.REVERTING,
        Reason.ROLLED_BACK,
        Reason.DELETED,
    }
)


def announced(
    before: RolloutStatus, after: RolloutStatus, notes: tuple[Note, ...] = ()
) -> tuple[Note, ...]:
    """Return the notes of a write, with one about Ready's reason if the write changes it."""
    return announcing.announced(
        before.conditions, after.conditions, (READY,), _TOLD_BY_MOVES, notes
    )
