import math

import pytest

from sluice.analysis.counts import NONE, Counts
from sluice.analysis.proof import (
    NOTHING_PROVEN,
    PROOF_LIMIT,
    proven,
    ratios,
    requests_needed,
    strengthen,
)
from tests.unit.analysis.counters import ERRORS


def test_nothing_is_proven_at_the_beginning() -> None:
    assert proven(NOTHING_PROVEN) == 1


def test_requests_without_error_prove_by_the_slo_alone() -> None:
    """With the other half of the mean at 1, the e-value against the SLO has to reach 19.

    The reference simulation says 421: it takes the other half as 0 and asks for 20.
    """
    proof, requests = NOTHING_PROVEN, 0
    while proven(proof) < PROOF_LIMIT:
        proof = strengthen(proof, ratios(ERRORS, Counts(0.0, 1.0), NONE, 1.0))
        requests += 1

    assert requests == 414
    assert requests_needed(ERRORS, 0.0, 9.0, 1.0) == pytest.approx(requests, abs=1.5)


def test_overdispersion_asks_for_as_many_times_the_requests() -> None:
    independent = requests_needed(ERRORS, 0.0, 9.0, 1.0)
    clustered = requests_needed(ERRORS, 0.0, 9.0, 4.0)

    assert independent is not None
    assert clustered == pytest.approx(4 * independent, rel=0.01)


@pytest.mark.parametrize(
    ("share", "stable_per_canary", "phi", "low", "high"),
    [
        pytest.param(0.005, 9.0, 1.0, 2000, 3600, id="as stable at half the SLO"),
        pytest.param(0.2, 9.0, 1.0, 30, 120, id="quickly in an incident that hits both alike"),
    ],
)
def test_how_many_requests_prove(
    share: float, stable_per_canary: float, phi: float, low: float, high: float
) -> None:
    needed = requests_needed(ERRORS, share, stable_per_canary, phi)

    assert needed is not None
    assert low < needed < high


def test_without_stable_a_canary_over_the_slo_is_never_proven() -> None:
    assert requests_needed(ERRORS, 0.05, 0.0, 1.0) is None


def test_an_inferior_canary_is_rarely_proven() -> None:
    """Exact: all outcomes of a tick at both borders, twice as bad as stable and at the SLO."""
    canary, stable, share = 6, 6, ERRORS.limit_share / 2
    expected = 0.0
    for bad in range(canary + 1):
        for other in range(stable + 1):
            chance = math.comb(canary, bad) * (2 * share) ** bad * (1 - 2 * share) ** (canary - bad)
            chance *= math.comb(stable, other) * share**other * (1 - share) ** (stable - other)
            more = ratios(
                ERRORS,
                Counts(float(bad), float(canary)),
                Counts(float(other), float(stable)),
                1.0,
            )
            expected += chance * proven(strengthen(NOTHING_PROVEN, more))

    assert expected <= 1 + 1e-12


def test_a_proof_never_becomes_infinite() -> None:
    proof = NOTHING_PROVEN
    for _ in range(100):
        proof = strengthen(proof, ratios(ERRORS, Counts(0.0, 1e6), NONE, 1.0))

    assert math.isfinite(proven(proof))
