"""What the startup policies do with Deployments and Jobs that are nodes of a StartupGraph."""

import json

import pytest

from sluice.model.json import Body, JsonObject
from sluice.model.names import (
    BYPASS,
    GRAPH_LABEL,
    HELD_PENDING,
    HOLDERS,
    NODE_LABEL,
    ROLE_CANARY,
    ROLE_LABEL,
    ROLLOUT_LABEL,
)
from sluice.model.names import HELD as ROLLOUT_MARK
from tests.cluster.conftest import own_namespace
from tests.cluster.hold_target import Write, write
from tests.cluster.kubectl import Kubectl
from tests.cluster.startup_target import (
    DEPLOYMENT,
    FREE,
    GRAPH,
    HELD,
    HOLDERS_PATH,
    JOB,
    KINDS,
    LABELS,
    NAME,
    Hold,
    Kind,
    Place,
    hold_of,
    json_patch,
    operation,
    owner,
    wait_until_in_force,
)

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("in_force")]

each_kind = pytest.mark.parametrize("kind", KINDS, ids=str)
BYPASSING = f"{BYPASS}=startup"
BOTH = {**LABELS, ROLLOUT_LABEL: NAME}
SET_IMAGE = write("set image deployment/checkout app=app:2")


@pytest.fixture(scope="module")
def in_force(kubectl: Kubectl, operator: Kubectl) -> None:
    with own_namespace(kubectl) as name:
        wait_until_in_force(Place(kubectl, operator, name))


@pytest.fixture
def place(kubectl: Kubectl, operator: Kubectl, namespace: str) -> Place:
    return Place(kubectl, operator, namespace)


BACKUP = "a backup of what"


@each_kind
@pytest.mark.parametrize(
    ("annotations", "field", "holders"),
    [
        pytest.param({}, {}, "startup", id="a new one"),
        pytest.param({}, {"is": False}, "startup", id="one that is said to run"),
        pytest.param({}, {"is": True}, "author,startup", id="one that its author has stopped"),
        pytest.param({HOLDERS: ""}, {"is": True}, "author,startup", id="an empty list and a pause"),
        pytest.param({HOLDERS: "startup"}, {"is": True}, "startup", id=f"{BACKUP} we held"),
        pytest.param(
            {HOLDERS: "author,startup"}, {"is": True}, "author,startup", id=f"{BACKUP} both held"
        ),
        pytest.param(
            {HOLDERS: "author"}, {"is": True}, "author,startup", id=f"{BACKUP} its author held"
        ),
        pytest.param({HOLDERS: "coauthor"}, {"is": True}, "startup", id="a name that ends alike"),
        pytest.param(
            {ROLLOUT_MARK: "7d9f"}, {"is": True}, "startup", id=f"{BACKUP} a Rollout held"
        ),
    ],
)
def test_it_is_held_in_the_creating_write(
    place: Place, kind: Kind, annotations: JsonObject, field: JsonObject, holders: str
) -> None:
    spec: JsonObject = {kind.field: field["is"]} if field else {}
    tried = place.tried(kind.manifest(annotations=annotations, spec=spec))
    assert hold_of(tried) == Hold(stopped=True, holders=holders)


@each_kind
@pytest.mark.parametrize(
    "words",
    ["create -f -", "apply -f -", "apply --server-side -f -"],
)
def test_whoever_creates_it_is_told(place: Place, kind: Kind, words: str) -> None:
    said = place.do(write(words, kind.manifest()))
    assert place.hold(kind) == HELD
    for part in (
        f"{kind.name} {NAME} is held back as node {NAME} of StartupGraph {GRAPH}",
        f"kubectl get sg {GRAPH}",
        f"sluice graph explain {GRAPH}",
        f"kubectl annotate {kind.name.lower()} {NAME} {BYPASSING}",
    ):
        assert part in said.warnings


def test_a_held_deployment_makes_no_replica_set(place: Place) -> None:
    place.create(DEPLOYMENT.manifest())
    place.do(write("wait deployment/checkout --for=jsonpath={.status.observedGeneration}=1"))
    assert place.names("replicasets") == []


