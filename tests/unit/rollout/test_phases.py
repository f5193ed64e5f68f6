import pytest

from sluice.rollout.phases import (
    AFTER_ROLLING_BACK,
    BEFORE_ROLLING,
    CANARY_IN_ROUTE,
    TABLE,
    Event,
    ImpossibleEventError,
    Phase,
    Stage,
    advance,
)

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
