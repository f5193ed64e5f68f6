"""Who may have something run once, and who may write what decides what runs again."""

import json
from dataclasses import dataclass

import pytest

from sluice.model.json import Json, JsonObject
from sluice.model.names import FINALIZER, LOCK_LABEL, RECORD_LABEL, RESOLVE_PREFIX
from sluice.startup.init.commands import Verb, command_of
from tests.cluster.conftest import own_namespace
from tests.cluster.hold_target import Write, operation, write
from tests.cluster.kubectl import Kubectl
from tests.cluster.people import EDITOR, WRITER, Person, creation, people
from tests.graph_manifests import MIGRATE, minimal_graph
from tests.localcluster.waiting import wait_until

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("in_force")]

LACKS = "lacks the right to create jobs.batch in namespace"
INIT: JsonObject = {"kind": "Task", "version": "43", "job": {"image": "shop/db:43"}}
# Suspended: where an operator runs, it is to start nothing of it.
GRAPH = minimal_graph({MIGRATE: {"name": "migrate", "init": INIT}, "spec.suspend": True})
NODES = "/spec/nodes"
ANNOTATION = f"{RESOLVE_PREFIX}migrate"
GOOD = f"Rerun shop-migrate-0a1b2c3d4e {EDITOR}#1"


@pytest.fixture(scope="module")
def in_force(kubectl: Kubectl, prerequisites: None) -> None:  # noqa: ARG001 - for what it sets up
    """Wait until the API server has compiled the policies that were applied last."""
    with own_namespace(kubectl) as name:
        writer, editor = people(kubectl, name)
        foreign = record({}, "ConfigMap")
        asked = (
            tried(creation(GRAPH)),
            commanding(f"Rerun x {WRITER}#1"),
            tried(creation(foreign)),
        )

        def in_force() -> bool:
            return all(LACKS in writer.ask(one).complaints for one in asked)

        editor.do(creation(minimal_graph({})))
        wait_until(in_force, timeout_seconds=30, waiting_for="the init policies to be in force")


@pytest.fixture
def everyone(kubectl: Kubectl, namespace: str) -> tuple[Person, Person]:
    return people(kubectl, namespace)


@pytest.fixture
def writer(everyone: tuple[Person, Person]) -> Person:
    return everyone[0]


@pytest.fixture
def editor(everyone: tuple[Person, Person]) -> Person:
    return everyone[1]


def tried(asked: Write) -> Write:
    return Write((*asked.words, "--dry-run=server"), asked.manifest)


def patched(*operations: JsonObject) -> Write:
    return tried(Write(("patch", "sg/shop", "--type=json", "-p", json.dumps(operations))))


def commanding(text: str) -> Write:
    change = {"metadata": {"annotations": {ANNOTATION: text}}}
    return tried(Write(("patch", "sg/shop", "--type=merge", "-p", json.dumps(change))))


def test_who_may_not_create_jobs_writes_no_graph_that_does(writer: Person) -> None:
    said = writer.is_refused(tried(creation(GRAPH)))
    assert f'user "{WRITER}" {LACKS} {writer.namespace}' in said
    assert "StartupGraph shop has Jobs run for nodes migrate" in said
    assert "RoleBinding to ClusterRole edit" in said


def test_many_nodes_are_counted(writer: Person) -> None:
    nodes: list[Json] = [{"name": f"n{number}", "init": INIT} for number in range(500)]
    said = writer.is_refused(tried(creation(minimal_graph({"spec.nodes": nodes}))))
    assert "has Jobs run for 500 nodes" in said


def test_who_may_not_create_jobs_writes_graphs_of_workloads(writer: Person) -> None:
    writer.do(tried(creation(minimal_graph({}))))


def test_who_may_create_jobs_writes_a_graph_that_does(editor: Person) -> None:
    editor.do(tried(creation(GRAPH)))


RUNNING = [
    pytest.param(operation("replace", f"{NODES}/1/init/version", "44"), id="another version"),
    pytest.param(operation("replace", f"{NODES}/1/init/job/image", "mine"), id="another job"),
    pytest.param(operation("add", f"{NODES}/1/init/lock", "another"), id="another lock"),
    pytest.param(operation("add", f"{NODES}/1/init/down", {"image": "mine"}), id="a way back"),
    pytest.param(operation("replace", f"{NODES}/1/name", "again"), id="another name"),
    pytest.param(operation("add", f"{NODES}/-", {"name": "seed", "init": INIT}), id="another node"),
    pytest.param(
        operation("replace", f"{NODES}/0", {"name": "db", "init": INIT}),
        id="in place of a workload",
    ),
]


