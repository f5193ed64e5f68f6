"""How a judgement follows a rollout through its steps."""

from dataclasses import replace

import pytest

from sluice.analysis.checkpoint import Checkpoint
from sluice.analysis.counts import Counts
from sluice.analysis.judge import judge
from sluice.analysis.slo import ArmData, SloData
from sluice.analysis.state import SloState
from sluice.analysis.verdict import Judgement, Verdict
from tests.unit.analysis.counters import (
    EPOCH,
    ERRORS,
    LATENCY,
    Step,
    answer,
    arm,
    counter,
    cut_data,
    gateway,
    histogram_arm,
    series,
    trial,
)

GOOD: Step = (10.0, 0.0)
BAD: Step = (10.0, 2.0)
STABLE: Step = (90.0, 0.45)


def judged_at(seconds: float, data: SloData, **given: float) -> Judgement:
    """The judgement of what is known so many seconds after `EPOCH`."""
    now = EPOCH + seconds
    the_trial = replace(trial(), **given)  # type: ignore[arg-type]  # any number, by its name
    return judge(the_trial, {ERRORS.name: cut_data(data, EPOCH - 90, now)}, None, now)


def test_time_stands_still_at_the_tick_that_decides() -> None:
    data = gateway([GOOD] * 30 + [BAD] * 40 + [GOOD] * 200, [STABLE] * 270)
    verdicts = [judged_at(second, data) for second in range(30, 71)]
    first = next(found for found in verdicts if found.verdict is Verdict.HARM)

    later = judged_at(270, data)

    assert later.verdict is Verdict.HARM
    assert (later.sentence, later.slos, later.data_until) == (
        first.sentence,
        first.slos,
        first.data_until,
    )


def test_a_new_step_restarts_counts_and_proof_and_keeps_the_evidence() -> None:
    data = gateway([BAD] * 5 + [GOOD] * 60, [STABLE] * 65)
    before = judged_at(40, data)
    now = EPOCH + 65

    after = judge(trial(step_started=EPOCH + 45), {ERRORS.name: data}, before.checkpoint, now)

    assert before.slos[0].canary == Counts(10.0, 400.0)
    assert after.slos[0].canary == Counts(0.0, 200.0)
    assert after.slos[0].evidence == pytest.approx(judged_at(65, data).slos[0].evidence)
    assert after.checkpoint.step_started == EPOCH + 45


def test_harm_is_found_while_the_weight_is_shifted() -> None:
    data = gateway([GOOD] * 30 + [BAD] * 60, [STABLE] * 90)

    found = judged_at(90, data, step_started=EPOCH + 1e6)

    assert found.verdict is Verdict.HARM
    assert found.slos[0].canary == Counts(0.0, 0.0)
    assert found.sentence.startswith("22 of 410 canary requests failed (5.4%) against ")


def test_an_outage_shows_after_harm_that_decides_nothing() -> None:
    data = gateway([GOOD] * 30 + [BAD] * 40 + [(10.0, 10.0)] * 10, [STABLE] * 80)

    rolling = judged_at(70, data, outage_only=True)
    out = judged_at(80, data, outage_only=True)

    assert rolling.verdict is Verdict.OPEN
    assert rolling.slos[0].verdict is Verdict.HARM
    assert out.verdict is Verdict.OUTAGE


def test_with_all_traffic_harm_is_told_against_the_slo() -> None:
    data = gateway([(100.0, 5.0)] * 60, [(0.0, 0.0)] * 60)

    found = judged_at(60, data, weight=100)

    assert found.sentence == (
        "30 of 600 canary requests failed (5%); evidence 47:1 that it is over 1%, limit 20:1"
    )


def test_with_all_traffic_earlier_steps_are_still_compared_with_stable() -> None:
    data = gateway([(10.0, 0.5)] * 60, [(90.0, 4.5)] * 60)

    shared = judged_at(60, data, weight=100, step_started=EPOCH + 55)

    assert shared.verdict is Verdict.OPEN


def test_counts_survive_checkpoints() -> None:
    data = gateway([(10.0, 0.1)] * 100, [STABLE] * 100)
    checkpoint: Checkpoint | None = None
    for second in range(5, 100, 5):
        now = EPOCH + second
        seen = {ERRORS.name: cut_data(data, EPOCH - 90, now)}
        checkpoint = judge(trial(), seen, checkpoint, now).checkpoint

    found = judge(trial(), {ERRORS.name: data}, checkpoint, EPOCH + 100)

    assert checkpoint is not None
    assert checkpoint.counted_until == EPOCH + 95 - 6
    assert found.slos[0].canary.total == 1000.0
    assert found.slos[0].canary.bad == pytest.approx(10.0)
    assert found.slos[0].stable.total == 9000.0


