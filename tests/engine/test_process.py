"""The life of a process: warm without writing, at work at once, and silent after its end."""

import asyncio

import pytest

from sluice.engine.perpetual import BrokenError
from sluice.model.kind import Observation
from sluice.model.plan import Note, Operation, Patch, Plan, Transition, Work
from sluice.model.reasons import Reason
from tests.engine.apiserver import Fault
from tests.engine.harness import (
    EVENTS,
    TOYS,
    Toy,
    World,
    deployment,
    deployment_ref,
    toy,
    toy_ref,
    until,
    world,
)


def _enter_once(observation: Observation) -> Plan:
    if "status" in observation.body:
        return Work()
    return Transition({"stage": "A"}, (Note(Reason.STEP_STARTED, "step 1"),))


def status_writes(it: World) -> int:
    return sum(write.endswith("/status") for write in it.server.writes)


async def test_a_standby_reads_everything_and_writes_nothing_until_it_leads() -> None:
    kind = Toy(plan_of=_enter_once)
    async with world(kind, toy("a"), toy("b"), lead=False) as it:
        it.feed(toy_ref("a"))
        assert it.engine.obstacle() == ""
        assert (it.server.writes, kind.seen) == ([], [])

        it.engine.lead()

        await until(lambda: status_writes(it) == 2)


async def test_what_is_not_read_yet_is_named() -> None:
    async with world(Toy(plan_of=_enter_once), lead=False) as it:
        it.engine._informers[0].synced.clear()  # noqa: SLF001 - a list that does not end

        assert it.engine.obstacle() == "not read yet: Deployment"


async def test_a_thousand_idle_objects_cause_no_write_however_often_they_are_looked_at() -> None:
    kind = Toy(plan_of=_enter_once)
    toys = [toy(f"toy-{number}") for number in range(1000)]
    async with world(kind, *toys, lead=False) as it:
        for name, _ in ((made["metadata"]["name"], made) for _, made in toys):
            it.store.set(toy_ref(name), "status.stage", "A")
            it.feed(toy_ref(name))
        it.engine.lead()
        await until(lambda: len(kind.seen) >= 1000)
        for ref in it.engine.own.known(TOYS):
            it.feed(ref)
        it.engine.feed(TOYS, None, it.store.get(toy_ref("toy-1")))
        await it.settled()

        assert it.server.writes == []


async def test_an_event_of_our_own_write_causes_no_further_pass() -> None:
    kind = Toy(plan_of=_enter_once)
    async with world(kind, toy()) as it:
        await until(lambda: status_writes(it) == 1 and len(kind.seen) == 2)
        await it.settled()

        it.feed(toy_ref())
        await it.settled()

        assert len(kind.seen) == 2


async def test_an_object_that_is_deleted_is_forgotten() -> None:
    kind = Toy(plan_of=_enter_once)
    async with world(kind, toy()) as it:
        await until(lambda: status_writes(it) == 1)
        body = it.store.get(toy_ref())
        it.store.delete(toy_ref())

        it.engine.feed(TOYS, "DELETED", body)
        await it.settled()

        assert it.engine.own.get(toy_ref()) is None
        assert it.engine.queue.release() is None


async def test_after_the_loss_of_leadership_nothing_is_written() -> None:
    kind = Toy(plan_of=_enter_once)

    async with world(kind, toy(), lead=False) as it:
        it.leading[0] = False
        it.engine.lead()
        await until(lambda: bool(kind.seen))
        await it.settled()

        assert it.server.writes == []


async def test_the_write_that_is_under_way_ends_and_no_other_begins() -> None:
    scale = Patch("t", deployment_ref(), (Operation("add", "/spec/replicas", 2),))
    second = Patch("t", deployment_ref(), (Operation("add", "/spec/replicas", 3),))
    held = asyncio.Event()
    kind = Toy(plan_of=lambda _: Work((scale, second)))
    async with world(kind, deployment(), toy(), lead=False) as it:
        it.server.faults.append(Fault(lambda r: r.method == "PATCH", held=held))
        it.engine.lead()
        await until(lambda: it.server.writes)

        stopping = asyncio.create_task(it.engine.stop(3.0))
        await asyncio.sleep(0)
        held.set()
        await stopping

        assert len(it.server.writes) == 1
        assert it.store.get(deployment_ref())["spec"]["replicas"] == 2


async def test_what_was_written_before_the_end_is_still_announced() -> None:
    held = asyncio.Event()
    async with world(Toy(plan_of=_enter_once), toy(), lead=False) as it:
        it.server.faults.append(Fault(lambda r: r.path.endswith("/events"), held=held))
        it.engine.lead()
        await until(lambda: status_writes(it) == 1)

        stopping = asyncio.create_task(it.engine.stop(3.0))
        await asyncio.sleep(0)
        held.set()
        await stopping

        assert len(it.store.list(EVENTS)) == 1


async def test_a_task_that_ends_by_itself_breaks_the_process() -> None:
    async with world(Toy(plan_of=_enter_once), toy()) as it:
        broken = asyncio.create_task(it.engine.broken())
        it.engine._workers[0].cancel()  # noqa: SLF001 - as an unforeseen exception would

        with pytest.raises(BrokenError, match="worker 0"):
            await broken


async def test_what_kopf_lists_anew_after_a_gap_has_the_objects_compared() -> None:
    async with world(Toy(plan_of=_enter_once), toy("kept"), toy("ghost")) as it:
        await until(lambda: status_writes(it) == 2)
        await it.settled()
        it.store.delete(toy_ref("ghost"))

        it.engine.feed(TOYS, None, it.store.get(toy_ref("kept")))

        await until(lambda: it.engine.own.get(toy_ref("ghost")) is None)
