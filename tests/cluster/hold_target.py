"""A Deployment that a test writes to, and what the hold policy has made of it."""

import json
from dataclasses import dataclass

from sluice.model.json import Body, Json, JsonObject
from sluice.model.names import HELD, HELD_PENDING, ROLLOUT_LABEL
from tests.cluster.kubectl import Kubectl, Spoken

NAME = "checkout"
REVISION = "7d9f4c2b1a"
ADOPTED: JsonObject = {ROLLOUT_LABEL: NAME}

IMAGE = "/spec/template/spec/containers/0/image"
HELD_PATH = "/metadata/annotations/sluice.dev~1held"
BYPASS_PATH = "/metadata/annotations/sluice.dev~1bypass"
LABEL_PATH = "/metadata/labels/sluice.dev~1rollout"


@dataclass(frozen=True, slots=True)
class State:
    """What the policy decides on in a Deployment."""

    paused: bool
    held: str
    label: str
    image: str


AT_REST = State(paused=False, held="", label=NAME, image="app:1")
HELD_BACK = State(paused=True, held=REVISION, label=NAME, image="app:2")


def newly_held(image: str) -> State:
    """Return the state after a template with this image was held back."""
    return State(paused=True, held=HELD_PENDING, label=NAME, image=image)


@dataclass(frozen=True, slots=True)
class Write:
    """One kubectl command, with a manifest as its input or none."""

    words: tuple[str, ...]
    manifest: JsonObject | None = None


def write(words: str, manifest: JsonObject | None = None) -> Write:
    return Write(tuple(words.split()), manifest)


def patch(*operations: JsonObject) -> Write:
    return Write(("patch", "deployment/checkout", "--type=json", "-p", json.dumps(operations)))


def operation(op: str, path: str, value: Json = None) -> JsonObject:
    return {"op": op, "path": path, "value": value}


def deployment(
    *, image: str = "app:1", labels: JsonObject | None = None, spec: JsonObject | None = None
) -> JsonObject:
    """Return the Deployment; no scheduler knows its pods, so none runs. spec: more of its spec."""
    pod: JsonObject = {
        "schedulerName": "nobody",
        "containers": [{"name": "app", "image": image}],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": NAME, "labels": labels or {}},
        "spec": {
            **(spec or {}),
            "selector": {"matchLabels": {"app": NAME}},
            "template": {"metadata": {"labels": {"app": NAME}}, "spec": pod},
        },
    }


class Target:
    """The Deployment `checkout` in the test's namespace."""

    def __init__(self, kubectl: Kubectl, operator: Kubectl, namespace: str) -> None:
        self._kubectl, self._operator, self._where = kubectl, operator, f"--namespace={namespace}"

    def create(self, manifest: JsonObject) -> None:
        self._kubectl("create", self._where, "-f", "-", manifest=manifest)

    def ask(self, write: Write) -> Spoken:
        return self._kubectl.ask(*write.words, self._where, manifest=write.manifest)

    def do(self, write: Write) -> Spoken:
        said = self.ask(write)
        assert said.succeeded, said.complaints
        return said

    def do_as_operator(self, write: Write) -> str:
        return self._operator(*write.words, self._where, manifest=write.manifest)

    def body(self) -> Body:
        words = ("get", "deployment/checkout", self._where, "-o", "json")
        return Body(json.loads(self._kubectl(*words)))

    def state(self) -> State:
        return state_of(self.body())

    def replica_sets(self) -> int:
        """Return how many ReplicaSets there are once the Deployment controller is up to date."""
        generation = self.body().whole("metadata", "generation")
        seen = f"--for=jsonpath={{.status.observedGeneration}}={generation}"
        self.do(write(f"wait deployment/checkout {seen} --timeout=30s"))
        return len(self.do(write("get replicasets -o name")).output.split())

    def hold(self) -> None:
        """Let a new template be held back and the operator write its revision."""
        self.do(write("set image deployment/checkout app=app:2"))
        self.do_as_operator(write(f"annotate deployment/checkout --overwrite {HELD}={REVISION}"))
        assert self.state() == HELD_BACK


def state_of(body: Body) -> State:
    pod = body.body("spec", "template", "spec")
    return State(
        paused=body.flag("spec", "paused", default=False),
        held=body.body("metadata", "annotations").text(HELD, default=""),
        label=body.body("metadata", "labels").text(ROLLOUT_LABEL, default=""),
        image=pod.bodies("containers")[0].text("image"),
    )
