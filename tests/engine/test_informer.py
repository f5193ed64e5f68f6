"""Informers: the cache stays true whatever happens to the watch."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from sluice.adapters.failures import GoneError, NotFoundError
from sluice.adapters.kube import KubeClient, Page, WatchEvent
from sluice.engine.backoff import Backoff
from sluice.engine.cache import Cache
from sluice.engine.informer import Informer
from sluice.engine.metrics import Metrics
from sluice.model.kind import InNamespace
from sluice.model.references import HTTPROUTES, PODMONITORS, SERVICES, ObjectRef, Resource
from tests.engine.apiserver import ApiServer, Fault, api_server
from tests.engine.harness import NS, until
from tests.engine.store import Object, RefusalError, Store
from tests.engine.virtual_time import ManualClock, virtually
from tests.plain_connection import plain_connection

INFORMER = "sluice.engine.informer"
FORBIDDEN = RefusalError(403, "Forbidden", "services is forbidden: RBAC: not ready")
UNAVAILABLE = RefusalError(503, "ServiceUnavailable", "etcd is away")


@dataclass
class Watched:
    """A store, its server, and the informer that follows one of its resources."""

    store: Store
    server: ApiServer
    cache: Cache
    informer: Informer
    relisted: list[Resource] = field(default_factory=list)

    def names(self) -> list[str]:
        found = self.cache.select(InNamespace(self.informer.resource, NS))
        return [projection.meta.ref.name for projection in found]

    def versions(self) -> list[str]:
        found = self.cache.select(InNamespace(self.informer.resource, NS))
        return [projection.meta.resource_version for projection in found]

    def lists(self) -> int:
        """How many complete lists were read."""
        return len(self.relisted)


@asynccontextmanager
async def watched(
    resource: Resource = SERVICES,
    *names: str,
    selector: str = "",
    faults: tuple[Fault, ...] = (),
    resources: frozenset[Resource] | set[Resource] = frozenset({SERVICES}),
) -> AsyncIterator[Watched]:
    """Run an informer on a store with Services of these names, whose server serves `resources`."""
    store, cache = Store(), Cache()
    for name in names:
        store.create(SERVICES, NS, service(name))
    async with api_server(store, set(resources)) as server:
        server.faults.extend(faults)
        client = KubeClient(plain_connection(server.url))
        informer = Informer(
            client, resource, cache, Metrics(), selector, backoff=Backoff(0.001, 0.01)
        )
        it = Watched(store, server, cache, informer)
        informer.relisted = it.relisted.append
        task = asyncio.create_task(informer.run())
        try:
            async with asyncio.timeout(5):
                await informer.synced.wait()
            yield it
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await client.close()


def service(name: str, **labels: str) -> Object:
    return {"metadata": {"name": name, "labels": labels}, "spec": {"ports": [{"port": 80}]}}


def pod_monitor(name: str) -> Object:
    return {"metadata": {"name": name}, "spec": {"selector": {}}}


def ref(name: str) -> ObjectRef:
    return ObjectRef(SERVICES, NS, name)


def is_list(request: web.Request) -> bool:
    return request.method == "GET" and "watch" not in request.query


def is_watch(request: web.Request) -> bool:
    return "watch" in request.query


async def test_follows_what_is_created_changed_and_deleted() -> None:
    async with watched(SERVICES, "old") as it:
        it.store.create(SERVICES, NS, service("new"))
        await until(lambda: it.names() == ["new", "old"])

        changed = it.store.set(ref("new"), "metadata.labels", {"a": "b"})
        version = changed["metadata"]["resourceVersion"]
        await until(lambda: version in it.versions())

        it.store.delete(ref("old"))
        await until(lambda: it.names() == ["new"])
        assert it.lists() == 1


async def test_reads_long_lists_in_pages() -> None:
    names = [f"service-{number:04}" for number in range(1001)]

    async with watched(SERVICES, *names) as it:
        assert it.names() == names
        assert it.server.requests.count("GET /api/v1/services") >= 3


async def test_after_a_lost_history_it_lists_again_and_forgets_what_vanished_meanwhile() -> None:
    async with watched(SERVICES, "kept", "vanished") as it:
        held = asyncio.Event()
        it.server.faults.append(Fault(is_watch, held=held))
        it.server.cut_watches()
        it.store.delete(ref("vanished"))
        it.store.create(SERVICES, NS, service("appeared"))
        it.store.compact()
        held.set()

        await until(lambda: it.names() == ["appeared", "kept"])
        assert it.lists() == 2


async def test_after_a_cut_it_goes_on_from_where_it_was_without_a_list() -> None:
    async with watched(SERVICES, "old") as it:
        it.server.cut_watches()
        it.store.create(SERVICES, NS, service("created-in-the-gap"))
        it.store.delete(ref("old"))

        await until(lambda: it.names() == ["created-in-the-gap"])
        assert it.lists() == 1


async def test_reads_only_what_its_selector_matches() -> None:
    async with watched(selector="ours", faults=()) as it:
        it.store.create(SERVICES, NS, service("stranger"))
        it.store.create(SERVICES, NS, service("mine", ours="yes"))
        await until(lambda: it.names() == ["mine"])

        it.store.set(ref("mine"), "metadata.labels", {})
        await until(lambda: it.names() == [])


@pytest.mark.parametrize(
    ("resource", "level"),
    [
        pytest.param(HTTPROUTES, logging.WARNING, id="is not served"),
        pytest.param(PODMONITORS, logging.INFO, id="is optional and not served"),
    ],
)
async def test_a_start_is_not_held_up_by_a_resource_that(
    caplog: pytest.LogCaptureFixture, resource: Resource, level: int
) -> None:
    caplog.set_level(logging.INFO, INFORMER)

    async with watched(resource) as it:
        assert it.names() == []
        assert it.lists() == 0

    assert [record.levelno for record in caplog.records] == [level]
    assert f"{resource.kind} is not served" in caplog.text


async def test_a_resource_that_is_no_longer_served_has_no_objects() -> None:
    async with watched(PODMONITORS, resources={PODMONITORS}) as it:
        it.store.create(PODMONITORS, NS, pod_monitor("shop"))
        await until(lambda: it.names() == ["shop"])

        it.server.resources.remove(PODMONITORS)
        it.server.cut_watches()

        await until(lambda: it.names() == [])


async def test_a_server_that_starts_up_and_forbids_everything_for_a_moment_is_waited_for() -> None:
    async with watched(SERVICES, "a", faults=(Fault(is_list, FORBIDDEN, times=3),)) as it:
        assert it.names() == ["a"]


async def test_what_is_forbidden_for_good_does_not_hold_up_the_start() -> None:
    async with watched(SERVICES, "a", faults=(Fault(is_list, FORBIDDEN),)) as it:
        assert it.names() == []


@pytest.mark.parametrize(
    "refusal",
    [
        pytest.param(FORBIDDEN, id="a lost right"),
        pytest.param(UNAVAILABLE, id="a server without its store"),
    ],
)
async def test_what_is_known_stays_known_through(refusal: RefusalError) -> None:
    async with watched(SERVICES, "a") as it:
        fault = Fault(lambda _: True, refusal)
        it.server.faults.append(fault)
        it.server.cut_watches()
        before = len(it.server.requests)
        await until(lambda: len(it.server.requests) >= before + 3)
        assert it.names() == ["a"]

        it.store.create(SERVICES, NS, service("b"))
        it.server.faults.clear()
        await until(lambda: it.names() == ["a", "b"])


async def test_a_malformed_object_is_left_out_and_the_others_are_read() -> None:
    async with watched() as it:
        it.store.create(SERVICES, NS, {"metadata": {"name": "bad"}, "spec": {"ports": "none"}})
        it.store.create(SERVICES, NS, service("good"))

        await until(lambda: it.names() == ["good"])


class Forgetful(KubeClient):
    """An API server without news, which forgets its history within ten seconds."""

    def __init__(self) -> None:
        self.listed = 0

    async def pages(self, *_: object, **__: object) -> AsyncIterator[Page]:
        self.listed += 1
        yield Page((), str(self.listed))

    async def watch(self, *_: object, **__: object) -> AsyncIterator[WatchEvent]:
        await asyncio.sleep(10)
        raise GoneError("too old resource version")
        yield WatchEvent("BOOKMARK", {})  # never: what makes it a stream


def test_a_watch_that_was_long_and_quiet_has_not_failed_when_its_version_is_too_old() -> None:
    client = Forgetful()
    informer = Informer(client, SERVICES, Cache(), Metrics())

    async def an_hour() -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(3600):
                await informer.run()

    virtually(ManualClock(), an_hour())

    assert informer.backoff.failures(SERVICES) <= 1
    assert client.listed >= 350


class Visiting(KubeClient):
    """An API server that serves PodMonitors, one of them, between two instants of its loop."""

    def __init__(self, since: float, until: float) -> None:
        self.since, self.until = since, until
        self.asked: list[float] = []

    async def pages(self, *_: object, **__: object) -> AsyncIterator[Page]:
        now = asyncio.get_running_loop().time()
        self.asked.append(now)
        if not self.since <= now < self.until:
            raise NotFoundError("the server could not find the requested resource", 404)
        yield Page((Store().create(PODMONITORS, NS, pod_monitor("shop")),), "1")

    async def watch(self, *_: object, **__: object) -> AsyncIterator[WatchEvent]:
        left = self.until - asyncio.get_running_loop().time()
        if left <= 0:
            raise NotFoundError("the server could not find the requested resource", 404)
        await asyncio.sleep(min(left, 300))
        return
        yield WatchEvent("BOOKMARK", {})  # never: what makes it a stream


def test_an_optional_resource_is_looked_for_once_a_minute_and_found_when_it_is_installed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, INFORMER)
    clock, cache = ManualClock(), Cache()
    began = clock.elapsed
    installed, removed = began + 601, began + 1801
    changes: list[tuple[float, bool]] = []
    cache.listen(lambda _, new: changes.append((clock.elapsed, new is not None)))
    client = Visiting(installed, removed)
    informer = Informer(client, PODMONITORS, cache, Metrics())

    async def an_hour() -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(3600):
                await informer.run()

    virtually(clock, an_hour())

    (found_at, found), (lost_at, kept) = changes
    assert (found, kept) == (True, False)
    assert installed <= found_at <= installed + 60
    assert removed <= lost_at <= removed + 60
    assert client.asked[:3] == [began, began + 60, began + 120]
    # Said when it begins, which is twice: a cluster without it is not warned every minute.
    assert [record.levelno for record in caplog.records] == [logging.INFO] * 2


def test_delays_grow_to_a_cap_and_start_over() -> None:
    backoff: Backoff[str] = Backoff(1.0, 8.0)

    delays = [backoff.next("a") for _ in range(6)]

    for full, delay in zip([1, 2, 4, 8, 8, 8], delays, strict=True):
        assert full / 2 <= delay <= full
    backoff.reset("a")
    assert backoff.next("a") <= 1
    assert backoff.failures("b") == 0
