"""The story of an init node as lines of a picture."""

from collections.abc import Iterator

from rich.text import Text

from sluice.cli.graph.init_stories import InitStory
from sluice.cli.graph.overview import OF_INIT
from sluice.cli.graph.parents import Parent
from sluice.cli.terminal import STYLES
from sluice.cli.views.glyphs import Glyphs
from sluice.cli.views.plain import plain
from sluice.cli.views.states import State
from sluice.cli.views.times import age
from sluice.startup.init.checksum import shown
from sluice.startup.init.run import Direction, Outcome


def init_lines(story: InitStory, now: float, glyphs: Glyphs, log_lines: int) -> Iterator[Text]:
    """Return the lines of a node that runs once, with so many of its log."""
    state = OF_INIT[story.state]
    since = "" if story.since is None else f" for {age(story.since, now)}"
    word = (f"{glyphs.states[state]} {story.state}", STYLES[state])
    what = f"   {story.kind} {shown(story.version)}{_other(story)}"
    yield Text.assemble((story.name, "bold"), "  ", word, since, what)
    if story.why:
        yield Text(f"  {plain(story.why)}")
    if story.job:
        yield Text(f"  Job {story.job}: {_run(story, now)}")
    said = story.outcome.said if story.outcome else ""
    if said and said not in story.why:
        yield Text(f"  it said: {plain(said)}")
    yield Text(f"  image {plain(story.image)}")
    yield Text(f"  lock {story.lock}: {story.holder + ' has it' if story.holder else 'free'}")
    for parent in story.parents:
        yield parent_line(parent, glyphs)
    yield from _log(story, glyphs, log_lines)
    yield Text.assemble(("  next", "dim"), f"  {story.following}")


def _other(story: InitStory) -> str:
    """Return of what the state speaks, if that is not what the graph asks for."""
    run = story.run
    if run is None or (run.version == story.version and run.direction is Direction.UP):
        return ""
    undoing = "undoing " if run.direction is Direction.DOWN else ""
    return f"; the state speaks of {undoing}version {shown(run.version)}"


def _run(story: InitStory, now: float) -> str:
    if story.outcome is not None:
        return ended(story.outcome, now)
    if story.begun is None:
        return "has not begun" if story.there else "is not there"
    tries = f", {_tries(story.tries)} ended" if story.tries else ""
    return f"has been running for {age(story.begun, now)}{tries}"


def ended(outcome: Outcome, now: float) -> str:
    """Return what became of a run, when, and by whom if it was a person's word."""
    code = "no exit code" if outcome.exit_code is None else f"exit code {outcome.exit_code}"
    by = f"; {outcome.result} is what {plain(outcome.by)} says" if outcome.by else ""
    return f"{_tries(outcome.tries)}, {code}, {age(outcome.ended, now)} ago{by}"


def _tries(count: int) -> str:
    return "1 try" if count == 1 else f"{count} tries"


def _log(story: InitStory, glyphs: Glyphs, most: int) -> Iterator[Text]:
    if story.log_at:
        yield Text(f"  log: {story.log_at}")
    lines = plain(story.log).splitlines()
    if lines:
        left = len(lines) - most
        yield Text(f"  log, the last {most} lines:" if left > 0 else "  log, its end:")
    for line in lines[-most:]:
        yield Text.assemble((f"    {glyphs.trunk.rstrip()} ", "dim"), line)


def parent_line(parent: Parent, glyphs: Glyphs) -> Text:
    """Return the line of an edge that is not satisfied."""
    symbol, style = mark(glyphs, passed=parent.met)
    optional = ", optional" if parent.optional else ""
    head = f"  {symbol} waits for {parent.name} ({parent.until}{optional})"
    return Text.assemble((head, style), f": it {parent.message}")


def mark(glyphs: Glyphs, *, passed: bool | None) -> tuple[str, str]:
    """Return symbol and style of what has passed, has not, or of which that is not known."""
    symbol, state = {
        True: (glyphs.passed, State.HEALTHY),
        False: (glyphs.failed, State.DEGRADED),
        None: (glyphs.skipped, State.UNKNOWN),
    }[passed]
    return symbol, STYLES[state]
