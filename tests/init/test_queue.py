"""Queues, exchanges and streams in real brokers: made once, never changed."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import aio_pika
import pytest
import redis as redis_client
import yaml
from aio_pika.abc import AbstractChannel

from sluice.init.exits import Exit
from tests.init.program import Program, Said
from tests.servers.process import LOOPBACK, free_port
from tests.servers.rabbitmq import RabbitMq
from tests.servers.redis import Redis

CLASSIC = {"x-message-ttl": 60000, "x-queue-type": "classic"}
ORDERS = {"name": "orders", "arguments": CLASSIC}
EVENTS = {"name": "events", "type": "topic"}
BOUND = {"exchange": "events", "queue": "orders", "routingKey": "order.*"}


@dataclass(frozen=True, slots=True)
class Broker:
    """A RabbitMQ, and the program that is told of it."""

    url: str
    program: Program

    def ensure(self, **wanted: list[object]) -> Said:
        return _ensure(self.program, {"rabbitmq": wanted})

    def do(self, deed: Callable[[AbstractChannel], Awaitable[object]]) -> object:
        """Do something in a session of the test's own."""

        async def session() -> object:
            connection = await aio_pika.connect(self.url)
            async with connection, connection.channel() as channel:
                return await deed(channel)

        return asyncio.run(session())

    def is_there(self, name: str) -> bool:
        try:
            self.do(lambda channel: channel.declare_queue(name, passive=True))
        except aio_pika.exceptions.ChannelNotFoundEntity:
            return False
        return True


@pytest.fixture
def broker(rabbitmq: RabbitMq, tmp_path: Path) -> Broker:
    found = Broker(rabbitmq.url, Program(tmp_path, {"RABBITMQ_URL": rabbitmq.url}))
    for name in ("orders", "returns"):
        found.do(partial(_delete, name))
    found.do(lambda channel: channel.exchange_delete("events"))
    return found


@pytest.fixture
def streams(redis: Redis, tmp_path: Path) -> Program:
    redis_client.Redis.from_url(redis.url).flushall()
    return Program(tmp_path, {"REDIS_URL": redis.url})


@pytest.fixture
def inside(redis: Redis) -> redis_client.Redis:
    return redis_client.Redis.from_url(redis.url, decode_responses=True)


def _ensure(program: Program, document: object) -> Said:
    file = program.folder / "queues.yaml"
    file.write_text(yaml.safe_dump(document))
    return program("queue", "ensure", "--file", str(file))


def test_what_is_missing_is_made(broker: Broker) -> None:
    said = broker.ensure(queues=[ORDERS], exchanges=[EVENTS], bindings=[BOUND])

    assert (said.code, said.facts) == (Exit.DONE, {"applied": 2, "present": 0})
    assert _arrives(broker)


def test_ensured_twice_nothing_is_done(broker: Broker) -> None:
    broker.ensure(queues=[ORDERS], exchanges=[EVENTS], bindings=[BOUND])

    said = broker.ensure(queues=[ORDERS], exchanges=[EVENTS], bindings=[BOUND])

    assert (said.code, said.facts) == (Exit.DONE, {"applied": 0, "present": 2})


def test_what_is_there_keeps_its_messages(broker: Broker) -> None:
    broker.ensure(queues=[ORDERS], exchanges=[EVENTS], bindings=[BOUND])
    _publish(broker)

    broker.ensure(queues=[ORDERS], exchanges=[EVENTS], bindings=[BOUND])

    assert _arrives(broker, publish=False)


@pytest.mark.parametrize(
    ("changed", "argument", "wanted", "found"),
    [
        pytest.param(
            {"x-message-ttl": 5000, "x-queue-type": "classic"},
            *("x-message-ttl", "5000", "60000"),
            id="another value",
        ),
        pytest.param({"x-queue-type": "classic"}, "x-message-ttl", "none", "60000", id="one less"),
        pytest.param({**CLASSIC, "x-max-length": 9}, "x-max-length", "9", "none", id="one more"),
        pytest.param(
            {"x-message-ttl": 60000, "x-queue-type": "quorum"},
            *("x-queue-type", "quorum", "classic"),
            id="another type",
        ),
    ],
)
def test_a_queue_that_is_another_is_told_and_left_alone(
    broker: Broker, changed: dict[str, object], argument: str, wanted: str, found: str
) -> None:
    broker.ensure(queues=[ORDERS])

    said = broker.ensure(queues=[{"name": "orders", "arguments": changed}])

    assert said.code == Exit.DRIFT
    assert said.facts["drift"] == [
        {
            "kind": "queue",
            "name": "orders",
            "argument": argument,
            "wanted": wanted,
            "found": found,
        }
    ]
    assert f"queue orders: {argument} is {found}, not {wanted}" in said.err
    assert broker.ensure(queues=[ORDERS]).facts == {"applied": 0, "present": 1}


