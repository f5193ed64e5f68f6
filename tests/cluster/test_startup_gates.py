"""Which gates the pods of a StartupGraph's nodes get, and until when."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest

from sluice.model.json import Body, JsonObject
from sluice.model.names import BYPASS, GRAPH_LABEL, HEALTHY_GATE, NODE_LABEL, STARTUP_GATE
from tests.cluster.conftest import own_namespace
from tests.cluster.hold_target import Write, write
from tests.cluster.kubectl import Kubectl
from tests.cluster.startup_target import (
    GATED,
    LABELS,
    NAME,
    READINESS_ONLY,
    RELEASED,
    Gates,
    Place,
    forget,
    gates_of,
    owner,
    pod,
    pod_spec,
    release,
    wait_until_in_force,
)
from tests.localcluster.waiting import wait_until
from tests.manifest_files import only

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("in_force")]

SET = owner("StatefulSet", "00000000-0000-0000-0000-000000000000")
FOREIGN = "example.com/foreign"


@pytest.fixture(scope="module")
def in_force(kubectl: Kubectl, operator: Kubectl) -> None:
    with own_namespace(kubectl) as name:
        wait_until_in_force(Place(kubectl, operator, name))


@pytest.fixture(scope="module")
def place(kubectl: Kubectl, operator: Kubectl) -> Iterator[Place]:
    """Return one namespace for all tests that only try, without a write."""
    with own_namespace(kubectl) as name:
        yield Place(kubectl, operator, name)


@pytest.mark.parametrize(
    ("manifest", "gates"),
    [
        pytest.param(pod(owners=(SET,)), GATED, id="of a StatefulSet"),
        pytest.param(pod(owners=(owner("DaemonSet", "another"),)), GATED, id="of a DaemonSet"),
        pytest.param(
            pod(owners=(owner("ReplicaSet", "another"),)), READINESS_ONLY, id="of a ReplicaSet"
        ),
        pytest.param(pod(), READINESS_ONLY, id="of nobody"),
        pytest.param(
            pod(owners=({**SET, "controller": False},)),
            READINESS_ONLY,
            id="of a set that does not control it",
        ),
        pytest.param(
            pod(owners=(owner("StatefulSet", "another", "apps.kruise.io/v1beta1"),)),
            READINESS_ONLY,
            id="of a set of somebody else's",
        ),
        pytest.param(pod(owners=(owner("Job", "another", "batch/v1"),)), Gates(), id="of a Job"),
        pytest.param(
            pod(
                owners=(SET,),
                spec={
                    "schedulingGates": [{"name": FOREIGN}],
                    "readinessGates": [{"conditionType": FOREIGN}],
                },
            ),
            Gates((FOREIGN, STARTUP_GATE), (FOREIGN, HEALTHY_GATE)),
            id="with gates of others, which stay",
        ),
        pytest.param(
            pod(
                owners=(SET,),
                spec={
                    "schedulingGates": [{"name": STARTUP_GATE}, {"name": FOREIGN}],
                    "readinessGates": [{"conditionType": HEALTHY_GATE}],
                },
            ),
            Gates((STARTUP_GATE, FOREIGN), (HEALTHY_GATE,)),
            id="with our gates in the template",
        ),
        pytest.param(
            pod(owners=(SET,), annotations={"sluice.dev/readiness": "ungated"}),
            Gates(scheduling=(STARTUP_GATE,)),
            id="that wants no readiness gate",
        ),
        pytest.param(
            pod(owners=(SET,), annotations={"sluice.dev/hold": "None"}),
            READINESS_ONLY,
            id="that wants no hold",
        ),
        pytest.param(
            pod(owners=(SET,), spec={"nodeName": "nowhere"}),
            READINESS_ONLY,
            id="whose node is chosen",
        ),
        pytest.param(
            pod(owners=(SET,), labels={GRAPH_LABEL: "shop"}), Gates(), id="without a node label"
        ),
        pytest.param(
            pod(owners=(SET,), labels={NODE_LABEL: NAME}), Gates(), id="without a graph label"
        ),
    ],
)
def test_a_pod(place: Place, manifest: JsonObject, gates: Gates) -> None:
    assert gates_of(place.tried(manifest)) == gates


@pytest.mark.parametrize("system", ["kube-system", "sluice-system"])
def test_no_pod_is_gated_in_a_systems_namespace(
    kubectl: Kubectl, operator: Kubectl, system: str
) -> None:
    # sluice-system refuses what its pod security standard does not allow.
    tight: JsonObject = {
        "runAsNonRoot": True,
        "runAsUser": 1,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    drop: JsonObject = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    container: JsonObject = {"name": "app", "image": "app:1", "securityContext": drop}
    spec: JsonObject = {"securityContext": tight, "containers": [container]}
    tried = Place(kubectl, operator, system).tried(pod(owners=(SET,), spec=spec))
    assert gates_of(tried) == Gates()


def set_manifest(
    kind: str,
    *,
    labels: JsonObject = LABELS,
    pod_labels: JsonObject = LABELS,
    annotations: JsonObject | None = None,
    pod_annotations: JsonObject | None = None,
) -> JsonObject:
    """Return a set; no scheduler knows its pods."""
    more: JsonObject = {"serviceName": NAME} if kind == "StatefulSet" else {}
    meta = {"labels": {"app": NAME, **pod_labels}, "annotations": pod_annotations or {}}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": NAME, "labels": labels, "annotations": annotations or {}},
        "spec": {
            **more,
            "selector": {"matchLabels": {"app": NAME}},
            "template": {"metadata": meta, "spec": pod_spec()},
        },
    }


CREATE = "create -f - --dry-run=server"


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet"])
def test_whoever_creates_a_set_is_told(place: Place, kind: str) -> None:
    said = place.do(write(CREATE, set_manifest(kind)))
    for part in (
        f"{kind} {NAME} is held back as node {NAME} of StartupGraph shop",
        "kubectl get sg shop, sluice graph explain shop",
        f"kubectl annotate {kind.lower()} {NAME} sluice.dev/bypass=startup",
    ):
        assert part in said.warnings


@pytest.mark.parametrize(
    "manifest",
    [
        pytest.param(set_manifest("StatefulSet", labels={}), id="no node of a graph"),
        pytest.param(set_manifest("StatefulSet", pod_labels={}), id="pods without labels"),
        pytest.param(
            set_manifest("StatefulSet", pod_annotations={"sluice.dev/hold": "None"}),
            id="pods that want no hold",
        ),
        pytest.param(
            set_manifest("DaemonSet", annotations={BYPASS: "startup"}), id="a bypass of its own"
        ),
    ],
)
def test_nobody_is_told_of_a_set_that_is_not_held(place: Place, manifest: JsonObject) -> None:
    assert not place.do(write(CREATE, manifest)).warnings


@contextmanager
def a_set(place: Place, kind: str) -> Iterator[str]:
    """Create a set with one pod; yield its UID."""
    place.create(set_manifest(kind))
    uid = place.read(f"{kind}/{NAME}").text("metadata", "uid")
    try:
        yield uid
    finally:
        forget(place.operator, uid)


def only_pod(place: Place, but: str = "") -> Body:
    """Return the one pod whose UID is another, once it is there."""
    found: list[Body] = []

    def there() -> bool:
        listed = Body(json.loads(place.do(write("get pods -o json")).output)).bodies("items")
        found[:] = [body for body in listed if body.text("metadata", "uid") != but]
        return len(listed) == len(found) == 1

    wait_until(there, timeout_seconds=30, waiting_for="one new pod")
    return found[0]


def wait_until_released(place: Place, kind: str, uid: str) -> None:
    """Wait until the API server's own copy of the ConfigMap knows the set."""
    trial = pod(owners=(owner(kind, uid),))
    wait_until(
        lambda: gates_of(place.tried(trial)) == READINESS_ONLY,
        timeout_seconds=10,
        waiting_for="the released set to be known",
    )


