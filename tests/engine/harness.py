"""An engine, a toy kind and the API server of apiserver.py, put together for one test."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from sluice.adapters.clock import SystemClock
from sluice.adapters.kube import KubeClient
from sluice.adapters.prometheus import MetricSource, NoMetrics
from sluice.engine.process import Engine, EngineSettings
from sluice.model.cluster import Projection
from sluice.model.json import JsonObject
from sluice.model.kind import Guardian, Kind, Observation, Selection, Wants
from sluice.model.plan import Plan, Work
from sluice.model.readings import Gauges
from sluice.model.references import DEPLOYMENTS, REPLICASETS, SERVICES, ObjectRef, Resource
from sluice.model.registers import Register
from tests.engine.apiserver import ApiServer, api_server
from tests.engine.store import Object, Store
from tests.plain_connection import plain_connection

TOYS = Resource("toys.example", "v1", "toys", "Toy")
LEASES = Resource("coordination.k8s.io", "v1", "leases", "Lease")
EVENTS = Resource("events.k8s.io", "v1", "events", "Event")
RESOURCES = {TOYS, LEASES, EVENTS, DEPLOYMENTS, REPLICASETS, SERVICES}
NS = "shop"

Found = Mapping[Selection, tuple[Projection, ...]]


def _wants_nothing(_: JsonObject, __: Found) -> Wants:
    return Wants()


def _plans_nothing(_: Observation) -> Plan:
    return Work()


@dataclass
class Toy:
    """A kind whose decisions a test writes down as functions."""

    resource: Resource = TOYS
    wants_of: Callable[[JsonObject, Found], Wants] = _wants_nothing
    plan_of: Callable[[Observation], Plan] = _plans_nothing
    seen: list[Observation] = field(default_factory=list)

    def wants(self, body: JsonObject, found: Found) -> Wants:
        return self.wants_of(body, found)

    def plan(self, observation: Observation) -> Plan:
        self.seen.append(observation)
        return self.plan_of(observation)


@dataclass
class World:
    """All that a test touches."""

    store: Store
    server: ApiServer
    client: KubeClient
    engine: Engine
    leading: list[bool]

    @property
    def events(self) -> list[tuple[str, str]]:
        """Return reason and text of every Kubernetes Event posted so far."""
        return [(event["reason"], event["note"]) for event in self.store.list(EVENTS)]

    def feed(self, ref: ObjectRef) -> None:
        """Do what Kopf does when it has seen the object change."""
        self.engine.feed(ref.resource, "MODIFIED", self.store.get(ref))

    def set_and_feed(self, ref: ObjectRef, path: str, value: object) -> None:
        """Change a field of one of our objects and let the engine see it."""
        self.store.set(ref, path, value)
        self.feed(ref)

    def idle(self) -> bool:
        """Whether nothing is being processed or ready to be."""
        return self.engine.queue.depth() == 0 and not self.engine.queue.ages()

    async def settled(self) -> None:
        """Return when nothing is being processed or ready to be, and every event is posted."""
        await until(self.idle)
        await self.engine.announcer.drain()


async def until(condition: Callable[[], object], seconds: float = 5.0) -> None:
    """Return as soon as the condition holds; fail when it does not within the time."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for is on the other side of HTTP
            await asyncio.sleep(0.002)


@asynccontextmanager
async def world(
    kind: Kind,
    *objects: tuple[Resource, Object],
    source: MetricSource | None = None,
    resources: set[Resource] | None = None,
    lead: bool = True,
    guardians: tuple[Guardian, ...] = (),
    gauges: tuple[Gauges, ...] = (),
    registers: tuple[Register, ...] = (),
) -> AsyncIterator[World]:
    """Run an engine for one kind on a store with these objects, until the block ends."""
    store, leading = Store(), [True]
    for resource, manifest in objects:
        store.create(resource, NS, manifest)
    async with api_server(store, resources or RESOURCES) as server:
        client = KubeClient(plain_connection(server.url))
        engine = Engine(
            client,
            (kind,),
            source or NoMetrics(),
            SystemClock(),
            lambda: leading[0],
            EngineSettings(workers=4),
            guardians=guardians,
            gauges=gauges,
            registers=registers,
        )
        engine.warm_up()
        try:
            await asyncio.wait_for(engine.synced(), 5)
            if lead:
                engine.lead()
            yield World(store, server, client, engine, leading)
        finally:
            await engine.stop(1.0)
            await client.close()


def toy(name: str = "one", **spec: object) -> tuple[Resource, Object]:
    """Return one of our objects."""
    return TOYS, {"metadata": {"name": name}, "spec": spec}


def toy_ref(name: str = "one") -> ObjectRef:
    """Return the reference of the object that `toy` makes."""
    return ObjectRef(TOYS, NS, name)


def deployment(name: str = "app", replicas: int = 1) -> tuple[Resource, Object]:
    """Return a Deployment with what its projection needs."""
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": []}}
    selector = {"matchLabels": {"app": name}}
    spec = {"replicas": replicas, "selector": selector, "template": template}
    return DEPLOYMENTS, {"metadata": {"name": name}, "spec": spec}


def deployment_ref(name: str = "app") -> ObjectRef:
    """Return the reference of the object that `deployment` makes."""
    return ObjectRef(DEPLOYMENTS, NS, name)