def test_a_held_job_makes_no_pod(place: Place) -> None:
    place.create(JOB.manifest())
    place.do(write("wait job/checkout --for=condition=Suspended --timeout=30s"))
    assert place.names("pods") == []


UID = "00000000-0000-0000-0000-000000000000"


@pytest.mark.parametrize(
    "manifest",
    [
        pytest.param(
            JOB.manifest(owners=(owner("CronJob", UID, "batch/v1"),)), id="a run of a CronJob"
        ),
        pytest.param(
            JOB.manifest(labels={**LABELS, "kueue.x-k8s.io/queue-name": "nightly"}),
            id="a Job in a queue",
        ),
        pytest.param(
            DEPLOYMENT.manifest(labels={**LABELS, ROLE_LABEL: ROLE_CANARY}), id="a canary"
        ),
    ],
)
def test_it_is_not_held(place: Place, manifest: JsonObject) -> None:
    assert hold_of(place.tried(manifest)) == FREE


@each_kind
@pytest.mark.parametrize("label", [GRAPH_LABEL, NODE_LABEL])
def test_one_label_is_not_enough(place: Place, kind: Kind, label: str) -> None:
    tried = hold_of(place.tried(kind.manifest(labels={label: NAME})))
    assert (tried.stopped, tried.holders) == (False, "")


@each_kind
@pytest.mark.parametrize("system", ["kube-system", "sluice-system"])
def test_nothing_is_held_in_a_systems_namespace(
    kubectl: Kubectl, operator: Kubectl, kind: Kind, system: str
) -> None:
    assert hold_of(Place(kubectl, operator, system).tried(kind.manifest())) == FREE


def test_a_deployment_in_a_queue_is_held(place: Place) -> None:
    # Kueue holds the pods of a Deployment, not the Deployment: it has no use for the pause.
    labels = {**LABELS, "kueue.x-k8s.io/queue-name": "nightly"}
    assert hold_of(place.tried(DEPLOYMENT.manifest(labels=labels))) == HELD


def starting(
    kind: Kind, *, labels: JsonObject = LABELS, annotations: JsonObject | None = None
) -> JsonObject:
    """Return the manifest with the field that says that it runs."""
    return kind.manifest(labels=labels, annotations=annotations, spec={kind.field: False})


def changes(kind: Kind) -> dict[str, Write]:
    """Return the writes by which something that is held might come free."""
    return {
        "a JSON patch of the field": json_patch(
            kind.ref, operation("replace", kind.path, value=False)
        ),
        "a JSON patch without the field": json_patch(kind.ref, operation("remove", kind.path)),
        "a merge patch": write(
            f'patch {kind.ref} --type=merge -p {{"spec":{{"{kind.field}":false}}}}'
        ),
        "a strategic merge patch": write(f'patch {kind.ref} -p {{"spec":{{"{kind.field}":null}}}}'),
        "a PUT": write("replace -f -", kind.manifest()),
        "a PUT that says that it runs, without labels": write(
            "replace -f -", starting(kind, labels={})
        ),
        "a client-side apply": write("apply -f -", starting(kind)),
        "a server-side apply": write("apply --server-side --force-conflicts -f -", starting(kind)),
        "a server-side apply of other holders": write(
            "apply --server-side --force-conflicts -f -",
            starting(kind, annotations={HOLDERS: "author"}),
        ),
        "removal of the holders": write(f"annotate {kind.ref} {HOLDERS}-"),
        "other holders": write(f"annotate --overwrite {kind.ref} {HOLDERS}=author"),
        "removal of the labels": write(f"label {kind.ref} {GRAPH_LABEL}- {NODE_LABEL}-"),
        "another graph": write(f"label --overwrite {kind.ref} {GRAPH_LABEL}=another"),
        "all of it at once": json_patch(
            kind.ref,
            operation("remove", "/metadata/labels"),
            operation("remove", "/metadata/annotations"),
            operation("replace", kind.path, value=False),
        ),
        "a bypass of a Rollout": json_patch(
            kind.ref,
            operation("add", "/metadata/annotations/sluice.dev~1bypass", "7d9f4c2b1a"),
            operation("replace", kind.path, value=False),
        ),
    }


