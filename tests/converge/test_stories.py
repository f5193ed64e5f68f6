"""Every story comes to its ending, and no safety rule is broken after any write."""

import pytest

from tests.converge.turns import STORIES, told


@pytest.mark.parametrize("name", STORIES)
def test_story(name: str) -> None:
    run, ending = told(name), STORIES[name].ending

    assert {key: run.end[key] for key in ending} == ending, run.tale([])
