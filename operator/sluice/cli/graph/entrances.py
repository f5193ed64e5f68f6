"""From a parsed command line to what is done: connect, work, end with the right exit code."""

from typing import TypeAlias

from sluice.adapters.clock import SystemClock
from sluice.cli.cluster import Cluster, namespace_of, with_cluster
from sluice.cli.graph import (
    explaining,
    purging,
    reads,
    recounting,
    releasing,
    resolving,
    suspending,
)
from sluice.cli.graph.giving import Matter
from sluice.cli.graph.histories import Whose
from sluice.cli.options import Output, Settings
from sluice.cli.terminal import Terminal
from sluice.model.references import STARTUPGRAPHS, ObjectRef
from sluice.startup.init.commands import Verb

# Whether the person has confirmed it, and whether it is a dry run.
Answers: TypeAlias = tuple[bool, bool]


def list_graphs(settings: Settings, output: Output, *, everywhere: bool) -> None:
    """List the StartupGraphs of a namespace, or of all."""
    terminal, now = Terminal.open(settings), SystemClock().now()
    namespace = None if everywhere else namespace_of(settings)
    with_cluster(settings, lambda c: reads.show_list(c, namespace, terminal, output, now))


def get_graph(settings: Settings, name: str, output: Output) -> None:
    """Show one StartupGraph with its nodes."""
    terminal, now, ref = Terminal.open(settings), SystemClock().now(), _ref(settings, name)
    with_cluster(settings, lambda c: reads.show_one(c, ref, terminal, output, now))


def explain_graph(settings: Settings, name: str, node: str, output: Output) -> None:
    """Show why nodes of a StartupGraph are not ready; node: of this one alone, if not empty."""
    terminal, ref = Terminal.open(settings), _ref(settings, name)
    with_cluster(
        settings,
        lambda c: explaining.show_explanation(c, ref, node, terminal, output, SystemClock()),
    )


def show_graph(settings: Settings, name: str, *, dot: bool) -> None:
    """Draw one StartupGraph, for eyes or for Graphviz."""
    terminal, ref = Terminal.open(settings), _ref(settings, name)
    with_cluster(settings, lambda c: reads.show_drawing(c, ref, terminal, dot=dot))


def suspend_graph(settings: Settings, name: str, *, suspended: bool, dry_run: bool) -> None:
    """Suspend a StartupGraph, or have it go on."""
    terminal, ref = Terminal.open(settings), _ref(settings, name)
    with_cluster(
        settings,
        lambda c: suspending.suspend(c, ref, terminal, suspended=suspended, dry_run=dry_run),
    )


def release_node(
    settings: Settings, name: str, node: str, *, dry_run: bool, confirmed: bool
) -> None:
    """Let one node start without its parents."""
    terminal, ref = Terminal.open(settings), _ref(settings, name)
    consent = releasing.Consent(confirmed=confirmed, dry_run=dry_run)
    with_cluster(settings, lambda c: releasing.release(c, ref, node, consent, terminal))


def graph_history(
    settings: Settings, name: str, node: str, lock: str, version: str, output: Output
) -> None:
    """Show what is recorded of a graph's nodes; version: the end of its log alone, if not empty."""
    terminal, now = Terminal.open(settings), SystemClock().now()
    whose = Whose(_ref(settings, name), node, lock)

    async def work(cluster: Cluster) -> None:
        if version:
            await recounting.show_log(cluster, whose, version, terminal)
        else:
            await recounting.show_history(cluster, whose, terminal, output, now)

    with_cluster(settings, work)


def resolve_init(
    settings: Settings, name: str, node: str, verb: Verb, consent: Answers, timeout: float
) -> None:
    """Say how it is with a version that stopped."""
    terminal, ref = Terminal.open(settings), _ref(settings, name)
    with_cluster(
        settings,
        lambda c: resolving.resolve_node(
            Matter(c, ref, node, terminal), verb, releasing.Consent(*consent), timeout
        ),
    )


def undo_init(
    settings: Settings, name: str, node: str, to: str, consent: Answers, timeout: float
) -> None:
    """Undo versions of a node; to: the one that stays, empty for none."""
    terminal, ref = Terminal.open(settings), _ref(settings, name)
    with_cluster(
        settings,
        lambda c: resolving.undo_versions(
            Matter(c, ref, node, terminal), to, releasing.Consent(*consent), timeout
        ),
    )


def purge_history(
    settings: Settings, name: str, node: str, version: str, lock: str, consent: Answers
) -> None:
    """Delete the history of a node; version: of this one alone, if not empty."""
    terminal, whose = Terminal.open(settings), Whose(_ref(settings, name), node, lock)
    with_cluster(
        settings,
        lambda c: purging.purge_node(c, whose, version, releasing.Consent(*consent), terminal),
    )


def _ref(settings: Settings, name: str) -> ObjectRef:
    return ObjectRef(STARTUPGRAPHS, namespace_of(settings), name)
