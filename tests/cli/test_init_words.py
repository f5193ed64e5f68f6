"""Which word fits a node that runs once, and what it means: by the operator's own functions."""

from dataclasses import replace

import pytest

from sluice.cli.graph.words import Word, resolve
from sluice.cli.orders import Refused
from sluice.model.json import JsonObject
from sluice.startup.init.commands import Verb
from sluice.startup.init.run import Direction
from sluice.startup.init.situation import Situation
from sluice.startup.init.states import State
from sluice.startup.init.status import InitStatus
from tests.cli.graph_scenes import scene
from tests.cli.init_scenes import (
    BACK,
    BROKEN,
    DONE,
    HALF,
    NODE,
    entry,
    init_of,
    lease,
    once,
    record,
    run,
    told,
    web,
)

UP, DOWN = run(), run(number=2, direction=Direction.DOWN)
NEXT = once(NODE, version="44")


def situation(
    status: InitStatus, *objects: JsonObject, init: JsonObject | None = None
) -> Situation:
    body = web(init or once(NODE), status)
    return scene(body, *objects, lease()).inits[NODE].situation


EFFECTS = [
    pytest.param(
        told(State.FAILED, UP, BROKEN),
        NEXT,
        Verb.RERUN,
        "have version 43 count as not applied; then version 44 is next, for which the graph asks",
        id="what failed is not run again when the graph asks for another version",
    ),
    pytest.param(
        told(State.DIRTY, UP, HALF),
        NEXT,
        Verb.APPLIED,
        "have version 43 count as complete; nothing runs; "
        "then version 44 is next, for which the graph asks",
        id="what counts as complete is followed by what the graph asks for",
    ),
    pytest.param(
        told(State.FAILED, DOWN, BROKEN),
        once(NODE),
        Verb.APPLIED,
        "have version 43 count as undone; nothing runs",
        id="a step down was done by hand",
    ),
    pytest.param(
        told(State.FAILED, DOWN, BROKEN),
        once(NODE),
        Verb.RERUN,
        "undo version 43 again, from the beginning",
        id="a step down may run again",
    ),
]


@pytest.mark.parametrize(("status", "init", "verb", "effect"), EFFECTS)
def test_the_effect_says_what_follows(
    status: InitStatus, init: JsonObject, verb: Verb, effect: str
) -> None:
    assert status.run is not None
    assert status.outcome is not None

    word = resolve(situation(status, record(entry(status.run, status.outcome)), init=init), verb)

    assert isinstance(word, Word)
    assert word.effect == effect


def test_a_version_that_nobody_wrote_is_told_by_the_digits_of_its_checksum() -> None:
    bare = once(NODE, version=None)
    asked = init_of(bare)
    own = run(asked.version)
    status = told(State.FAILED, own, BROKEN)

    word = resolve(situation(status, record(entry(own, BROKEN)), init=bare), Verb.RERUN)

    assert isinstance(word, Word)
    assert word.effect == f"run version {asked.version[3:15]} again, from the beginning"


@pytest.mark.parametrize("state", [State.HELD, State.BLOCKED], ids=str)
def test_what_was_undone_may_be_applied_again_whatever_it_waits_for(state: State) -> None:
    undone = replace(told(state, UP, BACK), state=state)

    word = resolve(situation(undone, record(entry(UP, BACK))), Verb.RERUN)

    assert isinstance(word, Word)
    assert word.of == entry(UP, BACK).job


def test_what_is_complete_needs_no_word() -> None:
    answer = resolve(situation(told(State.COMPLETE, UP, DONE), record(entry(UP, DONE))), Verb.RERUN)

    assert answer == Refused(
        "there is nothing to resolve: migrate is Complete", "sluice graph explain web migrate"
    )
