"""The shape of a graph: what is wrong with it as a whole, and the order that follows from it.

Pure functions of the spec. networkx is imported only for a graph that has a cycle: its import takes
longer than everything else here.
"""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from graphlib import CycleError, TopologicalSorter
from itertools import islice

from sluice.model.references import JOBS
from sluice.startup.gates import Scope
from sluice.startup.nodes import Edge, InitNode, Node, Until
from sluice.startup.spec import GraphSpec

_MOST_CYCLES = 20
_LONGEST_PATH = 12


def faults(spec: GraphSpec) -> tuple[str, ...]:
    """Return a sentence for everything that keeps the graph from starting; none if it is sound."""
    return (
        *_shared_workloads(spec),
        *_job_gate_faults(spec),
        *_edge_faults(spec),
        *_cycle_faults(spec),
    )


def cycles(spec: GraphSpec) -> Iterator[tuple[str, ...]]:
    """Yield every cycle once, as names of which each depends on the next, the last on the first.

    There may be more of them than anyone can wait for: take as many as you need.
    """
    if not _is_cyclic(spec):
        return
    import networkx as nx  # noqa: PLC0415 (0.26 s that only an invalid graph has to pay)

    names = [node.name for node in spec.entries]
    # Numbers, because the order of texts in a set differs from process to process.
    numbers = {name: number for number, name in enumerate(names)}
    graph: nx.DiGraph[int] = nx.DiGraph()
    for name, parents in _parents(spec).items():
        graph.add_edges_from((numbers[name], numbers[parent]) for parent in parents)
    for cycle in nx.simple_cycles(graph):
        first = cycle.index(min(cycle))
        yield tuple(names[number] for number in (*cycle[first:], *cycle[:first]))


def ranks(spec: GraphSpec) -> tuple[tuple[str, ...], ...]:
    """Return the names by depth: those without parents first, each below its deepest parent.

    Raises graphlib.CycleError for a graph with a cycle.
    """
    sorter = TopologicalSorter(_parents(spec))
    sorter.prepare()
    found = []
    while sorter.is_active():
        ready = set(sorter.get_ready())
        found.append(tuple(node.name for node in spec.entries if node.name in ready))
        sorter.done(*ready)
    return tuple(found)


def children(spec: GraphSpec) -> Mapping[str, tuple[str, ...]]:
    """Return the nodes that wait for each node, in the order of the spec."""
    found: dict[str, list[str]] = {node.name: [] for node in spec.entries}
    for name, parents in _parents(spec).items():
        for parent in parents:
            found[parent].append(name)
    return {name: tuple(names) for name, names in found.items()}


def _parents(spec: GraphSpec) -> dict[str, tuple[str, ...]]:
    """Return the known parents of each node."""
    known = {node.name for node in spec.entries}
    return {
        node.name: tuple(edge.parent for edge in node.depends_on if edge.parent in known)
        for node in spec.entries
    }


def _is_cyclic(spec: GraphSpec) -> bool:
    try:
        TopologicalSorter(_parents(spec)).prepare()
    except CycleError:
        return True
    return False


def _shared_workloads(spec: GraphSpec) -> Iterator[str]:
    owners: dict[tuple[str, str], str] = {}
    for node in spec.nodes:
        workload = (node.resource.kind, node.workload)
        owner = owners.setdefault(workload, node.name)
        if owner != node.name:
            yield (
                f"nodes {owner} and {node.name} both start {' '.join(workload)}; "
                "write another workload for one of them, or remove it"
            )


def _job_gate_faults(spec: GraphSpec) -> Iterator[str]:
    for node in spec.nodes:
        on_pods = (gate for gate in node.gates if gate.scope is Scope.POD)
        for gate in on_pods if node.resource == JOBS else ():
            yield (
                f"node {node.name} is a Job, whose pods end: gate {gate.name} would never pass; "
                "write an http url or a tcp host, or remove it"
            )


def _edge_faults(spec: GraphSpec) -> Iterator[str]:
    nodes = {node.name: node for node in spec.entries}
    for node in spec.entries:
        for edge in node.depends_on:
            fault = _edge_fault(edge, nodes)
            if fault is not None:
                yield f"node {node.name} {fault}"


def _edge_fault(edge: Edge, nodes: Mapping[str, Node | InitNode]) -> str | None:
    parent = nodes.get(edge.parent)
    if parent is None:
        return f"depends on {edge.parent}, which is no node of this graph; {_advice(edge, nodes)}"
    kind = JOBS.kind if isinstance(parent, InitNode) else parent.resource.kind
    # Only a Job comes to an end.
    if edge.until is Until.COMPLETE and kind != JOBS.kind:
        return f"waits until {parent.name} is Complete, but it is a {kind}; write until: Ready"
    # A Job is one run; how many of its pods are ready says nothing.
    if edge.min_ready is not None and kind == JOBS.kind:
        amount = edge.min_ready.text
        return f"waits for minReady {amount} of {parent.name}, but it is a Job; remove minReady"
    return None


def _advice(edge: Edge, nodes: Mapping[str, Node | InitNode]) -> str:
    near = get_close_matches(edge.parent, nodes)
    return f"write {' or '.join(near)}" if near else "add that node, or remove this edge"


def _cycle_faults(spec: GraphSpec) -> Iterator[str]:
    place = {node.name: index for index, node in enumerate(spec.entries)}
    found = cycles(spec)
    first = islice(found, _MOST_CYCLES)
    for cycle in sorted(first, key=lambda names: [place[name] for name in names]):
        yield f"nodes {_drawn(cycle)} depend on each other; remove one of these edges"
    if next(found, None) is not None:
        yield f"and more cycles than these {_MOST_CYCLES}"


def _drawn(cycle: tuple[str, ...]) -> str:
    """Draw a cycle from and to its first node; of a long one, both ends."""
    shown = (*cycle, cycle[0])
    if len(cycle) > _LONGEST_PATH:
        half = _LONGEST_PATH // 2
        left_out = f"... {len(cycle) - 2 * half} more ..."
        shown = (*cycle[:half], left_out, *cycle[-half:], cycle[0])
    return " -> ".join(shown)
