"""`migrate status` as a table."""

from collections.abc import Mapping
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sluice.init.facts import one_line
from sluice.init.migrate.standing import Standing, State

_STYLES: Final[Mapping[State, str]] = {
    State.PENDING: "yellow",
    State.APPLIED: "green",
    State.CHANGED: "red",
    State.MISSING: "red",
    State.RUNNING: "cyan",
    State.DIRTY: "bold red",
}
_PIPE_WIDTH: Final = 200


def draw(found: tuple[Standing, ...]) -> None:
    """Write the table, and what a person has to know of versions that failed in the middle."""
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console = Console(highlight=False, markup=False, emoji=False, width=_PIPE_WIDTH)
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("VERSION", "NAME", "STATE", "DOWN", "WHEN", "MS", "BY"):
        table.add_column(heading, no_wrap=True)
    for one in found:
        table.add_row(*_cells(one))
    console.print(table)
    for one in found:
        if one.state is State.DIRTY and one.row:
            row = one.row
            place = f"statement {row.statement} of {row.statements}"
            said = one_line(row.error) or "its process ended"
            console.print(f"{one.version} {place}: {one_line(row.sql)}", style="red")
            console.print(f"{one.version} {said}", style="red")


def _cells(one: Standing) -> tuple[str | Text, ...]:
    row = one.row
    return (
        one.version,
        one.name,
        Text(one.state.value, _STYLES[one.state]),
        "yes" if one.down else "no",
        (row.finished_at or row.started_at) if row else "",
        str(row.duration_ms) if row and row.finished_at else "",
        row.run_by if row else "",
    )
