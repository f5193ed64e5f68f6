"""The course of a rollout: the ticks of all SLOs in order of time, up to the one that decides.

Time stands still at the first tick that calls for a rollback. So a judgement does not depend on
when one looked: an operator that was away comes to the verdict, and to the numbers, that it would
have come to on the spot.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from sluice.analysis import harm
from sluice.analysis.evidence import HARM_LIMIT
from sluice.analysis.outage import is_outage
from sluice.analysis.reading import Reading
from sluice.analysis.state import SloState, advance
from sluice.analysis.ticks import Beat, Tick
from sluice.analysis.trial import Trial
from sluice.analysis.verdict import Verdict
from sluice.model.metrics import Series


@dataclass(frozen=True, slots=True)
class Lap:
    """One SLO before its new ticks.

    covered_from, covered_until: the instants between which all samples are known.
    settled_until: the instant up to which later answers can add nothing.
    """

    reading: Reading
    state: SloState
    covered_from: float
    covered_until: float
    settled_until: float


@dataclass(frozen=True, slots=True)
class End:
    """What ended the course, and the SLO (index) that is to blame."""

    verdict: Verdict
    index: int


@dataclass(frozen=True, slots=True)
class Course:
    """The states after the ticks, in the order of the SLOs.

    settled: the states after the settled ticks, for the checkpoint.
    end: an outage or harm; None while the rollout goes on.
    """

    states: tuple[SloState, ...]
    settled: tuple[SloState, ...]
    end: End | None


def follow(trial: Trial, laps: Sequence[Lap]) -> Course:
    """Return the course of the rollout as far as the samples tell."""
    states = [lap.state for lap in laps]
    settled, evidence = list(states), [state.harm_evidence for state in states]
    ticks = ((tick, index) for index, lap in enumerate(laps) for tick in ticks_of(trial, lap))
    for tick, index in sorted(ticks, key=lambda item: (item[0].end, item[1])):
        states[index] = advance(states[index], tick, trial.slos[index], trial)
        evidence[index] = states[index].harm_evidence
        end = end_at(trial, index, states[index], evidence)
        if end is not None:
            return Course(tuple(states), tuple(settled), end)
        if tick.end <= laps[index].settled_until:
            settled[index] = states[index]
    return Course(tuple(states), tuple(settled), None)


def end_at(trial: Trial, index: int, state: SloState, evidence: Sequence[float]) -> End | None:
    """Return whether the last tick of an SLO ends the rollout; evidence of harm by SLO."""
    if not trial.slos[index].critical:
        return None
    if is_outage(state.streak, trial.outage, trial.scrape_seconds):
        return End(Verdict.OUTAGE, index)
    if not trial.outage_only and harm.combined(trial.slos, evidence) >= HARM_LIMIT:
        return End(Verdict.HARM, harm.blamed(trial.slos, evidence))
    return None


def ticks_of(trial: Trial, lap: Lap) -> list[Tick]:
    """Return the ticks of an SLO that are not counted yet."""
    reading, slo = lap.reading, lap.reading.slo
    start = max(lap.state.counted_until, lap.covered_from)
    beat = Beat(trial.scrape_seconds, with_samples=slo.per_backend)
    ends = beat.ends(start, reading.series, lap.covered_until)

    def warm_from(series: Series) -> float:
        pod = "" if slo.per_backend else series.label(slo.pod_label)
        return trial.warm_from.get(pod, -math.inf)

    canary = reading.counts(reading.canary, start, ends, warm_from)
    stable = reading.counts(reading.stable, start, ends, warm_from)
    return list(map(Tick, (start, *ends), ends, canary, stable))
