"""Proof of non-inferiority: «no evidence of harm» is not «evidence of no harm».

The null hypothesis is that the canary is at least twice as bad as stable AND over the SLO. The
proof is the mean of an e-value against each half, so that it suffices to be close to stable, or
within the SLO. It begins anew with each step: a fault that needs load shows at the new weight only.
"""

import math
from typing import TypeAlias

from sluice.analysis.counts import Counts
from sluice.analysis.likelihood import absolute, relative
from sluice.analysis.slo import Slo

TOLERATED_RATIO = 2.0
"""A canary that is at least this many times as bad as stable is inferior."""

BETA = 0.1
"""The probability with which an inferior canary may be called proven, per step."""

PROOF_LIMIT = 1 / BETA

HARM_BEFORE_PROOF = 3.0
"""With this much evidence of harm, or more, nothing counts as proven."""

SHRINKAGES = (0.1, 0.25, 0.5, 0.75)
"""How much better than the tolerated share the canary may be."""

Proof: TypeAlias = tuple[float, ...]
"""Log e-values against «twice as bad as stable», then against «over the SLO»."""

NOTHING_PROVEN: Proof = (0.0,) * (2 * len(SHRINKAGES))

_LOG_CEILING = 600.0


def ratios(slo: Slo, canary: Counts, stable: Counts, phi: float) -> Proof:
    """Return what these counts add to the proof; phi is the overdispersion."""
    limit, ratio = slo.limit_share, TOLERATED_RATIO
    close = (relative(canary, stable, ratio, ratio * shrink) / phi for shrink in SHRINKAGES)
    within = (absolute(canary, limit, limit * shrink) / phi for shrink in SHRINKAGES)
    return (*close, *within)


def strengthen(logs: Proof, more: Proof) -> Proof:
    """Return the proof after a tick."""
    return tuple(min(log + ratio, _LOG_CEILING) for log, ratio in zip(logs, more, strict=True))


def proven(logs: Proof) -> float:
    """Return the e-value of the proof, 1 at the beginning."""
    return math.fsum(map(math.exp, logs)) / len(logs)


def requests_needed(slo: Slo, share: float, stable_per_canary: float, phi: float) -> float | None:
    """Return about how many canary requests prove a canary that is as good as stable.

    share: the bad share of both arms; stable_per_canary: stable requests per canary request.
    None when no number of requests would do.
    """
    one = Counts(share, 1.0)
    others = Counts(share * stable_per_canary, stable_per_canary)
    rates = ratios(slo, one, others, phi)
    if max(rates) <= 0:
        return None
    low, high = 0.0, math.log(PROOF_LIMIT * len(rates)) / max(rates)
    while high - low > 1:
        middle = (low + high) / 2
        if proven(tuple(rate * middle for rate in rates)) < PROOF_LIMIT:
            low = middle
        else:
            high = middle
    return high
