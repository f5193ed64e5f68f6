"""How the user wants a canary to be judged: `spec.analysis`."""

from dataclasses import dataclass
from enum import StrEnum

from sluice.model.fields import (
    InvalidSpecError,
    choice,
    positive_seconds,
    seconds,
    unique_names,
    whole,
)
from sluice.model.json import Body
from sluice.rollout.fields import share
from sluice.rollout.objectives import SloSpec


class OnInconclusive(StrEnum):
    """What follows when a step's time is over and nothing is proven."""

    ADVANCE = "Advance"
    HOLD = "Hold"
    ROLLBACK = "Rollback"


class OnNoData(StrEnum):
    """What follows when there have been no fresh metrics for a while."""

    HOLD = "Hold"
    ROLLBACK = "Rollback"


class OnEnvironment(StrEnum):
    """What follows when both versions miss an objective."""

    HOLD = "Hold"
    ROLLBACK = "Rollback"


@dataclass(frozen=True, slots=True)
class OutageLimit:
    """Failed shares (0..1) at or above `above` for `for_seconds` need no further evidence."""

    above: float
    for_seconds: float


@dataclass(frozen=True, slots=True)
class NoDataRule:
    """What follows when there have been no fresh metrics for `after_seconds`."""

    action: OnNoData
    after_seconds: float


@dataclass(frozen=True, slots=True)
class Analysis:
    """How the canary is judged. warmup_seconds: a pod's first time, which is not counted."""

    slos: tuple[SloSpec, ...]
    min_duration_seconds: float
    max_duration_seconds: float
    min_requests: int
    warmup_seconds: float
    outage: OutageLimit
    on_inconclusive: OnInconclusive
    on_no_data: NoDataRule
    on_environment: OnEnvironment

    @classmethod
    def from_body(cls, body: Body) -> "Analysis":
        """Read `spec.analysis`; InvalidSpecError names what cannot be carried out."""
        outage, no_data = body.body("outage"), body.body("onNoData")
        analysis = cls(
            slos=tuple(SloSpec.from_body(slo) for slo in body.bodies("slos")),
            min_duration_seconds=seconds(body, "minDuration", "60s"),
            max_duration_seconds=positive_seconds(body, "maxDuration", "10m"),
            min_requests=whole(body, "minRequests", 1, 1_000_000),
            warmup_seconds=seconds(body, "warmup", "10s"),
            outage=OutageLimit(
                share(outage, "above", "30%"), positive_seconds(outage, "for", "4s")
            ),
            on_inconclusive=choice(body, "onInconclusive", OnInconclusive),
            on_no_data=NoDataRule(
                choice(no_data, "action", OnNoData), positive_seconds(no_data, "after", "10m")
            ),
            on_environment=choice(body, "onEnvironment", OnEnvironment),
        )
        _check_analysis(body, analysis)
        return analysis


def _check_analysis(body: Body, analysis: Analysis) -> None:
    field = f"{body.path}.slos"
    names = tuple(slo.name for slo in analysis.slos)
    unique_names(names, field)
    if not any(slo.critical for slo in analysis.slos):
        fault = "has no critical objective, so that nothing would decide"
        raise InvalidSpecError(field, f"[{', '.join(names)}]", fault, "critical: true")
    shortest, longest = analysis.min_duration_seconds, analysis.max_duration_seconds
    if shortest > longest:
        fault = f"is longer than maxDuration, {body.text('maxDuration')}"
        value = body.text("minDuration")
        raise InvalidSpecError(f"{body.path}.minDuration", value, fault, body.text("maxDuration"))
