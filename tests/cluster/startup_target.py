"""Nodes of a StartupGraph that a test writes, and what the startup policies have made of them."""

import json
from dataclasses import dataclass
from typing import Final

from sluice.model.json import Body, Json, JsonObject
from sluice.model.names import GRAPH_LABEL, HEALTHY_GATE, HOLDERS, NODE_LABEL, STARTUP_GATE
from tests.cluster.hold_target import Write
from tests.cluster.kubectl import Kubectl, Spoken
from tests.localcluster.waiting import wait_until

NAME: Final = "checkout"
GRAPH: Final = "shop"
LABELS: Final[JsonObject] = {GRAPH_LABEL: GRAPH, NODE_LABEL: NAME}
RELEASED: Final = ("configmap/sluice-released", "--namespace=sluice-system")
HOLDERS_PATH: Final = "/metadata/annotations/sluice.dev~1holders"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of workload that a field of its own holds back."""

    name: str
    api_version: str
    field: str

    def __str__(self) -> str:
        return self.name

    @property
    def ref(self) -> str:
        """The workload under test as kubectl names it."""
        return f"{self.name.lower()}/{NAME}"

    @property
    def path(self) -> str:
        """The field as a JSON patch names it."""
        return f"/spec/{self.field}"

    def manifest(
        self,
        *,
        labels: JsonObject = LABELS,
        annotations: JsonObject | None = None,
        spec: JsonObject | None = None,
        owners: tuple[JsonObject, ...] = (),
    ) -> JsonObject:
        """Return the workload; no scheduler knows its pods. spec: more of its spec."""
        # A Job's selector is written so that one can be put in the place of the other.
        job: JsonObject = {"manualSelector": True} if self is JOB else {}
        template = {"metadata": {"labels": {"app": NAME}}, "spec": pod_spec(self)}
        return {
            "apiVersion": self.api_version,
            "kind": self.name,
            "metadata": {
                "name": NAME,
                "labels": labels,
                "annotations": annotations or {},
                "ownerReferences": list(owners),
            },
            "spec": {
                **job,
                "selector": {"matchLabels": {"app": NAME}},
                "template": template,
                **(spec or {}),
            },
        }


DEPLOYMENT: Final = Kind("Deployment", "apps/v1", "paused")
JOB: Final = Kind("Job", "batch/v1", "suspend")
KINDS: Final = (DEPLOYMENT, JOB)


def pod_spec(kind: Kind | None = None) -> JsonObject:
    once: JsonObject = {"restartPolicy": "Never"} if kind is JOB else {}
    containers = [{"name": "app", "image": "app:1"}]
    return {**once, "schedulerName": "nobody", "containers": containers}


@dataclass(frozen=True, slots=True)
class Hold:
    """What the policies decide on in a workload. labels: graph and node."""

    stopped: bool
    holders: str
    labels: tuple[str, str] = (GRAPH, NAME)


HELD: Final = Hold(stopped=True, holders="startup")
FREE: Final = Hold(stopped=False, holders="")


def hold_of(body: Body) -> Hold:
    labels = body.body("metadata").labels("labels")
    field = JOB.field if body.text("kind") == JOB.name else DEPLOYMENT.field
    return Hold(
        stopped=body.flag("spec", field, default=False),
        holders=body.body("metadata").labels("annotations").get(HOLDERS, ""),
        labels=(labels.get(GRAPH_LABEL, ""), labels.get(NODE_LABEL, "")),
    )


@dataclass(frozen=True, slots=True)
class Gates:
    """The gates of a pod, in their order."""

    scheduling: tuple[str, ...] = ()
    readiness: tuple[str, ...] = ()


GATED: Final = Gates(scheduling=(STARTUP_GATE,), readiness=(HEALTHY_GATE,))
READINESS_ONLY: Final = Gates(readiness=(HEALTHY_GATE,))


def gates_of(body: Body) -> Gates:
    spec = body.body("spec")
    return Gates(
        scheduling=tuple(gate.text("name") for gate in spec.bodies("schedulingGates")),
        readiness=tuple(gate.text("conditionType") for gate in spec.bodies("readinessGates")),
    )


def owner(kind: str, uid: str, api_version: str = "apps/v1") -> JsonObject:
    reference = {"apiVersion": api_version, "kind": kind, "name": NAME, "uid": uid}
    return {**reference, "controller": True}


def pod(
    *,
    labels: JsonObject = LABELS,
    annotations: JsonObject | None = None,
    spec: JsonObject | None = None,
    owners: tuple[JsonObject, ...] = (),
) -> JsonObject:
    """Return a pod as its controller would create it."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": NAME,
            "labels": labels,
            "annotations": annotations or {},
            "ownerReferences": list(owners),
        },
        "spec": {**pod_spec(), **(spec or {})},
    }


@dataclass(frozen=True, slots=True)
class Place:
    """A namespace, written to by a person and by the operator's account."""

    kubectl: Kubectl
    operator: Kubectl
    namespace: str

    @property
    def _where(self) -> str:
        return f"--namespace={self.namespace}"

    def ask(self, write: Write) -> Spoken:
        return self.kubectl.ask(*write.words, self._where, manifest=write.manifest)

    def do(self, write: Write) -> Spoken:
        said = self.ask(write)
        assert said.succeeded, said.complaints
        return said

    def do_as_operator(self, write: Write) -> str:
        return self.operator(*write.words, self._where, manifest=write.manifest)

    def create(self, manifest: JsonObject) -> Spoken:
        return self.do(Write(("create", "-f", "-"), manifest))

    def tried(self, manifest: JsonObject) -> Body:
        """Return what the API server would have stored."""
        words = ("create", "-f", "-", "--dry-run=server", "-o", "json")
        return Body(json.loads(self.do(Write(words, manifest)).output))

    def read(self, ref: str) -> Body:
        return Body(json.loads(self.kubectl("get", ref, self._where, "-o", "json")))

    def names(self, kind: str) -> list[str]:
        return self.kubectl("get", kind, self._where, "-o", "name").split()

    def hold(self, kind: Kind) -> Hold:
        return hold_of(self.read(kind.ref))


def json_patch(ref: str, *operations: JsonObject) -> Write:
    return Write(("patch", ref, "--type=json", "-p", json.dumps(operations)))


def operation(op: str, path: str, value: Json = None) -> JsonObject:
    return {"op": op, "path": path, "value": value}


def release(operator: Kubectl, uid: str) -> None:
    """Let the pods of a set go, as the operator does."""
    change = json.dumps([operation("add", f"/data/{uid}", "test")])
    operator("patch", *RELEASED, "--type=json", "-p", change)


def forget(operator: Kubectl, uid: str) -> None:
    """Take a set off the list, if the operator that runs in the cluster has not done so already."""
    operator("patch", *RELEASED, "--type=merge", "-p", json.dumps({"data": {uid: None}}))


def wait_until_in_force(place: Place) -> None:
    """Wait until the API server has compiled the policies that were applied last."""

    def in_force() -> bool:
        workload = place.ask(
            Write(("create", "-f", "-", "--dry-run=server"), DEPLOYMENT.manifest())
        )
        gates = gates_of(place.tried(pod(owners=(owner("StatefulSet", "nobody"),))))
        return "is held back" in workload.warnings and gates == GATED

    wait_until(in_force, timeout_seconds=30, waiting_for="the startup policies to be in force")
