"""What is promised (an SLO) and what was measured of it, for both arms."""

from dataclasses import dataclass
from enum import StrEnum

from sluice.model.metrics import MetricAnswer

FLOOR_OF_SLO = 0.1
"""Below a tenth of the SLO a canary is left alone, however much worse than stable it is."""

_NEVER_QUITE = 1e-6


class Measure(StrEnum):
    """What makes a request a bad one."""

    ERRORS = "errors"
    LATENCY = "latency"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slo:
    """A service level objective that the canary is held to.

    critical: a non-critical SLO is reported and decides nothing.
    max_share: the share of bad requests that is allowed, 0..1 (for latency 1 - quantile).
    max_ratio: how many times as bad as stable the canary may be.
    bound_seconds: a request slower than this is bad; LATENCY only.
    per_backend: counted at a gateway per Service, not in the pods: one scrape sees both arms.
    pod_label: the label that carries the pod's name; sources in pods only.
    """

    name: str
    critical: bool
    measure: Measure
    max_share: float
    per_backend: bool
    max_ratio: float = 1.25
    bound_seconds: float | None = None
    pod_label: str = "pod"

    def __post_init__(self) -> None:
        if (self.measure is Measure.LATENCY) != (self.bound_seconds is not None):
            raise ValueError(
                f"{self.name}: bound_seconds belongs to a latency SLO, and to no other"
            )

    @property
    def limit_share(self) -> float:
        """Return `max_share` moved off 0 and 1, where likelihood ratios are infinite."""
        return min(max(self.max_share, _NEVER_QUITE), 1 - _NEVER_QUITE)

    @property
    def floor_share(self) -> float:
        """Return the share of bad requests below which nothing is harm."""
        return FLOOR_OF_SLO * self.limit_share


@dataclass(frozen=True, slots=True)
class ArmData:
    """The raw counters of one arm.

    total: counters of requests; for LATENCY the histogram's `_count`.
    part: for ERRORS counters of bad requests, for LATENCY all `_bucket` series.
    scrapes: a series per target with a sample in each successful scrape (`up`, of which only the
    samples at 1 count, or a witness); without it the samples of the target's other series tell.
    """

    total: MetricAnswer
    part: MetricAnswer
    scrapes: MetricAnswer | None = None

    @property
    def answers(self) -> tuple[MetricAnswer, ...]:
        """Return every answer that this arm rests on."""
        scrapes = () if self.scrapes is None else (self.scrapes,)
        return (self.total, self.part, *scrapes)


@dataclass(frozen=True, slots=True)
class SloData:
    """The counters of both arms."""

    canary: ArmData
    stable: ArmData

    @property
    def answers(self) -> tuple[MetricAnswer, ...]:
        """Return every answer that the comparison rests on."""
        return (*self.canary.answers, *self.stable.answers)


UNASKED = SloData(
    ArmData(MetricAnswer(), MetricAnswer()),
    ArmData(MetricAnswer(), MetricAnswer()),
)
"""Nothing has been asked or answered yet."""
