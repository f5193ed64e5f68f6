"""Queues and streams are made once, found again, and never changed, in real brokers."""

import json
from collections.abc import Awaitable, Callable
from uuid import uuid4

import aio_pika
import pytest
import redis.asyncio
from aio_pika.abc import AbstractChannel

from sluice.model.json import Json, JsonObject
from sluice.startup.init.run import Result
from sluice.startup.init.states import State
from sluice.startup.states import State as NodeState
from tests.cluster.ensemble import deployment, node
from tests.cluster.init_jobs import init_node
from tests.cluster.initialising import Site, site
from tests.cluster.shop import Cluster
from tests.localcluster.addresses import OPERATOR_IMAGE
from tests.servers.postgres import Postgres
from tests.servers.rabbitmq import RabbitMq
from tests.servers.redis import Redis

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]

NODE = "queues"


def ensures(version: str, url: JsonObject, *words: str) -> JsonObject:
    """Return a queue node of a version."""
    job: dict[str, Json] = {
        "image": OPERATOR_IMAGE,
        "command": ["sluice-init", "queue", "ensure"],
        "args": list(words),
        "env": [url],
    }
    return init_node(job, name=NODE, kind="Queue", version=version, backoffLimit=0)


async def outcome(place: Site, version: str) -> dict[str, object]:
    """Wait until a version is complete; return what its Job ended with."""
    await place.until(lambda: recorded(place, version) is Result.COMPLETE, f"record of {version}")
    said: dict[str, object] = json.loads(log(place, version))
    return said


def recorded(place: Site, version: str) -> Result | None:
    """Return what the record says of a version."""
    found = (one for one in place.chronicle.entries(NODE) if one.run.version == version)
    return next((one.result for one in found), None)


def log(place: Site, version: str) -> str:
    """Return the end of the log that the record keeps of a version."""
    return place.chronicle.record(NODE).labels("data")[f"log.{version}"]


async def test_a_queue_is_made_once_and_a_different_one_is_told_and_left_alone(
    cluster: Cluster, postgres: Postgres, rabbitmq: RabbitMq
) -> None:
    url: JsonObject = {"name": "RABBITMQ_URL", "value": rabbitmq.url}
    name = f"orders-{uuid4().hex[:8]}"
    short, long = (("--queue", name, "--argument", f"x-message-ttl={ms}") for ms in (5000, 60000))
    async with site(cluster, postgres) as place:
        await place.graph(ensures("1", url, *long), node("api", NODE))
        assert await outcome(place, "1") == {"applied": 1, "present": 0}
        await _do(rabbitmq, lambda channel: _publish(channel, name))

        await place.edit(nodes=[ensures("2", url, *long), node("api", NODE)])
        assert await outcome(place, "2") == {"applied": 0, "present": 1}

        await place.edit(nodes=[ensures("3", url, *short), node("api", NODE)])
        await place.deploy(deployment("api"))
        await drifts(place, f"queue {name}: x-message-ttl is 60000, not 5000")
        await _do(rabbitmq, lambda channel: _is_as_made(channel, name))


async def drifts(place: Site, what: str) -> None:
    """Check that version 3 fails with the difference, and that nobody starts upon it."""
    await place.init_at(State.FAILED, node=NODE)
    await place.at("api", NodeState.BLOCKED)
    entry = place.chronicle.entries(NODE)[-1]
    assert (entry.outcome.exit_code, entry.outcome.tries) == (8, 1)
    assert what in log(place, "3")
    ready = place.chronicle.ready.message
    assert "queues: version 3 failed: 1 tries, exit code 8" in ready
    assert what in ready


async def _do(broker: RabbitMq, deed: Callable[[AbstractChannel], Awaitable[object]]) -> None:
    connection = await aio_pika.connect(broker.url)
    async with connection, connection.channel() as channel:
        await deed(channel)


async def _publish(channel: AbstractChannel, name: str) -> None:
    await channel.default_exchange.publish(aio_pika.Message(b"first"), routing_key=name)


async def _is_as_made(channel: AbstractChannel, name: str) -> None:
    """Check that the queue has the arguments and the message that it had."""
    queue = await channel.declare_queue(name, durable=True, arguments={"x-message-ttl": 60000})
    message = await queue.get(fail=True)
    assert message is not None
    assert message.body == b"first"


async def test_a_stream_is_made_once_and_a_key_that_is_something_else_is_left_alone(
    cluster: Cluster, postgres: Postgres, redis: Redis
) -> None:
    url: JsonObject = {"name": "REDIS_URL", "value": redis.url}
    stream, other = (f"{word}-{uuid4().hex[:8]}" for word in ("orders", "taken"))
    words, others = (("--stream", name, "--group", "billing") for name in (stream, other))
    async with site(cluster, postgres) as place, _session(redis) as inside:
        await inside.set(other, "not a stream")
        await place.graph(ensures("1", url, *words), node("api", NODE))
        assert await outcome(place, "1") == {"applied": 1, "present": 0}
        await inside.xadd(stream, {"n": "1"})

        await place.edit(nodes=[ensures("2", url, *words), node("api", NODE)])
        assert await outcome(place, "2") == {"applied": 0, "present": 1}
        assert await inside.xlen(stream) == 1

        await place.edit(nodes=[ensures("3", url, *others), node("api", NODE)])
        await place.deploy(deployment("api"))
        await drifts(place, f"stream {other}: type is string, not stream")
        assert await inside.get(other) == "not a stream"


def _session(server: Redis) -> redis.asyncio.Redis:
    return redis.asyncio.Redis.from_url(server.url, decode_responses=True)