@pytest.mark.parametrize("change", RUNNING)
def test_only_who_may_create_jobs_changes_what_runs(
    writer: Person, editor: Person, change: JsonObject
) -> None:
    edges = operation("replace", f"{NODES}/2/dependsOn", [])
    editor.do(creation(GRAPH))
    assert LACKS in writer.is_refused(patched(edges, change))
    editor.do(patched(edges, change))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(operation("replace", "/spec/suspend", value=False), id="not suspended"),
        pytest.param(operation("add", "/metadata/labels", {"team": "a"}), id="labelled"),
        pytest.param(operation("replace", f"{NODES}/0/minReady", 2), id="another bar"),
        pytest.param({**operation("move", f"{NODES}/0"), "from": f"{NODES}/1"}, id="moved"),
        pytest.param(operation("add", f"{NODES}/1/dependsOn", [{"node": "db"}]), id="an edge"),
        pytest.param(operation("remove", f"{NODES}/1"), id="without it"),
    ],
)
def test_everybody_who_may_write_graphs_changes_the_rest(
    writer: Person, editor: Person, change: JsonObject
) -> None:
    editor.do(creation(GRAPH))
    writer.do(patched(change))


def test_the_operator_writes_its_finalizer(editor: Person, operator: Kubectl) -> None:
    editor.do(creation(GRAPH))
    where, finalizers = f"--namespace={editor.namespace}", f'{{"finalizers":["{FINALIZER}"]}}'
    change = f'{{"metadata":{finalizers}}}'
    operator("patch", "sg/shop", where, "--type=merge", "--dry-run=server", "-p", change)


@pytest.mark.parametrize("verb", Verb)
def test_who_may_create_jobs_gives_a_command_in_his_name(editor: Person, verb: Verb) -> None:
    text = f"{verb} shop-migrate-0a1b2c3d4e {EDITOR}#7f-3"
    editor.do(creation(GRAPH))
    editor.do(commanding(text))
    read = command_of({ANNOTATION: text}, "migrate", "")
    assert read is not None
    assert (read.verb, read.by) == (verb, EDITOR)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("rerun", id="a word"),
        pytest.param(f"Repeat job {EDITOR}#1", id="a verb that does not exist"),
        pytest.param(f"Rerun {EDITOR}#1", id="about nothing"),
        pytest.param("Rerun job #1", id="of nobody"),
        pytest.param(f"Rerun job {EDITOR}", id="given for ever"),
        pytest.param(f"Rerun job {EDITOR}#", id="an empty nonce"),
        pytest.param(f"Rerun job {EDITOR}#1 2", id="a nonce of two words"),
        pytest.param(f"Rerun  job {EDITOR}#1", id="two spaces"),
        pytest.param(f"Rerun {'a' * 129} {EDITOR}#1", id="about something long"),
        pytest.param(f"Rerun job {'a' * 129}#1", id="of a long name"),
        pytest.param(f"Rerun job {EDITOR}#{'1' * 65}", id="a long nonce"),
        pytest.param(f"Rerun job {EDITOR}#1\n", id="a line after it"),
    ],
)
def test_what_is_no_command_is_refused(editor: Person, text: str) -> None:
    editor.do(creation(GRAPH))
    assert command_of({ANNOTATION: text}, "migrate", "") is None
    said = editor.is_refused(commanding(text))
    assert f"annotation {ANNOTATION} of StartupGraph shop is" in said
    assert "which is no command: let sluice graph resolve shop write it" in said


def test_everybody_who_may_write_graphs_empties_a_command(writer: Person, editor: Person) -> None:
    editor.do(creation({**GRAPH, "metadata": {"name": "shop", "annotations": {ANNOTATION: GOOD}}}))
    writer.do(commanding(""))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"Rerun job {WRITER}#1", id="in the name of somebody else"),
        pytest.param(f"Rerun job x#{EDITOR}#1", id="in a name that ends with his"),
        pytest.param(f"Rerun job {EDITOR} x#1", id="in a name that begins with his"),
        pytest.param(f"Rerun job {EDITOR}#1#2", id="in a name with a number sign"),
    ],
)
def test_nobody_gives_a_command_in_the_name_of_another(editor: Person, text: str) -> None:
    editor.do(creation(GRAPH))
    said = editor.is_refused(commanding(text))
    assert f'but user "{EDITOR}" writes it' in said


