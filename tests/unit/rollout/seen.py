"""What the gateway has counted, as the plan sees it."""

from dataclasses import replace

from sluice.model.json import Body
from sluice.model.kind import Observation
from sluice.model.metrics import MetricAnswer, MetricQuery, Series, labels_of
from sluice.rollout.arms import arms_of
from sluice.rollout.scene import Own, Scene, read_scene
from sluice.rollout.sources import arm_queries
from tests.unit.rollout.situation import NOW, SCRAPE_SECONDS, Situation

SECONDS = 60


def counted(per_second: float, until: float | None = None) -> MetricAnswer:
    """Return a counter that grows so fast, since a minute ago, and stands still after `until`."""
    instants = [NOW - back for back in range(SECONDS, -1, -1)]
    last = NOW if until is None else until
    values = [float(round(per_second * (min(at, last) - NOW + 1000))) for at in instants]
    series = Series(labels_of({"instance": "gateway"}), tuple(instants), tuple(values))
    return MetricAnswer((series,), NOW - SECONDS, NOW)


def observed(situation: Situation, canary: MetricAnswer, stable: MetricAnswer) -> Observation:
    """Return the observation in which the gateway has counted these requests, none of them bad."""
    own = Own.from_body(Body(situation.body))
    arms, slo = arms_of(own, ()), own.spec.analysis.slos[0]
    answers: dict[MetricQuery, MetricAnswer] = {}
    for arm, total in ((arms.canary, canary), (arms.stable, stable)):
        queries = arm_queries(slo, arm)
        answers |= {queries.total: total, queries.part: counted(0.0)}
        answers |= {} if queries.scrapes is None else {queries.scrapes: counted(1.0)}
    return replace(situation.observation(), answers=answers)


def seen(situation: Situation, canary: MetricAnswer, stable: MetricAnswer) -> Scene:
    """Return the same as the checks see it."""
    own = Own.from_body(Body(situation.body))
    return read_scene(observed(situation, canary, stable), own, SCRAPE_SECONDS)
