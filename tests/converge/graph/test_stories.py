"""Every story of a graph comes to its ending, and no safety rule is broken after any write."""

import pytest

from tests.converge.graph import picture
from tests.converge.graph.stories import REPERTOIRE, STORIES


@pytest.mark.parametrize("name", STORIES)
def test_story(name: str) -> None:
    run, story = REPERTOIRE.told(name), STORIES[name]
    store = run.cluster.store

    assert picture.states(store) == story.states, run.tale([])
    ready = {node: picture.ready_pods(store, node) for node in story.ready}
    assert ready == story.ready, run.tale([])
    assert picture.held(store) == story.held, run.tale([])