def test_who_may_not_create_jobs_gives_no_command(writer: Person, editor: Person) -> None:
    editor.do(creation(GRAPH))
    said = writer.is_refused(commanding(f"Rerun job {WRITER}#1"))
    assert LACKS in said
    assert f"{ANNOTATION} of StartupGraph shop decides what its Jobs run" in said


def test_a_graph_is_not_created_with_the_command_of_another(editor: Person) -> None:
    # A backup that is restored: what was asked for then is not wished for again.
    annotations: JsonObject = {ANNOTATION: f"Down - {WRITER}#1"}
    graph = minimal_graph({"metadata.annotations": annotations})
    assert "writes it" in editor.is_refused(tried(creation(graph)))


def test_a_command_that_stands_there_keeps_nobody_from_writing(
    writer: Person, editor: Person
) -> None:
    editor.do(creation({**GRAPH, "metadata": {"name": "shop", "annotations": {ANNOTATION: GOOD}}}))
    writer.do(patched(operation("replace", "/spec/suspend", value=False)))
    writer.do(patched(operation("remove", "/metadata/annotations")))


@dataclass(frozen=True, slots=True)
class Kept:
    """What Sluice keeps something in, and the label that says so."""

    kind: str
    label: str

    def __str__(self) -> str:
        return self.kind

    @property
    def ref(self) -> str:
        return f"{self.kind.lower()}/kept"

    @property
    def labels(self) -> JsonObject:
        return {self.label: "0a1b"}


def record(labels: JsonObject, kind: str) -> JsonObject:
    api_version = "v1" if kind == "ConfigMap" else "coordination.k8s.io/v1"
    content: JsonObject = {"data": {"format": "v1"}} if kind == "ConfigMap" else {"spec": {}}
    labelled = labels or {RECORD_LABEL: "migrate", LOCK_LABEL: "0a1b"}
    meta: JsonObject = {"name": "kept", "labels": labelled}
    return {"apiVersion": api_version, "kind": kind, "metadata": meta, **content}


KEPT = (Kept("ConfigMap", RECORD_LABEL), Kept("Lease", LOCK_LABEL))
each_kept = pytest.mark.parametrize("kept", KEPT, ids=str)


def writes(kept: Kept) -> dict[str, Write]:
    """Return the writes by which somebody might forge what is kept, once it is there."""
    forged = '{"metadata":{"annotations":{"forged":"true"}}}'
    return {
        "a patch": Write(("patch", kept.ref, "--type=merge", "-p", forged)),
        "a PUT": Write(("replace", "-f", "-"), record(kept.labels, kept.kind)),
        "a PUT without the label": Write(("replace", "-f", "-"), record({"a": "b"}, kept.kind)),
        "the label taken off": write(f"label {kept.ref} {kept.label}-"),
        "a deletion": write(f"delete {kept.ref}"),
        "a deletion of all": write(f"delete {kept.kind.lower()} -l {kept.label}"),
    }


@pytest.mark.parametrize(
    ("kept", "change"),
    [
        pytest.param(kept, change, id=f"{kept}: {name}")
        for kept in KEPT
        for name, change in writes(kept).items()
    ],
)
def test_only_who_may_create_jobs_changes_what_is_kept(
    writer: Person, editor: Person, kept: Kept, change: Write
) -> None:
    editor.do(creation(record(kept.labels, kept.kind)))
    said = writer.is_refused(tried(change))
    assert f"{kept.kind} kept with the label {kept.label} decides which init Jobs run" in said
    editor.do(change)


@each_kept
def test_a_deletion_that_names_nothing_is_refused_by_name(
    writer: Person, editor: Person, kept: Kept
) -> None:
    editor.do(creation(record(kept.labels, kept.kind)))
    group = "api/v1" if kept.kind == "ConfigMap" else "apis/coordination.k8s.io/v1"
    path = f"/{group}/namespaces/{writer.namespace}/{kept.kind.lower()}s"
    said = writer.is_refused(write(f"delete --raw {path}"))
    assert f"{kept.kind} kept with the label {kept.label}" in said


