"""How far a weight has come: written, accepted, seen."""

from dataclasses import replace

import pytest

from sluice.model.json import Json
from sluice.model.metrics import MetricAnswer
from sluice.rollout.phases import Stage
from sluice.rollout.traffic import Settled, seen_weights, settling, verify_seconds
from tests.builders import NAME
from tests.unit.rollout.seen import counted, seen
from tests.unit.rollout.situation import NOW, Situation, at, resting, route


def verifying(weight: int, stage: Stage = Stage.VERIFYING) -> Situation:
    return at(stage, weight, stage_since=NOW - 3.5)


@pytest.mark.parametrize(
    ("weight", "canary", "stable", "state"),
    [
        pytest.param(10, counted(100), counted(900), Settled.SEEN, id="a tenth as asked"),
        pytest.param(10, counted(105), counted(895), Settled.SEEN, id="a tenth within chance"),
        pytest.param(10, counted(500), counted(500), Settled.WAITING, id="half instead"),
        pytest.param(10, counted(0), counted(1000), Settled.WAITING, id="nothing instead"),
        pytest.param(90, counted(89), counted(0), Settled.WAITING, id="no request elsewhere yet"),
        pytest.param(10, counted(0.5), counted(4.5), Settled.WAITING, id="too few to tell"),
        pytest.param(100, counted(100), counted(0), Settled.SEEN, id="everything"),
        pytest.param(100, counted(100), counted(1), Settled.WAITING, id="all but a few"),
        pytest.param(
            100, counted(100), counted(100, NOW - 3), Settled.SEEN, id="a few strayed at first"
        ),
        pytest.param(100, counted(0), counted(0), Settled.WAITING, id="everything of nothing"),
    ],
)
def test_the_share_that_is_seen(
    weight: int, canary: MetricAnswer, stable: MetricAnswer, state: Settled
) -> None:
    settled = settling(seen(verifying(weight), canary, stable))

    assert settled.state is state
    assert settled.done is (state is Settled.SEEN)
    assert f"asked {weight}%" in settled.sentence


def test_nothing_at_the_canary_any_more() -> None:
    situation = verifying(0, Stage.ROLLING_BACK_SHIFTING)

    assert settling(seen(situation, counted(0), counted(100))).state is Settled.SEEN


@pytest.mark.parametrize(
    ("situation", "state", "due"),
    [
        pytest.param(
            at(Stage.VERIFYING, stage_since=NOW - 1),
            Settled.WAITING,
            NOW + 3,
            id="until the time-out",
        ),
        pytest.param(at(Stage.VERIFYING), Settled.UNSEEN, None, id="then it goes unseen"),
        pytest.param(
            replace(at(Stage.VERIFYING), routes=(route(1),)),
            Settled.WRITING,
            None,
            id="not written",
        ),
        pytest.param(
            replace(at(Stage.VERIFYING, stage_since=NOW - 1), routes=(route(10, accepted=None),)),
            Settled.WAITING,
            NOW + 3,
            id="not yet accepted",
        ),
        pytest.param(
            replace(at(Stage.VERIFYING), routes=(route(10, accepted=False),)),
            Settled.REFUSED,
            None,
            id="refused for good",
        ),
    ],
)
def test_time(situation: Situation, state: Settled, due: float | None) -> None:
    settled = settling(situation.scene())

    assert (settled.state, settled.due_at) == (state, due)


BOTH: Json = {"gatewayAPI": {"httpRoutes": [{"name": NAME}, {"name": "second"}]}}


def test_every_route_has_to_carry_it() -> None:
    routes = (route(10), route(1, name="second"))
    situation = replace(at(Stage.VERIFYING), spec={"traffic": BOTH}, routes=routes)

    assert settling(situation.scene()).state is Settled.WRITING
    assert seen_weights(situation.scene()) == {NAME: 10, "second": 1}


def test_a_refused_route_is_named() -> None:
    routes = (route(10), route(10, name="second", accepted=False))
    situation = replace(at(Stage.VERIFYING), spec={"traffic": BOTH}, routes=routes)

    assert settling(situation.scene()).sentence.startswith("HTTPRoute second: ")


def test_a_route_without_the_canary_weighs_nothing() -> None:
    assert seen_weights(resting().scene()) == {NAME: 0}


def test_there_is_time_to_count_requests_however_rarely_they_are_scraped() -> None:
    scene = at(Stage.VERIFYING).scene()

    assert verify_seconds(scene) == 4
    assert verify_seconds(replace(scene, scrape_seconds=15.0)) == 37.5
