"""`graph suspend`, `resume` and `release`: what is written, and when nothing is."""

from collections.abc import Callable, Mapping

import pytest

from sluice.cli.exits import Exit
from sluice.model.json import Body, Json, JsonObject
from sluice.model.names import BYPASS
from sluice.model.references import DEPLOYMENTS, STATEFULSETS, ObjectRef
from sluice.startup.states import State
from sluice.startup.status import Phase
from tests.builders import NAMESPACE
from tests.cli.conftest import Command, Person
from tests.cli.graph_scenes import (
    GRAPH,
    REF,
    deployment,
    graph,
    node,
    pod,
    seen,
    stateful_set,
    status,
)
from tests.cli.server import Cluster

API = ObjectRef(DEPLOYMENTS, NAMESPACE, "api")
DB = ObjectRef(STATEFULSETS, NAMESPACE, "db")
HELD = graph(
    node("db", kind="StatefulSet"),
    node("api", "db"),
    status=status(Phase.PENDING, seen("db", State.HELD), seen("api", State.HELD)),
)
RELEASE = ("graph", "release", GRAPH)


@pytest.fixture(autouse=True)
def held(cluster: Cluster) -> None:
    waiting = pod("db-0", "db", kind="StatefulSet", held=True)
    cluster.put(HELD, stateful_set("db"), waiting, deployment("api", held=True))


def bypass(cluster: Cluster, ref: ObjectRef = API) -> str | None:
    return Body(cluster.store.get(ref)).labels("metadata", "annotations").get(BYPASS)


def suspended(cluster: Cluster) -> bool:
    return Body(cluster.store.get(REF)).flag("spec", "suspend")


def annotated(name: str, marks: Mapping[str, str]) -> JsonObject:
    body = deployment(name, held=True)
    meta = Body(body).body("metadata")
    notes: dict[str, Json] = {**meta.labels("annotations"), **marks}
    return {**body, "metadata": {**meta.value, "annotations": notes}}


def test_suspend_and_resume_write_one_field_and_tell_how_to_undo_it(
    cluster: Cluster, sluice: Command
) -> None:
    stopped = sluice("graph", "suspend", GRAPH)
    after = suspended(cluster)
    resumed = sluice("graph", "resume", GRAPH)

    assert (stopped.code, resumed.code) == (Exit.DONE, Exit.DONE)
    assert (after, suspended(cluster)) == (True, False)
    assert "what has been released goes on" in stopped.err
    assert "undo: sluice graph resume web" in stopped.err
    assert "undo: sluice graph suspend web" in resumed.err
    assert stopped.out == resumed.out == ""
    assert cluster.http.written == [REF.path, REF.path]


@pytest.mark.parametrize(
    ("verb", "words"),
    [
        pytest.param("resume", "nothing to do: web is not suspended", id="resume what goes on"),
        pytest.param("suspend", "nothing to do: web is suspended", id="suspend twice"),
    ],
)
def test_what_is_so_already_is_done_without_a_write(
    cluster: Cluster, sluice: Command, verb: str, words: str
) -> None:
    if verb == "suspend":
        cluster.store.set(REF, "spec.suspend", True)

    said = sluice("graph", verb, GRAPH)

    assert said.code == Exit.DONE
    assert words in said.err
    assert cluster.http.writes == []


@pytest.mark.parametrize(
    ("words", "ref"),
    [
        pytest.param(("graph", "suspend", GRAPH), REF, id="suspend"),
        pytest.param((*RELEASE, "api"), API, id="release"),
    ],
)
def test_a_dry_run_writes_nothing_but_asks_the_server(
    cluster: Cluster, sluice: Command, words: tuple[str, ...], ref: ObjectRef
) -> None:
    said = sluice(*words, "--dry-run")

    assert said.code == Exit.DONE
    assert "nothing is written; it would" in said.err
    assert cluster.http.tried == [ref.path]
    assert cluster.http.written == []


@pytest.mark.parametrize(
    ("name", "ref", "skipped"),
    [
        pytest.param("api", API, "without waiting for db Ready (it is Held)", id="a Deployment"),
        pytest.param("db", DB, "at once; no parent is missing", id="a StatefulSet"),
    ],
)
def test_release_marks_the_workload_and_says_what_is_skipped(
    cluster: Cluster, sluice: Command, name: str, ref: ObjectRef, skipped: str
) -> None:
    said = sluice(*RELEASE, name, "--yes")

    assert said.code == Exit.DONE
    assert bypass(cluster, ref) == "startup"
    assert cluster.http.written == [ref.path]
    assert f"let {ref} start {skipped}" in said.err
    assert f"undo: kubectl annotate {ref.resource.kind.lower()} {name}" in said.err
    assert f"next: sluice graph explain web {name}" in said.err


def test_release_keeps_other_annotations_and_names_other_holders(
    cluster: Cluster, sluice: Command
) -> None:
    marks = {"team": "shop", "sluice.dev/holders": "author,startup"}
    cluster.put(annotated("api", marks))

    said = sluice(*RELEASE, "api", "--yes")

    assert "it stays held by author" in said.err
    notes = Body(cluster.store.get(API)).labels("metadata", "annotations")
    assert notes == {**marks, BYPASS: "startup"}


