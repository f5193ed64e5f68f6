"""All stories of a graph, by name."""

from collections.abc import Mapping
from typing import Final

from tests.converge.graph import edits, init_edits, inits, starts, surroundings, turns
from tests.converge.graph.scenario import Story
from tests.converge.graph.subject import SUBJECT
from tests.converge.repertoire import Repertoire

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
        surroundings.other_graphs,
        surroundings.jobs_of_others,
        surroundings.lost_lists,
        inits.runs,
        inits.mismatches,
        inits.half_done,
        inits.edges,
        init_edits.deletions,
        init_edits.removals,
        init_edits.locks,
        init_edits.other_locks,
        init_edits.people,
        init_edits.namespaces,
    )
    for name, story in chapter()
}


REPERTOIRE: Final = Repertoire(SUBJECT, STORIES)
