"""Every verdict, with the sentence that says why."""

from dataclasses import replace

import pytest

from sluice.analysis.judge import judge
from sluice.analysis.slo import SloData
from sluice.analysis.trial import Trial
from sluice.analysis.verdict import Judgement, Verdict
from tests.unit.analysis.counters import EPOCH, ERRORS, POD_ERRORS, Step, gateway, in_pods, trial

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
            "26 of 730 canary requests failed (3.6%) against 33 of 6,570 on stable (0.5%); "
            "evidence 23:1 that it is more than 1.25x worse, limit 20:1",
            id="harm: a fifth of the requests fails",
        ),
        pytest.param(
            steady(GOOD, GOOD_STABLE, 200),
            trial(),
            200,
            Verdict.PROVEN,
            "0 of 2,000 canary requests failed (0%), stable 0%; evidence 19:1 that it is below 2x "
            "stable or within the SLO of 1%, needed 10:1",
            id="proven by two thousand requests without error",
        ),
        pytest.param(
            gateway([(10.0, 0.5)] * 60, [(90.0, 2.7)] * 60),
            trial(),
            60,
            Verdict.ENVIRONMENT,
            "both versions exceed the SLO errors of 1% (canary 5%, stable 3% in the last minute): "
            "it looks like the environment, not this release",
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
            "only 2,000 canary requests, about 9,200 needed for a proof",
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


@pytest.mark.parametrize(
    ("data", "given", "seconds", "verdict"),
    [
        pytest.param(
            gateway([GOOD] * 10 + [ERRORS_OF_HALF] * 30, [GOOD_STABLE] * 10 + [(90.0, 45.0)] * 30),
            trial(),
            40,
            Verdict.PROVEN,
            id="an incident that hits both alike shows that they are alike",
        ),
        pytest.param(
            gateway([(10.0, 0.3)] * 60, [(90.0, 20.0)] * 60),
            trial(),
            60,
            Verdict.PROVEN,
            id="a fix goes through although both are over the SLO",
        ),
        pytest.param(
            gateway([(1000.0, 0.9)] * 120, [(9000.0, 0.0)] * 120),
            trial(phi=1.0),
            120,
            Verdict.PROVEN,
            id="worse than stable, but below a tenth of the SLO",
        ),
        pytest.param(
            gateway([(0.0, 0.0)] * 30, [(0.0, 0.0)] * 30),
            trial(),
            30,
            Verdict.OPEN,
            id="no traffic at all",
        ),
        pytest.param(
            gateway([ERRORS_OF_HALF] * 60, [GOOD_STABLE] * 60),
            trial(all_warm_from=EPOCH + 100),
            60,
            Verdict.OUTAGE,
            id="an outage counts while the pods warm up",
        ),
        pytest.param(
            gateway([(10.0, 2.0)] * 60, [GOOD_STABLE] * 60),
            trial(all_warm_from=EPOCH + 100),
            60,
            Verdict.OPEN,
            id="other errors do not count while the pods warm up",
        ),
        pytest.param(
            in_pods([FAILING] * 30, [GOOD_STABLE] * 30),
            trial(POD_ERRORS),
            30,
            Verdict.HARM,
            id="in pods even an outage is found by evidence",
        ),
        pytest.param(
            in_pods([FAILING] * 30, [GOOD_STABLE] * 30),
            trial(POD_ERRORS, warm_from={"canary-1": EPOCH + 100}),
            30,
            Verdict.OPEN,
            id="a pod that warms up does not count",
        ),
        pytest.param(
            in_pods([GOOD] * 20 + [(0.0, 0.0)] * 20, [GOOD_STABLE] * 40),
            trial(POD_ERRORS),
            40,
            Verdict.OPEN,
            id="in pods silence may be a lack of metrics",
        ),
        pytest.param(
            gateway([(100.0, 5.0)] * 60, [(0.0, 0.0)] * 60),
            trial(weight=100),
            60,
            Verdict.HARM,
            id="with all traffic the canary is compared with the SLO",
        ),
        pytest.param(
            gateway([(100.0, 0.0)] * 60, [(0.0, 0.0)] * 60),
            trial(weight=100),
            60,
            Verdict.PROVEN,
            id="with all traffic it is proven by the SLO alone",
        ),
        pytest.param(
            gateway([(0.0, 0.0)] * 60, [(100.0, 0.0)] * 60),
            trial(weight=100),
            60,
            Verdict.OPEN,
            id="with all traffic there is nothing to expect from stable",
        ),
        pytest.param(
            gateway([(0.0, 0.0)] * 60, [GOOD_STABLE] * 60),
            trial(step_started=EPOCH + 55),
            60,
            Verdict.OPEN,
            id="silence is not judged before the weight is the asked one",
        ),
        pytest.param(
            gateway([GOOD] * 60, [GOOD_STABLE] * 60),
            trial(replace(ERRORS, critical=False)),
            60,
            Verdict.OPEN,
            id="nothing is judged when nothing is critical",
        ),
        pytest.param(
            gateway([FAILING] * 60, [GOOD_STABLE] * 60),
            trial(replace(ERRORS, critical=False)),
            60,
            Verdict.OPEN,
            id="an SLO that is not critical decides nothing",
        ),
        pytest.param(
            gateway([FAILING], [GOOD_STABLE], step=15.0),
            trial(scrape_seconds=15.0),
            15,
            Verdict.OPEN,
            id="few requests in one tick of fifteen seconds are no outage at once",
        ),
    ],
)
def test_what_decides(data: SloData, given: Trial, seconds: float, verdict: Verdict) -> None:
    assert judged(data, given, seconds=seconds).verdict is verdict
