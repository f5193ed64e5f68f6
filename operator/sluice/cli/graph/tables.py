"""Tables of graphs: a list of them, and the nodes of one."""

from collections.abc import Iterable

from sluice.cli.graph.overview import Named, Overview
from sluice.cli.views.header import Header
from sluice.cli.views.tables import Cell, Table
from sluice.cli.views.times import age


def listing(graphs: Iterable[Overview], now: float, *, namespaces: bool) -> Table:
    """Return a line for each StartupGraph, sorted by namespace and name.

    The columns are those of `kubectl get`, but the only long one is the last: it may be folded.
    """
    columns = ("NAME", "READY", "PHASE", "NODES", "AGE", "WAITING-FOR")
    ordered = sorted(graphs, key=lambda graph: graph.ref)
    lead = ("NAMESPACE",) if namespaces else ()
    lines = tuple(_line(graph, now, namespaces=namespaces) for graph in ordered)
    return Table((*lead, *columns), lines)


def _line(graph: Overview, now: float, *, namespaces: bool) -> tuple[Cell, ...]:
    status = graph.status
    ready, waiting = ("", "") if status is None else (status.ready, status.waiting_for)
    return (
        *((Cell(graph.ref.namespace),) if namespaces else ()),
        Cell(graph.ref.name),
        Cell(ready or "-"),
        Cell(graph.word, graph.state),
        Cell(str(len(graph.nodes))),
        Cell(age(graph.created, now)),
        Cell(waiting or "-"),
    )


def nodes(graph: Overview, now: float) -> Table:
    """Return a line for each node, in the order of the spec."""
    columns = ("NODE", "WORKLOAD", "STATE", "SINCE", "MESSAGE")
    return Table(columns, tuple(_node(graph, node, now) for node in graph.nodes))


def _node(graph: Overview, named: Named, now: float) -> tuple[Cell, ...]:
    node = graph.node(named.name)
    lead = (Cell(named.name), Cell(named.what))
    if node is None:
        return (*lead, Cell("-"), Cell("-"), Cell(""))
    since = age(node.since, now) if node.since else "-"
    return (*lead, Cell(node.word, node.state), Cell(since), Cell(node.message))


def header(graph: Overview) -> Header:
    """Return the head of a StartupGraph."""
    name, status = graph.ref.name, graph.status
    counted = f"{status.ready} nodes ready" if status is not None and status.ready else ""
    suspended = "suspended" if graph.suspended else ""
    return Header(
        name=name,
        state=graph.state,
        word=graph.word,
        facts=tuple(fact for fact in (counted, suspended) if fact),
        why=graph.why,
        next=graph.following,
        undo=f"graph resume {name}" if graph.suspended else "",
        more=f"graph explain {name}",
    )
