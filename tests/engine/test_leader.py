"""The Lease: one holder, taken over when it dies, its own at once, given back at the end."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from sluice.adapters.kube import KubeClient
from sluice.engine.leader import Elector, LeaseTiming
from sluice.model.references import ObjectRef
from tests.engine.apiserver import ApiServer, Fault, api_server
from tests.engine.harness import LEASES, NS
from tests.engine.store import RefusalError, Store
from tests.engine.virtual_time import ManualClock
from tests.plain_connection import plain_connection

LEASE = ObjectRef(LEASES, NS, "sluice")
AWAY = RefusalError(503, "ServiceUnavailable", "etcd is away")


@dataclass
class Ballot:
    """A Lease on a server, and any number of candidates with a clock of their own each."""

    store: Store
    server: ApiServer
    client: KubeClient
    clocks: dict[str, ManualClock] = field(default_factory=dict)

    def candidate(self, identity: str) -> Elector:
        clock = self.clocks.setdefault(identity, ManualClock())
        timing = LeaseTiming(retry_seconds=0.001)
        return Elector(self.client, LEASE, identity, clock, timing)

    def holder(self) -> str:
        return str(self.store.get(LEASE)["spec"]["holderIdentity"])


@asynccontextmanager
async def ballot() -> AsyncIterator[Ballot]:
    store = Store()
    async with api_server(store, {LEASES}) as server:
        client = KubeClient(plain_connection(server.url))
        yield Ballot(store, server, client)
        await client.close()


async def test_the_first_candidate_leads_and_the_second_waits() -> None:
    async with ballot() as it:
        one, two = it.candidate("one"), it.candidate("two")

        assert await one.attempt()
        assert not await two.attempt()

        assert (one.leads(), two.leads(), it.holder()) == (True, False, "one")


async def test_a_restarted_pod_of_the_same_name_takes_its_own_lease_back_at_once() -> None:
    async with ballot() as it:
        await it.candidate("one").attempt()

        assert await it.candidate("one").attempt()


async def test_a_lease_that_is_not_renewed_is_taken_over_after_its_duration() -> None:
    async with ballot() as it:
        await it.candidate("one").attempt()
        two = it.candidate("two")
        await two.attempt()

        it.clocks["two"].elapsed += 14.9
        assert not await two.attempt()
        it.clocks["two"].elapsed += 0.2
        assert await two.attempt()

        assert it.store.get(LEASE)["spec"]["leaseTransitions"] == 1


async def test_a_lease_that_is_renewed_is_never_taken_over() -> None:
    async with ballot() as it:
        one, two = it.candidate("one"), it.candidate("two")
        await one.attempt()
        for _ in range(5):
            it.clocks["one"].elapsed += 8
            it.clocks["two"].elapsed = it.clocks["one"].elapsed
            assert await one.attempt()
            assert not await two.attempt()


async def test_the_gate_closes_by_itself_ten_seconds_after_the_last_renewal() -> None:
    async with ballot() as it:
        one = it.candidate("one")
        await one.attempt()

        it.clocks["one"].elapsed += 9.9
        assert one.leads()
        it.clocks["one"].elapsed += 0.2
        assert not one.leads()


async def test_a_clock_that_is_an_hour_off_takes_no_lease_away() -> None:
    async with ballot() as it:
        await it.candidate("one").attempt()
        it.clocks["two"] = ManualClock(elapsed=10_000.0)

        assert not await it.candidate("two").attempt()


async def test_a_released_lease_is_taken_at_once() -> None:
    async with ballot() as it:
        one, two = it.candidate("one"), it.candidate("two")
        await one.attempt()
        await two.attempt()

        await one.release()

        assert not one.leads()
        assert await two.attempt()


async def test_whoever_does_not_lead_releases_nothing() -> None:
    async with ballot() as it:
        one, two = it.candidate("one"), it.candidate("two")
        await one.attempt()
        await two.attempt()

        await two.release()

        assert it.holder() == "one"


async def test_a_renewal_that_fails_once_does_not_end_leadership() -> None:
    async with ballot() as it:
        one = it.candidate("one")
        await one.attempt()
        it.server.faults.append(Fault(lambda _: True, AWAY, times=1))

        assert not await one.attempt()
        assert one.leads()
        assert await one.attempt()


async def test_leadership_ends_when_someone_else_holds_the_lease() -> None:
    async with ballot() as it:
        one = it.candidate("one")
        await one.attempt()
        it.store.set(LEASE, "spec.holderIdentity", "usurper")

        await one.keep()

        assert not one.leads()


async def test_leadership_ends_when_renewals_fail_for_too_long() -> None:
    async with ballot() as it:
        one = it.candidate("one")
        await one.attempt()
        it.server.faults.append(Fault(lambda _: True, AWAY))
        it.clocks["one"].elapsed += 11

        await one.keep()

        assert not one.leads()


async def test_a_lease_that_was_deleted_is_created_anew_by_one_candidate() -> None:
    async with ballot() as it:
        one, two = it.candidate("one"), it.candidate("two")
        await one.attempt()
        await two.attempt()
        it.store.delete(LEASE)

        assert await two.attempt()
        assert not await one.attempt()

        await one.keep()
        assert (one.leads(), it.holder()) == (False, "two")


async def test_of_two_candidates_that_try_at_the_same_time_one_leads() -> None:
    async with ballot() as it:
        one, two = it.candidate("one"), it.candidate("two")
        await one.attempt()
        await one.release()
        stale = Fault(
            lambda request: request.method == "PATCH",
            RefusalError(409, "Conflict", "the object has been modified"),
            times=1,
        )
        it.server.faults.append(stale)

        assert not await two.attempt()
        assert not two.leads()


async def test_acquiring_waits_until_the_server_answers() -> None:
    async with ballot() as it:
        it.server.faults.append(Fault(lambda _: True, AWAY, times=3))
        one = it.candidate("one")

        await one.acquire()

        assert one.leads()


@pytest.mark.parametrize(
    ("spec", "leads"),
    [
        pytest.param({}, True, id="an empty lease is free"),
        pytest.param({"holderIdentity": ""}, True, id="a released one is free"),
        pytest.param(
            {"holderIdentity": "other", "leaseDurationSeconds": 30}, False, id="a held one is not"
        ),
    ],
)
async def test_a_lease_of_others_making(spec: dict[str, object], *, leads: bool) -> None:
    async with ballot() as it:
        it.store.create(LEASES, NS, {"metadata": {"name": "sluice"}, "spec": spec})

        assert await it.candidate("one").attempt() is leads
