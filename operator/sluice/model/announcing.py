"""The Event of an outcome that no note tells of: posted by the write that changes a reason."""

from collections.abc import Collection, Iterable

from sluice.model.conditions import Condition
from sluice.model.plan import Note
from sluice.model.reasons import Reason


def announced(
    before: Iterable[Condition],
    after: Iterable[Condition],
    types: Collection[str],
    told: Collection[Reason],
    notes: tuple[Note, ...] = (),
) -> tuple[Note, ...]:
    """Return the notes of a write, with one about each condition of `types` that has a new reason.

    told: the reasons of which notes tell anyway, with more numbers.
    """
    known = {(condition.type, condition.reason) for condition in before}
    noted = {note.reason for note in notes}
    return notes + tuple(
        Note(Reason(condition.reason), condition.message)
        for condition in after
        if condition.type in types
        and (condition.type, condition.reason) not in known
        and Reason(condition.reason) not in noted
        and Reason(condition.reason) not in told
    )
