"""Log likelihood ratios of one tick, the atoms of every evidence.

Both are e-values: under the null hypothesis the expectation of their exponential is at most 1,
whatever the true shares are and however they change from tick to tick. So their products may be
looked at as often as one likes (Ville). Derivation and sources: Lindon & Malek 2022 (arXiv
2011.03567) for the split of errors between arms, Wald 1945 for one sample.
"""

import math

from sluice.analysis.counts import Counts


def relative(canary: Counts, stable: Counts, null: float, alternative: float) -> float:
    """Return the log evidence that the canary's bad share is `alternative` times stable's.

    The null hypothesis is «at most `null` times» when alternative > null, else «at least».
    """
    bad = canary.bad + stable.bad
    if not (bad and canary.total and stable.total):
        return 0.0
    expected = null * canary.total + stable.total
    claimed = alternative * canary.total + stable.total
    return canary.bad * math.log(alternative / null) + bad * math.log(expected / claimed)


def absolute(arm: Counts, null: float, alternative: float) -> float:
    """Return the log evidence that the arm's bad share is `alternative`; both shares in (0, 1).

    The null hypothesis is «at most `null`» when alternative > null, else «at least».
    """
    good = arm.total - arm.bad
    return arm.bad * math.log(alternative / null) + good * math.log((1 - alternative) / (1 - null))


def worse_share(null: float, growth: float) -> float:
    """Return a share `growth` times `null`, at most half way from `null` to 1."""
    return min(null * growth, (1 + null) / 2)
