import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.analysis.checkpoint import Checkpoint, needed_since, settled_seconds
from sluice.analysis.counts import Counts
from sluice.analysis.evidence import GROWTHS
from sluice.analysis.outage import Streak
from sluice.analysis.proof import NOTHING_PROVEN
from sluice.analysis.samples import gap_seconds
from sluice.analysis.state import SloState
from sluice.model.json import Body, Json, MalformedError
from tests.unit.analysis.counters import EPOCH, ERRORS, trial

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


def counts() -> st.SearchStrategy[Counts]:
    return st.builds(Counts, NUMBERS, NUMBERS)


def tuples(length: int) -> st.SearchStrategy[tuple[float, ...]]:
    return st.lists(NUMBERS, min_size=length, max_size=length).map(tuple)


STATES = st.builds(
    SloState,
    counted_until=NUMBERS,
    age_seconds=NUMBERS,
    harm=tuples(len(GROWTHS)),
    floor=tuples(len(GROWTHS)),
    proof=tuples(len(NOTHING_PROVEN)),
    canary_over=NUMBERS,
    stable_over=NUMBERS,
    canary=counts(),
    stable=counts(),
    streak=st.builds(Streak, st.integers(0, 10_000), NUMBERS, counts(), counts()),
)


@given(NUMBERS, st.dictionaries(st.text(min_size=1, max_size=8), STATES, max_size=2))
def test_what_is_written_is_read_exactly(step: float, states: dict[str, SloState]) -> None:
    checkpoint = Checkpoint(step, states)
    text = json.dumps(checkpoint.to_json())

    assert Checkpoint.from_body(Body(json.loads(text))) == checkpoint


def test_five_slos_take_less_than_four_kibibytes() -> None:
    """With every number as long as a float can be written."""
    long = 0.1234567890123456789
    state = SloState(
        counted_until=EPOCH + 0.123,
        age_seconds=600 + long,
        harm=(long * 1e-5,) * len(GROWTHS),
        floor=(long * 1e-5,) * len(GROWTHS),
        proof=(-1234 - long,) * len(NOTHING_PROVEN),
        canary_over=long,
        stable_over=long,
        canary=Counts(123_456.0, 12_345_678.0),
        stable=Counts(123_456.0, 123_456_789.0),
    )
    checkpoint = Checkpoint(EPOCH + 0.456, {f"a-long-name-{number}": state for number in range(5)})

    assert len(json.dumps(checkpoint.to_json())) < 4096


def test_a_checkpoint_says_how_far_it_has_counted() -> None:
    states = {"a": SloState(counted_until=5.0), "b": SloState(counted_until=3.0)}

    assert Checkpoint(0.0, states).counted_until == 3.0
    assert Checkpoint(0.0, states).to_json()["countedUntil"] == 3.0
    assert Checkpoint(0.0, {}).counted_until == 0.0


@pytest.mark.parametrize(
    ("logs", "message"),
    [
        pytest.param(None, "logs", id="nothing"),
        pytest.param("{", "logs", id="a text that is not JSON"),
        pytest.param("[]", "expected an object", id="JSON of another shape"),
        pytest.param('{"states": {}}', "stepStarted", id="no step"),
        pytest.param(
            '{"stepStarted": 1, "states": {"errors": [1, 2]}}', "errors", id="too few numbers"
        ),
        pytest.param('{"stepStarted": 1, "states": {"errors": 7}}', "finite numbers", id="no list"),
        pytest.param(
            json.dumps({"stepStarted": 1, "states": {"errors": ["x"] * 42}}),
            "errors",
            id="texts in place of numbers",
        ),
        pytest.param(
            json.dumps({"stepStarted": 1, "states": {"errors": [float("nan")] * 42}}),
            "errors",
            id="numbers that are none",
        ),
    ],
)
def test_anything_else_is_malformed(logs: str | None, message: str) -> None:
    body: dict[str, Json] = {} if logs is None else {"logs": logs}
    with pytest.raises(MalformedError, match=message):
        Checkpoint.from_body(Body(body, "status.checkpoint"))


def test_samples_are_needed_since_a_gap_and_a_window_before_what_is_counted() -> None:
    known = Checkpoint(EPOCH, {ERRORS.name: SloState(counted_until=EPOCH + 100)})

    assert needed_since(trial(), known, ERRORS.name) == EPOCH + 100 - gap_seconds(1.0) - 60
    assert needed_since(trial(), known, "another") == EPOCH - gap_seconds(1.0) - 60
    assert needed_since(trial(), None, ERRORS.name) == EPOCH - gap_seconds(1.0) - 60


@pytest.mark.parametrize(
    ("scrape_seconds", "lag", "gap"),
    [pytest.param(1.0, 6.0, 60.0, id="1 s"), pytest.param(60.0, 65.0, 240.0, id="60 s")],
)
def test_samples_are_settled_an_interval_and_a_commit_later(
    scrape_seconds: float, lag: float, gap: float
) -> None:
    assert settled_seconds(scrape_seconds) == lag
    assert gap_seconds(scrape_seconds) == gap


def test_a_new_step_keeps_harm_and_drops_the_rest() -> None:
    state = SloState(
        counted_until=9.0, harm=(2.0,) * 10, proof=(1.0,) * 8, canary=Counts(1, 2), age_seconds=5.0
    )

    assert state.for_new_step() == replace(
        SloState(counted_until=9.0), harm=(2.0,) * 10, age_seconds=5.0
    )
