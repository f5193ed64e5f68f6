"""From views to what rich can draw."""

from rich.console import Group, RenderableType
from rich.table import Table as Grid
from rich.text import Text

from sluice.cli.terminal import STYLES
from sluice.cli.views.glyphs import Glyphs
from sluice.cli.views.header import Header
from sluice.cli.views.states import State
from sluice.cli.views.tables import Table
from sluice.cli.views.times import age
from sluice.cli.views.tree import Row


def drawn_table(table: Table, glyphs: Glyphs) -> RenderableType:
    """Draw a table; its last column is folded if the screen is too narrow."""
    grid = _grid(len(table.columns))
    grid.add_row(*(Text(column, "dim") for column in table.columns))
    for row in table.rows:
        grid.add_row(*(_told(cell.text, cell.state, glyphs) for cell in row))
    return grid


def drawn_header(header: Header, glyphs: Glyphs) -> RenderableType:
    """Draw the head of a rollout."""
    title = Text.assemble((header.name, "bold"), "  ", _told(header.word, header.state, glyphs))
    for fact in header.facts:
        title.append(f"   {fact}")
    facts = _grid(2)
    facts.add_row(Text("why", "dim"), header.why)
    facts.add_row(Text("next", "dim"), header.next)
    return Group(title, facts)


def drawn_hints(header: Header, program: str) -> RenderableType:
    """Draw how to undo, and where to read on."""
    hints = _grid(2)
    if header.undo:
        hints.add_row(Text("undo", "dim"), f"{program} {header.undo}")
    hints.add_row(Text("more", "dim"), f"{program} {header.more}")
    return hints


def drawn_tree(rows: tuple[Row, ...], now: float, glyphs: Glyphs) -> RenderableType:
    """Draw the tree, a line for each object."""
    grid = _grid(5)
    for row in rows:
        node = row.node
        grid.add_row(
            Text.assemble((row.guide, "dim"), f"{node.symbol} {node.name}"),
            Text(node.kind, "dim"),
            _told(node.word, node.state, glyphs),
            "" if node.since is None else age(node.since, now),
            node.remark,
        )
    return grid


def _told(text: str, state: State | None, glyphs: Glyphs) -> Text:
    """Return a word with the symbol and colour of its state."""
    if state is None:
        return Text(text)
    return Text(f"{glyphs.states[state]} {text}", STYLES[state])


def _grid(columns: int) -> Grid:
    grid = Grid.grid(padding=(0, 3, 0, 0))
    for index in range(columns):
        last = index == columns - 1
        grid.add_column(no_wrap=not last, overflow="fold" if last else "ignore")
    return grid
