"""What the policies do with a new version of a Deployment that requires an init node's version."""

import json

import pytest

from sluice.model.json import Body, JsonObject
from sluice.model.names import (
    BYPASS,
    GRAPH_LABEL,
    HELD_PENDING,
    HOLDERS,
    NODE_LABEL,
    REQUIRES,
    ROLE_CANARY,
    ROLE_LABEL,
    ROLLOUT_LABEL,
)
from sluice.model.names import HELD as ROLLOUT_MARK
from tests.cluster.conftest import own_namespace
from tests.cluster.hold_target import IMAGE, Write, write
from tests.cluster.kubectl import Kubectl
from tests.cluster.startup_target import (
    DEPLOYMENT,
    FREE,
    GRAPH,
    HELD,
    HOLDERS_PATH,
    KINDS,
    LABELS,
    NAME,
    Hold,
    Kind,
    Place,
    hold_of,
    json_patch,
    operation,
    pod_spec,
    wait_until_in_force,
)
from tests.localcluster.waiting import wait_until

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("in_force")]

ANNOTATIONS: JsonObject = {REQUIRES: "migrate=43"}
ANNOTATION_PATH = "/metadata/annotations/sluice.dev~1requires"
BOTH: JsonObject = {**LABELS, ROLLOUT_LABEL: NAME}
SET_IMAGE = write("set image deployment/checkout app=app:2")
UPGRADE = "what runs goes on, and the new version waits until migrate=43 is complete"


@pytest.fixture(scope="module")
def in_force(kubectl: Kubectl, operator: Kubectl) -> None:
    with own_namespace(kubectl) as name:
        place = Place(kubectl, operator, name)
        wait_until_in_force(place)
        started(place)
        trial = Write((*SET_IMAGE.words, "--dry-run=server"))
        wait_until(
            lambda: UPGRADE in place.do(trial).warnings,
            timeout_seconds=30,
            waiting_for="the policy of requirements to be in force",
        )


@pytest.fixture
def place(kubectl: Kubectl, operator: Kubectl, namespace: str) -> Place:
    return Place(kubectl, operator, namespace)


def manifest(
    image: str = "app:1",
    *,
    annotations: JsonObject = ANNOTATIONS,
    labels: JsonObject = LABELS,
    spec: JsonObject | None = None,
) -> JsonObject:
    container: JsonObject = {"name": "app", "image": image}
    template: JsonObject = {
        "metadata": {"labels": {"app": NAME}},
        "spec": {**pod_spec(), "containers": [container]},
    }
    more: JsonObject = {"template": template, **(spec or {})}
    return DEPLOYMENT.manifest(labels=labels, annotations=annotations, spec=more)


def started(
    place: Place, *, annotations: JsonObject = ANNOTATIONS, labels: JsonObject = LABELS
) -> None:
    """Apply the Deployment, let it go as the operator does, and wait until it has run."""
    place.do(Write(("apply", "-f", "-"), manifest(annotations=annotations, labels=labels)))
    if place.hold(DEPLOYMENT).stopped:
        off = operation("replace", DEPLOYMENT.path, value=False)
        place.do_as_operator(json_patch(DEPLOYMENT.ref, off, operation("remove", HOLDERS_PATH)))
    has_run = "--for=jsonpath={.status.replicas}=1"
    place.do(write(f"wait {DEPLOYMENT.ref} {has_run} --timeout=30s"))


