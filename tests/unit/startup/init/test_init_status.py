"""The status of an init node comes back as it was written."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.model.json import Body
from sluice.startup.init.states import State
from sluice.startup.init.status import InitStatus
from tests.unit.startup.init.given import BEFORE, DONE, RUN, status
from tests.unit.startup.init.test_record import INSTANTS, OUTCOMES, RUNS, TEXTS

STATUSES = st.builds(
    InitStatus,
    TEXTS,
    st.sampled_from(State),
    INSTANTS,
    RUNS,
    TEXTS,
    TEXTS,
    OUTCOMES,
    TEXTS,
    st.lists(st.text(min_size=1), max_size=2).map(tuple),
)


@settings(deadline=None)  # a busy machine is no fault
@given(STATUSES)
def test_a_round_trip_changes_nothing(given: InitStatus) -> None:
    assert InitStatus.from_body(Body(given.to_json())) == given


def test_one_that_was_never_written_is_held() -> None:
    assert InitStatus.from_body(Body({"name": "migrate", "state": "Held"})) == InitStatus("migrate")


def test_what_is_empty_is_left_out() -> None:
    fresh = InitStatus("migrate", State.HELD, BEFORE)

    assert fresh.to_json().keys() == {"name", "state", "since", "init"}
    assert fresh.to_json()["init"] == {}
    assert (fresh.version, fresh.exit_code) == ("", None)
    assert (status(State.COMPLETE, outcome=DONE).version, DONE.exit_code) == ("43", 0)


@pytest.mark.parametrize("state", [state for state in State if state is not State.BLOCKED])
def test_one_without_its_run_is_held_and_reads_the_record_anew(state: State) -> None:
    torn = status(state, None)

    assert InitStatus.from_body(Body(torn.to_json())).state is State.HELD


@pytest.mark.parametrize("state", [State.RECORDING, State.COMPLETE, State.DIRTY, State.FAILED])
def test_one_without_its_outcome_as_well(state: State) -> None:
    torn = status(state, RUN)

    assert InitStatus.from_body(Body(torn.to_json())).state is State.HELD


@pytest.mark.parametrize("state", [State.RUNNING, State.MISMATCH])
def test_a_run_has_no_outcome_before_its_end(state: State) -> None:
    assert InitStatus.from_body(Body(status(state, RUN).to_json())).state is state
