"""Queues, exchanges and bindings in RabbitMQ, by AMQP: with the rights that an application has.

A declaration makes what is missing, does nothing if the same is there, and is refused, naming the
first argument that differs, if another is there. It never changes anything.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Final, TypeAlias

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection
from aio_pika.exceptions import (
    AMQPConnectionError,
    AMQPError,
    ChannelClosed,
    ChannelNotFoundEntity,
    ChannelPreconditionFailed,
)

from sluice.init.exits import Exit, InitError
from sluice.init.facts import one_line
from sluice.init.queue.drift import Drift, drift_error, drift_of
from sluice.init.queue.made import Made
from sluice.init.queue.topology import Binding, Exchange, Queue, Topology
from sluice.init.secrets import Address

_CONNECT_SECONDS: Final = 10.0
Declared: TypeAlias = Queue | Exchange
Deed: TypeAlias = Callable[[AbstractChannel], Awaitable[object]]


def ensure(address: Address, topology: Topology) -> Made:
    """Make what is missing, unless something else is there under one of the names.

    Raises InitError: DRIFT and nothing is made, UNREACHABLE, FAILED if the broker refuses.
    """
    # What it warns of, we tell as an error.
    logging.getLogger("aiormq").setLevel(logging.CRITICAL)
    try:
        return asyncio.run(_ensure(address, topology))
    except (AMQPConnectionError, TimeoutError, OSError) as error:
        raise _unreachable(address, error) from error
    except ChannelClosed as error:
        told = address.without_secrets(one_line(str(error)))
        raise InitError(
            Exit.FAILED, f"{address.shown}: {told}", "correct that, and repeat"
        ) from error
    except AMQPError as error:
        # A broker that has no such virtual host ends the conversation at once.
        raise _unreachable(address, error) from error


async def _ensure(address: Address, topology: Topology) -> Made:
    async with _connected(address) as connection:
        declared: tuple[Declared, ...] = (*topology.exchanges, *topology.queues)
        missing = [one for one in declared if not await _exists(connection, one)]
        drifts = [await _difference(connection, one) for one in declared if one not in missing]
        found = tuple(drift for drift in drifts if drift)
        if found:
            raise drift_error(found)
        for one in missing:
            await _do(connection, partial(_declare, one))
        for binding in topology.bindings:
            await _do(connection, partial(_bind, binding))
        return Made(len(missing), len(declared) - len(missing))


@asynccontextmanager
async def _connected(address: Address) -> AsyncIterator[AbstractConnection]:
    connection = await aio_pika.connect(address.url, timeout=_CONNECT_SECONDS)
    try:
        yield connection
    finally:
        await connection.close()


async def _exists(connection: AbstractConnection, one: Declared) -> bool:
    try:
        await _do(connection, partial(_look, one))
    except ChannelNotFoundEntity:
        return False
    return True


async def _difference(connection: AbstractConnection, one: Declared) -> Drift | None:
    try:
        await _do(connection, partial(_declare, one))
    except ChannelPreconditionFailed as error:
        drift = drift_of(str(error))
        if drift is None:
            raise
        return drift
    return None


async def _do(connection: AbstractConnection, deed: Deed) -> None:
    """Do it in a channel of its own: a refusal closes the channel."""
    channel = await connection.channel()
    await deed(channel)
    await channel.close()


async def _look(one: Declared, channel: AbstractChannel) -> object:
    match one:
        case Queue():
            return await channel.declare_queue(one.name, passive=True)
        case Exchange():
            return await channel.declare_exchange(one.name, type=one.type, passive=True)


async def _declare(one: Declared, channel: AbstractChannel) -> object:
    match one:
        case Queue():
            return await channel.declare_queue(
                one.name,
                durable=one.durable,
                auto_delete=one.auto_delete,
                arguments=dict(one.arguments),
            )
        case Exchange():
            return await channel.declare_exchange(
                one.name,
                type=one.type,
                durable=one.durable,
                auto_delete=one.auto_delete,
                internal=one.internal,
                arguments=dict(one.arguments),
            )


async def _bind(binding: Binding, channel: AbstractChannel) -> object:
    queue = await channel.get_queue(binding.queue, ensure=False)
    return await queue.bind(
        binding.exchange, routing_key=binding.routing_key, arguments=dict(binding.arguments)
    )


def _unreachable(address: Address, error: Exception) -> InitError:
    told = address.without_secrets(one_line(str(error))) or type(error).__name__
    return InitError(
        Exit.UNREACHABLE,
        f"{address.shown}: {told}",
        "is it up, is there such a virtual host, and may this user enter it? then repeat",
    )
