"""The whole process, with Kopf, on an API server: begin, lead, stop, break."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import kopf
import pytest
import yaml
from aiohttp import web
from click.testing import CliRunner

from sluice import app
from sluice.app import Parts, Settings, parts, serve
from sluice.engine.perpetual import BrokenError
from sluice.handlers.run import run_command
from sluice.handlers.watching import connection_info, settings
from sluice.model.kind import Observation
from sluice.model.plan import Note, Plan, Transition, Work
from sluice.model.reasons import Reason
from sluice.model.references import ROLLOUTS, STARTUPGRAPHS, ObjectRef
from tests.engine.apiserver import ApiServer, api_server
from tests.engine.harness import EVENTS, LEASES, NS, RESOURCES, TOYS, Toy, toy, toy_ref, until
from tests.engine.store import Store
from tests.plain_connection import plain_connection

LEASE = ObjectRef(LEASES, NS, "sluice")


def _enter_once(observation: Observation) -> Plan:
    if "status" in observation.body:
        return Work()
    return Transition({"stage": "A"}, (Note(Reason.STEP_STARTED, "step 1"),))


@dataclass
class Running:
    """A running operator and its API server."""

    server: ApiServer
    task: asyncio.Task[None]
    url: str

    @property
    def store(self) -> Store:
        return self.server.store

    def holder(self) -> str:
        return str(self.store.get(LEASE)["spec"]["holderIdentity"])

    def stage(self, name: str = "one") -> str:
        return str(self.store.get(toy_ref(name)).get("status", {}).get("stage", ""))

    async def get(self, path: str) -> tuple[int, str]:
        async with aiohttp.ClientSession() as session, session.get(self.url + path) as answer:
            return answer.status, await answer.text()


@asynccontextmanager
async def running(directory: Path, port: int, *, crds: bool = True) -> AsyncIterator[Running]:
    """Run the operator with one of our objects; without `crds` their resource is not served."""
    store = Store()
    store.create(TOYS, NS, toy()[1])
    resources = RESOURCES if crds else RESOURCES - {TOYS}
    async with api_server(store, set(resources)) as server:
        chosen = Settings(
            kubeconfig=_kubeconfig(directory, server.url),
            namespace=NS,
            identity="pod-1",
            listen=f"127.0.0.1:{port}",
            workers=2,
        )
        task = asyncio.create_task(serve(chosen, Parts((Toy(plan_of=_enter_once),))))
        try:
            yield Running(server, task, f"http://127.0.0.1:{port}")
        finally:
            if not task.done():
                os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.gather(task, return_exceptions=True)


def _kubeconfig(directory: Path, server: str) -> Path:
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "test",
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
        "clusters": [{"name": "test", "cluster": {"server": server}}],
        "users": [{"name": "test", "user": {"token": "abc"}}],
    }
    path = directory / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    return path


async def test_leads_works_and_on_sigterm_gives_its_lease_back(
    tmp_path: Path, unused_tcp_port: int
) -> None:
    async with running(tmp_path, unused_tcp_port) as it:
        await until(lambda: it.stage() == "A" and it.store.list(EVENTS))
        assert it.holder() == "pod-1"
        assert await it.get("/healthz") == (200, "ok\n")
        assert await it.get("/readyz") == (200, "ok\n")
        status, text = await it.get("/metrics")
        assert status == 200
        assert "sluice_leader 1.0" in text
        assert 'sluice_reconcile_total{controller="Toy",result="progressed"} 1.0' in text

        os.kill(os.getpid(), signal.SIGTERM)
        async with asyncio.timeout(5):
            await it.task

        assert it.holder() == ""


async def test_sees_through_kopf_what_is_created_changed_and_deleted(
    tmp_path: Path, unused_tcp_port: int
) -> None:
    async with running(tmp_path, unused_tcp_port) as it:
        await until(lambda: it.stage() == "A")
        watching = "GET /apis/toys.example/v1/toys"
        await until(lambda: it.server.requests.count(watching) >= 3)

        it.store.create(TOYS, NS, toy("two")[1])
        await until(lambda: it.stage("two") == "A")

        it.store.delete(toy_ref("two"))
        it.store.create(TOYS, NS, toy("two")[1])
        await until(lambda: it.stage("two") == "A")


async def test_waits_for_its_crds_and_says_what_it_waits_for(
    tmp_path: Path, unused_tcp_port: int
) -> None:
    async with running(tmp_path, unused_tcp_port, crds=False) as it:
        listing = "GET /apis/toys.example/v1/toys"
        await until(lambda: listing in it.server.requests)
        assert await it.get("/readyz") == (503, "not read yet: Toy\n")

        it.server.resources.add(TOYS)

        await until(lambda: it.stage() == "A")


async def test_the_loss_of_the_lease_ends_the_process_without_a_further_write(
    tmp_path: Path, unused_tcp_port: int
) -> None:
    async with running(tmp_path, unused_tcp_port) as it:
        await until(lambda: it.stage() == "A" and it.store.list(EVENTS))
        it.store.set(LEASE, "spec.holderIdentity", "usurper")
        writes = len(it.server.writes)

        with pytest.raises(BrokenError, match="leadership is lost"):
            async with asyncio.timeout(8):
                await it.task

        assert len(it.server.writes) == writes
        assert it.holder() == "usurper"


async def test_an_address_in_use_is_named(tmp_path: Path, unused_tcp_port: int) -> None:
    runner = web.AppRunner(web.Application())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", unused_tcp_port).start()

    async with running(tmp_path, unused_tcp_port) as it:
        with pytest.raises(BrokenError, match=f"cannot listen at '127.0.0.1:{unused_tcp_port}'"):
            await it.task

    await runner.cleanup()


def test_options_become_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Settings] = []

    def run(chosen: Settings) -> int:
        seen.append(chosen)
        return 7

    monkeypatch.setattr(app, "run", run)
    environment = {
        "POD_NAME": "sluice-6d4f-x1",
        "POD_NAMESPACE": "ops",
        "SLUICE_PROMETHEUS_URL": "http://prometheus:9090",
        "SLUICE_SCRAPE_INTERVAL": "1s",
        "SLUICE_LEADER_ELECTION": "false",
    }

    done = CliRunner().invoke(run_command, ["--workers", "4"], env=environment)

    assert done.exit_code == 7
    assert seen == [
        Settings(
            namespace="ops",
            identity="sluice-6d4f-x1",
            prometheus_url="http://prometheus:9090",
            scrape_interval_seconds=1.0,
            workers=4,
            leader_election=False,
        )
    ]


def test_an_interval_that_is_none_says_how_to_write_one() -> None:
    done = CliRunner().invoke(run_command, ["--scrape-interval", "often"])

    assert done.exit_code == 2
    assert "write for example 10s" in done.output


def test_kopf_writes_nothing() -> None:
    chosen = settings()

    assert not chosen.posting.enabled
    assert chosen.scanning.disabled
    assert chosen.peering.standalone
    assert not chosen.persistence.diffbase_storage.fetch(body=kopf.Body({}))


async def test_kopf_logs_in_as_we_do() -> None:
    connection = plain_connection("http://127.0.0.1:1")
    connection.configuration.api_key["BearerToken"] = "bearer abc"

    info = await connection_info(connection)

    assert (info.server, info.scheme, info.token) == ("http://127.0.0.1:1", "bearer", "abc")


def test_what_belongs_to_a_kind_is_given_with_it() -> None:
    given = parts(Settings(namespace="ours"))

    assert [kind.resource for kind in given.kinds] == [ROLLOUTS, STARTUPGRAPHS]
    assert [one.resource for one in given.guardians] == [STARTUPGRAPHS]
    assert [one.resource for one in given.gauges] == [STARTUPGRAPHS]
    assert [str(one.ref) for one in given.registers] == ["ConfigMap ours/sluice-released"]
