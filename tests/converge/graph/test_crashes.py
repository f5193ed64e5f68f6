"""Kill -9 after any write of any story of a graph: a new process brings it to the same ending."""

import pytest

from tests.converge.graph.run import Run
from tests.converge.graph.scenario import Position, Story
from tests.converge.graph.stories import STORIES, told

_DOWN_SECONDS = 2.0
# Twenty leaves are alike; the writes for five of them are tried.
_EVERY = {"starts twenty, five at a time": 11}


def _is_tried_elsewhere(story: Story, position: Position) -> bool:
    """Whether a shorter story goes on from there, and nothing of this one happens meanwhile."""
    begun = story.steps[: position.step]
    shorter = any(other is not story and other.steps == begun for other in STORIES.values())
    return shorter and position.armed_at is None and position.step < len(story.steps)


@pytest.mark.parametrize("name", STORIES)
def test_crash_after_every_write(name: str) -> None:
    story, undisturbed = STORIES[name], told(name)
    assert undisturbed.bookmarks

    for bookmark in undisturbed.bookmarks[:: _EVERY.get(name, 1)]:
        if _is_tried_elsewhere(story, bookmark.position):
            continue
        run = Run(story).after_crash(bookmark, _DOWN_SECONDS, undisturbed.arrivals)
        same = run.rejoined or run.end == undisturbed.end
        assert same, run.tale([f"crashed after {bookmark.write}", str(run.end)])
