"""What `list`, `get` and `show` do: read, show, change nothing."""

from rich.console import Group, RenderableType
from rich.text import Text

from sluice.cli.cluster import Cluster
from sluice.cli.exits import CommandError, Exit
from sluice.cli.graph import find
from sluice.cli.graph.drawing import dot_of, ranked
from sluice.cli.graph.overview import Overview
from sluice.cli.graph.tables import header, listing, nodes
from sluice.cli.options import Output
from sluice.cli.render import drawn_header, drawn_hints, drawn_table
from sluice.cli.terminal import Terminal
from sluice.cli.views.glyphs import Glyphs
from sluice.model.fields import InvalidSpecError
from sluice.model.json import Body, MalformedError
from sluice.model.references import ObjectRef
from sluice.startup.shape import faults
from sluice.startup.spec import GraphSpec


async def show_list(
    cluster: Cluster, namespace: str | None, terminal: Terminal, output: Output, now: float
) -> None:
    """Show the StartupGraphs of a namespace, or of all."""
    found = sorted(await find.graphs(cluster, namespace), key=lambda graph: graph.ref)
    if output is not Output.TABLE:
        items = [graph.body for graph in found]
        terminal.write({"apiVersion": "v1", "kind": "List", "items": items}, output)
        return
    if not found:
        where = f"in namespace {namespace}" if namespace else "in any namespace"
        first = f"{terminal.program} graph import FILE writes one"
        terminal.say(f"no StartupGraphs {where}; a first one: {first}")
        return
    table = listing(found, now, namespaces=namespace is None)
    terminal.show(drawn_table(table, terminal.glyphs))


async def show_one(
    cluster: Cluster, ref: ObjectRef, terminal: Terminal, output: Output, now: float
) -> None:
    """Show one StartupGraph with its nodes."""
    found = await find.graph(cluster, ref)
    if output is not Output.TABLE:
        terminal.write(found.body, output)
        return
    terminal.show(picture(found, now, terminal.program, terminal.glyphs))


def picture(graph: Overview, now: float, program: str, glyphs: Glyphs) -> RenderableType:
    """Return head, nodes and hints of a StartupGraph."""
    head = header(graph)
    return Group(
        drawn_header(head, glyphs),
        drawn_table(nodes(graph, now), glyphs),
        drawn_hints(head, program),
    )


async def show_drawing(cluster: Cluster, ref: ObjectRef, terminal: Terminal, *, dot: bool) -> None:
    """Draw one StartupGraph; CommandError if there is no order in which it could be drawn."""
    found = await find.graph(cluster, ref)
    try:
        spec = GraphSpec.from_body(Body(found.body).body("spec"), ref.name)
    except (InvalidSpecError, MalformedError) as error:
        raise find.unreadable(ref, error) from error
    if dot:
        terminal.out.file.write(dot_of(found, spec))
        return
    wrong = faults(spec)
    if wrong:
        sentence = f"{ref} has no order: {'. '.join(wrong)}"
        raise CommandError(Exit.NEGATIVE, sentence, "correct the spec; --format dot draws it as is")
    terminal.show(Text(f"{ref.name}  {found.why}"))
    terminal.show(drawn_table(ranked(found, spec), terminal.glyphs))
