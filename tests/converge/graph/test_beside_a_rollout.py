"""A Deployment of a Rollout that is a node of a graph as well: one holder after the other."""

import pytest

from sluice.model.json import Body
from tests.converge.graph import picture
from tests.converge.graph.beside import REPERTOIRE, STORIES, TARGET


@pytest.mark.parametrize("name", STORIES)
def test_story(name: str) -> None:
    run, story = REPERTOIRE.told(name), STORIES[name]
    rollout = Body(run.end).body("rollout").value

    assert picture.states(run.cluster.store).get(TARGET) is story.node, run.tale([])
    assert {key: rollout[key] for key in story.rollout} == story.rollout, run.tale([])


# Its writes are the first ones of a whole promotion.
_BEGINNING = "rolls the next version out by a canary"


@pytest.mark.parametrize("name", [name for name in STORIES if name != _BEGINNING])
def test_crash_after_every_write(name: str) -> None:
    bookmarks = REPERTOIRE.told(name).bookmarks
    assert bookmarks

    REPERTOIRE.crash(name, bookmarks)
