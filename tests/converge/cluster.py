"""The cluster: its store, the controllers that keep it going, and what people do to it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from sluice.model import names
from sluice.model.json import Body, JsonObject
from sluice.model.plan import Operation, pointer
from sluice.model.references import (
    CONFIGMAPS,
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
from tests.converge.admission import hold
from tests.converge.clockwork import EPOCH
from tests.converge.deployments import (
    collect_garbage,
    control_deployments,
    control_sets,
)
from tests.converge.jobs import control_jobs, due_jobs
from tests.converge.kubelet import Image, Kubelet
from tests.converge.network import Gateway, control_endpoints
from tests.converge.prometheus import SCRAPE_SECONDS
from tests.converge.sets import control_daemon_sets, control_stateful_sets
from tests.converge.startup_admission import admitted
from tests.converge.store import Change, Store
from tests.converge.targets import Targets

PERSON = "person"
# From a write to what a controller makes of it.
_CONTROLLER_SECONDS = 0.01
ROLLOUT = ObjectRef(ROLLOUTS, NAMESPACE, NAME)
TARGET = ObjectRef(DEPLOYMENTS, NAMESPACE, NAME)
ROUTE = ObjectRef(HTTPROUTES, NAMESPACE, NAME)
SERVICE = ObjectRef(SERVICES, NAMESPACE, NAME)
RELEASED = ObjectRef(CONFIGMAPS, "sluice-system", "sluice-released")


@dataclass(frozen=True, slots=True)
class Moment:
    """Everything there is at one instant, apart from the operator's memory."""

    seconds: float
    store: Store
    kubelet: Kubelet
    gateway: Gateway
    targets: Targets


@dataclass
class Cluster:
    """The cluster on a virtual loop. `seen` is told of every change, after it has happened."""

    loop: asyncio.AbstractEventLoop
    store: Store
    kubelet: Kubelet = field(default_factory=Kubelet)
    gateway: Gateway = field(default_factory=Gateway)
    targets: Targets = field(default_factory=Targets)
    seen: list[Callable[[Change], None]] = field(default_factory=list)
    _stepping: asyncio.TimerHandle | None = None

    @classmethod
    def empty(cls, loop: asyncio.AbstractEventLoop) -> "Cluster":
        """Return a cluster without objects."""
        return cls(loop, Store(now=lambda: EPOCH + loop.time())).begun()

    @classmethod
    def at(cls, loop: asyncio.AbstractEventLoop, moment: Moment) -> "Cluster":
        """Return the cluster of a moment, going on from there."""
        store = moment.store.fork(lambda: EPOCH + loop.time())
        parts = (moment.kubelet.fork(), moment.gateway.fork(), moment.targets.fork())
        return cls(loop, store, *parts).begun()

    def moment(self) -> Moment:
        """Return a copy of everything."""
        seconds = self.loop.time()
        store = self.store.fork(lambda: EPOCH + seconds)
        parts = (self.kubelet.fork(), self.gateway.fork(), self.targets.fork())
        return Moment(seconds, store, *parts)

    def begun(self) -> "Cluster":
        self.store.admit, self.store.changed = self._admit, self._changed
        if not self.gateway.served_until:
            self.gateway.served_until = self.store.now()
        self.loop.call_at(_next_second(self.loop.time()), self._tick)
        self._step_in(_CONTROLLER_SECONDS)
        return self

    def _admit(self, old: JsonObject | None, new: JsonObject, user: str) -> JsonObject:
        listed = self.store.find(RELEASED)
        released = None if listed is None else listed.body("data").value
        return admitted(old, hold(old, new, user), user, released)

    def _changed(self, change: Change) -> None:
        self._step_in(_CONTROLLER_SECONDS)
        for listener in self.seen:
            listener(change)

    def _step_in(self, seconds: float) -> None:
        at = self.loop.time() + seconds
        if self._stepping is not None:
            if self._stepping.when() <= at:
                return
            self._stepping.cancel()
        self._stepping = self.loop.call_at(at, self._step)

    def _step(self) -> None:
        """Let every controller take one step; further ones follow if it changed anything."""
        self._stepping = None
        self.gateway.serve(self.store, self.kubelet)
        collect_garbage(self.store)
        control_deployments(self.store)
        control_sets(self.store)
        control_stateful_sets(self.store)
        control_daemon_sets(self.store)
        control_jobs(self.store, self.kubelet)
        self.kubelet.step(self.store)
        control_endpoints(self.store)
        self.gateway.step(self.store)
        coming = (*self.kubelet.due(self.store.now()), *due_jobs(self.store))
        due = min(coming, default=None)
        if due is not None:
            self._step_in(due - self.store.now())

    def _tick(self) -> None:
        self.gateway.serve(self.store, self.kubelet)
        self.gateway.counters.scrape(round(self.store.now(), 3))
        self.loop.call_at(self.loop.time() + SCRAPE_SECONDS, self._tick)

    def changed_behaviour(self) -> None:
        """Have the controllers look: an image or a fault is another one now."""
        self._step_in(0.0)


def _is_canary(pod: Body) -> bool:
    return names.ROLE_LABEL in pod.labels("metadata", "labels")


def _next_second(time: float) -> float:
    return float(int(time) + 1)


@dataclass(frozen=True, slots=True)
class People:
    """What people and pipelines do, as the API server sees it."""

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
