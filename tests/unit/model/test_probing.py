"""Runs of equal answers, and whose fault a silence is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.model.probes import Answer, Outcome, ProbeRun, ProbeWant, TcpProbe
from sluice.model.probing import Hearing, ProbeState, is_news, is_ours, is_silent, recorded

PASSED, FAILED, UNKNOWN = Outcome.PASSED, Outcome.FAILED, Outcome.UNKNOWN
ANSWERS = {
    "P": Answer(PASSED, True, "HTTP 200"),
    "F": Answer(FAILED, True, "HTTP 500"),
    "S": Answer(FAILED, False, "no answer within 2s"),
    "U": Answer(UNKNOWN, False, "db cannot be resolved"),
}
WANT = ProbeWant(TcpProbe("10.0.0.1", 80, 2), "shop", "pod/container", 5, passes=3, failures=2)
NEW = ProbeState()


def after(letters: str, state: ProbeState = NEW) -> ProbeState:
    """Return the state after answers at instants 1, 2, ...; `s` is silence that is ours."""
    for now, letter in enumerate(letters, 1):
        state = recorded(state, ANSWERS[letter.upper()], float(now), ours=letter == "s")
    return state


@pytest.mark.parametrize(
    ("letters", "passes", "failures"),
    [
        pytest.param("", 0, 0, id="nothing asked"),
        pytest.param("PPF", 0, 1, id="a failure ends the passes"),
        pytest.param("PPFPPP", 3, 0, id="and they begin anew"),
        pytest.param("FSP", 1, 0, id="a pass ends the failures"),
        pytest.param("FS", 0, 2, id="silence is a failure"),
        pytest.param("PPUP", 3, 0, id="what is unknown freezes the passes"),
        pytest.param("FUF", 0, 2, id="and the failures"),
        pytest.param("PPsP", 3, 0, id="our own silence freezes the passes"),
        pytest.param("FssF", 0, 2, id="and the failures as well"),
    ],
)
def test_runs_of_equal_answers(letters: str, passes: int, failures: int) -> None:
    run = after(letters).run

    assert (run.passes, run.failures) == (passes, failures)


@pytest.mark.parametrize(
    ("letters", "outcome", "since"),
    [
        pytest.param("", None, 0, id="nothing asked"),
        pytest.param("PPP", PASSED, 1, id="from the first of equal outcomes"),
        pytest.param("PFS", FAILED, 2, id="a failure is a failure, spoken or silent"),
        pytest.param("PsU", UNKNOWN, 2, id="our own silence is unknown"),
        pytest.param("PUP", PASSED, 3, id="another outcome between begins anew"),
    ],
)
def test_the_outcome_and_since_when(letters: str, outcome: Outcome | None, since: float) -> None:
    run = after(letters).run

    assert (run.outcome, run.since) == (outcome, since)


@pytest.mark.parametrize(
    ("letters", "answered_at", "silent_since"),
    [
        pytest.param("", None, None, id="nothing asked"),
        pytest.param("P", 1, None, id="a pass is an answer"),
        pytest.param("PF", 2, None, id="an error is an answer"),
        pytest.param("PSs", 1, 2, id="silence is measured from its first probe"),
        pytest.param("sS", None, 1, id="whoever is to blame"),
        pytest.param("PSUS", 1, 2, id="what could not be asked does not end it"),
        pytest.param("PU", 1, None, id="nor begin it"),
        pytest.param("SFS", 2, 3, id="an answer ends it"),
    ],
)
def test_when_the_target_spoke_and_since_when_it_is_silent(
    letters: str, answered_at: float | None, silent_since: float | None
) -> None:
    state = after(letters)

    assert (state.answered_at, state.silent_since) == (answered_at, silent_since)


def test_silence_that_is_not_counted_says_so() -> None:
    silence = "no answer within 2s"

    assert after("S").run.detail == silence
    assert after("s").run.detail == f"{silence}; not counted: this may be our own network"
    assert after("U").run.detail == "db cannot be resolved"


@pytest.mark.parametrize(("letter", "silent"), [("P", False), ("F", False), ("S", True)])
def test_only_a_question_without_an_answer_is_silence(letter: str, *, silent: bool) -> None:
    assert is_silent(ANSWERS[letter]) is silent
    assert not is_silent(ANSWERS["U"])


@given(st.text("PFSUs", max_size=30), st.sampled_from("PFSUs"))
def test_a_run_counts_one_up_or_stands_still_or_falls_to_nothing(text: str, last: str) -> None:
    before = after(text).run
    run = recorded(after(text), ANSWERS[last.upper()], 99, ours=last == "s").run

    assert min(run.passes, run.failures) == 0
    if last in "Us":
        assert (run.passes, run.failures) == (before.passes, before.failures)
    else:
        assert run.passes == (before.passes + 1 if last == "P" else 0)
        assert run.failures == (0 if last == "P" else before.failures + 1)


@given(st.text("PFU", max_size=30))
def test_blame_of_our_network_does_nothing_to_an_answer(text: str) -> None:
    for letter in "PFU":
        answer = ANSWERS[letter]
        state = after(text)
        assert recorded(state, answer, 99, ours=True) == recorded(state, answer, 99, ours=False)


@given(st.text("PFSUs", max_size=30))
def test_frozen_answers_may_be_left_out(text: str) -> None:
    counted = after("".join(letter for letter in text if letter not in "Us")).run
    run = after(text).run

    assert (run.passes, run.failures) == (counted.passes, counted.failures)


@pytest.mark.parametrize(
    ("silent_since", "spoke_at", "turned", "targets", "ours"),
    [
        pytest.param(None, None, 1, 9, True, id="nobody of the namespace ever spoke"),
        pytest.param(None, 98.0, 1, 9, True, id="all spoke before it was asked"),
        pytest.param(None, 101.0, 1, 9, False, id="another one speaks while it is asked"),
        pytest.param(90.0, 89.0, 0, 9, True, id="nobody spoke since it is silent"),
        pytest.param(90.0, 90.0, 0, 9, True, id="nor after that instant"),
        pytest.param(90.0, 91.0, 0, 9, False, id="another one spoke since it is silent"),
        pytest.param(90.0, 101.0, 5, 9, True, id="more than half turned silent together"),
        pytest.param(90.0, 101.0, 4, 8, False, id="half of them is not more than half"),
        pytest.param(None, None, 1, 1, True, id="a lone target is never failed"),
    ],
)
def test_whose_fault_a_silence_is(
    silent_since: float | None, spoke_at: float | None, turned: int, targets: int, *, ours: bool
) -> None:
    state = ProbeState(silent_since=silent_since)

    assert is_ours(state, 99.0, Hearing(spoke_at, turned, targets)) is ours


@given(st.text("PF", max_size=10), st.integers(1, 20))
def test_a_lone_target_that_falls_silent_keeps_its_runs_for_ever(text: str, silences: int) -> None:
    state, now = after(text), 100.0
    kept = (state.run.passes, state.run.failures)
    for _ in range(silences):
        ours = is_ours(state, now, Hearing(state.answered_at, 1, 100))
        state = recorded(state, ANSWERS["S"], now + 2, ours=ours)
        now += 5

    assert (state.run.passes, state.run.failures) == kept
    assert state.run.outcome is UNKNOWN


def run(passes: int, failures: int, outcome: Outcome | None) -> ProbeRun:
    return ProbeRun(passes, failures, outcome)


@pytest.mark.parametrize(
    ("old", "new", "news"),
    [
        pytest.param(run(0, 0, None), run(1, 0, PASSED), True, id="the first answer"),
        pytest.param(run(1, 0, PASSED), run(2, 0, PASSED), False, id="on the way"),
        pytest.param(run(2, 0, PASSED), run(3, 0, PASSED), True, id="enough passes"),
        pytest.param(run(3, 0, PASSED), run(4, 0, PASSED), False, id="more than enough"),
        pytest.param(run(0, 1, FAILED), run(0, 2, FAILED), True, id="enough failures"),
        pytest.param(run(0, 2, FAILED), run(0, 3, FAILED), False, id="more failures than enough"),
        pytest.param(run(3, 0, PASSED), run(3, 0, UNKNOWN), True, id="another outcome"),
        pytest.param(run(3, 0, UNKNOWN), run(3, 0, UNKNOWN), False, id="frozen at a threshold"),
        pytest.param(run(0, 2, UNKNOWN), run(0, 2, UNKNOWN), False, id="frozen at the other"),
    ],
)
def test_a_decision_may_change_at_thresholds_only(
    old: ProbeRun, new: ProbeRun, *, news: bool
) -> None:
    assert is_news(WANT, old, new) is news
