import math
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.analysis import harm
from sluice.analysis.counts import Counts
from sluice.analysis.evidence import (
    FIRST_BETS,
    GROWTHS,
    HORIZON_SECONDS,
    LATER,
    grow,
    log_cap,
    wealth,
)
from sluice.analysis.likelihood import absolute, worse_share
from tests.unit.analysis.counters import ERRORS, LATENCY

RATIOS = st.lists(st.floats(-1e6, 1e6), min_size=len(GROWTHS), max_size=len(GROWTHS))
NEUTRAL = [0.0] * len(GROWTHS)


def test_wealth_begins_at_one() -> None:
    assert wealth(FIRST_BETS, 0.0) == pytest.approx(1.0)


def test_ticks_that_say_nothing_leave_wealth_as_it_is() -> None:
    bets, age = FIRST_BETS, 0.0
    for _ in range(500):
        bets, age = grow(bets, age, 1.0, NEUTRAL), age + 1.0

    assert wealth(bets, age) == pytest.approx(1.0)


def test_half_of_what_waits_is_bet_after_the_horizon() -> None:
    after = grow(FIRST_BETS, 0.0, HORIZON_SECONDS, NEUTRAL)

    assert math.fsum(after) == pytest.approx(1 - LATER / 2)


@given(RATIOS, st.floats(0, 1e7), st.floats(0.1, 60))
def test_wealth_grows_at_most_tenfold_in_two_seconds_and_in_a_tick(
    ratios: list[float], age: float, seconds: float
) -> None:
    before = wealth(FIRST_BETS, age)

    after = wealth(grow(FIRST_BETS, age, seconds, ratios), age + seconds)

    assert after <= before * min(10.0, 10 ** (seconds / 2)) * (1 + 1e-12)


@pytest.mark.parametrize(
    ("seconds", "cap"),
    [
        pytest.param(1.0, math.sqrt(10), id="the square root of ten in a second"),
        pytest.param(2.0, 10.0, id="ten in two seconds"),
        pytest.param(15.0, 10.0, id="ten in a long tick"),
    ],
)
def test_the_cap_of_a_tick(seconds: float, cap: float) -> None:
    assert math.exp(log_cap(seconds)) == pytest.approx(cap)


def test_wealth_never_becomes_infinite() -> None:
    bets = FIRST_BETS
    for _ in range(2000):
        bets = grow(bets, 0.0, 2.0, [1e9] * len(GROWTHS))

    assert math.isfinite(wealth(bets, 0.0))


def test_a_regression_is_found_after_days_of_waiting() -> None:
    day = 86_400.0
    bets = grow((0.0,) * len(GROWTHS), 3 * day, 1.0, NEUTRAL)
    seconds = 0
    while wealth(bets, 3 * day) < 20:
        bets = grow(bets, 3 * day, 1.0, [2.0] * len(GROWTHS))
        seconds += 1

    assert seconds < 20


@pytest.mark.parametrize("phi", [1.0, 4.0])
def test_expected_wealth_is_at_most_one_after_two_ticks_of_a_harmless_canary(phi: float) -> None:
    """Exact: all outcomes of two ticks with four requests each, at the border of the null."""
    null, total = 0.2, 4
    outcomes = [
        (bad, math.comb(total, bad) * null**bad * (1 - null) ** (total - bad))
        for bad in range(total + 1)
    ]
    expected = 0.0
    for (first, chance), (second, other) in product(outcomes, repeat=2):
        bets, age = FIRST_BETS, 0.0
        for bad in (first, second):
            arm = Counts(float(bad), float(total))
            ratios = [absolute(arm, null, worse_share(null, growth)) / phi for growth in GROWTHS]
            bets, age = grow(bets, age, 15.0, ratios), age + 15.0
        expected += chance * other * wealth(bets, age)

    assert expected <= 1 + 1e-12


@pytest.mark.parametrize(
    ("evidence", "together"),
    [
        pytest.param((30.0, 0.0, 100.0), 15.0, id="the mean of the critical ones"),
        pytest.param((1.0, 1.0, 0.0), 1.0, id="one at the beginning"),
    ],
)
def test_the_evidence_of_several_slos(evidence: tuple[float, ...], together: float) -> None:
    slos = (ERRORS, LATENCY, replace(ERRORS, name="shadow", critical=False))

    assert harm.combined(slos, evidence) == together
    assert harm.parts(slos, evidence)[2] == evidence[2]


def test_nothing_harms_where_nothing_is_critical() -> None:
    assert harm.combined((replace(ERRORS, critical=False),), (1e9,)) == 0


def test_the_slo_with_most_evidence_is_to_blame_among_the_critical() -> None:
    slos = (ERRORS, LATENCY, replace(ERRORS, name="shadow", critical=False))

    assert harm.blamed(slos, (1.0, 2.0, 3.0)) == 1