@each_kept
def test_only_who_may_create_jobs_makes_what_is_kept(
    writer: Person, editor: Person, kept: Kept
) -> None:
    asked = tried(creation(record(kept.labels, kept.kind)))
    assert LACKS in writer.is_refused(asked)
    editor.do(asked)


@each_kept
def test_what_is_not_kept_by_us_becomes_it_by_no_label(writer: Person, kept: Kept) -> None:
    writer.do(creation(record({"a": "b"}, kept.kind)))
    assert LACKS in writer.is_refused(write(f"label {kept.ref} {kept.label}=0a1b"))
    writer.do(write(f"annotate {kept.ref} a=b"))
    writer.do(write(f"delete {kept.ref}"))


@each_kept
def test_the_operator_makes_and_changes_what_is_kept(
    operator: Kubectl, namespace: str, kept: Kept
) -> None:
    where, labels = f"--namespace={namespace}", {kept.label: "0a1b", LOCK_LABEL: "0a1b"}
    operator("create", where, "-f", "-", manifest=record(labels, kept.kind))
    operator("annotate", where, kept.ref, "a=b")


@each_kept
def test_the_operator_makes_and_changes_nothing_else(
    operator: Kubectl, editor: Person, kept: Kept
) -> None:
    where, plain = f"--namespace={editor.namespace}", record({"a": "b"}, kept.kind)
    editor.do(creation(plain))
    for words in (("annotate", kept.ref, "a=b"), ("label", kept.ref, f"{LOCK_LABEL}=0a1b")):
        said = operator.ask(*words, where)
        assert not said.succeeded
        assert f"{editor.namespace}/kept is not one of Sluice" in said.complaints
    editor.do(write(f"delete {kept.ref}"))
    assert not operator.ask("create", where, "-f", "-", manifest=plain).succeeded


@pytest.mark.parametrize(
    ("ref", "namespace_", "may"),
    [
        pytest.param("configmap/sluice-released", "sluice-system", True, id="its list"),
        pytest.param("lease/sluice", "sluice-system", True, id="its Lease"),
        pytest.param("configmap/kube-root-ca.crt", "sluice-system", False, id="the cluster's CA"),
    ],
)
def test_the_operator_writes_its_own_and_not_the_systems(
    operator: Kubectl, ref: str, namespace_: str, *, may: bool
) -> None:
    where = f"--namespace={namespace_}"
    said = operator.ask("annotate", where, ref, "trial=1", "--dry-run=server")
    assert said.succeeded == may, said.complaints
    assert ("is not one of Sluice" in said.complaints) != may


def test_the_operator_does_not_lead_the_control_plane(operator: Kubectl) -> None:
    leases = operator("get", "leases", "--namespace=kube-system", "-o", "name").split()
    assert leases
    for lease in leases:
        said = operator.ask("annotate", "--namespace=kube-system", lease, "a=b", "--dry-run=server")
        assert "is not one of Sluice" in said.complaints


def test_a_namespace_goes_with_what_is_kept_in_it(kubectl: Kubectl, editor: Person) -> None:
    for kept in KEPT:
        editor.do(creation(record(kept.labels, kept.kind)))
    kubectl("delete", "namespace", editor.namespace, "--wait=false")
    gone = f"namespace/{editor.namespace}"
    kubectl("wait", gone, "--for=delete", "--timeout=60s")
    kubectl("create", "namespace", editor.namespace)


def test_what_is_kept_goes_with_its_owner(kubectl: Kubectl, editor: Person) -> None:
    where = f"--namespace={editor.namespace}"
    kubectl("create", "configmap", "owner", where)
    uid = kubectl("get", "configmap/owner", where, "-o", "jsonpath={.metadata.uid}")
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": uid}
    owned = record({}, "ConfigMap")
    meta: JsonObject = {"name": "kept", "labels": {RECORD_LABEL: "a"}, "ownerReferences": [owner]}
    editor.do(creation({**owned, "metadata": meta}))
    kubectl("delete", "configmap/owner", where)
    kubectl("wait", "configmap/kept", where, "--for=delete", "--timeout=60s")
