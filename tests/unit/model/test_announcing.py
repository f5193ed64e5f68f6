"""Which changes of conditions are told by an Event."""

import pytest

from sluice.model.announcing import announced
from sluice.model.conditions import Condition, Status
from sluice.model.plan import Note
from sluice.model.reasons import Reason

STARTING, SUSPENDED, COVERED = Reason.STARTING, Reason.SUSPENDED, Reason.NOT_COVERED


def condition(reason: Reason, kind: str = "Ready") -> Condition:
    return Condition(kind, Status.FALSE, str(reason), f"because {reason}", 0.0, 1)


def note(reason: Reason) -> Note:
    return Note(reason, f"because {reason}")


@pytest.mark.parametrize(
    ("before", "after", "given", "told"),
    [
        pytest.param([], [condition(SUSPENDED)], (), (note(SUSPENDED),), id="new"),
        pytest.param([condition(SUSPENDED)], [condition(SUSPENDED)], (), (), id="known"),
        pytest.param(
            [condition(STARTING)], [condition(SUSPENDED)], (), (note(SUSPENDED),), id="changed"
        ),
        pytest.param(
            [condition(SUSPENDED, "Covered")],
            [condition(SUSPENDED)],
            (),
            (note(SUSPENDED),),
            id="the same reason of another condition is news",
        ),
        pytest.param([], [condition(STARTING)], (), (), id="told of by others anyway"),
        pytest.param([], [condition(SUSPENDED, "Stalled")], (), (), id="a type that is not told"),
        pytest.param(
            [],
            [condition(SUSPENDED)],
            (Note(SUSPENDED, "with 7 numbers"),),
            (Note(SUSPENDED, "with 7 numbers"),),
            id="a note with that reason is enough",
        ),
        pytest.param(
            [],
            [condition(SUSPENDED), condition(COVERED, "Covered")],
            (note(STARTING),),
            (note(STARTING), note(SUSPENDED), note(COVERED)),
            id="the notes come first",
        ),
        pytest.param([condition(SUSPENDED)], [], (), (), id="nothing is left"),
    ],
)
def test_what_is_told(
    before: list[Condition],
    after: list[Condition],
    given: tuple[Note, ...],
    told: tuple[Note, ...],
) -> None:
    assert announced(before, after, ("Ready", "Covered"), {STARTING}, given) == told