CHANGES = [
    *(
        pytest.param(kind, change, id=f"{kind}: {name}")
        for kind in KINDS
        for name, change in changes(kind).items()
    ),
    pytest.param(DEPLOYMENT, write("rollout resume deployment/checkout"), id="rollout resume"),
    pytest.param(DEPLOYMENT, SET_IMAGE, id="a new template"),
]


@pytest.mark.parametrize(("kind", "change"), CHANGES)
def test_what_is_held_stays_held(place: Place, kind: Kind, change: Write) -> None:
    place.create(kind.manifest())
    said = place.do(change)
    assert place.hold(kind) == HELD
    assert f"{kind.name} {NAME} is held back" in said.warnings


@each_kind
def test_a_role_that_is_put_on_it_later_does_not_let_it_go(place: Place, kind: Kind) -> None:
    place.create(kind.manifest())
    place.do(write(f"label {kind.ref} {ROLE_LABEL}={ROLE_CANARY}"))
    place.do(json_patch(kind.ref, operation("replace", kind.path, value=False)))
    assert place.hold(kind) == HELD


@each_kind
def test_the_authors_own_pause_is_remembered(place: Place, kind: Kind) -> None:
    place.create(kind.manifest(spec={kind.field: True}))
    place.do(write("apply -f -", kind.manifest()))
    assert place.hold(kind) == Hold(stopped=True, holders="author,startup")


def test_a_held_deployment_can_be_scaled(place: Place) -> None:
    place.create(DEPLOYMENT.manifest())
    said = place.do(write("scale deployment/checkout --replicas=3"))
    assert place.read(DEPLOYMENT.ref).whole("spec", "replicas") == 3
    assert place.hold(DEPLOYMENT) == HELD
    assert not said.warnings


@each_kind
def test_a_person_lets_it_go_with_a_bypass(place: Place, kind: Kind) -> None:
    place.create(kind.manifest())
    said = place.do(write(f"annotate {kind.ref} {BYPASSING}"))
    assert not said.warnings
    assert place.hold(kind) == HELD
    said = place.do(write(f'patch {kind.ref} -p {{"spec":{{"{kind.field}":false}}}}'))
    assert not said.warnings
    assert place.hold(kind) == Hold(stopped=False, holders="startup")
    # The operator has not taken its name off the list yet: it runs all the same.
    place.do(write("replace -f -", kind.manifest()))
    assert place.hold(kind) == FREE


@each_kind
def test_a_bypass_and_the_start_may_be_one_write(place: Place, kind: Kind) -> None:
    place.create(kind.manifest())
    place.do(write("apply -f -", starting(kind, annotations={BYPASS: "startup"})))
    assert not place.hold(kind).stopped


def test_rollout_resume_starts_what_was_bypassed(place: Place) -> None:
    place.create(DEPLOYMENT.manifest())
    place.do(write(f"annotate deployment/checkout {BYPASSING}"))
    place.do(write("rollout resume deployment/checkout"))
    place.do(write("wait deployment/checkout --for=jsonpath={.status.replicas}=1 --timeout=30s"))
    assert len(place.names("replicasets")) == 1


def releasing(body: Body, kind: Kind, *operations: JsonObject) -> Write:
    """Return the operator's write: it dies where the object or its holders are others."""
    meta = body.body("metadata")
    return json_patch(
        kind.ref,
        operation("test", "/metadata/uid", meta.text("uid")),
        operation("test", HOLDERS_PATH, meta.labels("annotations")[HOLDERS]),
        *operations,
    )


@each_kind
def test_the_operator_lets_it_go(place: Place, kind: Kind) -> None:
    place.create(kind.manifest())
    change = releasing(
        place.read(kind.ref),
        kind,
        operation("replace", kind.path, value=False),
        operation("remove", HOLDERS_PATH),
    )
    place.do_as_operator(change)
    assert place.hold(kind) == FREE
    said = place.do(write("replace -f -", kind.manifest()))
    assert place.hold(kind) == FREE
    assert not said.warnings


