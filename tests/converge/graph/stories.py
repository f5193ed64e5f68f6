"""All stories of a graph, by name."""

from collections.abc import Mapping
from functools import cache
from typing import Final

from tests.converge.graph import edits, starts, turns
from tests.converge.graph.run import Run
from tests.converge.graph.scenario import Story

STORIES: Final[Mapping[str, Story]] = {
    name: story
    for chapter in (
        starts.orders,
        starts.traffic,
        starts.node_gates,
        turns.failures,
        turns.people,
        edits.edits,
        edits.recreations,
    )
    for name, story in chapter()
}


@cache
def told(name: str) -> Run:
    """Return the undisturbed run of a story."""
    return Run(STORIES[name]).whole()
