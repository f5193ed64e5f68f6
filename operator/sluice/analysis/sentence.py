"""One sentence for the user: the numbers, the threshold, and what it is about."""

from sluice.analysis.counts import Counts
from sluice.analysis.evidence import HARM_LIMIT
from sluice.analysis.outage import Streak
from sluice.analysis.proof import PROOF_LIMIT, TOLERATED_RATIO
from sluice.analysis.reading import Reading
from sluice.analysis.silence import FEW_SHARE, expected_requests
from sluice.analysis.slo import Slo
from sluice.analysis.state import SloState
from sluice.analysis.trial import ALL_TRAFFIC, Outage, Trial
from sluice.model.scalars import format_duration, format_percent

_MOST_ODDS = 1e6
_SMALL_ODDS = 10


def outage(streak: Streak, rule: Outage) -> str:
    """«Out» means: mostly failing, for seconds on end."""
    return (
        f"{_bad(streak.canary)} canary requests failed ({format_percent(streak.canary.share)}) "
        f"within {format_duration(streak.seconds)}, limit {format_percent(rule.above)} for "
        f"{format_duration(rule.for_seconds)}; stable {format_percent(streak.stable.share)}"
    )


def silence(canary: float, stable: float, weight: int, seconds: float) -> str:
    """«Silent» means: far fewer answers than stable's requests let expect."""
    expected = expected_requests(stable, weight)
    return (
        f"the canary answered {canary:,.0f} requests within {format_duration(seconds)}, about "
        f"{expected:,.0f} were expected at {weight}% from the {stable:,.0f} of stable; "
        f"limit {format_percent(FEW_SHARE)} of them"
    )


def harm(trial: Trial, reading: Reading, arms: tuple[Counts, Counts], evidence: float) -> str:
    """«Harmful» means: worse than allowed, with more evidence than chance may make."""
    canary, stable = arms
    slo = reading.slo
    numbers = f"{_bad(canary)} canary requests {_did(reading)} ({format_percent(canary.share)})"
    odds = f"evidence {_odds(evidence)}"
    limit = f"limit {_odds(HARM_LIMIT)}"
    if trial.weight == ALL_TRAFFIC:
        return f"{numbers}; {odds} that it is over {format_percent(slo.max_share)}, {limit}"
    against = f"against {_bad(stable)} on stable ({format_percent(stable.share)})"
    return f"{numbers} {against}; {odds} that it is more than {slo.max_ratio:g}x worse, {limit}"


def no_data(slo: Slo, missing: str) -> str:
    """Nothing fresh to judge by."""
    return f"{slo.name}: {missing}; check Prometheus and the selectors"


def proven(reading: Reading, state: SloState) -> str:
    """«Proven» means: shown to be close to stable, or within the SLO."""
    return (
        f"{_numbers(reading, state)}; evidence {_odds(state.proof_evidence)} that it is below "
        f"{TOLERATED_RATIO:g}x stable or within the SLO of {format_percent(reading.slo.max_share)},"
        f" needed {_odds(PROOF_LIMIT)}"
    )


def environment(slo: Slo, arms: tuple[Counts, Counts]) -> str:
    """Both arms suffer."""
    canary, stable = (format_percent(arm.share) for arm in arms)
    return (
        f"both versions exceed the SLO {slo.name} of {format_percent(slo.max_share)} "
        f"(canary {canary}, stable {stable} in the last minute): "
        "it looks like the environment, not this release"
    )


def still_open(reading: Reading, state: SloState, needed: float | None) -> str:
    """Nothing speaks against the canary, and nothing is proven."""
    requests = f"only {state.canary.total:,.0f} canary requests"
    if needed is None:
        return f"{_numbers(reading, state)}; no number of requests would prove it at this rate"
    if state.canary.total < needed:
        return f"{requests}, about {_rounded(needed)} needed for a proof"
    return (
        f"{_numbers(reading, state)}; evidence {_odds(state.proof_evidence)} that it is good "
        f"enough, needed {_odds(PROOF_LIMIT)}"
    )


def _numbers(reading: Reading, state: SloState) -> str:
    return (
        f"{_bad(state.canary)} canary requests {_did(reading)} "
        f"({format_percent(state.canary.share)}), stable {format_percent(state.stable.share)}"
    )


def _did(reading: Reading) -> str:
    if reading.bound_seconds is None:
        return "failed"
    return f"took longer than {reading.bound_seconds:g}s"


def _bad(counts: Counts) -> str:
    return f"{counts.bad:,.0f} of {counts.total:,.0f}"


def _odds(evidence: float) -> str:
    if evidence < _SMALL_ODDS:
        return f"{evidence:.2g}:1"
    return f"{evidence:,.0f}:1" if evidence <= _MOST_ODDS else f"over {_MOST_ODDS:,.0f}:1"


def _rounded(number: float) -> str:
    return f"{float(f'{number:.2g}'):,.0f}"
