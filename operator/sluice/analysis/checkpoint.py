"""The checkpoint in status: what replaces the samples that are already counted.

Live and after a restart the judgement is one function of checkpoint and samples. So a checkpoint
may hold only what later samples cannot change. Prometheus stamps a sample with the beginning of
its scrape, and it appears when the scrape is over: up to one interval later (a scrape's time-out is
at most its interval), plus some time for committing it and for clocks that differ.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias

from sluice.analysis import evidence
from sluice.analysis.counts import Counts
from sluice.analysis.outage import Streak
from sluice.analysis.proof import NOTHING_PROVEN
from sluice.analysis.samples import gap_seconds
from sluice.analysis.state import SloState
from sluice.analysis.trial import Trial
from sluice.model.json import Body, Json, JsonObject, MalformedError, canonical

COMMIT_SECONDS = 5.0
"""Allowed for a finished scrape to be readable, and for clocks that differ."""

LOOK_BACK_SECONDS = 60.0
"""The longest window that a judgement looks back over (silence.py), beyond a gap."""

Numbers: TypeAlias = list[float]

_SIZES, _PROOFS = len(evidence.FIRST_BETS), len(NOTHING_PROVEN)
_LENGTH = 2 + 2 * _SIZES + _PROOFS + 2 + 4 + 6


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What has been counted for good.

    step_started: the step to which proofs and counts belong; states: by SLO name.
    """

    step_started: float
    states: Mapping[str, SloState]

    @property
    def counted_until(self) -> float:
        """Return the instant up to which every SLO is counted, 0 when there is none."""
        return min((state.counted_until for state in self.states.values()), default=0.0)

    def to_json(self) -> JsonObject:
        """Return what is kept in status: below 4 KiB for five SLOs.

        `logs` is a text, so that no server on the way rewrites the floats: they are exact.
        """
        states: Json = {name: _numbers_of(state) for name, state in self.states.items()}
        return {
            "countedUntil": self.counted_until,
            "logs": canonical({"stepStarted": self.step_started, "states": states}),
        }

    @classmethod
    def from_body(cls, body: Body) -> "Checkpoint":
        """Read what `to_json` wrote; MalformedError if it is something else."""
        logs = _parsed(body)
        states = logs.body("states")
        return cls(
            logs.number("stepStarted"),
            {name: _state_of(_numbers_in(states, name)) for name in states.value},
        )


def settled_seconds(scrape_seconds: float) -> float:
    """Return the age at which no sample can be added any more to what is known."""
    return scrape_seconds + COMMIT_SECONDS


def needed_since(trial: Trial, checkpoint: Checkpoint | None, slo_name: str) -> float:
    """Return the instant since which samples are needed to judge an SLO."""
    state = None if checkpoint is None else checkpoint.states.get(slo_name)
    start = trial.rollout_started if state is None else state.counted_until
    return start - gap_seconds(trial.scrape_seconds) - LOOK_BACK_SECONDS


def _numbers_of(state: SloState) -> Numbers:
    streak = state.streak
    return [
        state.counted_until,
        state.age_seconds,
        *state.harm,
        *state.floor,
        *state.proof,
        state.canary_over,
        state.stable_over,
        *_pair(state.canary),
        *_pair(state.stable),
        float(streak.ticks),
        streak.seconds,
        *_pair(streak.canary),
        *_pair(streak.stable),
    ]


def _pair(counts: Counts) -> Numbers:
    return [counts.bad, counts.total]


def _state_of(numbers: Numbers) -> SloState:
    take = iter(numbers)

    def some(count: int) -> tuple[float, ...]:
        return tuple(islice(take, count))

    return SloState(
        counted_until=next(take),
        age_seconds=next(take),
        harm=some(_SIZES),
        floor=some(_SIZES),
        proof=some(_PROOFS),
        canary_over=next(take),
        stable_over=next(take),
        canary=Counts(*some(2)),
        stable=Counts(*some(2)),
        streak=Streak(int(next(take)), next(take), Counts(*some(2)), Counts(*some(2))),
    )


def _parsed(body: Body) -> Body:
    try:
        parsed = json.loads(body.text("logs"))
    except ValueError as error:
        raise MalformedError(f"{body.path}.logs: {error}") from error
    if not isinstance(parsed, dict):
        raise MalformedError(f"{body.path}.logs: expected an object")
    return Body(parsed, f"{body.path}.logs")


def _numbers_in(states: Body, name: str) -> Numbers:
    found = states.json(name)
    numbers = [
        float(item)
        for item in (found if isinstance(found, list) else ())
        if isinstance(item, int | float) and math.isfinite(item)
    ]
    if len(numbers) != _LENGTH:
        raise MalformedError(f"{states.path}.{name}: expected {_LENGTH} finite numbers")
    return numbers
