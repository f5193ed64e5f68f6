"""Kill -9 after any write of any story: a new process brings it to the same ending."""

import pytest

from tests.converge.run import Run
from tests.converge.turns import STORIES, told

_DOWN_SECONDS = 2.0


@pytest.mark.parametrize("name", STORIES)
def test_crash_after_every_write(name: str) -> None:
    story, undisturbed = STORIES[name], told(name)
    assert undisturbed.bookmarks

    for bookmark in undisturbed.bookmarks:
        run = Run(story.scenario).after_crash(bookmark, _DOWN_SECONDS, undisturbed.arrivals)
        same = run.rejoined is not None or story.same(run.end, undisturbed.end)
        assert same, run.tale([f"crashed after {bookmark.write}", str(run.end)])
