"""Everything that the verdicts on one rollout look at: put together once for each judgement."""

from collections.abc import Mapping
from dataclasses import dataclass

from sluice.analysis import harm, proof
from sluice.analysis.checkpoint import Checkpoint, settled_seconds
from sluice.analysis.course import Course, Lap, follow
from sluice.analysis.missing import answers_of, what_is_missing
from sluice.analysis.reading import Reading, read
from sluice.analysis.slo import UNASKED, Slo, SloData
from sluice.analysis.state import SloState
from sluice.analysis.trial import ALL_TRAFFIC, Trial


@dataclass(frozen=True, slots=True)
class Case:
    """A trial with its data, in the order of the trial's SLOs.

    missing: why an SLO cannot be judged now, empty when it can.
    """

    trial: Trial
    data: tuple[SloData, ...]
    readings: tuple[Reading, ...]
    missing: tuple[str, ...]
    course: Course

    @property
    def pairs(self) -> tuple[tuple[Slo, SloState], ...]:
        """Return each SLO with its state."""
        return tuple(zip(self.trial.slos, self.course.states, strict=True))

    @property
    def until(self) -> float:
        """Return the end of the last tick of the critical SLO that is furthest behind."""
        ends = [state.counted_until for slo, state in self.pairs if slo.critical]
        return min(ends, default=self.trial.rollout_started)

    @property
    def harm(self) -> float:
        """Return the combined evidence of harm."""
        return harm.combined(self.trial.slos, [state.harm_evidence for _, state in self.pairs])

    @property
    def harm_parts(self) -> tuple[float, ...]:
        """Return the part of each SLO in the evidence of harm."""
        return harm.parts(self.trial.slos, [state.harm_evidence for _, state in self.pairs])

    @property
    def checkpoint(self) -> Checkpoint:
        """Return what is counted for good."""
        names = (slo.name for slo in self.trial.slos)
        settled = dict(zip(names, self.course.settled, strict=True))
        return Checkpoint(self.trial.step_started, settled)

    def requests_needed(self) -> float | None:
        """Return about how many canary requests prove every critical SLO; None: no number would."""
        needed = [
            _requests_needed(self.trial, slo, state) for slo, state in self.pairs if slo.critical
        ]
        finite = [number for number in needed if number is not None]
        return max(finite) if finite and len(finite) == len(needed) else None


def opened(
    trial: Trial, data: Mapping[str, SloData], checkpoint: Checkpoint | None, now: float
) -> Case:
    """Return the case with its course followed as far as the samples tell."""
    given = tuple(data.get(slo.name, UNASKED) for slo in trial.slos)
    readings = tuple(map(read, trial.slos, given, [trial.scrape_seconds] * len(given)))
    missing = tuple(
        what_is_missing(reading, one, trial, now)
        for reading, one in zip(readings, given, strict=True)
    )
    laps = _laps(trial, given, readings, missing, _states(trial, checkpoint))
    return Case(trial, given, readings, missing, follow(trial, laps))


def _states(trial: Trial, checkpoint: Checkpoint | None) -> list[SloState]:
    """Return what is known of each SLO; with a new step its proof and counts restart."""
    known = {} if checkpoint is None else checkpoint.states
    fresh = SloState(counted_until=trial.rollout_started)
    states = [known.get(slo.name, fresh) for slo in trial.slos]
    if checkpoint is None or checkpoint.step_started == trial.step_started:
        return states
    return [state.for_new_step() for state in states]


def _laps(
    trial: Trial,
    data: tuple[SloData, ...],
    readings: tuple[Reading, ...],
    missing: tuple[str, ...],
    states: list[SloState],
) -> list[Lap]:
    """Return the SLOs before their new ticks.

    Together they are settled only as far as each of them is: their ticks are followed in order of
    time. One that has no data does not hold the others back, or the samples to keep for them would
    pile up.
    """
    covered = [min(a.covered_until for a in answers_of(trial, one)) for one in data]
    fresh = [until for until, why in zip(covered, missing, strict=True) if not why]
    together = min(fresh, default=max(covered, default=0.0))
    lag = settled_seconds(trial.scrape_seconds)
    return [
        Lap(
            reading=reading,
            state=state,
            covered_from=max(answer.covered_from for answer in answers_of(trial, one)),
            covered_until=until,
            settled_until=min(until, together) - lag,
        )
        for reading, state, one, until in zip(readings, states, data, covered, strict=True)
    ]


def _requests_needed(trial: Trial, slo: Slo, state: SloState) -> float | None:
    phi = trial.overdispersion_of(slo)
    if trial.weight == ALL_TRAFFIC:
        return proof.requests_needed(slo, state.canary.share, 0.0, phi)
    stable_per_canary = (ALL_TRAFFIC - trial.weight) / trial.weight
    if state.canary.total and state.stable.total:
        stable_per_canary = state.stable.total / state.canary.total
    return proof.requests_needed(slo, state.stable.share, stable_per_canary, phi)
