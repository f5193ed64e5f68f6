"""The spec of a Rollout: what is rolled out, how fast, and how it is judged.

The CRD supplies every default, so a field that is absent here is malformed unless it is optional.
"""

from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from sluice.model.fields import (
    InvalidSpecError,
    choice,
    positive_seconds,
    seconds,
    unique_names,
    whole,
)
from sluice.model.json import Body
from sluice.rollout.fields import whole_percent
from sluice.rollout.objectives import SloSpec
from sluice.rollout.policy import Analysis, OnEnvironment, OnInconclusive, OnNoData

__all__ = [
    "HoldMode",
    "InvalidSpecError",
    "OnEnvironment",
    "OnInconclusive",
    "OnNoData",
    "RolloutSpec",
    "RouteTarget",
    "SloSpec",
    "Step",
]

_HIGHEST_STEP = 99
_STEPS_EXAMPLE = "1, 10, 50"


class HoldMode(StrEnum):
    """How a new version is kept back until its rollout."""

    ADMISSION = "Admission"


@dataclass(frozen=True, slots=True)
class RouteTarget:
    """An HTTPRoute and the names of its rules that are shifted; none: all that send to us."""

    name: str
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """A weight in percent; duration_seconds: how long at least, None for the analysis's minimum.

    pause: once passed, wait for a person.
    """

    weight: int
    duration_seconds: float | None
    pause: bool


@dataclass(frozen=True, slots=True)
class RolloutSpec:
    """Everything that a user asks for.

    target, service: names in the Rollout's namespace; port: of the Service, None for all.
    holdout: percent that stays with stable during the bake.
    label_key: the selector label that differs on the canary, None for the first shared one.
    """

    target: str
    service: str
    port: int | None
    routes: tuple[RouteTarget, ...]
    steps: tuple[Step, ...]
    analysis: Analysis
    holdout: int
    bake_seconds: float
    drain_seconds: float
    progress_deadline_seconds: float
    verify_timeout_seconds: float
    label_key: str | None
    hold_mode: HoldMode
    paused: bool
    history_limit: int

    @property
    def bake_weight(self) -> int:
        """The percent that the canary carries while it bakes."""
        return 100 - self.holdout

    @property
    def weights(self) -> tuple[int, ...]:
        """Every percent that the spec asks for on the way up, ascending."""
        return tuple(sorted({*(step.weight for step in self.steps), self.bake_weight, 100}))

    @classmethod
    def from_body(cls, spec: Body) -> "RolloutSpec":
        """Read `spec`: MalformedError if a field is missing, InvalidSpecError if it is wrong."""
        canary = spec.body("canary")
        read = cls(
            target=spec.text("targetRef", "name"),
            service=spec.text("service", "name"),
            port=_port(spec.body("service")),
            routes=_routes(spec.body("traffic").body("gatewayAPI")),
            steps=tuple(_step(step) for step in spec.bodies("steps")),
            analysis=Analysis.from_body(spec.body("analysis")),
            holdout=whole_percent(spec, "holdout", "5%"),
            bake_seconds=seconds(spec, "bake", "60s"),
            drain_seconds=seconds(spec, "drain", "30s"),
            progress_deadline_seconds=positive_seconds(spec, "progressDeadline", "10m"),
            verify_timeout_seconds=positive_seconds(spec, "verifyTimeout", "15s"),
            label_key=canary.text("labelKey") if canary.has("labelKey") else None,
            hold_mode=choice(spec, "holdMode", HoldMode),
            paused=spec.flag("paused"),
            history_limit=whole(spec, "historyLimit", 0, 50),
        )
        _check_steps(spec, read)
        return read


def _port(service: Body) -> int | None:
    return whole(service, "port", 1, 65535) if service.has("port") else None


def _routes(gateway: Body) -> tuple[RouteTarget, ...]:
    items = gateway.bodies("httpRoutes")
    routes = tuple(RouteTarget(item.text("name"), item.texts("rules")) for item in items)
    field = f"{gateway.path}.httpRoutes"
    if not routes:
        raise InvalidSpecError(field, "[]", "has no route", "[{name: checkout}]")
    unique_names(tuple(route.name for route in routes), field)
    return routes


def _step(step: Body) -> Step:
    duration = seconds(step, "duration", "60s") if step.has("duration") else None
    return Step(whole(step, "weight", 1, _HIGHEST_STEP), duration, step.flag("pause"))


def _check_steps(body: Body, spec: RolloutSpec) -> None:
    field = f"{body.path}.steps"
    weights = [step.weight for step in spec.steps]
    shown = ", ".join(str(weight) for weight in weights) or "[]"
    if not weights or any(after <= before for before, after in pairwise(weights)):
        raise InvalidSpecError(field, shown, "do not ascend", _STEPS_EXAMPLE)
    if weights[-1] > spec.bake_weight:
        fault = f"end above the {spec.bake_weight} that holdout {spec.holdout}% leaves"
        raise InvalidSpecError(field, shown, fault, _STEPS_EXAMPLE)
    longest = spec.analysis.max_duration_seconds
    for index, step in enumerate(spec.steps):
        if step.duration_seconds is not None and step.duration_seconds > longest:
            fault = f"is longer than analysis.maxDuration, {longest:g}s"
            value = f"{step.duration_seconds:g}s"
            raise InvalidSpecError(f"{field}[{index}].duration", value, fault, f"{longest:g}s")
