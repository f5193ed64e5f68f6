"""What people and pipelines do to a graph and its workloads, as the API server sees it."""

from dataclasses import dataclass

from sluice.model import names
from sluice.model.json import Body, Json, JsonObject
from sluice.model.plan import Operation, pointer
from sluice.model.references import CONFIGMAPS, PODS, STARTUPGRAPHS, ObjectRef
from tests.converge.cluster import PERSON, RELEASED, Cluster
from tests.converge.graph.manifests import GRAPH, graph_ref, ref_of, resource_of, workload
from tests.converge.kubelet import Image, Start

_IMAGE = pointer("spec", "template", "spec", "containers", "0", "image")


@dataclass(frozen=True, slots=True)
class People:
    """Everybody but the operator."""

    cluster: Cluster

    def install(self) -> None:
        """Install Sluice: its list of released sets."""
        manifest: JsonObject = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": RELEASED.name, "namespace": RELEASED.namespace},
            "data": {"README": "each other key is a UID"},
        }
        self.cluster.store.create(CONFIGMAPS, manifest, PERSON)

    def apply(self, graph: JsonObject) -> None:
        """Write a graph, new or over what there is."""
        store = self.cluster.store
        ref = graph_ref(Body(graph).text("metadata", "name"))
        if ref in store.objects:
            store.update(ref, {**store.get(ref), "spec": graph["spec"]}, PERSON)
        else:
            store.create(STARTUPGRAPHS, graph, PERSON)

    def create(self, name: str, kind: str = "Deployment", /, **spec: Json) -> None:
        """Create the workload of a node."""
        self.write(workload(name, kind, **spec))

    def write(self, manifest: JsonObject) -> None:
        """Create a workload as its manifest has it."""
        kind = Body(manifest).text("kind")
        self.cluster.store.create(resource_of(kind), manifest, PERSON)

    def delete(self, ref: ObjectRef) -> None:
        """Delete an object."""
        if ref in self.cluster.store.objects:
            self.cluster.store.delete(ref, PERSON)

    def recreate(self, name: str, kind: str = "Deployment", /) -> None:
        """Delete a workload and create it anew at once, as `kubectl replace --force` does."""
        self.delete(ref_of(name, kind))
        self.create(name, kind)

    def reapply(self, name: str, kind: str = "Deployment", /) -> None:
        """Write the whole workload as its author has it, as `kubectl replace` does."""
        store, ref = self.cluster.store, ref_of(name, kind)
        manifest = workload(name, kind)
        old = Body(store.get(ref)).body("metadata").value
        server = {
            key: old[key]
            for key in ("uid", "generation", "creationTimestamp", "resourceVersion")
            if key in old
        }
        meta: JsonObject = {**Body(manifest).body("metadata").value, **server}
        store.update(ref, {**manifest, "metadata": meta}, PERSON)

    def suspend(self, *, suspend: bool) -> None:
        """Write spec.suspend."""
        self._patch(GRAPH, Operation("replace", pointer("spec", "suspend"), suspend))

    def scale(self, name: str, replicas: int, kind: str = "Deployment", /) -> None:
        """Write the size of a workload."""
        path = pointer("spec", "replicas")
        self._patch(ref_of(name, kind), Operation("replace", path, replicas))

    def deploy(self, name: str, image: str, kind: str = "Deployment", /) -> None:
        """Write another version into a workload."""
        self._patch(ref_of(name, kind), Operation("replace", _IMAGE, image))

    def bypass(self, name: str, kind: str = "Deployment", /) -> None:
        """Say that a workload may start without waiting."""
        ref = ref_of(name, kind)
        known = Body(self.cluster.store.get(ref)).labels("metadata", "annotations")
        annotations: JsonObject = {**known, names.BYPASS: "startup"}
        self._patch(ref, Operation("add", pointer("metadata", "annotations"), annotations))

    def unpause(self, name: str) -> None:
        """Resume a Deployment by hand, as after a bypass."""
        self._patch(ref_of(name), Operation("replace", pointer("spec", "paused"), value=False))

    def unsuspend(self, name: str) -> None:
        """Let a Job run, as whoever owns its `suspend` does."""
        path = pointer("spec", "suspend")
        self._patch(ref_of(name, "Job"), Operation("replace", path, value=False))

    def relabel(self, name: str, graph: str) -> None:
        """Have a Deployment name another graph; its pods are left alone."""
        path = pointer("metadata", "labels", names.GRAPH_LABEL)
        self._patch(ref_of(name), Operation("replace", path, graph))

    def fail(self, *what: str) -> None:
        """Have the probes of images, nodes or hosts fail."""
        self.cluster.targets.failing |= set(what)

    def mend(self, *what: str) -> None:
        """Have them pass again."""
        self.cluster.targets.failing -= set(what)

    def cut(self, *, silent: bool) -> None:
        """Have no target answer any probe, or again."""
        self.cluster.targets.silent = silent

    def behave(self, image: str, start: Start) -> None:
        """Say how pods and Jobs of an image turn out."""
        self.cluster.kubelet.images[image] = Image(start)

    def unready(self, image: str, *, unready: bool) -> None:
        """Have the readiness probes of an image fail, or succeed again."""
        images = self.cluster.kubelet.unready
        (images.add if unready else images.discard)(image)
        self.cluster.changed_behaviour()

    def crash_pod(self, node: str) -> None:
        """Have the container of the first running pod of a node end with an error."""
        for _, pod in self.cluster.store.every(PODS):
            uid = pod.text("metadata", "uid")
            named = pod.labels("metadata", "labels").get(names.NODE_LABEL) == node
            if named and uid in self.cluster.kubelet.lives:
                self.cluster.kubelet.crash(uid, self.cluster.store.now())
                break
        self.cluster.changed_behaviour()

    def _patch(self, ref: ObjectRef, operation: Operation) -> None:
        self.cluster.store.patch(ref, (operation,), PERSON)
