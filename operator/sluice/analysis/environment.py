"""Is an arm over its SLO now? If both are, the environment is to blame and not the release.

An incident has to end as well as begin, so this is a CUSUM chart (Page 1954) of the log likelihood
ratio «twice the SLO» against «the SLO», kept between 0 and a ceiling: what was good before does not
delay the alarm, and what was bad for long does not hold the weight back for as long again.
"""

import math

from sluice.analysis.counts import Counts
from sluice.analysis.evidence import HARM_LIMIT, log_cap
from sluice.analysis.likelihood import absolute, worse_share
from sluice.analysis.slo import Slo

EXCESS = 2.0
"""The chart is made for arms that are this many times over the SLO."""

OVER = math.log(HARM_LIMIT)
_CEILING = 2 * OVER


def charted(level: float, slo: Slo, arm: Counts, phi: float, seconds: float) -> float:
    """Return the chart's level after a tick of this length; at `OVER` the arm is over its SLO."""
    limit = slo.limit_share
    ratio = absolute(arm, limit, worse_share(limit, EXCESS)) / phi
    return min(max(level + min(ratio, log_cap(seconds)), 0.0), _CEILING)
