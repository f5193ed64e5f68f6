"""Missing metrics hold a rollout and never fail it; absent series may just be absent requests."""

from dataclasses import replace

import pytest

from sluice.analysis.judge import judge
from sluice.analysis.slo import ArmData, Slo, SloData
from sluice.analysis.verdict import Judgement, Verdict
from sluice.model.metrics import MetricAnswer, Series
from tests.unit.analysis.counters import (
    EPOCH,
    ERRORS,
    LATENCY,
    NOTHING,
    POD_ERRORS,
    answer,
    arm,
    counter,
    gateway,
    histogram_arm,
    in_pods,
    series,
    trial,
)

STEPS = [(10.0, 0.0)] * 20
STABLE = [(90.0, 0.0)] * 20
NOW = EPOCH + 20
DOWN = replace(NOTHING, failing_since=EPOCH + 3, error="connection refused")
UP = series([1.0] * 21, __name__="up", instance="10.0.0.1")


def judged(data: SloData, slo: Slo = ERRORS, now: float = NOW, weight: int = 10) -> Judgement:
    return judge(trial(slo, weight=weight), {slo.name: data}, None, now)


def failing(data: SloData, since: float, error: str) -> SloData:
    """Data whose questions have failed since an instant."""

    def failed(one: MetricAnswer) -> MetricAnswer:
        return replace(one, failing_since=since, error=error)

    return SloData(
        *(ArmData(failed(one.total), failed(one.part)) for one in (data.canary, data.stable))
    )


@pytest.mark.parametrize(
    ("data", "slo", "now", "missing"),
    [
        pytest.param(
            SloData(ArmData(NOTHING, NOTHING), ArmData(NOTHING, NOTHING)),
            ERRORS,
            NOW,
            "Prometheus has not answered yet",
            id="nothing was answered yet",
        ),
        pytest.param(
            SloData(ArmData(DOWN, DOWN), ArmData(DOWN, DOWN)),
            ERRORS,
            NOW,
            "Prometheus has not answered yet: connection refused",
            id="no answer ever, with the reason",
        ),
        pytest.param(
            SloData(ArmData(answer(), answer()), ArmData(answer(), answer())),
            ERRORS,
            NOW,
            "there are no series of the gateway",
            id="answers without a single series",
        ),
        pytest.param(
            gateway(STEPS, STABLE),
            ERRORS,
            NOW + 8,
            "there are no new samples of the gateway for 8s, since 2027-01-15T08:00:20.000Z",
            id="the gateway is not scraped any more",
        ),
        pytest.param(
            failing(gateway(STEPS, STABLE), EPOCH + 21, "HTTP 503"),
            ERRORS,
            NOW + 40,
            "there are no new samples of the gateway for 40s, since 2027-01-15T08:00:20.000Z: "
            "HTTP 503",
            id="Prometheus has failed for a while",
        ),
        pytest.param(
            SloData(ArmData(answer(), answer()), in_pods(STEPS, STABLE).stable),
            POD_ERRORS,
            NOW,
            "there are no series of the canary",
            id="no pod of the canary is scraped",
        ),
        pytest.param(
            SloData(in_pods(STEPS[:5], STABLE).canary, in_pods(STEPS, STABLE).stable),
            POD_ERRORS,
            NOW,
            "there are no new samples of the canary for 15s, since 2027-01-15T08:00:05.000Z",
            id="the canary's pods are not scraped any more",
        ),
        pytest.param(
            SloData(in_pods(STEPS, STABLE).canary, in_pods(STEPS, STABLE[:5]).stable),
            POD_ERRORS,
            NOW,
            "there are no new samples of stable for 15s, since 2027-01-15T08:00:05.000Z",
            id="stable's pods are not scraped any more",
        ),
        pytest.param(
            SloData(
                histogram_arm("canary", STEPS, bounds=("0.5", "+Inf")),
                histogram_arm("stable", STEPS, bounds=("1.0", "+Inf")),
            ),
            LATENCY,
            NOW,
            "the histograms have no bucket bound in common",
            id="two layouts of buckets",
        ),
    ],
)
def test_what_is_missing_is_said(data: SloData, slo: Slo, now: float, missing: str) -> None:
    found = judged(data, slo, now)

    assert found.verdict is Verdict.NO_DATA
    assert found.sentence == (f"{slo.name}: {missing}; check Prometheus and the selectors")
    assert found.slos[0].verdict is Verdict.NO_DATA
    assert found.slos[0].note == missing


