"""The evidence of harm of several SLOs together.

It is the mean over the critical ones: the mean of e-values is an e-value whatever their dependence
(Vovk & Wang 2021, arXiv 1912.06116). So one alpha covers all SLOs and the whole rollout.
"""

from collections.abc import Sequence
from math import fsum

from sluice.analysis.slo import Slo


def parts(slos: Sequence[Slo], evidence: Sequence[float]) -> tuple[float, ...]:
    """Return the part of each SLO, of which the critical ones add up to the combined evidence.

    A non-critical SLO stands for itself. evidence: the e-value of harm of each SLO.
    """
    critical = sum(slo.critical for slo in slos)
    return tuple(
        value / critical if slo.critical else value
        for slo, value in zip(slos, evidence, strict=True)
    )


def combined(slos: Sequence[Slo], evidence: Sequence[float]) -> float:
    """Return the e-value that the canary harms any critical SLO, 0 when none is critical."""
    pairs = zip(slos, parts(slos, evidence), strict=True)
    return fsum(part for slo, part in pairs if slo.critical)


def blamed(slos: Sequence[Slo], evidence: Sequence[float]) -> int:
    """Return the index of the critical SLO with the most evidence."""
    critical = (index for index, slo in enumerate(slos) if slo.critical)
    return max(critical, key=lambda index: evidence[index])