def test_release_without_confirmation_writes_nothing(cluster: Cluster, sluice: Command) -> None:
    said = sluice(*RELEASE, "api")

    assert said.code == Exit.USAGE
    assert "--yes" in said.err
    assert cluster.http.writes == []


@pytest.mark.parametrize(
    ("answer", "code", "writes"),
    [pytest.param("n", Exit.USAGE, 0, id="no"), pytest.param("y", Exit.DONE, 1, id="yes")],
)
def test_a_person_is_asked(
    cluster: Cluster, sluice: Command, person: Person, answer: str, code: Exit, writes: int
) -> None:
    person.answer(answer)

    said = sluice(*RELEASE, "api", person=person)

    assert said.code == code
    assert "without waiting for db Ready" in person.read()
    assert len(cluster.http.written) == writes


RUNNING = deployment("api", 3)
REFUSED = [
    pytest.param(
        lambda cluster: cluster.put(RUNNING),
        "its graph does not hold Deployment api",
        id="what runs",
    ),
    pytest.param(
        lambda cluster: cluster.store.objects.pop(API),
        "Deployment api does not exist",
        id="what is not there",
    ),
    pytest.param(
        lambda cluster: cluster.put(annotated("api", {BYPASS: "5d21c0ffee"})),
        "sluice.dev/bypass: 5d21c0ffee, which is an answer to its Rollout",
        id="what carries another answer",
    ),
]


@pytest.mark.parametrize(("spoil", "sentence"), REFUSED)
def test_release_is_refused_where_it_makes_no_sense(
    cluster: Cluster, sluice: Command, spoil: Callable[[Cluster], object], sentence: str
) -> None:
    spoil(cluster)

    said = sluice(*RELEASE, "api", "--yes")

    assert said.code == Exit.NEGATIVE
    assert sentence in said.err
    assert cluster.http.writes == []


GOING = status(Phase.STARTING, seen("db", State.READY), seen("api", State.RELEASING))
ALREADY = [
    pytest.param(
        lambda cluster: cluster.put(annotated("api", {BYPASS: "startup"})), id="marked already"
    ),
    pytest.param(
        lambda cluster: cluster.store.set(REF, "status", GOING.to_json()), id="on its way"
    ),
]


@pytest.mark.parametrize("change", ALREADY)
def test_what_is_being_released_is_left_alone(
    cluster: Cluster, sluice: Command, change: Callable[[Cluster], object]
) -> None:
    change(cluster)

    said = sluice(*RELEASE, "api", "--yes")

    assert said.code == Exit.DONE
    assert "nothing to do: api is being released already" in said.err
    assert cluster.http.writes == []


def test_an_unknown_node_is_not_found(sluice: Command) -> None:
    said = sluice(*RELEASE, "apu", "--yes")

    assert said.code == Exit.NOT_FOUND
    assert "did you mean api?" in said.err


def test_a_write_of_a_controller_in_between_is_no_conflict(
    cluster: Cluster, sluice: Command
) -> None:
    cluster.refuse("PATCH", 409, "Conflict", times=2)

    assert sluice(*RELEASE, "api", "--yes").code == Exit.DONE
    assert bypass(cluster) == "startup"


def test_a_workload_that_never_stands_still_is_a_conflict(
    cluster: Cluster, sluice: Command
) -> None:
    cluster.refuse("PATCH", 409, "Conflict")

    said = sluice(*RELEASE, "api", "--yes")

    assert said.code == Exit.CONFLICT
    assert "changed 5 times" in said.err


def in_between(cluster: Cluster, deed: Callable[[], object]) -> Callable[[], None]:
    """Return what does the deed after the person has answered, when the workload is read."""

    def after_read() -> None:
        if cluster.http.requests[-1] == f"GET {API.path}":
            deed()

    return after_read


def test_a_parent_that_was_lost_while_the_person_thought_is_a_conflict(
    cluster: Cluster, sluice: Command, person: Person
) -> None:
    more = {**HELD, "spec": graph(node("db"), node("cache"), node("api", "db", "cache"))["spec"]}
    cluster.http.after_read = in_between(cluster, lambda: cluster.put(more))
    person.answer("y")

    said = sluice(*RELEASE, "api", person=person)

    assert said.code == Exit.CONFLICT
    assert "node api of StartupGraph shop/web changed meanwhile" in person.read()
    assert cluster.http.writes == []


def test_a_parent_that_only_moved_on_while_the_person_thought_changes_nothing(
    cluster: Cluster, sluice: Command, person: Person
) -> None:
    moved = status(Phase.STARTING, seen("db", State.STARTING), seen("api", State.HELD))
    cluster.http.after_read = in_between(
        cluster, lambda: cluster.put({**HELD, "status": moved.to_json()})
    )
    person.answer("y")

    assert sluice(*RELEASE, "api", person=person).code == Exit.DONE
