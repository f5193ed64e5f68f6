"""How unevenly bad requests fall on stable's pods: asked for, measured once, and kept."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from sluice.analysis.overdispersion import ENOUGH_SECONDS
from sluice.model.json import Body, JsonObject
from sluice.model.kind import Observation
from sluice.model.metrics import MetricAnswer, MetricQuery, Series, labels_of
from sluice.model.plan import Transition
from sluice.rollout.arms import arms_of
from sluice.rollout.intents import find_intent
from sluice.rollout.judging import judgement
from sluice.rollout.phases import Stage
from sluice.rollout.plan import plan
from sluice.rollout.scene import Own, read_scene
from sluice.rollout.selector import Arm
from sluice.rollout.sources import arm_queries
from sluice.rollout.wants import wants
from tests.builders import QUICK_ANALYSIS
from tests.unit.rollout.situation import NOW, SCRAPE_SECONDS, Situation, at, resting

IN_PODS: JsonObject = {
    "name": "errors",
    "errorRate": {"max": "1%", "maxRatio": 1.25},
    "source": {"preset": "podinfo"},
}
AT_GATEWAY: JsonObject = {**IN_PODS, "name": "edge", "source": {"preset": "traefik"}}
BOTH: JsonObject = {"analysis": {**QUICK_ANALYSIS, "slos": [IN_PODS, AT_GATEWAY]}}
PODS_SLO, GATEWAY_SLO = 0, 1
HISTORY_FROM = NOW - 60 - ENOUGH_SECONDS


def ahead(stage: Stage = Stage.SCALING) -> Situation:
    """Return the situation in which the canary has had no request yet."""
    return replace(at(stage, 0, started_at=None, stage_since=NOW - 5), spec=BOTH)


def under_way(stage: Stage, **status: object) -> Situation:
    """Return a situation later than that."""
    return replace(at(stage, **status), spec=BOTH)  # type: ignore[arg-type]  # any field, by its name


def canary_of(own: Own) -> Arm:
    return arms_of(own, ()).canary


def stable_of(own: Own) -> Arm:
    return arms_of(own, ()).stable


def wanted_since(situation: Situation, arm: Callable[[Own], Arm], slo: int) -> float:
    """Return since when the samples of an objective are wanted for a version."""
    own = Own.from_body(Body(situation.body))
    asked = arm_queries(own.spec.analysis.slos[slo], arm(own)).all
    found = wants(situation.body, situation.observation().found, SCRAPE_SECONDS).metrics
    (since,) = {want.since for want in found if want.query in asked}
    return since


@pytest.mark.parametrize(
    ("situation", "arm", "slo", "history"),
    [
        pytest.param(ahead(Stage.CREATING), stable_of, PODS_SLO, True, id="from the beginning"),
        pytest.param(ahead(), stable_of, PODS_SLO, True, id="until traffic is about to go"),
        pytest.param(ahead(), canary_of, PODS_SLO, False, id="the canary has none"),
        pytest.param(ahead(), stable_of, GATEWAY_SLO, False, id="a gateway tells no pods apart"),
        pytest.param(
            under_way(Stage.SHIFTING), stable_of, PODS_SLO, False, id="no longer with traffic"
        ),
        pytest.param(
            under_way(Stage.SCALING), stable_of, PODS_SLO, False, id="nor in a later step"
        ),
        pytest.param(
            ahead(Stage.ROLLING_BACK_DRAINING), stable_of, PODS_SLO, False, id="nor on the way back"
        ),
    ],
)
def test_the_hour_before_is_wanted(
    situation: Situation, arm: Callable[[Own], Arm], slo: int, *, history: bool
) -> None:
    assert (wanted_since(situation, arm, slo) <= HISTORY_FROM) is history


def bursts(pod: str, size: float, offset: float, **labels: str) -> Series:
    """Return a counter that grows by bursts, every five minutes."""
    instants = [HISTORY_FROM + second for second in range(int(NOW - HISTORY_FROM) + 1)]
    values = tuple(size * ((at - HISTORY_FROM + offset) // 300) for at in instants)
    given = labels_of({"job": "app", "instance": pod, "pod": pod, **labels})
    return Series(given, tuple(instants), values)


def requests(pod: str) -> Series:
    """Return a counter of ten requests per second."""
    even = bursts(pod, 0.0, 0.0)
    return replace(even, values=tuple(10 * (at - HISTORY_FROM) for at in even.timestamps))


def stable_history(covered_from: float = HISTORY_FROM) -> tuple[MetricAnswer, MetricAnswer]:
    """Return what two pods have counted: all requests, and bad ones in bursts of twenty."""
    total = (requests("a"), requests("b"))
    bad = (bursts("a", 20.0, 0.0, status="500"), bursts("b", 20.0, 150.0, status="500"))
    return MetricAnswer(total, covered_from, NOW), MetricAnswer(bad, covered_from, NOW)


def observed(situation: Situation, total: MetricAnswer, bad: MetricAnswer) -> Observation:
    """Return the observation in which stable's pods have counted this, and the canary nothing."""
    own = Own.from_body(Body(situation.body))
    asked = arm_queries(own.spec.analysis.slos[PODS_SLO], stable_of(own))
    answers: dict[MetricQuery, MetricAnswer] = {asked.total: total, asked.part: bad}
    return replace(situation.observation(), answers=answers)


