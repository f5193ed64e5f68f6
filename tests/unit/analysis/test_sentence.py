import pytest

from sluice.analysis import sentence
from sluice.analysis.counts import Counts
from sluice.analysis.outage import Streak
from sluice.analysis.reading import read
from sluice.analysis.state import SloState
from sluice.analysis.trial import Outage
from tests.unit.analysis.counters import EPOCH, ERRORS, gateway, trial

READING = read(ERRORS, gateway([], []), 1.0)
ARMS = (Counts(17.0, 900.0), Counts(41.0, 8100.0))


@pytest.mark.parametrize(
    ("evidence", "odds"),
    [
        pytest.param(2.345, "2.3:1", id="small odds with a decimal"),
        pytest.param(25.4, "25:1", id="whole numbers from ten on"),
        pytest.param(1234.0, "1,234:1", id="with separators"),
        pytest.param(1e250, "over 1,000,000:1", id="not more than anybody can grasp"),
    ],
)
def test_harm_is_told_with_numbers_and_limit(evidence: float, odds: str) -> None:
    assert sentence.harm(trial(), READING, ARMS, evidence) == (
        "17 of 900 canary requests failed (1.9%) against 41 of 8,100 on stable (0.51%); "
        f"evidence {odds} that it is more than 1.25x worse, limit 20:1"
    )


@pytest.mark.parametrize(
    ("canary", "needed", "text"),
    [
        pytest.param(
            Counts(0.0, 61.0),
            423.0,
            "only 61 canary requests, about 420 needed for a proof",
            id="too few requests",
        ),
        pytest.param(
            Counts(9.0, 2010.0),
            1900.0,
            "9 of 2,010 canary requests failed (0.45%), stable 0.51%; evidence 1:1 that it is "
            "good enough, needed 10:1",
            id="enough requests for a better canary",
        ),
    ],
)
def test_an_open_question_is_told_with_what_is_needed(
    canary: Counts, needed: float, text: str
) -> None:
    state = SloState(counted_until=EPOCH, canary=canary, stable=ARMS[1])

    assert sentence.still_open(READING, state, needed) == text


def test_an_outage_is_told_with_its_rule() -> None:
    streak = Streak(5, 5.0, Counts(40.0, 50.0), Counts(2.0, 450.0))

    assert sentence.outage(streak, Outage(0.3, 4.0)) == (
        "40 of 50 canary requests failed (80%) within 5s, limit 30% for 4s; stable 0.44%"
    )
