"""`sluice graph`: names, options and help of its commands."""
# ruff: noqa: PLC0415 - the clients take half a second to import; `--help` must not

from enum import StrEnum
from io import TextIOWrapper

import click

from sluice.cli.graph.init_verbs import INIT_VERBS
from sluice.cli.graph.verbs import VERBS
from sluice.cli.options import Output, Settings, output_option, shared_options


class Drawing(StrEnum):
    """How `show` draws: for eyes, or for Graphviz."""

    TEXT = "text"
    DOT = "dot"


@click.group("graph")
@shared_options
def graph() -> None:
    """Look at StartupGraphs, and steer them."""


@graph.command("list")
@shared_options
@output_option
@click.option("-A", "--all-namespaces", is_flag=True, help="Of all namespaces.")
@click.pass_context
def list_command(context: click.Context, output: Output, *, all_namespaces: bool) -> None:
    """List StartupGraphs and what they wait for."""
    from sluice.cli.graph.entrances import list_graphs

    list_graphs(Settings.of(context), output, everywhere=all_namespaces)


@graph.command("get")
@shared_options
@output_option
@click.argument("name")
@click.pass_context
def get_command(context: click.Context, name: str, output: Output) -> None:
    """Show one StartupGraph: state, why, what is next, and each node."""
    from sluice.cli.graph.entrances import get_graph

    get_graph(Settings.of(context), name, output)


@graph.command("explain")
@shared_options
@output_option
@click.argument("name")
@click.argument("node", default="")
@click.pass_context
def explain_command(context: click.Context, name: str, node: str, output: Output) -> None:
    """Show why nodes are not ready, in numbers.

    Parents, gates and what is next of every node that is not Ready, or of NODE alone. It is
    decided as the operator does, on what the API server says; answers to http and tcp gates are
    counted in the operator alone.
    """
    from sluice.cli.graph.entrances import explain_graph

    explain_graph(Settings.of(context), name, node, output)


@graph.command("show")
@shared_options
@click.argument("name")
@click.option(
    "--format",
    "drawing",
    type=click.Choice(Drawing, case_sensitive=False),
    default=Drawing.TEXT,
    help="text: rank by rank; dot: for Graphviz. Default: text.",
)
@click.pass_context
def show_command(context: click.Context, name: str, drawing: Drawing) -> None:
    """Draw a StartupGraph, first nodes on top."""
    from sluice.cli.graph.entrances import show_graph

    show_graph(Settings.of(context), name, dot=drawing is Drawing.DOT)


@graph.command("history")
@shared_options
@output_option
@click.argument("name")
@click.argument("node", default="")
@click.option("--lock", metavar="KEY", default="", help="Of this lock, whichever graph ran it.")
@click.option("--log", metavar="VERSION", default="", help="Print the end of its log instead.")
@click.pass_context
def history_command(
    context: click.Context, name: str, node: str, output: Output, *, lock: str, log: str
) -> None:
    """Show which versions have run, how they ended, and who said what of them.

    Of all nodes of NAME that run once, or of NODE alone, the latest version first. The last 20
    versions of a node are kept, with 4 KiB of the log of each.

    A record outlives its graph. When that is gone, the records are shown that its nodes left
    under locks of their own, and those that tell of its Jobs; --lock KEY finds the others.

    Exit 1 if a record cannot be read, 3 if there is neither the graph nor a record of it.
    """
    from sluice.cli.graph.entrances import graph_history

    graph_history(Settings.of(context), name, node, lock, log, output)


@graph.command("import")
@shared_options
@click.argument("file", type=click.File("r", encoding="utf-8"))
@click.option("--name", default="", help="Name of the StartupGraph. Default: the file's.")
@click.option(
    "-o",
    "--output",
    type=click.Choice([Output.YAML, Output.JSON], case_sensitive=False),
    default=Output.YAML,
    help="How to write the manifest. Default: yaml.",
)
@click.pass_context
def import_command(context: click.Context, file: TextIOWrapper, name: str, output: Output) -> None:
    """Print the StartupGraph that FILE describes; nothing is applied.

    FILE (- for stdin) is JSON or YAML, in one of three forms:

    \b
    {"nodes": {"api": ["db", "cache"], "db": [], "cache": []}}
    {"nodes": [{"name": "api", "dependsOn": ["db", {"node": "cache", "until": "Started"}]}, ...]}
    {"services": {"api": {"depends_on": ...}}}: a file of docker compose

    A node starts the Deployment of its name; an entry of the second form may name another
    `workload` (apiVersion, kind, name), or have `init` (kind, version, job) as the spec has it.
    Of compose, service_started becomes until: Started, service_healthy Ready,
    service_completed_successfully Complete (that service becomes a Job), and required: false
    becomes optional.

    Exit 1 if the graph could not be carried out, with nothing on stdout.
    """  # noqa: D301 - click reads the control character
    from sluice.cli.graph.importing import import_graph

    import_graph(Settings.of(context), file, name, output)


for verb in (*VERBS, *INIT_VERBS):
    graph.add_command(verb)
