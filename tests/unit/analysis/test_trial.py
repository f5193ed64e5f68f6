"""What is assumed of errors whose clustering was never measured."""

from dataclasses import replace

import pytest

from sluice.analysis.trial import phi_without_history
from tests.unit.analysis.counters import ERRORS, trial


@pytest.mark.parametrize(
    ("scrape_seconds", "phi"),
    [
        pytest.param(1.0, 4.0, id="short ticks"),
        pytest.param(2.0, 4.0, id="ticks in which evidence just grows tenfold"),
        pytest.param(2.5, 5.0, id="longer ones"),
        pytest.param(15.0, 5.0, id="much longer ones"),
    ],
)
def test_long_ticks_assume_more(scrape_seconds: float, phi: float) -> None:
    assert phi_without_history(scrape_seconds) == phi


@pytest.mark.parametrize(
    ("known", "phi"),
    [
        pytest.param({}, 5.0, id="never measured"),
        pytest.param({"another": 9.0}, 5.0, id="measured of another objective"),
        pytest.param({"errors": 9.0}, 9.0, id="measured"),
        pytest.param({"errors": 0.5}, 1.0, id="never below 1: that would invent evidence"),
    ],
)
def test_what_was_measured_counts(known: dict[str, float], phi: float) -> None:
    given = replace(trial(scrape_seconds=15.0), phi=known)

    assert given.overdispersion_of(ERRORS) == phi