def test_births_count_in_both_arms_alike() -> None:
    """An incident that hits both arms brings the first errors of both."""
    lead = [None] * 90
    canary = series([*lead, *[None] * 20, 20.0, 40.0, 60.0], start=EPOCH - 90, code="500", a="c")
    stable = series([*lead, *[None] * 20, 180.0, 360.0, 540.0], start=EPOCH - 90, code="500", a="s")
    totals = [
        counter([per_second] * 22, service=name)
        for name, per_second in (("canary", 100.0), ("stable", 900.0))
    ]
    known = {"since": EPOCH - 90, "until": EPOCH + 22}
    data = SloData(
        ArmData(answer(totals[0]), answer(canary, **known)),
        ArmData(answer(totals[1]), answer(stable, **known)),
    )

    found = judged_at(22, data)

    assert found.slos[0].canary.bad == 60.0
    assert found.slos[0].stable.bad == 540.0
    assert found.slos[0].evidence < 1


def test_the_slo_with_most_evidence_is_blamed() -> None:
    data = {
        ERRORS.name: gateway([GOOD] * 60, [STABLE] * 60),
        LATENCY.name: SloData(
            histogram_arm("canary", [BAD] * 60), histogram_arm("stable", [STABLE] * 60)
        ),
    }

    found = judge(trial(ERRORS, LATENCY), data, None, EPOCH + 60)

    assert found.verdict is Verdict.HARM
    assert " canary requests took longer than 1s (20%) against " in found.sentence
    assert [one.verdict for one in found.slos] == [Verdict.OPEN, Verdict.HARM]
    assert sum(one.evidence for one in found.slos) >= found.slos[0].limit


def test_all_slos_have_to_be_proven() -> None:
    fast = SloData(
        histogram_arm("canary", [(100.0, 0.0)] * 60), histogram_arm("stable", [(900.0, 0.0)] * 60)
    )
    data = {ERRORS.name: gateway([GOOD] * 60, [STABLE] * 60), LATENCY.name: fast}

    found = judge(trial(ERRORS, LATENCY), data, None, EPOCH + 60)

    assert found.verdict is Verdict.OPEN
    assert found.canary_requests == 600.0
    assert found.requests_needed is not None
    assert found.requests_needed > 600.0
    assert [one.verdict for one in found.slos] == [Verdict.OPEN, Verdict.PROVEN]


def test_nothing_is_proven_with_evidence_of_harm() -> None:
    """Twice tolerated is not yet harmless."""
    states = {
        ERRORS.name: SloState(
            counted_until=EPOCH + 20, harm=(0.5,) * 10, floor=(0.5,) * 10, proof=(5.0,) * 8
        )
    }
    data = gateway([GOOD] * 20, [STABLE] * 20)

    found = judge(trial(), {ERRORS.name: data}, Checkpoint(EPOCH, states), EPOCH + 20)

    assert found.slos[0].proof > found.slos[0].proof_limit
    assert found.slos[0].evidence > 3
    assert found.verdict is Verdict.OPEN
    assert found.sentence.endswith("needed 10:1") or "needed for a proof" in found.sentence


@pytest.mark.parametrize(
    ("slow", "verdict"),
    [
        pytest.param(0.0, Verdict.SILENCE, id="stable answers fast"),
        pytest.param(
            45.0, Verdict.OPEN, id="stable takes seconds itself: its answers are waited for"
        ),
    ],
)
def test_silence_waits_for_what_stable_takes(slow: float, verdict: Verdict) -> None:
    silent = [GOOD] * 20 + [(0.0, 0.0)] * 8
    bounds = ("1.0", "5.0", "+Inf")
    data = {
        ERRORS.name: gateway(silent, [(90.0, 0.0)] * 28),
        LATENCY.name: SloData(
            histogram_arm("canary", silent, bounds=bounds),
            histogram_arm("stable", [(90.0, slow)] * 28, bounds=bounds),
        ),
    }
    lenient = replace(LATENCY, max_share=0.6)

    assert judge(trial(ERRORS, lenient), data, None, EPOCH + 28).verdict is verdict


def test_an_unknown_canary_series_is_no_request() -> None:
    data = SloData(
        ArmData(answer(until=EPOCH + 3), answer(until=EPOCH + 3)), arm("s", [STABLE] * 3)
    )

    assert judged_at(3, data).slos[0].canary == Counts(0.0, 0.0)


def test_at_100_percent_a_canary_over_the_slo_cannot_be_proven() -> None:
    data = gateway([(10.0, 0.12)] * 20, [(0.0, 0.0)] * 20)

    found = judged_at(20, data, weight=100)

    assert found.verdict is Verdict.OPEN
    assert found.requests_needed is None
    assert found.sentence.endswith("; no number of requests would prove it at this rate")
