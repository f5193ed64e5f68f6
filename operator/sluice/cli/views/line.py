"""One rollout in one line: for a pipe, a log, and whoever waits."""

from sluice.cli.views.glyphs import Glyphs
from sluice.cli.views.overview import Overview
from sluice.rollout.phases import Phase


def one_line(rollout: Overview, glyphs: Glyphs) -> str:
    """Return name, state, progress and why, without anything that changes by time alone."""
    parts = [rollout.ref.name, f"{glyphs.states[rollout.state]} {rollout.word}"]
    status = rollout.status
    if status is not None and status.stage.phase not in {Phase.HEALTHY, Phase.ROLLED_BACK}:
        parts += [f"step {status.step_text}"] if status.step_text else []
        parts.append(f"weight {status.weight}% (actual {status.actual_weight}%)")
    return "  ".join((*parts, rollout.why))
