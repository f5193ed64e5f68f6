"""How a pass ended."""

from dataclasses import dataclass

from sluice.engine.apply import Applied
from sluice.engine.delays import Result
from sluice.engine.refusals import most_pressing
from sluice.model.problems import Transient


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a pass ended, and in how many seconds it wants another one at the latest."""

    result: Result
    due_in_seconds: float | None = None


def outcome_of(applied: Applied, otherwise: Result, due_in_seconds: float | None) -> Outcome:
    """Return how a pass ended whose actions came to this; `otherwise`: if nothing went wrong."""
    problem = most_pressing(applied.problems)
    if applied.stale:
        result = Result.STALE
    elif problem is None:
        result = otherwise
    else:
        result = Result.FAILED if isinstance(problem, Transient) else Result.REFUSED
    return Outcome(result, due_in_seconds)
