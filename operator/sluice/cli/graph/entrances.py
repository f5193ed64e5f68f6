"""From a parsed command line to what is done: connect, work, end with the right exit code."""

from sluice.adapters.clock import SystemClock
from sluice.cli.cluster import namespace_of, with_cluster
from sluice.cli.graph import explaining, reads, releasing, suspending
from sluice.cli.options import Output, Settings
from sluice.cli.terminal import Terminal
from sluice.model.references import STARTUPGRAPHS, ObjectRef


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


def _ref(settings: Settings, name: str) -> ObjectRef:
    return ObjectRef(STARTUPGRAPHS, namespace_of(settings), name)
