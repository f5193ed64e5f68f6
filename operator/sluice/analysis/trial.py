"""The circumstances under which a canary is judged."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sluice.analysis.slo import Slo

ALL_TRAFFIC = 100
"""Percent: no request is left for a stable arm."""

PHI_WITHOUT_HISTORY = 4.0
"""Overdispersion assumed of errors whose clustering was never measured."""


@dataclass(frozen=True, slots=True)
class Outage:
    """A canary of which at least the share `above` (0..1) fails for `for_seconds` on end is out."""

    above: float = 0.3
    for_seconds: float = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One rollout and its present step.

    scrape_seconds: the scrape interval of the metrics.
    rollout_started, step_started: seconds since the epoch. Harm is counted over the whole rollout;
    proof and the counts in messages begin anew with each step. While no step is judged (the weight
    is being shifted) step_started is an instant in the future.
    weight: the share of traffic in percent (1..100) that the canary has verifiably had since
    step_started.
    warm_from: by pod, the instant from which its requests count as evidence; sources in pods.
    all_warm_from: the same for sources that count per backend and cannot tell pods apart.
    phi: overdispersion by SLO name.
    outage_only: evidence of harm is counted and decides nothing, as while the Deployment rolls;
    otherwise an outage after harm that nobody acted on would never show.
    """

    slos: tuple[Slo, ...]
    scrape_seconds: float
    rollout_started: float
    step_started: float
    weight: int
    outage: Outage = Outage()
    warm_from: Mapping[str, float] = field(default_factory=dict)
    all_warm_from: float = 0.0
    phi: Mapping[str, float] = field(default_factory=dict)
    outage_only: bool = False

    def overdispersion_of(self, slo: Slo) -> float:
        """Return phi of an SLO, at least 1 (below 1 evidence would be invented)."""
        return max(1.0, self.phi.get(slo.name, PHI_WITHOUT_HISTORY))