CHANGES = {
    "kubectl set image": SET_IMAGE,
    "a JSON patch": json_patch(DEPLOYMENT.ref, operation("replace", IMAGE, "app:2")),
    "a client-side apply": Write(("apply", "-f", "-"), manifest("app:2")),
    "a server-side apply": write(
        "apply --server-side --force-conflicts -f -", manifest("app:2", spec={"paused": False})
    ),
    "a PUT": Write(("replace", "-f", "-"), manifest("app:2")),
    "a restart": write(f"rollout restart {DEPLOYMENT.ref}"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_new_version_is_held_in_the_very_write(place: Place, change: Write) -> None:
    started(place)
    said = place.do(change)
    assert place.hold(DEPLOYMENT) == HELD
    for part in (
        f"Deployment {NAME} is held back as node {NAME} of StartupGraph {GRAPH}: {UPGRADE}",
        f"annotation {REQUIRES}; why not yet: kubectl get sg {GRAPH}",
        f"kubectl annotate deployment {NAME} {BYPASS}=startup",
    ):
        assert part in said.warnings


def test_what_runs_goes_on(place: Place) -> None:
    started(place)
    place.do(SET_IMAGE)
    generation = place.read(DEPLOYMENT.ref).whole("metadata", "generation")
    seen = f"--for=jsonpath={{.status.observedGeneration}}={generation}"
    place.do(write(f"wait {DEPLOYMENT.ref} {seen} --timeout=30s"))
    assert len(place.names("replicasets")) == 1
    assert place.read(DEPLOYMENT.ref).whole("status", "replicas") == 1


def test_another_requirement_is_held(place: Place) -> None:
    started(place)
    said = place.do(json_patch(DEPLOYMENT.ref, operation("replace", ANNOTATION_PATH, "migrate=44")))
    assert place.hold(DEPLOYMENT) == HELD
    assert "waits until migrate=44 is complete" in said.warnings


def test_a_first_requirement_is_held(place: Place) -> None:
    started(place, annotations={})
    place.do(write(f"annotate {DEPLOYMENT.ref} {REQUIRES}=migrate=43"))
    assert place.hold(DEPLOYMENT) == HELD


def test_labels_and_requirement_and_version_may_come_in_one_write(place: Place) -> None:
    started(place, annotations={}, labels={})
    place.do(Write(("apply", "-f", "-"), manifest("app:2")))
    assert place.hold(DEPLOYMENT) == HELD


FREE_CHANGES = {
    "another size": write(f"scale {DEPLOYMENT.ref} --replicas=2"),
    "another size by patch": json_patch(DEPLOYMENT.ref, operation("add", "/spec/replicas", 2)),
    "a label of its own": write(f"label {DEPLOYMENT.ref} team=a"),
    "an annotation": write(f"annotate {DEPLOYMENT.ref} team=a"),
    "the same manifest again": Write(("apply", "-f", "-"), manifest()),
    "the same manifest by PUT": Write(("replace", "-f", "-"), manifest()),
    "another strategy": json_patch(DEPLOYMENT.ref, operation("add", "/spec/minReadySeconds", 5)),
    "without the requirement": json_patch(
        DEPLOYMENT.ref,
        operation("remove", ANNOTATION_PATH),
        operation("replace", IMAGE, "app:2"),
    ),
    "with an empty requirement": json_patch(
        DEPLOYMENT.ref,
        operation("replace", ANNOTATION_PATH, ""),
        operation("replace", IMAGE, "app:2"),
    ),
    "with a bypass": json_patch(
        DEPLOYMENT.ref,
        operation("add", "/metadata/annotations/sluice.dev~1bypass", "startup"),
        operation("replace", IMAGE, "app:2"),
    ),
}


@pytest.mark.parametrize("change", FREE_CHANGES.values(), ids=FREE_CHANGES)
def test_what_brings_no_version_that_requires_anything_is_not_held(
    place: Place, change: Write
) -> None:
    started(place)
    said = place.do(change)
    assert place.hold(DEPLOYMENT) == FREE
    assert not said.warnings


@pytest.mark.parametrize("label", [GRAPH_LABEL, NODE_LABEL])
def test_what_leaves_the_graph_is_not_held(place: Place, label: str) -> None:
    started(place)
    gone = operation("remove", f"/metadata/labels/{label.replace('/', '~1')}")
    place.do(json_patch(DEPLOYMENT.ref, gone, operation("replace", IMAGE, "app:2")))
    assert not place.hold(DEPLOYMENT).stopped


def test_a_canary_is_not_held(place: Place) -> None:
    labels = {**LABELS, ROLE_LABEL: ROLE_CANARY}
    started(place, labels=labels)
    place.do(SET_IMAGE)
    assert place.hold(DEPLOYMENT) == FREE


def is_observed(place: Place) -> bool:
    found = place.read(DEPLOYMENT.ref)
    seen = found.whole("status", "observedGeneration", default=0)
    return seen == found.whole("metadata", "generation")


KEPT_CHANGES = {
    "kubectl rollout resume": write(f"rollout resume {DEPLOYMENT.ref}"),
    "another size": write(f"scale {DEPLOYMENT.ref} --replicas=2"),
    "the manifest again": Write(("apply", "-f", "-"), manifest("app:2")),
    "a PUT without pause and holders": Write(("replace", "-f", "-"), manifest("app:2")),
    "a PUT of the old version": Write(("replace", "-f", "-"), manifest()),
    "a newer version": write("set image deployment/checkout app=app:3"),
    "other holders": write(f"annotate --overwrite {DEPLOYMENT.ref} {HOLDERS}=author"),
    "without the requirement": json_patch(
        DEPLOYMENT.ref,
        operation("remove", ANNOTATION_PATH),
        operation("replace", DEPLOYMENT.path, value=False),
    ),
    "without labels": json_patch(
        DEPLOYMENT.ref,
        operation("remove", "/metadata/labels"),
        operation("replace", DEPLOYMENT.path, value=False),
    ),
}


@pytest.mark.parametrize("change", KEPT_CHANGES.values(), ids=KEPT_CHANGES)
def test_what_is_held_stays_held(place: Place, change: Write) -> None:
    started(place)
    place.do(SET_IMAGE)
    # A PUT rests on what was read; the Deployment controller's status must not come in between.
    wait_until(
        lambda: is_observed(place), timeout_seconds=30, waiting_for="the Deployment controller"
    )
    place.do(change)
    assert place.hold(DEPLOYMENT) == HELD


def test_a_bypass_lets_the_new_version_go_and_the_next_one_is_held(place: Place) -> None:
    started(place)
    place.do(SET_IMAGE)
    place.do(write(f"annotate {DEPLOYMENT.ref} {BYPASS}=startup"))
    place.do(write(f"rollout resume {DEPLOYMENT.ref}"))
    assert place.hold(DEPLOYMENT) == Hold(stopped=False, holders="startup")
    # The operator has not taken its name off the list yet.
    place.do(write(f"annotate {DEPLOYMENT.ref} {BYPASS}-"))
    assert place.hold(DEPLOYMENT) == Hold(stopped=False, holders="startup")
    place.do(write("set image deployment/checkout app=app:3"))
    assert place.hold(DEPLOYMENT) == HELD


def test_a_pause_of_the_author_is_remembered(place: Place) -> None:
    started(place)
    place.do(write(f"rollout pause {DEPLOYMENT.ref}"))
    place.do(SET_IMAGE)
    assert place.hold(DEPLOYMENT) == Hold(stopped=True, holders="author,startup")


def test_a_pause_that_comes_with_the_version_is_the_authors(place: Place) -> None:
    started(place)
    pause = operation("add", DEPLOYMENT.path, value=True)
    place.do(json_patch(DEPLOYMENT.ref, pause, operation("replace", IMAGE, "app:2")))
    assert place.hold(DEPLOYMENT) == Hold(stopped=True, holders="author,startup")


def test_holders_keep_their_order(place: Place) -> None:
    started(place)
    author = operation("add", HOLDERS_PATH, "author")
    place.do(json_patch(DEPLOYMENT.ref, operation("add", DEPLOYMENT.path, value=True), author))
    place.do(SET_IMAGE)
    assert place.hold(DEPLOYMENT) == Hold(stopped=True, holders="author,startup")


def test_an_author_who_has_let_go_holds_nothing(place: Place) -> None:
    started(place)
    author = operation("add", HOLDERS_PATH, "author")
    place.do(json_patch(DEPLOYMENT.ref, operation("add", DEPLOYMENT.path, value=True), author))
    place.do(Write(("replace", "-f", "-"), manifest("app:2")))
    assert place.hold(DEPLOYMENT) == HELD


def rollout_mark(place: Place) -> str:
    return place.read(DEPLOYMENT.ref).body("metadata").labels("annotations").get(ROLLOUT_MARK, "")


@pytest.mark.parametrize(
    "change",
    [SET_IMAGE, Write(("replace", "-f", "-"), manifest("app:2", labels=BOTH))],
    ids=["set image", "a PUT"],
)
def test_a_rollout_holds_the_same_write(place: Place, change: Write) -> None:
    started(place, labels=BOTH)
    said = place.do(change)
    assert (place.hold(DEPLOYMENT), rollout_mark(place)) == (HELD, HELD_PENDING)
    assert UPGRADE in said.warnings
    assert f"is held back at {HELD_PENDING}" in said.warnings


def test_the_pause_of_a_rollout_is_not_taken_for_the_authors(place: Place) -> None:
    started(place, labels=BOTH, annotations={})
    place.do(SET_IMAGE)
    assert place.hold(DEPLOYMENT) == Hold(stopped=True, holders="")
    put = manifest("app:3", labels=BOTH, spec={"paused": True})
    place.do(Write(("replace", "-f", "-"), put))
    assert (place.hold(DEPLOYMENT), rollout_mark(place)) == (HELD, HELD_PENDING)


def test_the_operator_lets_it_go_and_is_not_held(place: Place) -> None:
    started(place)
    place.do(SET_IMAGE)
    off = operation("replace", DEPLOYMENT.path, value=False)
    place.do_as_operator(json_patch(DEPLOYMENT.ref, off, operation("remove", HOLDERS_PATH)))
    assert place.hold(DEPLOYMENT) == FREE
    place.do_as_operator(json_patch(DEPLOYMENT.ref, operation("replace", IMAGE, "app:3")))
    assert place.hold(DEPLOYMENT) == FREE


def test_the_operator_sees_by_a_dry_run_that_the_policy_acts(place: Place) -> None:
    started(place)
    change = json_patch(DEPLOYMENT.ref, operation("replace", IMAGE, "app:2"))
    printed = place.do_as_operator(Write((*change.words, "--dry-run=server", "-o", "json")))
    assert hold_of(Body(json.loads(printed))) == HELD


def test_before_it_has_run_it_waits_for_its_turn(place: Place) -> None:
    place.create(manifest())
    said = place.do(SET_IMAGE)
    assert place.hold(DEPLOYMENT) == HELD
    assert "starts when its turn comes" in said.warnings


each_kind = pytest.mark.parametrize("kind", KINDS, ids=str)


def requiring(kind: Kind, text: str) -> Write:
    words = ("create", "-f", "-", "--dry-run=server")
    return Write(words, kind.manifest(annotations={REQUIRES: text}))


@each_kind
@pytest.mark.parametrize(
    "text",
    [
        "migrate=43",
        "migrate=43,queues=v1:0a/b",
        "m=2026.11.21-rc1+7",
        f"{'a' * 63}=4{'3' * 127}",
        "migrate=43=44",
    ],
)
def test_a_requirement_is_nodes_and_versions(place: Place, kind: Kind, text: str) -> None:
    place.do(requiring(kind, text))


@each_kind
@pytest.mark.parametrize(
    "text",
    [
        pytest.param("migrate", id="no version"),
        pytest.param("migrate:43", id="a colon"),
        pytest.param("migrate=", id="an empty version"),
        pytest.param("=43", id="no node"),
        pytest.param("migrate=43, queues=7", id="a space"),
        pytest.param("migrate=43,", id="a comma at the end"),
        pytest.param("Migrate=43", id="a node in capitals"),
        pytest.param("shop/migrate=43", id="a node with a slash"),
        pytest.param(f"{'a' * 64}=43", id="a node that is too long"),
        pytest.param(f"migrate=4{'3' * 128}", id="a version that is too long"),
        pytest.param("migrate=.43", id="a version that begins with a point"),
    ],
)
def test_what_is_no_requirement_is_refused(place: Place, kind: Kind, text: str) -> None:
    said = place.ask(requiring(kind, text))
    assert not said.succeeded
    assert f'annotation {REQUIRES} of {kind.name} {NAME} is "{text}"' in said.complaints
    assert "for example migrate=43" in said.complaints


def test_what_is_changed_to_no_requirement_is_refused(place: Place) -> None:
    started(place)
    said = place.ask(write(f"annotate --overwrite {DEPLOYMENT.ref} {REQUIRES}=migrate"))
    assert 'is "migrate"' in said.complaints


@each_kind
@pytest.mark.parametrize("label", [GRAPH_LABEL, NODE_LABEL])
def test_a_requirement_that_nothing_would_hold_is_refused(
    place: Place, kind: Kind, label: str
) -> None:
    labels = {name: value for name, value in LABELS.items() if name != label}
    words = ("create", "-f", "-", "--dry-run=server")
    place.do(Write(words, kind.manifest(labels=labels)))
    said = place.ask(Write(words, kind.manifest(labels=labels, annotations=ANNOTATIONS)))
    assert not said.succeeded
    assert f"{kind.name} {NAME} has the annotation {REQUIRES}, but not both" in said.complaints
    assert f"{GRAPH_LABEL} and {NODE_LABEL}" in said.complaints


def test_one_that_stood_there_before_keeps_nobody_from_writing(place: Place) -> None:
    started(place)
    place.do(write(f"label {DEPLOYMENT.ref} {GRAPH_LABEL}-"))
    place.do(write(f"label {DEPLOYMENT.ref} team=a"))
    said = place.ask(write(f"annotate --overwrite {DEPLOYMENT.ref} {REQUIRES}=migrate=44"))
    assert "nothing would hold it" in said.complaints


def set_of(kind: str, annotations: JsonObject) -> JsonObject:
    body = manifest(annotations=annotations)
    spec = Body(body).body("spec").value
    service: JsonObject = {"serviceName": NAME} if kind == "StatefulSet" else {}
    return {**body, "kind": kind, "spec": {**spec, **service}}


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet"])
def test_a_set_requires_nothing(place: Place, kind: str) -> None:
    words = ("create", "-f", "-", "--dry-run=server")
    place.do(Write(words, set_of(kind, {})))
    said = place.ask(Write(words, set_of(kind, ANNOTATIONS)))
    assert not said.succeeded
    assert f"{kind} {NAME} has the annotation {REQUIRES}, but a {kind} has no pause" in (
        said.complaints
    )
    assert "only Deployments and Jobs" in said.complaints
