"""Every story comes to its ending, and no safety rule is broken after any write."""

from collections import Counter

import pytest

from sluice.engine.announcer import EVENTS
from tests.converge.rollout.people import People
from tests.converge.rollout.turns import REPERTOIRE, STORIES
from tests.converge.run import Run


@pytest.mark.parametrize("name", STORIES)
def test_story(name: str) -> None:
    run, ending = REPERTOIRE.told(name), STORIES[name].ending

    assert {key: run.end[key] for key in ending} == ending, run.tale([])


def _posted(run: Run[People]) -> Counter[str]:
    """Return how many Events were posted, by reason."""
    return Counter(body.text("reason") for _, body in run.cluster.store.every(EVENTS))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("is deleted in Progressing/Creating", "Deleted"),
        ("is deleted in Progressing/Judging", "Deleted"),
        ("is deleted in Promoting/Rolling, and promotes", "Deleted"),
        ("is deleted when rolled back", "Deleted"),
        ("waits for a route that is deleted, and goes on", "RouteNotFound"),
        ("holds when both versions are bad, until a person decides", "Environment"),
        ("adopts a target that comes later", "TargetNotFound"),
    ],
)
def test_an_outcome_is_told_in_one_event(name: str, reason: str) -> None:
    assert _posted(REPERTOIRE.told(name))[reason] == 1


def test_a_good_course_is_told_without_a_warning() -> None:
    warnings = {"NoData", "Environment", "Inconclusive", "Unproven"}

    assert not warnings & set(_posted(REPERTOIRE.told("promotes a good version")))
