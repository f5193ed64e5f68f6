"""Runs of equal answers, and when silence is blamed on our own network instead of the target."""

from dataclasses import dataclass, field
from typing import assert_never

from sluice.model.probes import Answer, Outcome, ProbeRun, ProbeWant

# Targets that turned silent within this time of each other are taken for one event.
TURNED_WITHIN_SECONDS = 30.0

_NOT_COUNTED = "not counted: this may be our own network"


@dataclass(frozen=True, slots=True)
class ProbeState:
    """What is remembered of a want. All instants are seconds since the epoch.

    run: what is told of it. answered_at: when the target last spoke, None if it never did.
    silent_since: when the first of the unanswered probes in a row ended, None after an answer.
    """

    run: ProbeRun = field(default_factory=ProbeRun)
    answered_at: float | None = None
    silent_since: float | None = None


@dataclass(frozen=True, slots=True)
class Hearing:
    """What is heard of all targets at the moment at which one is silent.

    namespace_answered_at: when a target of its namespace last spoke, None if none ever did.
    turned_silent: how many targets are silent since less than TURNED_WITHIN_SECONDS, it included.
    targets: how many there are in all.
    """

    namespace_answered_at: float | None
    turned_silent: int
    targets: int


def is_silent(answer: Answer) -> bool:
    """Whether the target was asked and said nothing at all."""
    return answer.outcome is Outcome.FAILED and not answer.answered


def is_ours(state: ProbeState, asked_at: float, hearing: Hearing) -> bool:
    """Whether the silence of a target that was asked at `asked_at` is blamed on our own network.

    It is when nothing of its namespace has spoken since its silence began, or when more than half
    of all targets have turned silent together. The first silent probe begins when it is sent, so
    that others that speak meanwhile count; the next ones are measured from when the first one
    ended, or what others said just before a cut would speak for the whole time after it.

    A target's own answers are from before: one that is alone in its namespace and falls silent is
    never failed, since nothing tells its fault from ours. Probe it together with another one, or
    let it answer with an error.
    """
    began = asked_at if state.silent_since is None else state.silent_since
    spoke = hearing.namespace_answered_at
    if spoke is None or spoke <= began:
        return True
    return hearing.turned_silent * 2 > hearing.targets


def recorded(state: ProbeState, answer: Answer, now: float, *, ours: bool) -> ProbeState:
    """Return the state after an answer; silence that is `ours` and the unknown freeze both runs."""
    run = state.run
    outcome, detail = answer.outcome, answer.detail
    if ours and is_silent(answer):
        outcome, detail = Outcome.UNKNOWN, f"{detail}; {_NOT_COUNTED}"
    passes, failures = _counted(run, outcome)
    since = run.since if outcome is run.outcome else now
    told = ProbeRun(passes, failures, outcome, detail, since)
    if answer.answered:
        return ProbeState(told, answered_at=now)
    silent_since = state.silent_since
    if silent_since is None and is_silent(answer):
        silent_since = now
    return ProbeState(told, state.answered_at, silent_since)


def is_news(want: ProbeWant, old: ProbeRun, new: ProbeRun) -> bool:
    """Whether a decision may change: another outcome, or a run that reaches its length now."""
    if new.outcome is not old.outcome:
        return True
    passed = new.passes == want.passes and old.passes != want.passes
    failed = new.failures == want.failures and old.failures != want.failures
    return passed or failed


def _counted(run: ProbeRun, outcome: Outcome) -> tuple[int, int]:
    match outcome:
        case Outcome.PASSED:
            return run.passes + 1, 0
        case Outcome.FAILED:
            return 0, run.failures + 1
        case Outcome.UNKNOWN:
            return run.passes, run.failures
        case _:
            assert_never(outcome)