def held_until_released(place: Place, kind: str) -> None:
    with a_set(place, kind) as uid:
        first = only_pod(place)
        assert gates_of(first) == GATED
        assert not first.has("spec", "nodeName")

        release(place.operator, uid)
        wait_until_released(place, kind, uid)
        name = first.text("metadata", "name")
        gate = {"$patch": "delete", "name": STARTUP_GATE}
        change = json.dumps({"spec": {"schedulingGates": [gate]}})
        place.do_as_operator(Write(("patch", f"pod/{name}", "-p", change)))
        assert gates_of(place.read(f"pod/{name}")) == READINESS_ONLY

        place.do_as_operator(Write(("delete", f"pod/{name}", "--wait=false")))
        said = place.do(write(f"annotate {kind}/{NAME} note=hello"))
        assert not said.warnings
        second = only_pod(place, but=first.text("metadata", "uid"))
        assert gates_of(second) == READINESS_ONLY


def test_a_stateful_set_is_held_until_it_is_released(
    kubectl: Kubectl, operator: Kubectl, namespace: str
) -> None:
    held_until_released(Place(kubectl, operator, namespace), "StatefulSet")


@pytest.mark.usefixtures("pods")
def test_a_daemon_set_is_held_until_it_is_released(
    kubectl: Kubectl, operator: Kubectl, namespace: str
) -> None:
    held_until_released(Place(kubectl, operator, namespace), "DaemonSet")


