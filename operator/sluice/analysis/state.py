"""What has been learnt of one SLO so far, and how a tick adds to it: the core of the analysis."""

from dataclasses import dataclass, replace

from sluice.analysis import environment, evidence, outage
from sluice.analysis.counts import NONE, Counts
from sluice.analysis.likelihood import absolute, relative, worse_share
from sluice.analysis.outage import NO_STREAK, Streak
from sluice.analysis.proof import NOTHING_PROVEN, Proof, proven, ratios, strengthen
from sluice.analysis.slo import Measure, Slo
from sluice.analysis.ticks import Tick
from sluice.analysis.trial import ALL_TRAFFIC, Trial


@dataclass(frozen=True, slots=True, kw_only=True)
class SloState:
    """The memory of one SLO: a few numbers, however long the rollout lasts.

    counted_until: the end of the last tick, seconds since the epoch.
    age_seconds: for how long evidence has been gathered.
    harm: the wealth bet on «worse than stable»; floor: on «bad enough to care».
    proof: log e-values of non-inferiority in this step.
    canary_over, stable_over: how clearly each arm is over the SLO now (environment.py).
    canary, stable: the counts of this step.
    streak: the consecutive ticks in which the canary mostly failed.
    """

    counted_until: float
    age_seconds: float = 0.0
    harm: evidence.Wealth = evidence.FIRST_BETS
    floor: evidence.Wealth = evidence.FIRST_BETS
    proof: Proof = NOTHING_PROVEN
    canary_over: float = 0.0
    stable_over: float = 0.0
    canary: Counts = NONE
    stable: Counts = NONE
    streak: Streak = NO_STREAK

    @property
    def harm_evidence(self) -> float:
        """Return the e-value of harm: worse than stable AND above the floor (union null: min)."""
        return min(
            evidence.wealth(self.harm, self.age_seconds),
            evidence.wealth(self.floor, self.age_seconds),
        )

    @property
    def proof_evidence(self) -> float:
        """Return the e-value of non-inferiority in this step."""
        return proven(self.proof)

    @property
    def both_over(self) -> bool:
        """Whether both arms are over the SLO now."""
        return min(self.canary_over, self.stable_over) >= environment.OVER

    def for_new_step(self) -> "SloState":
        """Return the state at the beginning of a step: harm goes on, proof and counts restart."""
        return replace(self, proof=NOTHING_PROVEN, canary=NONE, stable=NONE)


def advance(state: SloState, tick: Tick, slo: Slo, trial: Trial) -> SloState:
    """Return the state after a tick."""
    moved = replace(state, counted_until=tick.end, streak=_streak(state.streak, tick, slo, trial))
    if slo.per_backend and tick.start < trial.all_warm_from:
        return moved
    weighed = _weigh(moved, tick, slo, trial)
    return _prove(weighed, tick, slo, trial) if tick.start >= trial.step_started else weighed


def _streak(streak: Streak, tick: Tick, slo: Slo, trial: Trial) -> Streak:
    if slo.measure is not Measure.ERRORS or not slo.per_backend:
        return NO_STREAK
    return outage.extend(streak, tick, trial.outage, trial.scrape_seconds)


def _weigh(state: SloState, tick: Tick, slo: Slo, trial: Trial) -> SloState:
    phi, age, seconds = trial.overdispersion_of(slo), state.age_seconds, tick.seconds
    stable_over = 0.0 if _is_alone(tick, trial) else state.stable_over
    worse = [ratio / phi for ratio in _harm_ratios(tick, slo, trial)]
    above = [ratio / phi for ratio in _ratios_above(slo.floor_share, tick.canary)]
    return replace(
        state,
        age_seconds=age + seconds,
        harm=evidence.grow(state.harm, age, seconds, worse),
        floor=evidence.grow(state.floor, age, seconds, above),
        canary_over=environment.charted(state.canary_over, slo, tick.canary, phi, seconds),
        stable_over=environment.charted(stable_over, slo, tick.stable, phi, seconds),
    )


def _harm_ratios(tick: Tick, slo: Slo, trial: Trial) -> list[float]:
    """Return the log likelihood ratios of harm, by size of the regression.

    With all traffic on the canary there is nothing to compare it with: the same wealth is then bet
    against the SLO itself, so that there is one alpha for the whole rollout.
    """
    if _is_alone(tick, trial):
        return _ratios_above(slo.limit_share, tick.canary)
    ratio = slo.max_ratio
    return [relative(tick.canary, tick.stable, ratio, ratio * g) for g in evidence.GROWTHS]


def _is_alone(tick: Tick, trial: Trial) -> bool:
    return trial.weight == ALL_TRAFFIC and tick.start >= trial.step_started


def _ratios_above(share: float, arm: Counts) -> list[float]:
    return [absolute(arm, share, worse_share(share, growth)) for growth in evidence.GROWTHS]


def _prove(state: SloState, tick: Tick, slo: Slo, trial: Trial) -> SloState:
    more = ratios(slo, tick.canary, tick.stable, trial.overdispersion_of(slo))
    return replace(
        state,
        proof=strengthen(state.proof, more),
        canary=state.canary + tick.canary,
        stable=state.stable + tick.stable,
    )
