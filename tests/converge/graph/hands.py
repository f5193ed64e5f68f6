"""What people do about runs: resolve and undo them, and lay hands on their Jobs."""

from sluice.model import names
from sluice.model.json import Body, Json, JsonObject
from sluice.model.plan import Operation, pointer
from sluice.model.references import JOBS, LEASES, PODS, STARTUPGRAPHS, ObjectRef
from sluice.startup.init.checksum import checksum, short
from tests.builders import NAMESPACE
from tests.converge.cluster import PERSON
from tests.converge.graph import picture
from tests.converge.graph.manifests import GRAPH, ref_of, workload
from tests.converge.graph.people import People
from tests.converge.graph.scenario import Deed
from tests.converge.kubelet import Image, Start, is_of_init
from tests.converge.namespaces import NAMESPACES, namespace, namespace_ref
from tests.converge.runs import is_live, pods_of
from tests.converge.scenario import When
from tests.converge.store import Store

_IMAGE = pointer("spec", "template", "spec", "containers", "0", "image")
_ANNOTATIONS = pointer("metadata", "annotations")


def ends(image: str, *codes: int, said: str = "") -> Deed:
    """Say with what the tries of an image end, and what its pods say at last."""

    def do(people: People) -> None:
        people.cluster.kubelet.images[image] = Image(codes=codes or (0,), said=said)
        people.cluster.changed_behaviour()

    return do


def hangs(image: str) -> Deed:
    """Have the pods of an image run until somebody says how they end."""
    return lambda people: people.behave(image, Start.NEVER_READY)


def resolves(node: str, verb: str, by: str = "ada#1", ref: ObjectRef = GRAPH) -> Deed:
    """Say what is to become of a node that needs a person (`sluice graph resolve`)."""

    def do(people: People) -> None:
        of = subject(people.cluster.store, node, ref)
        if of:
            says(node, f"{verb} {of} {by}", ref)(people)

    return do


def subject(store: Store, node: str, ref: ObjectRef) -> str:
    """Return what a command about a node has to name, empty if there is nothing to say."""
    graph = store.find(ref)
    status = None if graph is None else status_of(graph, node)
    if graph is None or status is None:
        return ""
    if status.text("state") == "Mismatch":
        (written,) = (n for n in graph.bodies("spec", "nodes") if n.text("name") == node)
        return short(checksum(written.body("init", "job").value))
    return status.text("init", "job", default="")


def status_of(graph: Body, node: str) -> Body | None:
    """Return the status of an init node, None if there is none."""
    found = (one for one in graph.bodies("status", "nodes") if one.has("init"))
    return next((one for one in found if one.text("name") == node), None)


def undoes(node: str, to: str = "-", by: str = "ada#1") -> Deed:
    """Ask for versions to be undone down to one (`sluice graph down`)."""
    return says(node, f"Down {to} {by}")


def says(node: str, text: str, ref: ObjectRef = GRAPH) -> Deed:
    """Write a command about a node."""

    def do(people: People) -> None:
        annotate(people, ref, f"{names.RESOLVE_PREFIX}{node}", text)

    return do


def annotate(people: People, ref: ObjectRef, key: str, value: str, *more: Operation) -> None:
    """Write an annotation, and something else in the same request."""
    known = Body(people.cluster.store.get(ref)).labels("metadata", "annotations")
    annotations: JsonObject = {**known, key: value}
    operation = Operation("add", _ANNOTATIONS, annotations)
    people.cluster.store.patch(ref, (operation, *more), PERSON)


def jobs_of(store: Store, node: str) -> list[tuple[ObjectRef, Body]]:
    """Return the Jobs of an init node."""
    jobs = ((ref, job) for ref, job in store.every(JOBS) if is_of_init(job))
    return [(ref, job) for ref, job in jobs if picture.node_of(job) == node]


def has_pod(node: str) -> When:
    """Wait until a pod of an init node runs."""
    return lambda store: any(
        is_of_init(pod)
        and picture.node_of(pod) == node
        and pod.text("status", "phase") == "Running"
        for _, pod in store.every(PODS)
        if pod.has("status", "phase")
    )


def is_seen(node: str, ref: ObjectRef = GRAPH) -> When:
    """Wait until the graph knows the Job of an init node by its UID."""

    def seen(store: Store) -> bool:
        graph = store.find(ref)
        status = None if graph is None else status_of(graph, node)
        return status is not None and status.has("init", "uid")

    return seen


def deletes_job(node: str, *, with_pods: bool = False) -> Deed:
    """Delete the Jobs of a node; with their pods as `--cascade=foreground` does."""

    def do(people: People) -> None:
        store = people.cluster.store
        for ref, job in jobs_of(store, node):
            for pod, _ in pods_of(store, job) if with_pods else ():
                store.delete(pod, PERSON)
            people.delete(ref)

    return do


