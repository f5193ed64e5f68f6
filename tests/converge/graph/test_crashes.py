"""Kill -9 after any write of any story of a graph: a new process brings it to the same ending."""

import pytest

from tests.converge.graph.scenario import Story
from tests.converge.graph.stories import REPERTOIRE, STORIES
from tests.converge.scenario import Position

# Twenty leaves are alike; the writes for five of them are tried.
_EVERY = {"starts twenty, five at a time": 11}


def _is_tried_elsewhere(story: Story, position: Position) -> bool:
    """Whether a shorter story goes on from there, and nothing of this one happens meanwhile."""
    begun = story.steps[: position.step]
    shorter = any(other is not story and other.steps == begun for other in STORIES.values())
    return shorter and position.armed_at is None and position.step < len(story.steps)


@pytest.mark.parametrize("name", STORIES)
def test_crash_after_every_write(name: str) -> None:
    story, bookmarks = STORIES[name], REPERTOIRE.told(name).bookmarks
    assert bookmarks

    some = bookmarks[:: _EVERY.get(name, 1)]
    REPERTOIRE.crash(name, [b for b in some if not _is_tried_elsewhere(story, b.position)])
