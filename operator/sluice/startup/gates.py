"""Gates: what has to pass several times in a row before a node, or a pod of it, counts as ready."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sluice.model.fields import InvalidSpecError, field_path, positive_seconds, unique_names, whole
from sluice.model.json import Body
from sluice.model.scalars import format_duration
from sluice.startup.checks import Check, ContainerCheck, HttpCheck, TcpCheck, read_check
from sluice.startup.min_ready import MinReady, min_ready

DEFAULT_GATE: Final = "containers"
_MOST_RUNS = 100
_SHORTEST_SECONDS, _LONGEST_SECONDS = 1, 3600


class Scope(StrEnum):
    """What a gate is about: each pod on its own, or the node as a whole."""

    POD = "Pod"
    NODE = "Node"


@dataclass(frozen=True, slots=True)
class Gate:
    """A check and how often it has to pass (to open) or fail (to shut) in a row.

    interval_seconds: from try to try; timeout_seconds: of one try, at most the interval.
    critical: whether it decides; otherwise it is only reported.
    """

    name: str
    check: Check
    critical: bool
    interval_seconds: float
    passes: int
    failures: int
    timeout_seconds: float

    @property
    def scope(self) -> Scope:
        """Pod if the check asks each pod by itself; everything else asks once for the node."""
        match self.check:
            case HttpCheck(url="") | TcpCheck(host="") | ContainerCheck():
                return Scope.POD
            case _:
                return Scope.NODE


@dataclass(frozen=True, slots=True)
class GateDefaults:
    """What a gate takes that does not say it itself; min_available is the node's."""

    body: Body
    min_available: MinReady

    @classmethod
    def from_body(cls, body: Body) -> "GateDefaults":
        """Read `spec.gateDefaults`, all of whose fields the CRD fills in."""
        defaults = cls(body, min_ready(body, "minAvailable"))
        # Wrong defaults are refused even if no gate takes them.
        defaults.gate("", ContainerCheck(), Body({}, body.path))
        return defaults

    def gate(self, name: str, check: Check, given: Body) -> Gate:
        """Return the gate with its own fields where they are given."""
        interval = _interval(self._where(given, "interval"))
        timeout_body = self._where(given, "timeout")
        timeout = positive_seconds(timeout_body, "timeout", "2s")
        if timeout > interval:
            fault = f"is longer than interval, {format_duration(interval)}"
            value = repr(timeout_body.text("timeout"))
            example = format_duration(interval)
            raise InvalidSpecError(field_path(given, "timeout"), value, fault, example)
        return Gate(
            name=name,
            check=check,
            critical=self._where(given, "critical").flag("critical"),
            interval_seconds=interval,
            passes=whole(self._where(given, "passes"), "passes", 1, _MOST_RUNS),
            failures=whole(self._where(given, "failures"), "failures", 1, _MOST_RUNS),
            timeout_seconds=timeout,
        )

    def _where(self, given: Body, name: str) -> Body:
        return given if given.has(name) else self.body


def read_gates(node: Body, defaults: GateDefaults, *, pod_readiness: bool) -> tuple[Gate, ...]:
    """Read the gates of a node; podReadiness without a Pod gate adds `containers`."""
    gates = tuple(_gate(gate, defaults) for gate in node.bodies("gates"))
    unique_names(tuple(gate.name for gate in gates), field_path(node, "gates"))
    if not pod_readiness or any(gate.scope is Scope.POD for gate in gates):
        return gates
    return (*gates, defaults.gate(DEFAULT_GATE, ContainerCheck(), Body({}, node.path)))


def _gate(given: Body, defaults: GateDefaults) -> Gate:
    name, check = given.text("name"), read_check(given)
    if name == DEFAULT_GATE and not isinstance(check, ContainerCheck):
        fault = "is the gate that podReadiness adds"
        raise InvalidSpecError(field_path(given, "name"), repr(name), fault, "http")
    return defaults.gate(name, check, given)


def _interval(body: Body) -> float:
    seconds = positive_seconds(body, "interval", "5s")
    if _SHORTEST_SECONDS <= seconds <= _LONGEST_SECONDS:
        return seconds
    fault = "is not between 1s and 1h"
    raise InvalidSpecError(field_path(body, "interval"), repr(body.text("interval")), fault, "5s")
