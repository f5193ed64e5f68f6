"""The verdicts as a chain of checks: the first that finds something decides."""

from collections.abc import Callable
from typing import Final, TypeAlias

from sluice.analysis import sentence
from sluice.analysis.case import Case
from sluice.analysis.counts import Counts
from sluice.analysis.proof import HARM_BEFORE_PROOF, PROOF_LIMIT
from sluice.analysis.reading import window
from sluice.analysis.silence import is_silent, window_seconds
from sluice.analysis.trial import ALL_TRAFFIC
from sluice.analysis.verdict import Verdict

_RECENT_SECONDS = 60.0

_JITTER = 0.25
"""A window begins this part of an interval early, lest it misses the sample it begins with."""

Finding: TypeAlias = tuple[Verdict, str]


def find(case: Case) -> Finding:
    """Return the verdict and the sentence that says why."""
    return next((found for check in CHECKS if (found := check(case)) is not None), _open(case))


def _rollback(case: Case) -> Finding | None:
    """Outage and harm end the course at the tick at which they show."""
    end = case.course.end
    if end is None:
        return None
    state = case.course.states[end.index]
    if end.verdict is Verdict.OUTAGE:
        return end.verdict, sentence.outage(state.streak, case.trial.outage)
    arms = (state.canary, state.stable)
    if not state.canary.total:
        # While the weight is shifted no step is counted.
        arms = _recent(case, end.index)
    text = sentence.harm(case.trial, case.readings[end.index], arms, case.harm)
    return end.verdict, text


def _silence(case: Case) -> Finding | None:
    """Of all SLOs the first at a gateway tells; judged now only, since routes may change."""
    trial = case.trial
    gateway = [index for index, slo in enumerate(trial.slos) if slo.critical and slo.per_backend]
    if not gateway or trial.weight == ALL_TRAFFIC or case.missing[gateway[0]]:
        return None
    until = case.course.states[gateway[0]].counted_until
    latency = [
        one.stable
        for slo, one in zip(trial.slos, case.data, strict=True)
        if slo.bound_seconds is not None
    ]
    seconds = window_seconds(latency, until)
    scrapes = -(-seconds // trial.scrape_seconds)
    after = until - (scrapes + _JITTER) * trial.scrape_seconds
    if after < trial.step_started:
        return None
    canary, stable = window(case.readings[gateway[0]], after, until)
    if not is_silent(canary.total, stable.total, trial.weight):
        return None
    text = sentence.silence(
        canary.total, stable.total, trial.weight, scrapes * trial.scrape_seconds
    )
    return Verdict.SILENCE, text


def _no_data(case: Case) -> Finding | None:
    """Before proof: a step is not passed on numbers that are no longer fresh."""
    for slo, missing in zip(case.trial.slos, case.missing, strict=True):
        if slo.critical and missing:
            return Verdict.NO_DATA, sentence.no_data(slo, missing)
    return None


def _proven(case: Case) -> Finding | None:
    """Before the environment: a fix that is better than a broken stable goes through."""
    critical = [index for index, slo in enumerate(case.trial.slos) if slo.critical]
    states = case.course.states
    weakest = min(critical, key=lambda index: states[index].proof_evidence, default=None)
    if weakest is None or states[weakest].proof_evidence < PROOF_LIMIT:
        return None
    if case.harm >= HARM_BEFORE_PROOF:
        return None
    return Verdict.PROVEN, sentence.proven(case.readings[weakest], states[weakest])


def _environment(case: Case) -> Finding | None:
    """Both arms over the SLO."""
    for index, (slo, state) in enumerate(case.pairs):
        if slo.critical and state.both_over:
            return Verdict.ENVIRONMENT, sentence.environment(slo, _recent(case, index))
    return None


def _open(case: Case) -> Finding:
    """Nothing speaks against the canary, and nothing is proven."""
    critical = [index for index, slo in enumerate(case.trial.slos) if slo.critical]
    if not critical:
        return Verdict.OPEN, "no SLO is critical: nothing is judged"
    states = case.course.states
    weakest = min(critical, key=lambda index: states[index].proof_evidence)
    needed = case.requests_needed()
    return Verdict.OPEN, sentence.still_open(case.readings[weakest], states[weakest], needed)


CHECKS: Final[tuple[Callable[[Case], Finding | None], ...]] = (
    _rollback,
    _silence,
    _no_data,
    _proven,
    _environment,
)
"""In the order of precedence."""


def _recent(case: Case, index: int) -> tuple[Counts, Counts]:
    until = case.course.states[index].counted_until
    return window(case.readings[index], until - _RECENT_SECONDS, until)
