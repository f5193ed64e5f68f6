import pytest

from sluice.model.transitions import ImpossibleEventError
from sluice.rollout.phases import (
    AFTER_ROLLING_BACK,
    BEFORE_ROLLING,
    CANARY_IN_ROUTE,
    TABLE,
    Event,
    Phase,
    Stage,
    advance,
)

# The design's table in its own words: what leads where; everything else is impossible.
DESIGN = {
    "Healthy/Resting": {
        "Progressing/Creating": "CHANGED",
    },
    "Progressing/Creating": {
        "Progressing/Scaling": "CREATED",
        "RollingBack/Shifting": "FAILED SUPERSEDED WITHDRAWN DELETED",
    },
    "Progressing/Scaling": {
        "Progressing/Shifting": "CAPACITY_READY",
        "Progressing/Scaling": "CAPACITY_FELL",
        "RollingBack/Shifting": "FAILED SUPERSEDED WITHDRAWN DELETED",
    },
    "Progressing/Shifting": {
        "Progressing/Verifying": "WEIGHT_WRITTEN",
        "Progressing/Scaling": "CAPACITY_FELL",
        "RollingBack/Shifting": "FAILED SUPERSEDED WITHDRAWN DELETED",
    },
    "Progressing/Verifying": {
        "Progressing/Judging": "WEIGHT_VERIFIED",
        "Progressing/Baking": "BAKE_VERIFIED",
        "Progressing/Scaling": "CAPACITY_FELL",
        "RollingBack/Shifting": "FAILED SUPERSEDED WITHDRAWN DELETED",
    },
    "Progressing/Judging": {
        "Progressing/Scaling": "STEP_PASSED CAPACITY_FELL",
        "Promoting/Scaling": "PROMOTED_FULLY",
        "RollingBack/Shifting": "FAILED SUPERSEDED WITHDRAWN DELETED",
    },
    "Progressing/Baking": {
        "Promoting/Scaling": "BAKE_PASSED PROMOTED_FULLY",
        "Progressing/Scaling": "CAPACITY_FELL",
        "RollingBack/Shifting": "FAILED SUPERSEDED WITHDRAWN DELETED",
    },
    "Promoting/Scaling": {
        "Promoting/Shifting": "CAPACITY_READY",
        "Promoting/Scaling": "CAPACITY_FELL",
        "RollingBack/Shifting": "FAILED SUPERSEDED WITHDRAWN",
    },
    "Promoting/Shifting": {
        "Promoting/Rolling": "WEIGHT_VERIFIED",
        "Promoting/Scaling": "CAPACITY_FELL",
        "RollingBack/Shifting": "FAILED SUPERSEDED WITHDRAWN",
    },
    "Promoting/Rolling": {
        "Promoting/Returning": "ROLLED",
        "Promoting/Unifying": "INTERRUPTED",
        "Reverting/Filling": "FAILED SUPERSEDED WITHDRAWN",
    },
    "Promoting/Unifying": {
        "Promoting/Returning": "UNIFIED",
        "Reverting/Filling": "FAILED",
    },
    "Promoting/Returning": {
        "Promoting/Returning": "RETURN_STEP",
        "Promoting/Draining": "RETURNED",
        "Reverting/Filling": "FAILED",
    },
    "Promoting/Draining": {
        "Healthy/Resting": "DRAINED",
    },
    "Reverting/Filling": {
        "Reverting/Returning": "FILLED",
    },
    "Reverting/Returning": {
        "Reverting/Returning": "RETURN_STEP",
        "RollingBack/Draining": "RETURNED",
    },
    "RollingBack/Shifting": {
        "RollingBack/Draining": "WEIGHT_VERIFIED",
    },
    "RollingBack/Draining": {
        "RolledBack/Resting": "DRAINED",
    },
    "RolledBack/Resting": {
        "Progressing/Creating": "CHANGED RETRIED",
        "Healthy/Resting": "WITHDRAWN",
    },
}
EVERY_PAIR = [(stage, event) for stage in Stage for event in Event]


@pytest.mark.parametrize(("stage", "event"), EVERY_PAIR)
def test_every_pair_of_stage_and_event_follows_the_table_or_is_refused(
    stage: Stage, event: Event
) -> None:
    if event in TABLE[stage]:
        assert advance(stage, event) is TABLE[stage][event]
    else:
        with pytest.raises(ImpossibleEventError, match=event.name):
            advance(stage, event)


def test_the_table_is_the_one_of_the_design() -> None:
    led = {
        (stage, event): following
        for stage, rows in DESIGN.items()
        for following, events in rows.items()
        for event in events.split()
    }

    table = {
        (str(stage), event.name): str(following)
        for stage, events in TABLE.items()
        for event, following in events.items()
    }
    assert table == led


def test_the_table_names_every_stage_and_every_stage_is_reached() -> None:
    reached = {following for events in TABLE.values() for following in events.values()}

    assert set(TABLE) == set(Stage)
    assert reached | {Stage.HEALTHY} == set(Stage)


@pytest.mark.parametrize("stage", [s for s in Stage if s.phase is Phase.PROGRESSING])
@pytest.mark.parametrize("event", [Event.FAILED, Event.SUPERSEDED, Event.WITHDRAWN, Event.DELETED])
def test_everything_in_progressing_can_be_rolled_back(stage: Stage, event: Event) -> None:
    assert advance(stage, event) is Stage.ROLLING_BACK_SHIFTING


def test_deletion_lets_a_promotion_finish() -> None:
    promoting = [stage for stage in Stage if stage.phase is Phase.PROMOTING]

    assert not [stage for stage in promoting if Event.DELETED in TABLE[stage]]


def test_every_stage_leads_home() -> None:
    following = {stage: set(events.values()) for stage, events in TABLE.items()}
    following[Stage.ROLLING_BACK_DRAINING] |= set(AFTER_ROLLING_BACK)
    home = {Stage.HEALTHY}
    while True:
        more = {stage for stage, stages in following.items() if stages & home} | home
        if more == home:
            break
        home = more

    assert home == set(Stage)


def test_the_canary_leaves_the_route_before_it_is_drained() -> None:
    assert Stage.ROLLING_BACK_SHIFTING in CANARY_IN_ROUTE
    assert Stage.ROLLING_BACK_DRAINING not in CANARY_IN_ROUTE
    assert Stage.DRAINING not in CANARY_IN_ROUTE


def test_once_the_deployment_rolls_failure_reverts_instead() -> None:
    for stage in (Stage.ROLLING, Stage.UNIFYING, Stage.RETURNING):
        assert stage not in BEFORE_ROLLING
        assert advance(stage, Event.FAILED) is Stage.REVERTING_FILLING


def test_phase_and_stage_are_two_words() -> None:
    assert Stage.JUDGING.phase is Phase.PROGRESSING
    assert Stage.JUDGING.short == "Judging"
