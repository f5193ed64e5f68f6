"""What stories of init nodes leave behind: every run in a record, no lock taken, no Job kept."""

import pytest

from sluice.engine.announcer import EVENTS
from sluice.model import names
from sluice.model.json import Body, canonical
from sluice.model.references import JOBS
from sluice.startup.applied import unpacked
from tests.builders import NAMESPACE
from tests.converge.graph import picture
from tests.converge.graph.hands import status_of
from tests.converge.graph.init_safety import untold
from tests.converge.graph.inits import SAID
from tests.converge.graph.manifests import GRAPH
from tests.converge.graph.stories import REPERTOIRE, STORIES
from tests.converge.namespaces import namespace_ref
from tests.converge.store import Store

# It runs still, or nobody can write a record there, or nobody is left who would.
_UNTOLD = {
    "holds its application while a migration runs",
    "starts what waits for the beginning alone",
    "lets its namespace go while a migration runs",
    "lets its namespace go as soon as a Job is seen",
    "lets its namespace go when all is done",
    "lets a Job go whose graph was taken away by force when it is deleted",
}
_ENDED = [name for name, story in STORIES.items() if story.runs and name not in _UNTOLD]


def _store(name: str) -> Store:
    return REPERTOIRE.told(name).cluster.store


@pytest.mark.parametrize("name", _ENDED)
def test_every_run_ends_in_a_record_and_lets_everything_go(name: str) -> None:
    run = REPERTOIRE.told(name)
    store = run.cluster.store

    assert untold(store, run.cluster.ledger) == [], run.tale([])
    assert set(picture.holders(store).values()) <= {""}, run.tale([])
    kept = [body.body("metadata").texts("finalizers") for _, body in store.every(JOBS)]
    assert not any(names.RECORD_FINALIZER in one for one in kept), run.tale([])


def _condition(name: str, kind: str) -> Body:
    conditions = Body(_store(name).get(GRAPH)).bodies("status", "conditions")
    return next(one for one in conditions if one.text("type") == kind)


def test_what_is_half_done_is_told_with_what_its_job_said() -> None:
    stalled = _condition("holds everything behind a migration that is half done", "Stalled")

    assert stalled.text("reason") == "InitDirty"
    assert stalled.text("message") == (
        f"migrate: version 43 may be half done: its Job ended with 20: {SAID}; "
        "mend it, then: sluice graph resolve shop migrate --applied or --rerun. Held for it: api"
    )


def test_what_failed_is_told_with_what_its_job_said() -> None:
    stalled = _condition("fails after three tries", "Stalled")

    assert stalled.text("reason") == "InitFailed"
    assert f"version 43 failed: 3 tries, exit code 1: {SAID}" in stalled.text("message")


def test_a_wish_to_undo_that_is_refused_is_answered_in_an_event() -> None:
    name = "undoes nothing on which something runs"
    told = [
        e.text("note") for _, e in _store(name).every(EVENTS) if e.text("reason") == "InitAnswered"
    ]

    assert told == ["migrate: version 43 stays: stop api first, and ask again"]


def test_who_said_that_it_is_done_stands_in_the_status_that_the_record_told() -> None:
    graph = Body(_store("goes on when a person has done the rest by hand").get(GRAPH))
    status = status_of(graph, "migrate")

    assert status is not None
    assert status.text("init", "outcome", "by") == "ada"


@pytest.mark.parametrize(
    "name",
    [
        "records and forgets a migration that is removed while it runs",
        "makes way for a workload of its name",
        "takes the place of a workload of its name",
    ],
)
def test_what_goes_on_while_an_edit_is_wrong_is_the_last_spec_again(name: str) -> None:
    graph = Body(_store(name).get(GRAPH))
    kept = unpacked(graph.text("status", "appliedSpec"))

    assert kept == canonical(graph.body("spec").value)
    assert len(graph.bodies("status", "nodes")) == len(graph.bodies("spec", "nodes"))


@pytest.mark.parametrize("name", [name for name in STORIES if "its namespace go" in name])
def test_nothing_is_left_of_a_namespace(name: str) -> None:
    store = _store(name)

    assert namespace_ref(NAMESPACE) not in store.objects
    assert [str(ref) for ref in store.objects if ref.namespace == NAMESPACE] == []
