"""The work queue: each key once, urgent ones first, and again when it is due."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.engine.metrics import Metrics
from sluice.engine.queue import Lane, QueueClosedError, WorkQueue
from sluice.model.references import ObjectRef
from tests.engine.harness import toy_ref
from tests.engine.virtual_time import ManualClock, virtually

A, B, C = toy_ref("a"), toy_ref("b"), toy_ref("c")


def queue(clock: ManualClock | None = None) -> WorkQueue:
    return WorkQueue(clock or ManualClock(), Metrics().queue)


async def drained(waiting: WorkQueue) -> list[ObjectRef]:
    """Return the keys that are ready, in the order in which a single worker gets them."""
    keys = []
    while waiting.depth():
        key = await waiting.get()
        keys.append(key)
        waiting.done(key)
    return keys


@pytest.mark.parametrize(
    ("added", "expected"),
    [
        pytest.param(
            [(A, Lane.CHANGE), (B, Lane.CHANGE)], [A, B], id="keys of one lane in their order"
        ),
        pytest.param(
            [(A, Lane.CHANGE), (A, Lane.CHANGE)], [A], id="a key that is added twice comes once"
        ),
        pytest.param(
            [(A, Lane.RESYNC), (B, Lane.CHANGE), (C, Lane.USER)],
            [C, B, A],
            id="users before changes before resyncs",
        ),
        pytest.param(
            [(A, Lane.RESYNC), (B, Lane.CHANGE), (A, Lane.USER)],
            [A, B],
            id="a user's action overtakes the resync of the same object",
        ),
        pytest.param(
            [(A, Lane.USER), (B, Lane.CHANGE), (A, Lane.RESYNC)],
            [A, B],
            id="a resync does not push back a user's action",
        ),
    ],
)
async def test_gives_out(added: list[tuple[ObjectRef, Lane]], expected: list[ObjectRef]) -> None:
    waiting = queue()

    for key, lane in added:
        waiting.add(key, lane)

    assert await drained(waiting) == expected


async def test_gives_out_a_key_again_only_after_its_processing_has_ended() -> None:
    waiting = queue()
    waiting.add(A, Lane.CHANGE)
    await waiting.get()

    waiting.add(A, Lane.USER)
    waiting.add(B, Lane.CHANGE)

    assert await waiting.get() == B
    waiting.done(A)
    assert await waiting.get() == A


async def test_a_waiting_worker_gets_the_key_that_is_added() -> None:
    waiting = queue()
    worker = asyncio.create_task(waiting.get())
    await asyncio.sleep(0)

    waiting.add(A, Lane.CHANGE)

    assert await worker == A


async def test_a_closed_queue_gives_out_nothing_more() -> None:
    waiting = queue()
    waiting.add(A, Lane.CHANGE)

    waiting.close()

    with pytest.raises(QueueClosedError):
        await waiting.get()


async def test_a_forgotten_key_does_not_come_back() -> None:
    clock = ManualClock()
    waiting = queue(clock)
    waiting.add(A, Lane.CHANGE)
    waiting.schedule(A, 5, Lane.CHANGE)

    waiting.forget(A)
    clock.elapsed += 10

    assert waiting.release() is None
    assert waiting.depth() == 0


def test_a_key_is_added_when_it_is_due() -> None:
    clock = ManualClock()
    waiting = queue(clock)
    waiting.schedule(A, 5, Lane.CHANGE)

    assert waiting.release() == 5
    clock.elapsed += 5

    assert waiting.release() is None
    assert waiting.depth() == 1


@pytest.mark.parametrize(
    ("delays", "due"),
    [
        pytest.param([5, 60], 60, id="later than before"),
        pytest.param([60, 5], 5, id="earlier than before"),
    ],
)
def test_the_last_schedule_of_a_key_holds(delays: list[float], due: float) -> None:
    waiting = queue()

    for delay in delays:
        waiting.schedule(A, delay, Lane.CHANGE)

    assert waiting.release() == due


def test_keys_become_ready_in_the_order_of_their_instants() -> None:
    clock = ManualClock()
    waiting = queue(clock)

    async def scenario() -> list[tuple[ObjectRef, float]]:
        waiting.schedule(A, 3600, Lane.RESYNC)
        waiting.schedule(B, 60, Lane.CHANGE)
        runner = asyncio.create_task(waiting.run())
        seen = []
        for _ in range(2):
            key = await waiting.get()
            seen.append((key, clock.elapsed - 1000))
            waiting.done(key)
        runner.cancel()
        return seen

    assert virtually(clock, scenario()) == [(B, 60), (A, 3600)]


@given(
    st.lists(
        st.tuples(st.sampled_from(["add", "get", "done"]), st.sampled_from([A, B, C])),
        max_size=40,
    ),
)
def test_no_key_is_lost_and_none_is_processed_twice_at_once(
    steps: list[tuple[str, ObjectRef]],
) -> None:
    async def scenario() -> None:
        waiting, processing, owed = queue(), set[ObjectRef](), set[ObjectRef]()
        for step, key in steps:
            if step == "add":
                waiting.add(key, Lane.CHANGE)
                owed.add(key)
            elif step == "get" and owed - processing:
                got = await waiting.get()
                assert got in owed - processing
                processing.add(got)
                owed.discard(got)
            elif step == "done" and key in processing:
                waiting.done(key)
                processing.discard(key)
        for key in processing:
            waiting.done(key)
        assert set(await drained(waiting)) == owed

    asyncio.run(scenario())