def test_one_list_counts_in_every_namespace_and_before_the_set_is_there(
    kubectl: Kubectl, operator: Kubectl, place: Place
) -> None:
    uid = str(uuid4())
    release(operator, uid)
    try:
        wait_until_released(place, "StatefulSet", uid)
        wait_until_released(Place(kubectl, operator, "default"), "DaemonSet", uid)
    finally:
        forget(operator, uid)


@contextmanager
def without_the_list(kubectl: Kubectl) -> Iterator[None]:
    """Take the ConfigMap away while the block runs."""
    stored = Body(json.loads(kubectl("get", *RELEASED, "-o", "json")))
    manifest = dict(only("ConfigMap", "sluice-released").value)
    kubectl("delete", *RELEASED)
    try:
        yield
    finally:
        whole = {**manifest, "data": stored.body("data").value}
        kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", manifest=whole)


@pytest.mark.usefixtures("alone")
def test_without_the_list_nothing_is_held_and_nothing_refused(
    kubectl: Kubectl, place: Place
) -> None:
    with without_the_list(kubectl):
        wait_until(
            lambda: gates_of(place.tried(pod(owners=(SET,)))) == READINESS_ONLY,
            timeout_seconds=10,
            waiting_for="the missing list to be noticed",
        )
    wait_until(
        lambda: gates_of(place.tried(pod(owners=(SET,)))) == GATED,
        timeout_seconds=10,
        waiting_for="the list that is back to be noticed",
    )


@pytest.mark.parametrize(
    "words",
    [
        pytest.param("apply -f -", id="client-side"),
        pytest.param("apply --server-side --force-conflicts -f -", id="server-side"),
    ],
)
def test_a_newer_version_of_the_manifest_leaves_the_operators_keys(
    place: Place, words: str
) -> None:
    # A copy in the test's own namespace: the real one is the whole cluster's.
    name = f"copy-{uuid4().hex[:8]}"
    shipped = only("ConfigMap", "sluice-released")
    manifest: JsonObject = {**shipped.value, "metadata": {"name": name}}
    place.do(write(words, manifest))
    change = json.dumps([{"op": "add", "path": "/data/uid", "value": "test"}])
    place.do(Write(("patch", f"configmap/{name}", "--type=json", "-p", change)))
    place.do(write(words, {**manifest, "data": {"README": "newer", "ABOUT": "a second text"}}))
    expected = {"README": "newer", "ABOUT": "a second text", "uid": "test"}
    assert place.read(f"configmap/{name}").labels("data") == expected


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        ("patch configmaps/sluice-released -n sluice-system", "yes"),
        ("get configmaps/sluice-released -n sluice-system", "yes"),
        ("delete configmaps/sluice-released -n sluice-system", "no"),
        # Records of init nodes; a policy refuses it all ConfigMaps without our mark.
        ("patch configmaps -n default", "yes"),
        ("delete configmaps -n default", "no"),
        ("get secrets -n default", "no"),
        ("patch pods", "yes"),
        ("delete pods", "yes"),
        ("create pods", "no"),
        ("patch pods --subresource=status", "yes"),
        ("create pods --subresource=binding", "no"),
        ("patch jobs.batch", "yes"),
        ("create jobs.batch", "yes"),
        ("delete jobs.batch", "no"),
        ("watch statefulsets.apps --all-namespaces", "yes"),
        ("patch statefulsets.apps", "no"),
        ("patch daemonsets.apps", "no"),
        ("patch startupgraphs.sluice.dev", "yes"),
        ("patch startupgraphs.sluice.dev --subresource=status", "yes"),
        ("delete startupgraphs.sluice.dev", "no"),
    ],
)
def test_the_operators_rights(operator: Kubectl, request_: str, answer: str) -> None:
    assert operator.ask("auth", "can-i", *request_.split()).output.strip() == answer