@each_kind
def test_the_operator_leaves_the_authors_pause(place: Place, kind: Kind) -> None:
    place.create(kind.manifest(spec={kind.field: True}))
    body = place.read(kind.ref)
    place.do_as_operator(releasing(body, kind, operation("replace", HOLDERS_PATH, "author")))
    assert place.hold(kind) == Hold(stopped=True, holders="author")
    place.do(json_patch(kind.ref, operation("replace", kind.path, value=False)))
    assert place.hold(kind) == Hold(stopped=False, holders="author")


@each_kind
def test_the_operator_sees_by_a_dry_run_that_the_policy_acts(place: Place, kind: Kind) -> None:
    place.create(kind.manifest())
    change = json_patch(kind.ref, operation("replace", kind.path, value=False))
    printed = place.do_as_operator(Write((*change.words, "--dry-run=server", "-o", "json")))
    assert hold_of(Body(json.loads(printed))) == HELD


@each_kind
def test_another_holder_with_a_longer_name_is_not_ours(place: Place, kind: Kind) -> None:
    place.create(kind.manifest())
    body = place.read(kind.ref)
    place.do_as_operator(releasing(body, kind, operation("replace", HOLDERS_PATH, "startups")))
    place.do(json_patch(kind.ref, operation("replace", kind.path, value=False)))
    assert place.hold(kind) == Hold(stopped=False, holders="startups")


def test_a_mark_on_what_runs_stops_nothing(place: Place) -> None:
    place.create(DEPLOYMENT.manifest(labels={}))
    place.do(write(f"annotate deployment/checkout {HOLDERS}=startup"))
    place.do(write(f"label deployment/checkout {GRAPH_LABEL}={GRAPH} {NODE_LABEL}={NAME}"))
    place.do(SET_IMAGE)
    assert place.hold(DEPLOYMENT) == Hold(stopped=False, holders="startup")


def rollout_mark(place: Place) -> str:
    return place.read(DEPLOYMENT.ref).body("metadata").labels("annotations").get(ROLLOUT_MARK, "")


def held_by_both(place: Place) -> None:
    place.create(DEPLOYMENT.manifest(labels=BOTH))
    said = place.do(SET_IMAGE)
    assert (place.hold(DEPLOYMENT), rollout_mark(place)) == (HELD, HELD_PENDING)
    assert "is held back as node" in said.warnings
    assert f"is held back at {HELD_PENDING}" in said.warnings


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(write("rollout resume deployment/checkout"), id="rollout resume"),
        pytest.param(
            write("replace -f -", starting(DEPLOYMENT, labels={})),
            id="a PUT without pause, marks and labels",
        ),
        pytest.param(
            json_patch(
                DEPLOYMENT.ref,
                operation("add", "/metadata/annotations/sluice.dev~1bypass", "startup"),
                operation("replace", DEPLOYMENT.path, value=False),
            ),
            id="a bypass of the graph alone",
        ),
    ],
)
def test_both_kinds_hold_one_deployment_in_one_write(place: Place, change: Write) -> None:
    held_by_both(place)
    place.do(change)
    assert (place.hold(DEPLOYMENT), rollout_mark(place)) == (HELD, HELD_PENDING)
    assert place.read(DEPLOYMENT.ref).labels("metadata", "labels") == BOTH


def test_what_the_graph_lets_go_the_rollout_still_holds(place: Place) -> None:
    held_by_both(place)
    body = place.read(DEPLOYMENT.ref)
    place.do_as_operator(releasing(body, DEPLOYMENT, operation("remove", HOLDERS_PATH)))
    place.do(write("rollout resume deployment/checkout"))
    assert place.hold(DEPLOYMENT) == Hold(stopped=True, holders="")
    assert rollout_mark(place) == HELD_PENDING


def test_what_the_rollout_lets_go_the_graph_still_holds(place: Place) -> None:
    held_by_both(place)
    mark = operation("remove", "/metadata/annotations/sluice.dev~1held")
    place.do_as_operator(json_patch(DEPLOYMENT.ref, mark))
    place.do(write("rollout resume deployment/checkout"))
    assert place.hold(DEPLOYMENT) == HELD
    assert rollout_mark(place) == ""
