"""A register forgets the objects that are gone, and those alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import ClassVar

import pytest
from aiohttp import web

from sluice.adapters.failures import NotFoundError, TransientError
from sluice.adapters.kube import KubeClient
from sluice.engine.metrics import Metrics
from sluice.engine.registers import PRUNE_SECONDS, Pruning
from sluice.engine.writer import GateClosedError, Writer
from sluice.model.references import CONFIGMAPS, DAEMONSETS, STATEFULSETS, ObjectRef, Resource
from sluice.model.registers import Register
from tests.engine.apiserver import ApiServer, Fault, api_server
from tests.engine.harness import NS, Toy, world
from tests.engine.store import Store
from tests.engine.virtual_time import ManualClock, virtually
from tests.plain_connection import plain_connection

REGISTER = Register(ObjectRef(CONFIGMAPS, NS, "register"), (STATEFULSETS, DAEMONSETS))
GONE = "6c1f6b9e-0000-4000-8000-000000000001"


@dataclass
class Place:
    """A register in an API server, and who prunes it."""

    store: Store
    server: ApiServer
    pruning: Pruning
    may_write: bool = True

    def add(self, resource: Resource, name: str) -> str:
        """Create an object and return its UID."""
        body = self.store.create(resource, NS, {"metadata": {"name": name}})
        return str(body["metadata"]["uid"])

    def remember(self, *keys: str) -> None:
        manifest = {"metadata": {"name": "register"}, "data": dict.fromkeys(keys, "who")}
        self.store.create(CONFIGMAPS, NS, manifest)

    @property
    def known(self) -> set[str]:
        return set(self.store.get(REGISTER.ref)["data"])


@asynccontextmanager
async def place() -> AsyncIterator[Place]:
    store = Store()
    async with api_server(store, {CONFIGMAPS, STATEFULSETS, DAEMONSETS}) as server:
        client = KubeClient(plain_connection(server.url))
        writer = Writer(client, lambda: it.may_write, Metrics())
        it = Place(store, server, Pruning(client, writer, REGISTER))
        try:
            yield it
        finally:
            await client.close()


async def test_what_is_gone_is_taken_out_and_nothing_else() -> None:
    async with place() as it:
        there = {it.add(STATEFULSETS, "db"), it.add(DAEMONSETS, "agent")}
        it.remember("README", GONE, *there)

        await it.pruning.prune()

        assert it.known == {"README", *there}


@pytest.mark.parametrize(
    "keys",
    [
        pytest.param((), id="an empty register"),
        pytest.param(("README",), id="keys that are no UIDs"),
    ],
)
async def test_a_register_without_uids_costs_one_request(keys: tuple[str, ...]) -> None:
    async with place() as it:
        it.remember(*keys)

        await it.pruning.prune()

        assert len(it.server.requests) == 1


async def test_while_everything_is_there_nothing_is_written() -> None:
    async with place() as it:
        it.remember(it.add(STATEFULSETS, "db"))

        await it.pruning.prune()

        assert it.server.writes == []


async def test_what_is_added_in_between_stays() -> None:
    async with place() as it:
        it.remember(GONE)

        def added(request: web.Request) -> bool:
            if request.path.endswith("/daemonsets"):
                it.store.set(REGISTER.ref, "data.late", "who")
            return False

        it.server.faults.append(Fault(added))

        await it.pruning.prune()

        assert it.known == {"late"}


async def test_a_register_that_is_missing_is_an_error() -> None:
    async with place() as it:
        with pytest.raises(NotFoundError):
            await it.pruning.prune()


async def test_who_does_not_lead_writes_nothing() -> None:
    async with place() as it:
        it.remember(GONE)
        it.may_write = False

        with pytest.raises(GateClosedError):
            await it.pruning.prune()

        assert it.known == {GONE}


class Hourly(Pruning):
    """Prunes nothing, fails the first time, and says when it was asked."""

    asked: ClassVar[list[float]] = []

    async def prune(self) -> None:
        self.asked.append(asyncio.get_running_loop().time())
        if len(self.asked) == 1:
            raise TransientError("the API server is away")
        if len(self.asked) == 2:
            raise GateClosedError


def test_it_is_pruned_every_hour_also_after_a_failure() -> None:
    clock = ManualClock()
    began = clock.elapsed
    client = KubeClient(plain_connection("http://nowhere"))
    pruning = Hourly(client, Writer(client, lambda: True, Metrics()), REGISTER)

    async def for_some_hours() -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(3.5 * PRUNE_SECONDS):
                await pruning.run()

    virtually(clock, for_some_hours())

    assert [at - began for at in Hourly.asked] == [n * PRUNE_SECONDS for n in (1, 2, 3)]


async def test_the_engine_prunes_its_registers_while_it_leads() -> None:
    name = f"pruning of {REGISTER.ref}"
    async with world(Toy(), registers=(REGISTER,), lead=False) as it:
        assert name not in {task.get_name() for task in asyncio.all_tasks()}

        it.engine.lead()

        assert name in {task.get_name() for task in asyncio.all_tasks()}
