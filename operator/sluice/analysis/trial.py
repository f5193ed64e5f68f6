"""The circumstances under which a canary is judged."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sluice.analysis.evidence import TENFOLD_SECONDS
from sluice.analysis.slo import Slo

ALL_TRAFFIC = 100
"""Percent: no request is left for a stable arm."""

PHI_WITHOUT_HISTORY = 4.0
PHI_OF_LONG_TICKS = 5.0


def phi_without_history(scrape_seconds: float) -> float:
    """Return the overdispersion assumed of errors whose clustering was never measured.

    Evidence may grow 3.16-fold in a tick of 1 s and tenfold in one of 15 s: the longer a tick, the
    less its cap holds a burst down. Of healthy canaries whose errors come in bursts of 5, at 100
    requests per second and a scrape every 15 s, 1.1 to 1.7% were rolled back with phi 4 and 0.70%
    with phi 5; the target is below 1% (bench/false_rollbacks.py; docs/adr/0002).
    """
    return PHI_WITHOUT_HISTORY if scrape_seconds <= TENFOLD_SECONDS else PHI_OF_LONG_TICKS


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
    phi: overdispersion by SLO name; one that is not there is assumed.
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
        return max(1.0, self.phi.get(slo.name, phi_without_history(self.scrape_seconds)))
