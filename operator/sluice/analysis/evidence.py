"""Evidence of harm: a mixture of likelihood ratios over the size and the onset of a regression.

Half of the wealth is bet on «bad from the start», spread over the sizes in `GROWTHS`; the other
half waits and is bet bit by bit, so that a regression which begins late is found as well. The
wealth that still waits after t seconds is `LATER` * H / (H + t): the bets never end, and a canary
that waits for days at a step is still watched. Wealth is an e-process: under «not worse» the
probability that it ever reaches 1/alpha is at most alpha (Ville's inequality).
"""

import math
from collections.abc import Iterable
from typing import TypeAlias

GROWTHS = (1.25, 1.5, 2.0, 3.0, 5.0, 8.0, 16.0, 32.0, 64.0, 128.0)
"""Sizes of a regression, as multiples of what is allowed."""

ALPHA = 0.05
"""The probability with which a harmless canary may be rolled back by evidence, per rollout."""

HARM_LIMIT = 1 / ALPHA

LATER = 0.5
"""The share of the wealth that is kept for regressions which begin later."""

HORIZON_SECONDS = 3600.0
"""H: half of what is kept has been bet after this time."""

LOG_TENFOLD = math.log(10)
TENFOLD_SECONDS = 2.0
"""Evidence grows at most tenfold in this time, so that no single burst decides."""

_CEILING = 1e250
"""Wealth stays far from infinity; less wealth is never wrong."""

Wealth: TypeAlias = tuple[float, ...]
"""What is bet on each size of `GROWTHS`."""

FIRST_BETS: Wealth = ((1 - LATER) / len(GROWTHS),) * len(GROWTHS)


def log_cap(seconds: float) -> float:
    """Return how much log evidence one tick of this length may add: tenfold at most."""
    return LOG_TENFOLD * min(1.0, seconds / TENFOLD_SECONDS)


def grow(bets: Wealth, age_seconds: float, seconds: float, ratios: Iterable[float]) -> Wealth:
    """Return the bets after a tick: new ones are placed, then each is multiplied by its ratio.

    age_seconds: how long evidence has been gathered before the tick; seconds: its length.
    ratios: log likelihood ratios in the order of `GROWTHS`, already divided by overdispersion.
    """
    placed = _waiting(age_seconds) * seconds / (HORIZON_SECONDS + age_seconds + seconds)
    more, cap = placed / len(GROWTHS), log_cap(seconds)
    return tuple(
        min((bet + more) * math.exp(min(ratio, cap)), _CEILING)
        for bet, ratio in zip(bets, ratios, strict=True)
    )


def wealth(bets: Wealth, age_seconds: float) -> float:
    """Return the e-value: what is bet and what still waits, 1 at the beginning."""
    return math.fsum(bets) + _waiting(age_seconds)


def _waiting(age_seconds: float) -> float:
    return LATER * HORIZON_SECONDS / (HORIZON_SECONDS + age_seconds)
