import math
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.analysis.counts import Counts
from sluice.analysis.likelihood import absolute, relative, worse_share

NULLS = st.sampled_from([1.0, 1.25, 2.0])
GROWTHS = st.floats(1.05, 200)
TOTALS = st.integers(0, 10_000)


@st.composite
def arms(draw: st.DrawFn) -> Counts:
    total = draw(TOTALS)
    return Counts(float(draw(st.integers(0, total))), float(total))


def binomial(total: int, share: float) -> Iterator[tuple[int, float]]:
    """Every count of bad requests with its probability."""
    for bad in range(total + 1):
        yield bad, math.comb(total, bad) * share**bad * (1 - share) ** (total - bad)


def expectation(
    sizes: tuple[int, int], shares: tuple[float, float], bet: tuple[float, float]
) -> float:
    """The exact expectation of the e-value of one tick; sizes and shares of canary and stable."""
    return math.fsum(
        canary_chance
        * stable_chance
        * math.exp(
            relative(
                Counts(float(canary), float(sizes[0])), Counts(float(stable), float(sizes[1])), *bet
            )
        )
        for canary, canary_chance in binomial(sizes[0], shares[0])
        for stable, stable_chance in binomial(sizes[1], shares[1])
    )


@pytest.mark.parametrize("sizes", [(1, 1), (5, 9), (3, 30), (20, 2)])
@pytest.mark.parametrize("stable", [0.001, 0.02, 0.3])
@pytest.mark.parametrize(
    ("null", "growth", "times_null"),
    [
        pytest.param(1.25, 1.5, 1.0, id="harm at the border of the null hypothesis"),
        pytest.param(1.25, 100.0, 1.0, id="a bet on great harm at the border"),
        pytest.param(1.25, 3.0, 0.4, id="harm when the canary is better than allowed"),
        pytest.param(1.0, 2.0, 0.0, id="harm when the canary has no bad requests at all"),
        pytest.param(2.0, 0.5, 1.0, id="non-inferiority at its border"),
        pytest.param(2.0, 0.1, 1.6, id="non-inferiority when the canary is far worse"),
    ],
)
def test_two_samples_are_an_e_value(
    sizes: tuple[int, int], stable: float, null: float, growth: float, times_null: float
) -> None:
    shares = (min(1.0, null * stable * times_null), stable)

    assert expectation(sizes, shares, (null, null * growth)) <= 1 + 1e-12


@pytest.mark.parametrize("total", [1, 10, 120])
@pytest.mark.parametrize(
    ("null", "alternative", "true"),
    [
        pytest.param(0.01, 0.02, 0.01, id="harm at the border"),
        pytest.param(0.01, 0.505, 0.005, id="harm below the border"),
        pytest.param(0.2, 0.6, 0.0, id="harm without bad requests"),
        pytest.param(0.01, 0.001, 0.01, id="non-inferiority at the border"),
        pytest.param(0.01, 0.0075, 0.4, id="non-inferiority beyond it"),
    ],
)
def test_one_sample_is_an_e_value(total: int, null: float, alternative: float, true: float) -> None:
    expected = math.fsum(
        chance * math.exp(absolute(Counts(float(bad), float(total)), null, alternative))
        for bad, chance in binomial(total, true)
    )

    assert expected <= 1 + 1e-12


@given(arms(), NULLS, GROWTHS)
def test_an_arm_without_requests_says_nothing(one: Counts, null: float, growth: float) -> None:
    assert relative(one, Counts(0, 0), null, null * growth) == 0
    assert relative(Counts(0, 0), one, null, null * growth) == 0


@given(TOTALS, TOTALS, NULLS, GROWTHS)
def test_no_bad_requests_say_nothing(canary: int, stable: int, null: float, growth: float) -> None:
    assert relative(Counts(0, canary), Counts(0, stable), null, null * growth) == 0


@given(arms(), arms(), NULLS, GROWTHS)
def test_more_bad_requests_of_the_canary_are_more_evidence(
    canary: Counts, stable: Counts, null: float, growth: float
) -> None:
    worse = Counts(canary.bad + 1, canary.total + 1)
    as_many = Counts(canary.bad, canary.total + 1)

    assert relative(worse, stable, null, null * growth) >= relative(
        as_many, stable, null, null * growth
    )


@given(arms(), arms(), NULLS, GROWTHS)
def test_more_bad_requests_of_stable_are_less_evidence(
    canary: Counts, stable: Counts, null: float, growth: float
) -> None:
    worse = Counts(stable.bad + 1, stable.total + 1)
    as_many = Counts(stable.bad, stable.total + 1)

    assert relative(canary, worse, null, null * growth) <= relative(
        canary, as_many, null, null * growth
    )


@given(arms(), arms(), NULLS, GROWTHS)
def test_a_tick_split_in_equal_halves_adds_up(
    canary: Counts, stable: Counts, null: float, growth: float
) -> None:
    half_canary = Counts(canary.bad / 2, canary.total / 2)
    half_stable = Counts(stable.bad / 2, stable.total / 2)

    whole = relative(canary, stable, null, null * growth)
    halves = 2 * relative(half_canary, half_stable, null, null * growth)

    assert math.isclose(whole, halves, rel_tol=1e-9, abs_tol=1e-9)


@given(st.floats(1e-6, 1 - 1e-6), GROWTHS)
def test_a_worse_share_is_a_share_and_worse(null: float, growth: float) -> None:
    assert null < worse_share(null, growth) < 1


@given(arms(), arms(), NULLS, GROWTHS)
def test_integers_and_floats_agree(
    canary: Counts, stable: Counts, null: float, growth: float
) -> None:
    ratio, worse = null * growth, worse_share(0.01, growth)
    whole_canary, whole_stable = (Counts(int(arm.bad), int(arm.total)) for arm in (canary, stable))

    in_whole_numbers = relative(whole_canary, whole_stable, null, ratio)
    assert in_whole_numbers == relative(canary, stable, null, ratio)
    assert absolute(whole_canary, 0.01, worse) == absolute(canary, 0.01, worse)
