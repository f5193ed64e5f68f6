"""Kill -9 after any write of any story: a new process brings it to the same ending."""

import pytest

from tests.converge.rollout.turns import REPERTOIRE, STORIES


@pytest.mark.parametrize("name", STORIES)
def test_crash_after_every_write(name: str) -> None:
    bookmarks = REPERTOIRE.told(name).bookmarks
    assert bookmarks

    REPERTOIRE.crash(name, bookmarks)
