"""The benchmark judges ticks; `judge` makes the same of the same requests as counters."""

from collections.abc import Iterable

import numpy as np
import pytest

from bench.false_rollbacks import (
    SLOS,
    Requests,
    first_rollback,
    healthy,
    percentile,
    seeded,
    wilson,
)
from sluice.analysis.judge import judge
from sluice.analysis.slo import SloData
from sluice.analysis.trial import phi_without_history
from sluice.analysis.verdict import Verdict
from tests.unit.analysis.counters import EPOCH, Step, arm, histogram_arm, trial

SECONDS = 300


def steps(total: Iterable[int], bad: Iterable[int]) -> list[Step]:
    return [(float(a), float(b)) for a, b in zip(total, bad, strict=True)]


def as_counters(canary: Requests, stable: Requests, scrape_seconds: int) -> dict[str, SloData]:
    """The same requests as counters of errors, and as histograms."""
    errors, latency = [], []
    for name, requests in (("canary", canary), ("stable", stable)):
        ticks = requests.per_tick(scrape_seconds)
        step = float(scrape_seconds)
        errors.append(arm(name, steps(ticks.total, ticks.failed), step=step))
        latency.append(histogram_arm(name, steps(ticks.total, ticks.slow), step=step))
    return {"errors": SloData(*errors), "latency": SloData(*latency)}


@pytest.mark.parametrize("scrape_seconds", [1, 15])
@pytest.mark.parametrize(
    ("noise", "rate", "seed"),
    [
        pytest.param("none", 10.0, 1, id="a healthy canary"),
        pytest.param("bursts", 400.0, 2, id="bursts"),
        pytest.param("stall", 10.0, 3, id="a stall"),
        pytest.param("refuse", 10.0, 4, id="a refusal"),
        pytest.param("broken", 10.0, 5, id="a canary of which a third fails"),
        pytest.param("worse", 10.0, 6, id="a canary of which a fifth fails"),
        pytest.param("silent", 10.0, 7, id="a canary that does not answer"),
        pytest.param("late", 10.0, 8, id="a canary that answers after five seconds"),
    ],
)
def test_the_benchmark_and_the_judgement_agree(
    noise: str, rate: float, seed: int, scrape_seconds: int
) -> None:
    generator = seeded(seed, noise)
    canary = healthy(generator, rate, 1, noise, SECONDS)
    stable = healthy(generator, 9 * rate, 9, noise, SECONDS)
    match noise:
        case "broken":
            canary = Requests(canary.total, canary.total * 2 // 5, canary.slow)
        case "worse":
            canary = Requests(canary.total, canary.total // 5, canary.slow)
        case "silent":
            canary = Requests(*(column * 0 for column in canary.columns))
        case "late":
            canary = Requests(*(np.where(np.arange(SECONDS) < 5, 0, c) for c in canary.columns))
        case _:
            pass
    seconds = float(scrape_seconds)
    given = trial(*SLOS, scrape_seconds=seconds, phi=phi_without_history(seconds))
    data = as_counters(canary, stable, scrape_seconds)

    found = judge(given, data, None, EPOCH + SECONDS)

    ends = {Verdict.OUTAGE, Verdict.HARM, Verdict.SILENCE}
    judged = str(found.verdict) if found.verdict in ends else None
    assert first_rollback(canary, stable, scrape_seconds) == judged
    expected = {"broken": "outage", "worse": "harm", "silent": "silence"}.get(noise)
    assert judged == expected


@pytest.mark.parametrize(
    ("values", "share", "value"),
    [
        pytest.param([3.0, 1.0, 2.0], 0.5, 2.0, id="the median"),
        pytest.param([1.0] * 9 + [5.0], 0.9, 1.0, id="nine of ten"),
        pytest.param([1.0, float("inf")], 0.9, None, id="not all were detected"),
    ],
)
def test_percentiles(values: list[float], share: float, value: float | None) -> None:
    assert percentile(values, share) == value


def test_the_interval_of_a_share() -> None:
    square = 1.959964**2

    assert wilson(0, 300) == pytest.approx((0.0, square / (300 + square)))
    assert wilson(300, 300) == pytest.approx((300 / (300 + square), 1.0))
