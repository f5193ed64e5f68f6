"""Streams and consumer groups in Redis."""

from collections.abc import Iterator
from typing import Final

import redis

from sluice.init.exits import Exit, InitError
from sluice.init.facts import one_line
from sluice.init.queue.drift import Drift, drift_error
from sluice.init.queue.made import Made
from sluice.init.queue.topology import Stream
from sluice.init.secrets import Address

_CONNECT_SECONDS: Final = 10
_STREAM: Final = "stream"
_NOTHING: Final = "none"
_GROUP_IS_THERE: Final = "BUSYGROUP"


def ensure(address: Address, streams: tuple[Stream, ...]) -> Made:
    """Make the groups that are missing, and their streams with them.

    Raises InitError: DRIFT, and nothing is made, if a key is something else; UNREACHABLE; FAILED.
    """
    try:
        client = redis.Redis.from_url(
            address.url, decode_responses=True, socket_connect_timeout=_CONNECT_SECONDS
        )
    except ValueError as error:
        raise InitError(
            Exit.USAGE, f"{address.shown} is no URL of Redis", "write redis://:PASSWORD@HOST:6379/0"
        ) from error
    try:
        drifts = tuple(_drifts(client, streams))
        if drifts:
            raise drift_error(drifts)
        created = [_create(client, stream) for stream in streams]
    except (redis.ConnectionError, redis.TimeoutError) as error:
        raise InitError(
            Exit.UNREACHABLE,
            f"{address.shown}: {address.without_secrets(one_line(str(error)))}",
            "is it up, and may this user enter it? then repeat",
        ) from error
    except redis.RedisError as error:
        told = address.without_secrets(one_line(str(error)))
        raise InitError(
            Exit.FAILED, f"{address.shown}: {told}", "correct that, and repeat"
        ) from error
    finally:
        client.close()
    wanted = sum(len(stream.groups) for stream in streams)
    return Made(sum(created), wanted - sum(created))


def _drifts(client: redis.Redis, streams: tuple[Stream, ...]) -> Iterator[Drift]:
    for stream in streams:
        found = str(client.type(stream.name))
        if found not in {_STREAM, _NOTHING}:
            yield Drift(_STREAM, stream.name, "type", _STREAM, found)


def _create(client: redis.Redis, stream: Stream) -> int:
    """Make the groups of a stream and return how many were missing."""
    created = 0
    for group in stream.groups:
        try:
            client.xgroup_create(stream.name, group.name, id=group.start, mkstream=True)
        except redis.ResponseError as error:
            if not str(error).startswith(_GROUP_IS_THERE):
                raise
        else:
            created += 1
    return created
