"""What has to be there: queues, exchanges, bindings, streams; as a file writes it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final, TypeAlias

from sluice.init.exits import Exit, InitError

Argument: TypeAlias = str | int | bool
Arguments: TypeAlias = Mapping[str, Argument]

_EXCHANGE_TYPES: Final = frozenset({"direct", "fanout", "headers", "topic"})


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue of RabbitMQ."""

    name: str
    durable: bool
    auto_delete: bool
    arguments: Arguments


@dataclass(frozen=True, slots=True)
class Exchange:
    """An exchange of RabbitMQ."""

    name: str
    type: str
    durable: bool
    auto_delete: bool
    internal: bool
    arguments: Arguments


@dataclass(frozen=True, slots=True)
class Binding:
    """What brings messages of an exchange to a queue."""

    exchange: str
    queue: str
    routing_key: str
    arguments: Arguments


@dataclass(frozen=True, slots=True)
class Group:
    """A consumer group of a stream. start: the entry after which it reads; 0: all, $: new ones."""

    name: str
    start: str


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream of Redis."""

    name: str
    groups: tuple[Group, ...]


@dataclass(frozen=True, slots=True)
class Topology:
    """All that has to be there."""

    queues: tuple[Queue, ...] = ()
    exchanges: tuple[Exchange, ...] = ()
    bindings: tuple[Binding, ...] = ()
    streams: tuple[Stream, ...] = ()

    @property
    def needs_rabbitmq(self) -> bool:
        """Whether any of it is RabbitMQ's."""
        return bool(self.queues or self.exchanges or self.bindings)


def read_topology(document: object) -> Topology:
    """Return what a YAML document asks for.

    Raises InitError (USAGE) that names the field that is wrong.
    """
    whole = _Part("", document)
    whole.only("rabbitmq", "redis")
    rabbitmq, redis = whole.part("rabbitmq"), whole.part("redis")
    rabbitmq.only("queues", "exchanges", "bindings")
    redis.only("streams")
    found = Topology(
        queues=tuple(_queue(part) for part in rabbitmq.parts("queues")),
        exchanges=tuple(_exchange(part) for part in rabbitmq.parts("exchanges")),
        bindings=tuple(_binding(part) for part in rabbitmq.parts("bindings")),
        streams=tuple(_stream(part) for part in redis.parts("streams")),
    )
    if found == Topology():
        raise _wrong("the file", "asks for nothing", "write rabbitmq.queues or redis.streams")
    for place, names in (
        ("rabbitmq.queues", [queue.name for queue in found.queues]),
        ("rabbitmq.exchanges", [exchange.name for exchange in found.exchanges]),
        ("redis.streams", [stream.name for stream in found.streams]),
    ):
        double = next((name for name in names if names.count(name) > 1), None)
        if double:
            raise _wrong(place, f"has {double} twice", "keep one of them")
    return found


def _queue(part: "_Part") -> Queue:
    part.only("name", "durable", "autoDelete", "arguments")
    return Queue(
        part.text("name"),
        part.flag("durable", default=True),
        part.flag("autoDelete", default=False),
        part.arguments(),
    )


def _exchange(part: "_Part") -> Exchange:
    part.only("name", "type", "durable", "autoDelete", "internal", "arguments")
    kind = part.text("type")
    if kind not in _EXCHANGE_TYPES and not kind.startswith("x-"):
        known = ", ".join(sorted(_EXCHANGE_TYPES))
        raise _wrong(f"{part.path}.type", f"is {kind}", f"write one of {known}, or x-...")
    return Exchange(
        part.text("name"),
        kind,
        part.flag("durable", default=True),
        part.flag("autoDelete", default=False),
        part.flag("internal", default=False),
        part.arguments(),
    )


def _binding(part: "_Part") -> Binding:
    part.only("exchange", "queue", "routingKey", "arguments")
    return Binding(
        part.text("exchange"),
        part.text("queue"),
        part.text("routingKey", default=""),
        part.arguments(),
    )


def _stream(part: "_Part") -> Stream:
    part.only("name", "groups")
    groups = tuple(_group(group) for group in part.parts("groups"))
    if not groups:
        raise _wrong(
            f"{part.path}.groups",
            "names no group",
            "name one: a stream without groups is made by the first XADD",
        )
    return Stream(part.text("name"), groups)


def _group(part: "_Part") -> Group:
    part.only("name", "start")
    return Group(part.text("name"), part.text("start", default="$"))


@dataclass(frozen=True, slots=True)
class _Part:
    """A mapping of the document, and where in it that is."""

    path: str
    value: object

    def only(self, *names: str) -> None:
        for name in self._fields():
            if name not in names:
                near = get_close_matches(str(name), names, n=1)
                fix = f"did you mean {near[0]}?" if near else f"write {', '.join(names)}"
                raise _wrong(self._at(str(name)), "is no field", fix)

    def part(self, name: str) -> "_Part":
        return _Part(self._at(name), self._fields().get(name))

    def parts(self, name: str) -> Iterator["_Part"]:
        found = self._fields().get(name)
        if found is None:
            return
        if not isinstance(found, list):
            raise _wrong(self._at(name), "is no list", "begin each item with «- »")
        for number, item in enumerate(found):
            yield _Part(f"{self._at(name)}[{number}]", item)

    def text(self, name: str, default: str | None = None) -> str:
        found = self._fields().get(name, default)
        if isinstance(found, int) and not isinstance(found, bool):
            found = str(found)
        if not isinstance(found, str) or (default is None and not found):
            raise _wrong(self._at(name), "is no text", "write a text, in quotes if need be")
        return found

    def flag(self, name: str, *, default: bool) -> bool:
        found = self._fields().get(name, default)
        if not isinstance(found, bool):
            raise _wrong(self._at(name), f"is {found}", "write true or false")
        return found

    def arguments(self) -> Arguments:
        found = self.part("arguments")
        return {str(key): found.argument(key) for key in found._fields()}

    def argument(self, key: object) -> Argument:
        found = self._fields()[key]
        if not isinstance(found, str | int | bool):
            raise _wrong(self._at(str(key)), "is no value", "write a text, a number, true or false")
        return found

    def _fields(self) -> Mapping[object, object]:
        if self.value is None:
            return {}
        if not isinstance(self.value, Mapping):
            raise _wrong(self.path or "the file", "is no mapping", "write fields as NAME: VALUE")
        return self.value

    def _at(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name


def _wrong(path: str, what: str, fix: str) -> InitError:
    return InitError(Exit.USAGE, f"{path} {what}", fix)
