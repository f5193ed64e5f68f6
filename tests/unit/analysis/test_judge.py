"""Every verdict, with the sentence that says why."""

from dataclasses import replace

import pytest

from sluice.analysis.checkpoint import Checkpoint
from sluice.analysis.judge import judge
from sluice.analysis.slo import ArmData, Slo, SloData
from sluice.analysis.trial import Trial
from sluice.analysis.verdict import Judgement, Verdict
from sluice.model.metrics import MetricAnswer
from tests.unit.analysis.counters import (
    EPOCH,
    ERRORS,
    LATENCY,
    NOTHING,
    POD_ERRORS,
    Step,
    answer,
    arm,
    counter,
    gateway,
    histogram_arm,
    in_pods,
    series,
    trial,
)

GOOD: Step = (10.0, 0.0)
GOOD_STABLE: Step = (90.0, 0.0)
FAILING: Step = (10.0, 10.0)
ERRORS_OF_HALF: Step = (10.0, 5.0)


def judged(
    data: SloData, given: Trial | None = None, *, seconds: float, late: float = 0.0
) -> Judgement:
    """The judgement of one SLO so many seconds after `EPOCH`."""
    the_trial = given or trial()
    (slo,) = the_trial.slos
    return judge(the_trial, {slo.name: data}, None, EPOCH + seconds + late)


def steady(canary: Step, stable: Step, seconds: int) -> SloData:
    """The same traffic in each second, at a gateway."""
    return gateway([canary] * seconds, [stable] * seconds)


@pytest.mark.parametrize(
    ("data", "given", "seconds", "verdict", "sentence"),
    [
        pytest.param(
            gateway([GOOD] * 10 + [FAILING] * 4, [GOOD_STABLE] * 14),
            trial(),
            14,
            Verdict.OUTAGE,
            "40 of 40 canary requests failed (100%) within 4s, limit 30% for 4s; stable 0%",
            id="an outage: four seconds of nothing but errors",
        ),
        pytest.param(
            gateway([GOOD] * 20 + [(0.0, 0.0)] * 11, [GOOD_STABLE] * 31),
            trial(),
            31,
            Verdict.SILENCE,
            "the canary answered 0 requests within 10s, about 100 were expected at 10% from the "
            "900 of stable; limit 33.3% of them",
            id="silence: no answer for ten seconds",
        ),
        pytest.param(
            gateway([GOOD] * 60 + [(10.0, 2.0)] * 20, [(90.0, 0.45)] * 80),
            trial(),
            80,
            Verdict.HARM,
            "30 of 750 canary requests failed (4%) against 34 of 6,750 on stable (0.5%); "
            "evidence 29:1 that it is more than 1.25x worse, limit 20:1",
            id="harm: a fifth of the requests fails",
        ),
        pytest.param(
            steady(GOOD, GOOD_STABLE, 200),
            trial(),
            200,
            Verdict.PROVEN,
            "0 of 2,000 canary requests failed (0%), stable 0%; evidence 16:1 that it is below 2x "
            "stable or within the SLO of 1%, needed 10:1",
            id="proven by two thousand requests without error",
        ),
        pytest.param(
            gateway([(10.0, 0.5)] * 60, [(90.0, 2.7)] * 60),
            trial(),
            60,
            Verdict.ENVIRONMENT,
            "both versions exceed the SLO errors of 1% (canary 5%, stable 3%): it looks like the "
            "environment, not this release; the weight holds",
            id="environment: both versions over the SLO",
        ),
        pytest.param(
            steady(GOOD, GOOD_STABLE, 30),
            trial(),
            30,
            Verdict.OPEN,
            "only 300 canary requests, about 1,700 needed for a proof",
            id="open: too few requests",
        ),
        pytest.param(
            gateway([(10.0, 0.1)] * 200, [(90.0, 0.45)] * 200),
            trial(),
            200,
            Verdict.OPEN,
            "only 2,000 canary requests, about 9,700 needed for a proof",
            id="open: as many as it would take without errors, but there were some",
        ),
    ],
)
def test_the_verdict(
    data: SloData, given: Trial, seconds: float, verdict: Verdict, sentence: str
) -> None:
    found = judged(data, given, seconds=seconds)

    assert (found.verdict, found.sentence) == (verdict, sentence)
    assert found.slos[0].verdict is (Verdict.OPEN if verdict is Verdict.SILENCE else verdict)
