"""Words for the cluster's state."""

import os
import shutil
from collections.abc import Iterator

from tests.localcluster.packages import missing_packages
from tests.localcluster.places import Places
from tests.localcluster.state import State


def report(places: Places, state: State) -> str:
    """Return a few lines on what runs, what does not and where the logs are."""
    if not state.running and not state.ended:
        return "The cluster is down."
    kind = "a node for pods" if state.has_node else "the control plane only"
    health = "up" if state.is_healthy else "not healthy: `up` starts it afresh"
    lines = [
        f"The cluster ({kind}) is {health}.",
        f"running:    {', '.join(state.running) or 'nothing'}",
        f"API server: {'answers' if state.api_answers else 'does not answer'}",
        f"logs:       {places.logs}",
    ]
    if state.ended:
        lines.insert(2, f"ended:      {', '.join(state.ended)}")
    if not state.is_finished:
        lines.append("The last `up` did not reach its end.")
    return "\n".join(lines)


def missing_for_a_node() -> Iterator[str]:
    """Say, sentence by sentence, what keeps this machine from running pods."""
    if os.geteuid() != 0:
        yield "A node needs root; without it `up` starts the control plane only."
    if shutil.which("go") is None:
        yield "Go is missing."
    missing = missing_packages()
    if missing:
        yield f"Debian packages missing: {', '.join(missing)}."
