"""Records first, canaries second: both hold one Deployment, and no pod comes before its record."""

import pytest

from sluice.model.json import Body
from tests.converge.graph import picture
from tests.converge.graph.beside import TARGET
from tests.converge.graph.required_beside import REPERTOIRE, STORIES


@pytest.mark.parametrize("name", STORIES)
def test_story(name: str) -> None:
    run, story = REPERTOIRE.told(name), STORIES[name]
    rollout = Body(run.end).body("rollout").value

    assert picture.states(run.cluster.store).get(TARGET) is story.node, run.tale([])
    assert {key: rollout[key] for key in story.rollout} == story.rollout, run.tale([])


# What a promotion does after a crash is told of where nothing is required.
@pytest.mark.parametrize(
    "name",
    [
        "starts the first version behind its record",
        "makes no canary before the record",
        "makes a canary behind the record",
        "makes no canary on what is half done",
        "makes no canary without its graph",
    ],
)
def test_crash_after_every_write(name: str) -> None:
    bookmarks = REPERTOIRE.told(name).bookmarks

    REPERTOIRE.crash(name, bookmarks)
