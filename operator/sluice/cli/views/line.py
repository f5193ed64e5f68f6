"""One rollout in one line: for a pipe, a log, and whoever waits."""

from sluice.cli.views.glyphs import Glyphs
from sluice.cli.views.overview import Overview


def one_line(rollout: Overview, glyphs: Glyphs) -> str:
    """Return name, state, progress and why, without anything that changes by time alone."""
    state = f"{glyphs.states[rollout.state]} {rollout.word}"
    return "  ".join((rollout.ref.name, state, *rollout.progress, rollout.why))