@pytest.mark.parametrize(
    ("data", "slo", "now", "weight"),
    [
        pytest.param(
            failing(gateway(STEPS, STABLE), EPOCH + 19, "timeout"),
            ERRORS,
            NOW,
            10,
            id="a question that failed just now",
        ),
        pytest.param(
            gateway(STEPS, STABLE), ERRORS, NOW + 7, 10, id="two ticks and the time samples take"
        ),
        pytest.param(
            SloData(
                ArmData(answer(until=NOW), answer(until=NOW)), gateway(STEPS, STABLE[:3]).stable
            ),
            ERRORS,
            EPOCH + 4,
            10,
            id="no series of the canary: the gateway has sent it no request yet",
        ),
        pytest.param(
            SloData(
                ArmData(answer(until=NOW), answer(until=NOW), answer(UP)),
                in_pods(STEPS, STABLE).stable,
            ),
            POD_ERRORS,
            NOW,
            10,
            id="no series of the canary's pods: they are scraped and had no request yet",
        ),
        pytest.param(
            SloData(in_pods(STEPS, STABLE).canary, ArmData(NOTHING, NOTHING)),
            POD_ERRORS,
            NOW,
            100,
            id="no stable pods at 100%",
        ),
        pytest.param(
            SloData(
                ArmData(answer(until=NOW), answer(until=NOW), answer(UP)),
                ArmData(answer(until=NOW), answer(until=NOW), answer(UP)),
            ),
            LATENCY,
            NOW,
            10,
            id="no histogram before the first request",
        ),
    ],
)
def test_what_is_not_missing(data: SloData, slo: Slo, now: float, weight: int) -> None:
    assert judged(data, slo, now, weight).verdict is Verdict.OPEN


def test_failed_scrapes_are_no_fresh_samples() -> None:
    down = series([1.0] * 5 + [0.0] * 16, __name__="up", instance="10.0.0.1")
    data = SloData(
        ArmData(answer(until=NOW), answer(until=NOW), answer(down)), in_pods(STEPS, STABLE).stable
    )

    assert judged(data, POD_ERRORS).sentence.startswith("errors: there are no new samples of the c")


def test_a_step_is_not_passed_on_old_numbers() -> None:
    proven = gateway([(100.0, 0.0)] * 20, [(900.0, 0.0)] * 20)

    assert judged(proven).verdict is Verdict.PROVEN
    assert judged(proven, now=NOW + 30).verdict is Verdict.NO_DATA


def test_harm_stands_when_metrics_are_gone() -> None:
    harmed = gateway([(10.0, 2.5)] * 20, [(90.0, 2.0)] * 20)

    assert judged(harmed, now=NOW + 300).verdict is Verdict.HARM


def test_an_slo_that_is_not_critical_may_be_missing() -> None:
    shadow = replace(LATENCY, critical=False)

    found = judge(trial(ERRORS, shadow), {ERRORS.name: gateway(STEPS, STABLE)}, None, NOW)

    assert found.verdict is Verdict.OPEN
    assert [one.verdict for one in found.slos] == [Verdict.OPEN, Verdict.NO_DATA]


def test_one_slo_without_data_does_not_hold_back_what_is_counted_of_the_other() -> None:
    found = judge(trial(ERRORS, LATENCY), {ERRORS.name: gateway(STEPS, STABLE)}, None, NOW)

    assert found.verdict is Verdict.NO_DATA
    assert found.checkpoint.states[ERRORS.name].counted_until == NOW - 6
    assert found.checkpoint.states[LATENCY.name].counted_until == EPOCH
    assert found.data_until == EPOCH


def test_the_slower_answer_of_two_slos_decides_what_is_settled() -> None:
    behind = SloData(*(_until(one, NOW - 4) for one in (_arm("canary"), _arm("stable"))))
    data = {ERRORS.name: gateway(STEPS, STABLE), LATENCY.name: behind}

    found = judge(trial(ERRORS, LATENCY), data, None, NOW)

    assert found.checkpoint.counted_until == NOW - 10


def _arm(name: str) -> ArmData:
    return histogram_arm(name, STEPS)


def _until(one: ArmData, until: float) -> ArmData:
    return ArmData(*(replace(found, covered_until=until) for found in (one.total, one.part)))


def test_a_pod_that_is_gone_is_carried_and_does_not_stop_judging() -> None:
    gone = counter([10.0] * 5, instance="10.0.0.9", pod="canary-2", service="canary")
    alive = in_pods(STEPS, STABLE)
    short = Series(gone.labels, gone.timestamps, gone.values)
    canary = ArmData(answer(*alive.canary.total.series, short), alive.canary.part)

    found = judged(SloData(canary, alive.stable), POD_ERRORS)

    assert found.data_until == NOW
    assert found.canary_requests == 250.0


def test_nothing_at_all_is_asked_of_a_rollout_without_slos() -> None:
    found = judge(replace(trial(), slos=()), {}, None, NOW)

    assert (found.verdict, found.sentence) == (
        Verdict.OPEN,
        "no SLO is critical: nothing is judged",
    )
    assert found.requests_needed is None
    assert arm("canary", STEPS).scrapes is None
