"""Endpoints of Services, and a gateway that accepts routes and splits requests by their weights."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from sluice.model.json import Body, Json, JsonObject
from sluice.model.references import ENDPOINTSLICES, HTTPROUTES, PODS, SERVICES, ObjectRef
from tests.converge.deployments import SYSTEM, is_ready
from tests.converge.kubelet import Kubelet, image_of
from tests.converge.prometheus import Counters
from tests.converge.store import Store

_SERVICE_NAME = "kubernetes.io/service-name"


def control_endpoints(store: Store) -> None:
    """Make every Service have one EndpointSlice, with its labels and its ready pods."""
    for ref, service in tuple(store.every(SERVICES)):
        labels = service.labels("metadata", "labels")
        endpoints: list[Json] = [
            {"addresses": [pod.name], "conditions": {"ready": is_ready(body)}}
            for pod, body in selected(store, service)
        ]
        manifest: JsonObject = {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "name": f"{ref.name}-endpoints",
                "namespace": ref.namespace,
                "labels": {**labels, _SERVICE_NAME: ref.name},
            },
            "addressType": "IPv4",
            "endpoints": endpoints,
        }
        own = ObjectRef(ENDPOINTSLICES, ref.namespace, f"{ref.name}-endpoints")
        known = store.find(own)
        if known is None:
            store.create(ENDPOINTSLICES, manifest, SYSTEM)
        else:
            store.update(own, {**known.value, "endpoints": endpoints}, SYSTEM)
    _drop_orphans(store)


def _drop_orphans(store: Store) -> None:
    for ref, body in tuple(store.every(ENDPOINTSLICES)):
        service = body.labels("metadata", "labels")[_SERVICE_NAME]
        if ObjectRef(SERVICES, ref.namespace, service) not in store.objects:
            store.delete(ref, SYSTEM)


def selected(store: Store, service: Body) -> Iterator[tuple[ObjectRef, Body]]:
    """Yield the pods that a Service selects."""
    wanted = service.labels("spec", "selector").items()
    for ref, pod in store.every(PODS):
        if wanted <= pod.labels("metadata", "labels").items():
            yield ref, pod


@dataclass
class Gateway:
    """What the gateway does with the routes that it has taken over.

    refuses: whether it accepts no route at present. requests_per_second: of all routes together.
    lost: requests so far that went to a backend without a ready pod.
    """

    counters: Counters = field(default_factory=Counters)
    refuses: bool = False
    requests_per_second: float = 20_000.0
    lost: float = 0.0
    served_until: float = 0.0
    backends: dict[str, float] = field(default_factory=dict)

    def fork(self) -> "Gateway":
        """Return a copy."""
        return Gateway(
            counters=self.counters.fork(),
            refuses=self.refuses,
            requests_per_second=self.requests_per_second,
            lost=self.lost,
            served_until=self.served_until,
            backends=dict(self.backends),
        )

    def step(self, store: Store) -> None:
        """Take over what the routes say, and tell them so."""
        self.backends = {}
        for ref, route in tuple(store.every(HTTPROUTES)):
            if not self.refuses:
                for name, share in _shares(route):
                    self.backends[name] = self.backends.get(name, 0.0) + share
            self._answer(store, ref, route)
        routes = sum(1 for _ in store.every(HTTPROUTES))
        self.backends = {name: share / routes for name, share in self.backends.items()}

    def serve(self, store: Store, kubelet: Kubelet) -> None:
        """Serve the requests since the last time, as the routes were meanwhile."""
        seconds = store.now() - self.served_until
        self.served_until = store.now()
        for name, share in sorted(self.backends.items()):
            requests = self.requests_per_second * share * seconds
            service = store.find(ObjectRef(SERVICES, "shop", name))
            pods = [] if service is None else [p for _, p in selected(store, service)]
            ready = [kubelet.image(image_of(pod)).failing for pod in pods if is_ready(pod)]
            if not ready:
                # Traefik answers 503 and does not count it for the backend.
                self.lost += requests
                continue
            failing = sum(ready) / len(ready)
            self.counters.count(name, "200", requests * (1 - failing))
            self.counters.count(name, "500", requests * failing)

    def _answer(self, store: Store, ref: ObjectRef, route: Body) -> None:
        found = all(
            ObjectRef(SERVICES, ref.namespace, name) in store.objects for name, _ in _weights(route)
        )
        generation = route.whole("metadata", "generation")
        conditions = [
            _condition("Accepted", generation, holds=not self.refuses),
            _condition("ResolvedRefs", generation, holds=found),
        ]
        parent: JsonObject = {
            "parentRef": {"name": "gateway"},
            "controllerName": "test/gateway",
            "conditions": conditions,
        }
        store.update(ref, {**route.value, "status": {"parents": [parent]}}, SYSTEM, "status")


def _condition(kind: str, generation: int, *, holds: bool) -> JsonObject:
    status = "True" if holds else "False"
    return {"type": kind, "status": status, "observedGeneration": generation}


def _weights(route: Body) -> Iterator[tuple[str, int]]:
    for rule in route.bodies("spec", "rules"):
        for backend in rule.bodies("backendRefs"):
            yield backend.text("name"), backend.whole("weight", default=1)


def _shares(route: Body) -> Iterator[tuple[str, float]]:
    weights = tuple(_weights(route))
    total = sum(weight for _, weight in weights) or 1
    for name, weight in weights:
        yield name, weight / total
