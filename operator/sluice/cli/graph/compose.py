"""The order of services in a file of docker compose; pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sluice.model.json import Body, JsonObject, MalformedError

# By https://docs.docker.com/reference/compose-file/services/#depends_on; the short form of
# depends_on, a list, means service_started.
_STARTED: Final = "service_started"
_UNTIL: Final[Mapping[str, str]] = {
    _STARTED: "Started",
    "service_healthy": "Ready",
    "service_completed_successfully": "Complete",
}
_ODD: Final = str.maketrans("._", "--")


@dataclass(frozen=True, slots=True)
class Dependency:
    """What a service waits for. optional: compose only warns if it is not there."""

    parent: str
    until: str
    optional: bool

    def to_json(self) -> JsonObject:
        """Return the edge as the spec of a StartupGraph has it."""
        edge: JsonObject = {"node": self.parent, "until": self.until}
        return {**edge, "optional": True} if self.optional else edge


@dataclass(frozen=True, slots=True)
class Service:
    """A service under its own name, and as a node of that name may be called."""

    service: str
    edges: tuple[Dependency, ...]

    @property
    def name(self) -> str:
        """The name of its node."""
        return node_name(self.service)

    @property
    def is_renamed(self) -> bool:
        """Whether the node cannot have the service's own name."""
        return self.name != self.service


def services(body: Body) -> tuple[Service, ...]:
    """Read `services`; MalformedError where they are not as compose has them."""
    return tuple(Service(name, _dependencies(body.body(name))) for name in body.value)


def node_name(service: str) -> str:
    """Return the name that is nearest to a service's and fits objects of Kubernetes."""
    return service.lower().translate(_ODD)


def _dependencies(service: Body) -> tuple[Dependency, ...]:
    if not isinstance(service.json("depends_on"), Mapping):
        short = service.texts("depends_on")
        return tuple(Dependency(node_name(name), _UNTIL[_STARTED], False) for name in short)
    long = service.body("depends_on")
    return tuple(_dependency(name, long.body(name)) for name in long.value)


def _dependency(name: str, body: Body) -> Dependency:
    condition = body.text("condition", default=_STARTED)
    if condition not in _UNTIL:
        known = ", ".join(_UNTIL)
        raise MalformedError(f"{body.path}.condition: {condition!r} is none of {known}")
    required = body.flag("required", default=True)
    return Dependency(node_name(name), _UNTIL[condition], not required)