def measured(observation: Observation) -> object:
    """Return the overdispersion with which traffic begins to go to the canary."""
    planned = plan(observation, SCRAPE_SECONDS)
    assert isinstance(planned, Transition)
    assert (planned.status["phase"], planned.status["stage"]) == ("Progressing", "Shifting")
    return planned.status["overdispersion"]


def test_bursts_are_measured_before_the_first_request() -> None:
    assert measured(observed(ahead(), *stable_history())) == [{"slo": "errors", "phi": 20.0}]


@pytest.mark.parametrize(
    "observation",
    [
        pytest.param(ahead().observation(), id="nothing was answered"),
        pytest.param(
            observed(ahead(), *stable_history(HISTORY_FROM + 900)), id="not all was answered yet"
        ),
    ],
)
def test_history_is_not_waited_for(observation: Observation) -> None:
    assert measured(observation) == [{"slo": "errors", "phi": 4.0}]


def test_a_later_step_keeps_what_was_measured() -> None:
    later = under_way(Stage.SCALING, stage_since=NOW - 5, overdispersion={"errors": 7.5})

    assert measured(observed(later, *stable_history())) == [{"slo": "errors", "phi": 7.5}]


def test_the_next_rollout_measures_anew() -> None:
    move = find_intent(resting(overdispersion={"errors": 7.5}).scene())

    assert move is not None
    assert move.status.overdispersion == {}


def test_evidence_rests_on_what_is_persisted() -> None:
    def evidence(phi: float) -> float:
        situation = under_way(Stage.JUDGING, judged_from=NOW - 60, overdispersion={"errors": phi})
        own = Own.from_body(Body(situation.body))
        slo = own.spec.analysis.slos[PODS_SLO]
        total, bad = stable_history()
        canary = arm_queries(slo, canary_of(own))
        failing = bursts("c", 0.0, 0.0, status="500")
        failing = replace(failing, values=tuple((at - HISTORY_FROM) for at in failing.timestamps))
        observation = observed(situation, total, bad)
        answers = {
            **observation.answers,
            canary.total: replace(total, series=(requests("c"),)),
            canary.part: replace(bad, series=(failing,)),
        }
        scene = read_scene(replace(observation, answers=answers), own, SCRAPE_SECONDS)
        found = judgement(scene)
        assert found is not None
        return found.slos[PODS_SLO].evidence

    assert evidence(40.0) < evidence(4.0)
