"""What people and pipelines do to a Rollout and what it works on, as the API server sees it."""

from dataclasses import dataclass

from sluice.model import names
from sluice.model.json import Body, JsonObject
from sluice.model.plan import Operation, pointer
from sluice.model.references import (
    DEPLOYMENTS,
    HTTPROUTES,
    PODS,
    ROLLOUTS,
    SERVICES,
    ObjectRef,
)
from sluice.rollout.commands import ANNOTATIONS, addressed
from sluice.rollout.status import RolloutStatus
from tests.builders import NAME, NAMESPACE, QUICK, deployment, http_route, rollout, service
from tests.converge.cluster import PERSON, Cluster
from tests.converge.kubelet import Image

ROLLOUT = ObjectRef(ROLLOUTS, NAMESPACE, NAME)
TARGET = ObjectRef(DEPLOYMENTS, NAMESPACE, NAME)
ROUTE = ObjectRef(HTTPROUTES, NAMESPACE, NAME)


@dataclass(frozen=True, slots=True)
class People:
    """Everybody but the operator."""

    cluster: Cluster

    def install(self) -> None:
        """Create Deployment, Service, route and Rollout."""
        self.install_without_target()
        self.create_target()

    def install_without_target(self) -> None:
        """Create everything but the Deployment."""
        self.cluster.store.create(SERVICES, service(), PERSON)
        self.cluster.store.create(ROLLOUTS, rollout(**QUICK), PERSON)
        self.create_route()

    def create_target(self, image: str = "checkout:1") -> None:
        """Create the Deployment."""
        self.cluster.store.create(DEPLOYMENTS, deployment(image), PERSON)

    def create_route(self) -> None:
        """Create the route as its author has it."""
        self.cluster.store.create(HTTPROUTES, http_route(), PERSON)

    def reset_route(self) -> None:
        """Write the route as its author has it, over whatever it says now."""
        store = self.cluster.store
        store.update(ROUTE, {**store.get(ROUTE), "spec": http_route()["spec"]}, PERSON)

    def fail(self, image: str, share: float) -> None:
        """Have a share (0..1) of a version's requests fail from now on."""
        self.cluster.gateway.serve(self.cluster.store, self.cluster.kubelet)
        self.cluster.kubelet.images[image] = Image(failing=share)

    def unready(self, image: str, *, unready: bool) -> None:
        """Have the readiness probes of a version fail, or succeed again."""
        images = self.cluster.kubelet.unready
        if unready:
            images.add(image)
        else:
            images.discard(image)
        self.cluster.changed_behaviour()

    def break_prometheus(self, *, down: bool) -> None:
        """Have Prometheus answer no question, or again."""
        self.cluster.gateway.counters.down = down

    def break_gateway(self, *, refuses: bool) -> None:
        """Have the gateway accept no route, or again."""
        self.cluster.gateway.refuses = refuses
        self.cluster.changed_behaviour()

    def deploy(self, image: str, behaviour: Image | None = None) -> None:
        """Write another version into the Deployment; `behaviour` is how it will turn out."""
        if behaviour is not None:
            self.cluster.kubelet.images[image] = behaviour
        path = pointer("spec", "template", "spec", "containers", "0", "image")
        self._patch(TARGET, Operation("replace", path, image))

    def scale(self, replicas: int) -> None:
        """Write the Deployment's size."""
        self._patch(TARGET, Operation("replace", pointer("spec", "replicas"), replicas))

    def bypass(self) -> None:
        """Let the held version through, as the docs say."""
        held = self._target_annotations()[names.HELD]
        path = pointer("metadata", "annotations", names.BYPASS)
        self._patch(TARGET, Operation("add", path, held))
        self._patch(TARGET, Operation("add", pointer("spec", "paused"), value=False))

    def command(self, annotation: str, nonce: str) -> None:
        """Give a command about the version that is under way, was rejected, or runs."""
        status = RolloutStatus.from_body(Body(self.cluster.store.get(ROLLOUT)).body("status"))
        verb = next(verb for verb, name in ANNOTATIONS.items() if name == annotation)
        self.annotate(annotation, f"{addressed(status, verb)}#{nonce}")

    def annotate(self, annotation: str, text: str) -> None:
        """Write an annotation of the Rollout."""
        meta = Body(self.cluster.store.get(ROLLOUT)).body("metadata")
        annotations: JsonObject = {**meta.labels("annotations"), annotation: text}
        self._patch(ROLLOUT, Operation("add", pointer("metadata", "annotations"), annotations))

    def pause(self, *, paused: bool) -> None:
        """Write spec.paused."""
        self._patch(ROLLOUT, Operation("replace", pointer("spec", "paused"), paused))

    def weigh(self, percent: int) -> None:
        """Write the weights of the route by hand."""
        for index, item in enumerate(self._backends()):
            weight = percent if item.text("name").endswith("-canary") else 100 - percent
            base = pointer("spec", "rules", "0", "backendRefs", str(index))
            self._patch(ROUTE, Operation("add", f"{base}/weight", weight))

    def delete(self, ref: ObjectRef) -> None:
        """Delete an object."""
        if ref in self.cluster.store.objects:
            self.cluster.store.delete(ref, PERSON)

    def crash_deployed_pods(self, count: int) -> None:
        """Have containers of the Deployment's own pods end with an error."""
        self._crash([pod for pod in self._pods() if not _is_canary(pod)][:count])

    def crash_canary_pod(self) -> None:
        """Have the container of one canary pod end with an error."""
        self._crash([pod for pod in self._pods() if _is_canary(pod)][:1])

    def _pods(self) -> list[Body]:
        return [pod for _, pod in self.cluster.store.every(PODS)]

    def _crash(self, pods: list[Body]) -> None:
        for pod in pods:
            uid = pod.text("metadata", "uid")
            if uid in self.cluster.kubelet.lives:
                self.cluster.kubelet.crash(uid, self.cluster.store.now())
        self.cluster.changed_behaviour()

    def _backends(self) -> tuple[Body, ...]:
        (rule,) = Body(self.cluster.store.get(ROUTE)).bodies("spec", "rules")
        return rule.bodies("backendRefs")

    def _target_annotations(self) -> dict[str, str]:
        return dict(Body(self.cluster.store.get(TARGET)).labels("metadata", "annotations"))

    def _patch(self, ref: ObjectRef, operation: Operation) -> None:
        self.cluster.store.patch(ref, (operation,), PERSON)


def _is_canary(pod: Body) -> bool:
    return names.ROLE_LABEL in pod.labels("metadata", "labels")