def tears_out(node: str) -> Deed:
    """Delete the Jobs of a node and take their finalizers off by hand."""

    def do(people: People) -> None:
        store = people.cluster.store
        for ref, _ in jobs_of(store, node):
            people.delete(ref)
            if ref in store.objects:
                store.patch(ref, (Operation("replace", "/metadata/finalizers", []),), PERSON)

    return do


def expires(people: People) -> None:
    """Delete what has ended and may go, as its TTL of a week does."""
    for ref, job in tuple(people.cluster.store.every(JOBS)):
        ended = bool(job.bodies("status", "conditions"))
        if ended and job.has("spec", "ttlSecondsAfterFinished"):
            people.delete(ref)


def evicts(node: str) -> Deed:
    """Evict the pods of a node, as the drain of a machine does."""

    def do(people: People) -> None:
        store = people.cluster.store
        for ref, pod in tuple(store.every(PODS)):
            if is_of_init(pod) and picture.node_of(pod) == node and is_live(pod):
                marked: Json = [{"type": "DisruptionTarget", "status": "True"}]
                status: JsonObject = {**pod.body("status").value, "conditions": marked}
                store.update(ref, {**pod.value, "status": status}, "system:node", "status")
                store.delete(ref, PERSON)

    return do


def forgets(ref: ObjectRef = GRAPH) -> Deed:
    """Take a graph away by force, with all that its status knew."""

    def do(people: People) -> None:
        people.delete(ref)
        if ref in people.cluster.store.objects:
            nothing = Operation("replace", "/metadata/finalizers", [])
            people.cluster.store.patch(ref, (nothing,), PERSON)

    return do


def is_known(store: Store, job: ObjectRef) -> bool:
    """Whether a graph or a lock names a Job by its UID."""
    graphs = (body for _, body in store.every(STARTUPGRAPHS))
    nodes = (node for body in graphs for node in body.bodies("status", "nodes"))
    seen = (n.text("init", "job", default="") for n in nodes if n.has("init", "uid"))
    return job.name in {*seen, *signed(store)}


def signed(store: Store) -> set[str]:
    """Return the Jobs that hold a lock by name and UID."""
    holders = (
        body.body("spec").text("holderIdentity", default="") for _, body in store.every(LEASES)
    )
    parts = (holder.split("/", 2) for holder in holders if holder)
    return {name for name, uid, _ in parts if uid}


def breaks_lost_locks(people: People) -> None:
    """Delete the locks of Jobs that are gone: a person says that what they did is mended."""
    store = people.cluster.store
    there = {ref.name for ref, _ in store.every(JOBS)}
    for ref, body in tuple(store.every(LEASES)):
        job = body.body("spec").text("holderIdentity", default="").partition("/")[0]
        if job and job not in there and not _is_under_way(store, job):
            people.cluster.ledger.made.pop(people.cluster.ledger.runs.get(job, ""), None)
            people.delete(ref)


def _is_under_way(store: Store, job: str) -> bool:
    graphs = (body for _, body in store.every(STARTUPGRAPHS))
    nodes = (node for body in graphs for node in body.bodies("status", "nodes"))
    return any(node.text("init", "job", default="") == job for node in nodes)


def makes_namespace(people: People) -> None:
    """Create the namespace, as an object that can be deleted."""
    people.cluster.store.create(NAMESPACES, namespace(NAMESPACE), PERSON)


def deletes_namespace(people: People) -> None:
    """Delete the namespace with everything in it."""
    people.delete(namespace_ref(NAMESPACE))


def requiring(name: str, version: str, node: str = "migrate") -> JsonObject:
    """Return a Deployment whose version needs the record of the same one."""
    manifest = workload(name)
    body = Body(manifest)
    meta, template = body.body("metadata"), body.body("spec", "template")
    container: JsonObject = {"name": "app", "image": f"{name}:{version}"}
    spec: JsonObject = {
        **body.body("spec").value,
        "template": {**template.value, "spec": {"containers": [container]}},
    }
    annotations: JsonObject = {names.REQUIRES: f"{node}={version}"}
    return {**manifest, "metadata": {**meta.value, "annotations": annotations}, "spec": spec}


def creates_requiring(name: str, version: str) -> Deed:
    """Create that Deployment."""
    return lambda people: people.write(requiring(name, version))


def upgrades(name: str, version: str, node: str = "migrate") -> Deed:
    """Write the next version into a Deployment, and what it requires."""

    def do(people: People) -> None:
        image = Operation("replace", _IMAGE, f"{name}:{version}")
        annotate(people, ref_of(name), names.REQUIRES, f"{node}={version}", image)

    return do


def requires(name: str, version: str, node: str = "migrate") -> Deed:
    """Write what a Deployment requires, and nothing else."""
    return lambda people: annotate(people, ref_of(name), names.REQUIRES, f"{node}={version}")
