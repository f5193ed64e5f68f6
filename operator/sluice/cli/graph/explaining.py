"""What `explain` does: every node that is not ready, with all that keeps it from it."""

from collections.abc import Iterator, Sequence
from typing import Final, assert_never

from rich.console import Group, RenderableType
from rich.text import Text

from sluice.adapters.clock import Clock
from sluice.cli.cluster import Cluster
from sluice.cli.graph import find
from sluice.cli.graph.answers import Answer, Published
from sluice.cli.graph.init_lines import init_lines, mark, parent_line
from sluice.cli.graph.init_stories import InitStory, init_stories, told_of
from sluice.cli.graph.overview import OF_NODE, Overview
from sluice.cli.graph.records import all_data
from sluice.cli.graph.stories import Story, stories
from sluice.cli.graph.tables import header
from sluice.cli.options import Output
from sluice.cli.render import drawn_header
from sluice.cli.terminal import STYLES, Terminal
from sluice.cli.views.glyphs import Glyphs
from sluice.cli.views.states import State
from sluice.cli.views.times import age
from sluice.model.fields import InvalidSpecError
from sluice.model.json import JsonObject, MalformedError
from sluice.model.references import ObjectRef
from sluice.startup.findings import findings
from sluice.startup.scene import Scene

# A log may have as many lines as the record keeps of it; of several nodes only the last ones.
_MOST_LINES: Final = 4096
_FEW_LINES: Final = 5


async def show_explanation(
    cluster: Cluster,
    ref: ObjectRef,
    node: str,
    terminal: Terminal,
    output: Output,
    clock: Clock,
) -> None:
    """Show why nodes of a StartupGraph are not ready; node: of this one alone, if not empty."""
    graph = await find.graph(cluster, ref)
    try:
        scene = await find.scene(cluster, ref, clock)
    except (InvalidSpecError, MalformedError) as error:
        raise find.unreadable(ref, error) from error
    names = [one.name for one in scene.own.spec.entries]
    if node and node not in names:
        raise find.no_node(ref, node, names)
    records = await all_data(cluster, told_of(scene, node))
    both: tuple[Story | InitStory, ...] = (
        *stories(scene, terminal.program, node),
        *init_stories(scene, terminal.program, records, node),
    )
    found = tuple(sorted(both, key=lambda story: names.index(story.name)))
    if output is not Output.TABLE:
        told: JsonObject = {
            "graph": ref.name,
            "suspended": scene.own.spec.suspend,
            "faults": scene.own.faults,
            "findings": findings(scene),
            "nodes": [story.to_json() for story in found],
        }
        terminal.write(told, output)
        return
    terminal.show(explanation(graph, scene, found, terminal.glyphs, log_lines=_log_lines(node)))


def _log_lines(node: str) -> int:
    return _MOST_LINES if node else _FEW_LINES


def explanation(
    graph: Overview,
    scene: Scene,
    found: Sequence[Story | InitStory],
    glyphs: Glyphs,
    log_lines: int = _FEW_LINES,
) -> RenderableType:
    """Return the picture: head, what is wrong with the graph as a whole, then node by node."""
    wrong = [Text(f"{glyphs.failed} {one}", STYLES[State.DEGRADED]) for one in scene.own.faults]
    loose = [Text(f"{glyphs.warned} {one}", STYLES[State.PAUSED]) for one in findings(scene)]
    if not found:
        wrong.append(
            Text(f"{glyphs.passed} all {len(scene.own.spec.entries)} nodes are Ready", "green")
        )
    nodes = [line for story in found for line in _all_lines(story, scene.now, glyphs, log_lines)]
    return Group(drawn_header(header(graph), glyphs), *wrong, *nodes, *loose)


def _all_lines(
    story: Story | InitStory, now: float, glyphs: Glyphs, log_lines: int
) -> Iterator[Text]:
    match story:
        case Story():
            return _lines(story, now, glyphs)
        case InitStory():
            return init_lines(story, now, glyphs, log_lines)
    assert_never(story)


def _lines(story: Story, now: float, glyphs: Glyphs) -> Iterator[Text]:
    state = OF_NODE[story.state]
    since = "" if story.since is None else f" for {age(story.since, now)}"
    word = (f"{glyphs.states[state]} {story.state}", STYLES[state])
    told = f"   {story.amount}" if story.workload in story.amount else ""
    shown = told or f"   {story.workload}: {story.amount}"
    yield Text.assemble((story.name, "bold"), "  ", word, since, shown)
    if story.told and story.told != story.amount:
        yield Text(f"  the operator says: {story.told}")
    for parent in story.parents:
        yield parent_line(parent, glyphs)
    for gate in story.gates:
        yield _gate(gate, glyphs)
    for pod in story.pods:
        yield _pod(pod, now, glyphs)
    yield Text.assemble(("  next", "dim"), f"  {story.following}")


def _gate(answer: Answer, glyphs: Glyphs) -> Text:
    symbol, style = mark(glyphs, passed=answer.passed)
    weight = "" if answer.gate.critical else ", not critical"
    head = f"  {symbol} gate {answer.gate.name} ({answer.gate.scope}{weight})"
    return Text.assemble((head, style), f": {answer.message}")


def _pod(pod: Published, now: float, glyphs: Glyphs) -> Text:
    symbol, style = mark(glyphs, passed=None if pod.since is None else False)
    since = "" if pod.since is None else f"{pod.reason} for {age(pod.since, now)}: "
    return Text.assemble((f"    {symbol} pod {pod.pod}", style), f": {since}{pod.message}")
