import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.rollout.capacity import least_weight, replicas_for, supported_weight

WEIGHTS = st.integers(0, 100)
SIZES = st.integers(0, 500)
READY = st.integers(0, 600)


@pytest.mark.parametrize(
    ("weight", "stable_size", "expected"),
    [
        pytest.param(1, 3, 1, id="needs one pod for a single percent of three"),
        pytest.param(10, 10, 1, id="needs exactly one of ten pods for ten percent"),
        pytest.param(11, 10, 2, id="rounds up past a whole pod"),
        pytest.param(50, 3, 2, id="rounds half of three up to two"),
        pytest.param(100, 7, 7, id="needs all for everything"),
        pytest.param(0, 10, 1, id="keeps one pod at weight 0"),
        pytest.param(100, 0, 1, id="needs one pod beside an empty stable version"),
    ],
)
def test_replicas_for(weight: int, stable_size: int, expected: int) -> None:
    assert replicas_for(weight, stable_size) == expected


@pytest.mark.parametrize(
    ("asked", "ready", "stable_size", "expected"),
    [
        pytest.param(50, 5, 10, 50, id="gives what was asked when all are ready"),
        pytest.param(50, 4, 10, 40, id="gives a tenth for each of ten pods"),
        pytest.param(50, 1, 3, 33, id="rounds down what one of three can carry"),
        pytest.param(12, 1, 10, 10, id="counts by pods and not by the part of the canary's size"),
        pytest.param(1, 1, 300, 0, id="gives nothing when a pod carries less than a percent"),
        pytest.param(50, 0, 10, 0, id="gives nothing without a ready pod"),
        pytest.param(10, 1, 0, 10, id="gives what was asked beside an empty stable version"),
        pytest.param(10, 9, 10, 10, id="never gives more than was asked"),
    ],
)
def test_supported_weight(asked: int, ready: int, stable_size: int, expected: int) -> None:
    assert supported_weight(asked, ready, stable_size) == expected


@given(WEIGHTS, READY, SIZES)
def test_supported_weight_is_never_above_asked(asked: int, ready: int, size: int) -> None:
    assert 0 <= supported_weight(asked, ready, size) <= asked


@given(WEIGHTS, SIZES)
def test_ready_replicas_carry_exactly_what_they_are_for(asked: int, size: int) -> None:
    assert supported_weight(asked, replicas_for(asked, size), size) == asked


@given(WEIGHTS, READY, SIZES)
def test_one_pod_more_never_carries_less(asked: int, ready: int, size: int) -> None:
    assert supported_weight(asked, ready, size) <= supported_weight(asked, ready + 1, size)


@given(st.integers(0, 99), READY, SIZES)
def test_a_higher_weight_never_needs_fewer_pods_nor_gets_less(
    asked: int, ready: int, size: int
) -> None:
    assert replicas_for(asked, size) <= replicas_for(asked + 1, size)
    assert supported_weight(asked, ready, size) <= supported_weight(asked + 1, ready, size)


@given(st.integers(1, 100), st.integers(1, 600), st.integers(1, 500))
def test_no_pod_carries_more_than_a_stable_pod_did(asked: int, ready: int, size: int) -> None:
    carried = supported_weight(asked, ready, size)

    assert carried * size <= 100 * ready


@given(WEIGHTS, READY, SIZES)
def test_least_weight_is_what_stable_cannot_carry(asked: int, ready: int, size: int) -> None:
    weight = least_weight(asked, ready, size)

    assert asked <= weight <= 100
    assert 100 - weight == supported_weight(100 - asked, ready, size)
