"""`sluice-init queue ensure`."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TypeVar

import click
import yaml

from sluice.init.drivers import needed_for
from sluice.init.exits import Exit, InitError
from sluice.init.facts import Facts
from sluice.init.options import termination_log_option
from sluice.init.queue.made import Made
from sluice.init.queue.topology import Argument, Group, Queue, Stream, Topology, read_topology
from sluice.init.secrets import parse_address

Result = TypeVar("Result")


@click.group()
def queue() -> None:
    """Queues, exchanges and streams: made if they are missing, never changed."""


def _topology_options(command: Callable[..., Result]) -> Callable[..., Result]:
    """Add what says what has to be there; the command takes it as `topology: Topology`."""

    @wraps(command)
    def with_topology(
        *args: object,
        path: Path | None,
        queue_name: str | None,
        arguments: tuple[str, ...],
        stream_name: str | None,
        groups: tuple[str, ...],
        **options: object,
    ) -> Result:
        topology = _wanted(path, queue_name, arguments, stream_name, groups)
        return command(*args, topology=topology, **options)

    for option in (
        click.option(
            "--group",
            "groups",
            metavar="NAME",
            multiple=True,
            help="Of that stream. May be repeated.",
        ),
        click.option("--stream", "stream_name", metavar="NAME", help="One stream, without a file."),
        click.option(
            "--argument",
            "arguments",
            metavar="NAME=VALUE",
            multiple=True,
            help="Of that queue, as x-queue-type=quorum. May be repeated.",
        ),
        click.option("--queue", "queue_name", metavar="NAME", help="One queue, without a file."),
        click.option(
            "--file",
            "path",
            metavar="FILE",
            type=click.Path(path_type=Path, dir_okay=False),
            help="YAML with all that has to be there.",
        ),
    ):
        with_topology = option(with_topology)
    return with_topology


@queue.command()
@_topology_options
@click.option(
    "--rabbitmq",
    metavar="URL",
    envvar="RABBITMQ_URL",
    help="amqp://USER:PASSWORD@HOST:5672/VHOST. Default: $RABBITMQ_URL.",
)
@click.option(
    "--redis",
    metavar="URL",
    envvar="REDIS_URL",
    help="redis://:PASSWORD@HOST:6379/0. Default: $REDIS_URL.",
)
@termination_log_option
def ensure(topology: Topology, rabbitmq: str | None, redis: str | None) -> Facts:
    """Make what is missing; tell of what is there, but another."""
    made = []
    if topology.needs_rabbitmq:
        made.append(_in_rabbitmq(_needed(rabbitmq, "--rabbitmq", "$RABBITMQ_URL"), topology))
    if topology.streams:
        made.append(_in_redis(_needed(redis, "--redis", "$REDIS_URL"), topology))
    return {
        "applied": sum(one.created for one in made),
        "present": sum(one.present for one in made),
    }


def _wanted(
    path: Path | None,
    queue_name: str | None,
    arguments: tuple[str, ...],
    stream_name: str | None,
    groups: tuple[str, ...],
) -> Topology:
    if path and (queue_name or stream_name):
        raise click.UsageError("--file is given, so --queue and --stream belong into it")
    if path:
        return _read(path)
    if not queue_name and not stream_name:
        raise click.UsageError("give --file, or --queue NAME, or --stream NAME with --group NAME")
    if stream_name and not groups:
        raise click.UsageError("--stream needs a --group: else the first XADD makes the stream")
    queue_arguments = dict(_argument(text) for text in arguments)
    queues = (
        (Queue(queue_name, durable=True, auto_delete=False, arguments=queue_arguments),)
        if queue_name
        else ()
    )
    named = tuple(Group(name, "$") for name in groups)
    return Topology(queues=queues, streams=(Stream(stream_name, named),) if stream_name else ())


def _argument(text: str) -> tuple[str, Argument]:
    name, separator, value = text.partition("=")
    if not separator or not name:
        raise click.UsageError(f"--argument {text} has no value: write NAME=VALUE")
    read = yaml.safe_load(value)
    return name, read if isinstance(read, int | bool) else value


def _read(path: Path) -> Topology:
    try:
        return read_topology(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InitError(
            Exit.USAGE, f"{path} cannot be read: {error}", "give --file a YAML file"
        ) from error


def _needed(url: str | None, option: str, variable: str) -> str:
    if url:
        return url
    raise click.UsageError(f"where is it? give {option} URL, or set {variable}")


def _in_rabbitmq(url: str, topology: Topology) -> Made:
    address = parse_address(url)
    with needed_for("RabbitMQ"):
        from sluice.init.queue import rabbitmq  # noqa: PLC0415 (of the extra `init`)
    return rabbitmq.ensure(address, topology)


def _in_redis(url: str, topology: Topology) -> Made:
    address = parse_address(url)
    with needed_for("Redis"):
        from sluice.init.queue import redis_streams  # noqa: PLC0415 (of the extra `init`)
    return redis_streams.ensure(address, topology.streams)