def test_where_one_thing_is_another_nothing_is_made(broker: Broker) -> None:
    broker.ensure(queues=[ORDERS], exchanges=[EVENTS])

    said = broker.ensure(
        queues=[{"name": "returns"}, {**ORDERS, "durable": False}],
        exchanges=[{**EVENTS, "type": "fanout"}],
    )

    assert said.code == Exit.DRIFT
    assert "exchange events: type is topic, not fanout" in said.err
    assert "queue orders: durable is true, not false" in said.err
    assert not broker.is_there("returns")


def test_one_queue_needs_no_file(broker: Broker) -> None:
    words = ("queue", "ensure", "--queue", "orders", "--argument", "x-message-ttl=60000")

    assert broker.program(*words).facts == {"applied": 1, "present": 0}
    assert broker.program(*words).facts == {"applied": 0, "present": 1}


def test_a_binding_to_nothing_is_refused(broker: Broker) -> None:
    said = broker.ensure(queues=[ORDERS], bindings=[BOUND])

    assert said.code == Exit.FAILED
    assert "no exchange 'events'" in said.err


def test_an_argument_that_the_broker_does_not_take_is_refused(broker: Broker) -> None:
    said = broker.ensure(queues=[{"name": "orders", "arguments": {"x-message-ttl": "soon"}}])

    assert said.code == Exit.FAILED
    assert "x-message-ttl" in said.err
    assert not broker.is_there("orders")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda url: url.replace("hush%3A", "guess%3A"), id="a wrong password"),
        pytest.param(lambda url: url + "nowhere", id="no such virtual host"),
        pytest.param(
            lambda url: url.replace(url.rpartition(":")[2], f"{free_port(LOOPBACK)}/"),
            id="nobody there",
        ),
    ],
)
def test_a_broker_that_cannot_be_entered_is_worth_a_retry(
    broker: Broker, change: Callable[[str], str]
) -> None:
    words = ("queue", "ensure", "--queue", "orders", "--rabbitmq", change(broker.url))

    said = broker.program(*words)

    assert said.code == Exit.UNREACHABLE
    assert "Traceback" not in said.err
    assert "guess" not in said.err + said.words


def test_a_stream_and_its_groups_are_made_once(
    streams: Program, inside: redis_client.Redis
) -> None:
    document = {"redis": {"streams": [{"name": "orders", "groups": [{"name": "bills"}]}]}}

    first, second = _ensure(streams, document), _ensure(streams, document)

    assert first.facts == {"applied": 1, "present": 0}
    assert second.facts == {"applied": 0, "present": 1}
    assert inside.type("orders") == "stream"


def test_a_new_group_joins_a_stream_that_has_entries(
    streams: Program, inside: redis_client.Redis
) -> None:
    inside.xadd("orders", {"id": "1"})

    said = streams("queue", "ensure", "--stream", "orders", "--group", "bills")

    assert said.facts == {"applied": 1, "present": 0}
    assert inside.xlen("orders") == 1


def test_a_key_that_is_no_stream_is_told_and_left_alone(
    streams: Program, inside: redis_client.Redis
) -> None:
    inside.set("orders", "precious")
    document = {
        "redis": {
            "streams": [
                {"name": "returns", "groups": [{"name": "bills"}]},
                {"name": "orders", "groups": [{"name": "bills"}]},
            ]
        }
    }

    said = _ensure(streams, document)

    assert said.code == Exit.DRIFT
    assert "stream orders: type is string, not stream" in said.err
    assert inside.get("orders") == "precious"
    assert inside.exists("returns") == 0


def test_a_redis_that_does_not_answer_is_worth_a_retry(streams: Program) -> None:
    url = f"redis://{LOOPBACK}:{free_port(LOOPBACK)}/0"

    said = streams("queue", "ensure", "--stream", "a", "--group", "b", "--redis", url)

    assert said.code == Exit.UNREACHABLE


def test_a_field_that_is_none_is_named(streams: Program) -> None:
    said = _ensure(streams, {"rabbitmq": {"queues": [{"nmae": "orders"}]}})

    assert said.code == Exit.USAGE
    assert "rabbitmq.queues[0].nmae is no field" in said.err
    assert "did you mean name?" in said.err


async def _delete(name: str, channel: AbstractChannel) -> None:
    await channel.queue_delete(name)


def _publish(broker: Broker) -> None:
    async def publish(channel: AbstractChannel) -> None:
        exchange = await channel.get_exchange("events")
        await exchange.publish(aio_pika.Message(b"1"), routing_key="order.new")

    broker.do(publish)


def _arrives(broker: Broker, *, publish: bool = True) -> bool:
    if publish:
        _publish(broker)

    async def get(channel: AbstractChannel) -> object:
        queue = await channel.get_queue("orders")
        return await queue.get(no_ack=True, fail=False)

    return broker.do(get) is not None
