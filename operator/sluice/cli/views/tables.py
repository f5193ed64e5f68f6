"""Tables of rollouts: a list of them, and the history of one."""

from collections.abc import Iterable
from dataclasses import dataclass

from sluice.cli.views.overview import Overview
from sluice.cli.views.states import State
from sluice.cli.views.times import age
from sluice.model.scalars import format_duration
from sluice.rollout.status import Entry


@dataclass(frozen=True, slots=True)
class Cell:
    """A text, and the state that gives it a symbol and a colour."""

    text: str
    state: State | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Columns and rows; the last column takes the width that is left."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def listing(rollouts: Iterable[Overview], now: float, *, namespaces: bool) -> Table:
    """Return a line for each Rollout, sorted by namespace and name."""
    columns = ("NAME", "STATE", "STEP", "WEIGHT", "STABLE", "CANARY", "AGE", "MESSAGE")
    ordered = sorted(rollouts, key=lambda rollout: rollout.ref)
    lead = ("NAMESPACE",) if namespaces else ()
    return Table(
        (*lead, *columns),
        tuple(_line(rollout, now, namespaces=namespaces) for rollout in ordered),
    )


def _line(rollout: Overview, now: float, *, namespaces: bool) -> tuple[Cell, ...]:
    status = rollout.status
    known = () if status is None else (status.step_text, f"{status.weight}%")
    revisions = () if status is None else (status.stable.revision, status.canary.revision)
    texts = (*(known or ("", "")), *(revisions or ("", "")))
    return (
        *((Cell(rollout.ref.namespace),) if namespaces else ()),
        Cell(rollout.ref.name),
        Cell(rollout.word, rollout.state),
        *(Cell(text or "-") for text in texts),
        Cell(age(rollout.created, now)),
        Cell(rollout.why),
    )


_OUTCOMES = {"Promoted": State.HEALTHY, "RolledBack": State.DEGRADED}


def history(entries: Iterable[Entry], now: float) -> Table:
    """Return past rollouts, the latest first."""
    columns = ("ENDED", "OUTCOME", "FROM", "TO", "REASON", "TOOK", "BAD", "MESSAGE")
    return Table(columns, tuple(_past(entry, now) for entry in entries))


def _past(entry: Entry, now: float) -> tuple[Cell, ...]:
    return (
        Cell(f"{age(entry.ended, now)} ago"),
        Cell(entry.outcome, _OUTCOMES.get(entry.outcome, State.UNKNOWN)),
        Cell(entry.from_revision or "-"),
        Cell(entry.to_revision or "-"),
        Cell(entry.reason),
        Cell(format_duration(entry.ended - entry.started)),
        Cell(str(entry.bad_requests)),
        Cell(entry.message),
    )
