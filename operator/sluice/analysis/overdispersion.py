"""Overdispersion (phi): how much more unevenly bad requests fall on equal pods than chance has it.

Bad requests cluster: clients retry, one pod has a bad minute. Counted as independent they would
prove what is not so; log evidence is therefore divided by phi. It is taken from stable pods before
a rollout, each of which plays the canary in turn (an A/A comparison):

    d = mean of (x - m s)^2 / (m s (1 - s))   over pods and blocks of time with m > 0
    phi = max(1, d for blocks of 15 s, 60 s and 300 s)

x: the pod's bad requests, m: those of all pods, s: the pod's share of all requests, in the block.
d is the Pearson dispersion statistic of a binomial split (McCullagh & Nelder 1989, section 4.5).
"""

import math
from collections.abc import Iterator, Sequence
from functools import reduce
from operator import add

from sluice.analysis.counts import NONE, Counts
from sluice.analysis.reading import Arm, Reading, read
from sluice.analysis.scrapes import Target, target_of
from sluice.analysis.slo import ArmData, Slo, SloData
from sluice.analysis.trial import phi_without_history

BLOCK_SECONDS = (15, 60, 300)
"""A scrape interval longer than the shortest takes its place; the others are multiples of it."""

ENOUGH_SECONDS = 3600.0
ENOUGH_BLOCKS = 10
"""History shorter than this, or with bad requests in fewer blocks, tells nothing."""

MOST_PODS = 10
"""Enough to compare, and an hour of more would hold up the judgement of other rollouts."""


def overdispersion(slo: Slo, history: ArmData, scrape_seconds: float) -> float:
    """Return phi of an SLO from the counters of the stable pods.

    scrape_seconds: the scrape interval. Without enough history phi is what is assumed, or more.
    """
    assumed = phi_without_history(scrape_seconds)
    reading = read(slo, SloData(history, history), scrape_seconds)
    answers = history.answers
    start = max(answer.covered_from for answer in answers)
    until = min(answer.covered_until for answer in answers)
    pods = _pods(reading)
    if until - start < ENOUGH_SECONDS or len(pods) < 2:  # noqa: PLR2004 - one differs from none
        return assumed
    shortest = max(BLOCK_SECONDS[0], scrape_seconds)
    blocks = _blocks(reading, pods, start, until, shortest)
    dispersions = [
        _dispersion(_joined(blocks, max(1, round(seconds / shortest)))) for seconds in BLOCK_SECONDS
    ]
    known = [dispersion for dispersion in dispersions if dispersion is not None]
    least = 1.0 if len(known) == len(BLOCK_SECONDS) else assumed
    return max([least, *known])


def _pods(reading: Reading) -> list[Arm]:
    """Return the counters of each target, of `MOST_PODS` at most."""
    series = (*reading.canary.total, *reading.canary.part)
    targets: list[Target] = sorted({target_of(one) for one in series})[:MOST_PODS]
    return [
        Arm(
            tuple(one for one in reading.canary.total if target_of(one) == target),
            tuple(one for one in reading.canary.part if target_of(one) == target),
        )
        for target in targets
    ]


def _blocks(
    reading: Reading, pods: Sequence[Arm], start: float, until: float, seconds: float
) -> list[tuple[Counts, ...]]:
    """Return the counts of each pod, by block."""
    number = math.floor((until - start) / seconds)
    ends = [start + seconds * (index + 1) for index in range(number)]
    by_pod = [reading.counts(pod, start, ends, lambda _: start) for pod in pods]
    return list(zip(*by_pod, strict=True))


def _joined(blocks: Sequence[tuple[Counts, ...]], number: int) -> list[tuple[Counts, ...]]:
    """Return blocks that are this number of times as long; a rest at the end is left out."""
    return [
        tuple(reduce(add, counts, NONE) for counts in zip(*blocks[end - number : end], strict=True))
        for end in range(number, len(blocks) + 1, number)
    ]


def _dispersion(blocks: Sequence[tuple[Counts, ...]]) -> float | None:
    """Return the mean dispersion, None when too few blocks have bad requests."""
    bad = [block for block in blocks if any(counts.bad for counts in block)]
    terms = [term for block in bad for term in _terms(block)]
    if len(bad) < ENOUGH_BLOCKS or not terms:
        return None
    return math.fsum(terms) / len(terms)


def _terms(block: tuple[Counts, ...]) -> Iterator[float]:
    everything = reduce(add, block, NONE)
    for pod in block:
        share = pod.total / everything.total
        if 0 < share < 1:
            expected = everything.bad * share
            yield (pod.bad - expected) ** 2 / (expected * (1 - share))
