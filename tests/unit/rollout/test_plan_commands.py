"""Commands that change no version: pause and resume, and what happens to the clocks."""

from dataclasses import replace

import pytest

from sluice.model.reasons import Reason
from sluice.rollout.commands import keep_time, moved_on, toggle_pause
from sluice.rollout.phases import Stage
from sluice.rollout.status import Rejected, RolloutStatus
from tests.unit.rollout.situation import NOW, REVISION, Situation, at, resting

PAUSE, RESUME = {"pause": f"{REVISION}#1"}, {"resume": f"{REVISION}#2"}
RUNS, STANDS = at(Stage.JUDGING), at(Stage.JUDGING, paused_by_command=True, paused_since=NOW - 9)


@pytest.mark.parametrize(
    ("situation", "paused"),
    [
        pytest.param(RUNS, None, id="no command"),
        pytest.param(replace(RUNS, annotations=PAUSE), True, id="pause"),
        pytest.param(replace(STANDS, annotations=RESUME), False, id="resume"),
        pytest.param(
            replace(RUNS, annotations={**PAUSE, **RESUME}), False, id="paused, then resumed unseen"
        ),
        pytest.param(
            replace(STANDS, annotations={**PAUSE, **RESUME}), True, id="resumed, then paused unseen"
        ),
        pytest.param(
            replace(RUNS, annotations={"pause": "other#1"}), None, id="pause of another version"
        ),
    ],
)
def test_pause_and_resume(situation: Situation, *, paused: bool | None) -> None:
    amended = toggle_pause(situation.scene())

    assert (None if amended is None else amended.status.paused_by_command) == paused
    if amended is not None:
        assert set(amended.status.consumed) == set(situation.annotations)


REJECTED = Rejected(REVISION, "Harm", "17 of 900", NOW - 60)


@pytest.mark.parametrize(
    ("situation", "revision"),
    [
        pytest.param(
            resting(Stage.ROLLED_BACK, rejected=REJECTED, paused_by_command=True),
            REVISION,
            id="rolled back",
        ),
        pytest.param(resting(paused_by_command=True), "stable", id="at the version that runs"),
    ],
)
def test_a_pause_that_outlived_its_rollout_can_be_ended(
    situation: Situation, revision: str
) -> None:
    amended = toggle_pause(replace(situation, annotations={"resume": f"{revision}#2"}).scene())

    assert amended is not None
    assert not amended.status.paused_by_command


@pytest.mark.parametrize(
    ("situation", "reason", "since"),
    [
        pytest.param(RUNS, None, None, id="time flows"),
        pytest.param(
            replace(RUNS, spec={"paused": True}), Reason.PAUSED, NOW, id="the spec stops it"
        ),
        pytest.param(
            at(Stage.JUDGING, paused_by_command=True), Reason.PAUSED, NOW, id="a command stops it"
        ),
        pytest.param(STANDS, None, None, id="it stands"),
        pytest.param(
            at(Stage.JUDGING, paused_since=NOW - 9), Reason.RESUMED, None, id="it goes on"
        ),
    ],
)
def test_the_clock(situation: Situation, reason: Reason | None, since: float | None) -> None:
    amended = keep_time(situation.scene())

    if amended is None:
        assert reason is None
        return
    assert [note.reason for note in amended.notes] == [reason]
    assert amended.status.paused_since == since


@pytest.mark.parametrize(
    ("instant", "later"),
    [
        pytest.param(NOW - 100, NOW - 70, id="one before the pause moves by all of it"),
        pytest.param(NOW - 10, NOW, id="one in the middle of it begins anew"),
    ],
)
def test_clocks_move_by_what_the_pause_took_of_them(instant: float, later: float) -> None:
    status = RolloutStatus(
        stage_since=instant, step_started_at=instant, bake_started_at=None, verified_at=instant
    )
    moved = moved_on(status, paused=NOW - 30, resumed=NOW)

    assert (moved.stage_since, moved.step_started_at, moved.verified_at) == (later, later, later)
    assert (moved.bake_started_at, moved.paused_since) == (None, None)
