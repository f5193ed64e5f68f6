"""A graph as a drawing: rank by rank for eyes, and as a digraph for Graphviz."""

from collections.abc import Iterator, Mapping
from typing import Final

from sluice.cli.graph.overview import Overview
from sluice.cli.views.states import State
from sluice.cli.views.tables import Cell, Table
from sluice.startup.shape import ranks
from sluice.startup.spec import Edge, GraphSpec, InitNode, Node, Until

_COLORS: Final[Mapping[State, str]] = {
    State.HEALTHY: "darkgreen",
    State.PROGRESSING: "darkcyan",
    State.PAUSED: "darkgoldenrod",
    State.DEGRADED: "red",
    State.UNKNOWN: "gray40",
}


def ranked(graph: Overview, spec: GraphSpec) -> Table:
    """Return the nodes by depth, each with what it waits for; CycleError if there is no order."""
    nodes = {node.name: node for node in spec.entries}
    rows = []
    for number, names in enumerate(ranks(spec), start=1):
        for position, name in enumerate(names):
            word, state = _state(graph, name)
            rows.append(
                (
                    Cell("" if position else str(number)),
                    Cell(_titled(graph, name)),
                    Cell(word, state),
                    Cell(", ".join(_parent(edge) for edge in nodes[name].depends_on) or "-"),
                )
            )
    return Table(("RANK", "NODE", "STATE", "AFTER"), tuple(rows))


def dot_of(graph: Overview, spec: GraphSpec) -> str:
    """Return the graph in Graphviz's language: arrows lead from parents to children."""
    return "".join(f"{line}\n" for line in _dot_lines(graph, spec))


def _dot_lines(graph: Overview, spec: GraphSpec) -> Iterator[str]:
    yield f"digraph {_quoted(graph.ref.name)} {{"
    yield "  rankdir=TB;"
    yield "  node [shape=box];"
    known = {node.name for node in spec.entries}
    for node in spec.entries:
        word, state = _state(graph, node.name)
        what = _once(graph, node.name)
        label = "\n".join((node.name, *((what,) if what else ()), word))
        shape = ", shape=ellipse" if what else ""
        yield f"  {_quoted(node.name)} [label={_quoted(label)}, color={_COLORS[state]}{shape}];"
    for name in dict.fromkeys(edge.parent for node in spec.entries for edge in node.depends_on):
        if name not in known:
            label = f"{name}\nno node of the graph"
            yield f"  {_quoted(name)} [label={_quoted(label)}, style=dashed, color=red];"
    for node in spec.entries:
        yield from (_dot_edge(edge, node) for edge in node.depends_on)
    yield "}"


def _dot_edge(edge: Edge, child: Node | InitNode) -> str:
    arrow = f"  {_quoted(edge.parent)} -> {_quoted(child.name)}"
    label = _conditions(edge)
    style = ", style=dashed" if edge.optional else ""
    return f"{arrow} [label={_quoted(label)}{style}];" if label else f"{arrow};"


def _parent(edge: Edge) -> str:
    said = _conditions(edge)
    return f"{edge.parent} ({said})" if said else edge.parent


def _conditions(edge: Edge) -> str:
    """Return what an edge asks for besides a parent that is Ready by its own bar."""
    said = [] if edge.until is Until.READY else [str(edge.until)]
    if edge.min_ready is not None:
        said.append(f"minReady {edge.min_ready.text}")
    return ", ".join([*said, *(["optional"] if edge.optional else [])])


def _state(graph: Overview, name: str) -> tuple[str, State]:
    node = graph.node(name)
    if node is None:
        return str(State.UNKNOWN), State.UNKNOWN
    return node.word, node.state


def _titled(graph: Overview, name: str) -> str:
    """Return a node's name; of what runs once, also which version of it."""
    what = _once(graph, name)
    return f"{name} ({what})" if what else name


def _once(graph: Overview, name: str) -> str:
    """Return kind and version of a node that runs once, empty for a workload."""
    return next((node.what for node in graph.nodes if node.name == name and node.once), "")


def _quoted(text: str) -> str:
    r"""Return a text as an ID of DOT; there «\» begins an escape, of which only \n is meant."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
