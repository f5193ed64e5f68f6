"""What happens to an init node: every state in every situation."""

from collections import Counter

import pytest

from sluice.startup.init.events import verdict
from sluice.startup.init.moves import noted, step_of
from sluice.startup.init.record import read_record
from sluice.startup.init.situation import Situation
from sluice.startup.init.states import TABLE, Event
from sluice.startup.init.stays import Stay
from tests.unit.startup.init.event_cases import CASES, Case
from tests.unit.startup.init.given import kept_in, record, situation


def seen(case: Case) -> Situation:
    given = dict(case.given)
    if given.get("record") == "broken":
        given["record"] = read_record(record().ref, kept_in(more={"version.43": "{"}))
    return situation(case.persisted, **given)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.said)
def test_what_happens(case: Case) -> None:
    found = verdict(seen(case))

    if isinstance(case.says, Event):
        assert found is case.says
    else:
        assert isinstance(found, Stay)
        assert found.why.startswith(case.says)
        assert bool(found.why) == bool(case.says)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.said)
def test_a_step_leads_on_and_a_stay_says_why(case: Case) -> None:
    given = seen(case)
    step, found = step_of(given), verdict(given)

    if isinstance(found, Stay):
        assert step is None
        assert noted(given).reasons == tuple(
            text[:120] for text in (found.why, found.next_step) if text
        )
    else:
        assert step is not None
        assert step.status.state is TABLE[given.status.state][found]


def test_every_sentence_stands_once() -> None:
    assert [said for said, count in Counter(c.said for c in CASES).items() if count > 1] == []


def test_every_transition_of_the_table_is_seen() -> None:
    shown = {(c.persisted.state, c.says) for c in CASES}
    missing = {
        (state.name, event.name)
        for state, events in TABLE.items()
        for event in events
        if (state, event) not in shown
    }

    assert missing == set()
