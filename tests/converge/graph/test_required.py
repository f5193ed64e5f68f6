"""No version of an application runs before the record that it requires, in any order of arrival.

That is a law of the graph (`init_safety`): it is checked at every write of every story here.
"""

import pytest

from sluice.engine.announcer import EVENTS
from sluice.model import names
from sluice.model.json import Body
from sluice.model.references import PODS
from tests.converge.graph import picture
from tests.converge.graph.manifests import GRAPH, ref_of
from tests.converge.graph.required import REPERTOIRE, STORIES
from tests.converge.kubelet import image_of, is_of_init
from tests.converge.store import Store


def _store(name: str) -> Store:
    return REPERTOIRE.told(name).cluster.store


def _images(store: Store) -> set[str]:
    return {image_of(pod) for _, pod in store.every(PODS) if not is_of_init(pod)}


@pytest.mark.parametrize("name", STORIES)
def test_story(name: str) -> None:
    run, story = REPERTOIRE.told(name), STORIES[name]
    store = run.cluster.store

    assert picture.states(store) == story.states, run.tale([])
    ready = {node: picture.ready_pods(store, node) for node in story.ready}
    assert ready == story.ready, run.tale([])
    assert picture.held(store) == story.held, run.tale([])
    assert picture.recorded(store) == story.recorded, run.tale([])
    assert sum(run.cluster.ledger.made.values()) == story.runs, run.tale([])


@pytest.mark.parametrize("name", STORIES)
def test_crash_after_every_write(name: str) -> None:
    bookmarks = REPERTOIRE.told(name).bookmarks

    REPERTOIRE.crash(name, bookmarks)


_AWAITS = "AwaitsRecord"
_NEW = {"api:43"}
_OLD = {"api:42"}
_WHICH = {
    "follows its graph": _NEW,
    "comes before its graph": _NEW,
    "comes with its graph": _NEW,
    "comes while its migration runs": _NEW,
    "asks for another record and is the same otherwise": _OLD,
    "passes over a version that was held": {"api:44"},
    "scales the version of before while the next is held": _OLD,
    "waits behind what is half done": _OLD,
    "goes at once when it is bypassed": _NEW,
    "is held when its graph is deleted": _OLD,
    "goes without its graph when it is bypassed": _NEW,
    "is held while suspended": _OLD,
    "goes when it is resumed": _NEW,
    "stays paused by its author when its record is there": _OLD,
}


@pytest.mark.parametrize("name", _WHICH)
def test_which_version_runs_in_the_end(name: str) -> None:
    assert _images(_store(name)) == _WHICH[name]


@pytest.mark.parametrize(
    "name",
    [
        "is held when its graph is deleted",
        "is held before its first start when its graph is deleted",
        "waits longer than any orphan for the graph that it requires",
    ],
)
def test_what_no_graph_lets_go_is_told_in_an_event_with_what_to_do(name: str) -> None:
    told = (event for _, event in _store(name).every(EVENTS) if event.text("reason") == _AWAITS)
    events = [event for event in told if event.text("regarding", "kind") == "Deployment"]

    assert [event.text("regarding", "name") for event in events] == ["api"]
    assert events[0].text("note") == (
        "held: it requires migrate=43, and no StartupGraph shop exists whose record could say so; "
        "apply that graph, or: kubectl annotate deployment api sluice.dev/bypass=startup"
    )


def test_what_its_author_paused_keeps_his_pause_alone() -> None:
    body = Body(_store("stays paused by its author when its record is there").get(ref_of("api")))

    assert body.labels("metadata", "annotations")[names.HOLDERS] == "author"
    assert body.flag("spec", "paused")


def test_a_held_version_is_told_by_its_node_and_by_the_graph() -> None:
    status = Body(_store("waits for a version that nobody asks for").get(GRAPH)).body("status")
    (node,) = (one for one in status.bodies("nodes") if one.text("name") == "api")
    (ready,) = (one for one in status.bodies("conditions") if one.text("type") == "Ready")

    assert node.text("message") == (
        "its new version is held for migrate=43 to be complete (sluice.dev/requires)"
    )
    assert (ready.text("status"), ready.text("reason")) == ("False", "AwaitsRecord")
