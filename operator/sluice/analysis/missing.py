"""Is there anything fresh to judge by? Missing metrics hold a rollout, they never fail it.

A series that is absent while its target is scraped is no missing metric: there were no requests.
"""

from collections.abc import Iterator

from sluice.analysis.checkpoint import COMMIT_SECONDS
from sluice.analysis.reading import Reading
from sluice.analysis.scrapes import last_scrape
from sluice.analysis.slo import SloData
from sluice.analysis.trial import ALL_TRAFFIC, Trial
from sluice.model.metrics import MetricAnswer
from sluice.model.scalars import format_duration, format_instant

FRESH_TICKS = 2
"""An arm without a sample for so many ticks (and the time that samples take) has no data."""

_Answers = tuple[MetricAnswer, ...]


def what_is_missing(reading: Reading, data: SloData, trial: Trial, now: float) -> str:
    """Return why the SLO cannot be judged now, empty when it can."""
    longest = FRESH_TICKS * trial.scrape_seconds + COMMIT_SECONDS
    for arm, answers in _arms(reading, data, trial):
        if not all(answer.covered_until for answer in answers):
            return f"Prometheus has not answered yet{_error(answers)}"
        last = last_scrape(answers)
        if last is None:
            return f"there are no series of {arm}{_error(answers)}"
        if now - last > longest:
            age = f"{format_duration(now - last)}, since {format_instant(last)}"
            return f"there are no new samples of {arm} for {age}{_error(answers)}"
    if reading.slo.bound_seconds is not None and reading.bound_seconds is None:
        return _without_bound(data)
    return ""


def answers_of(trial: Trial, data: SloData) -> _Answers:
    """Return the answers without which an SLO cannot be judged: at 100% stable has no part."""
    return data.canary.answers if trial.weight == ALL_TRAFFIC else data.answers


def _arms(reading: Reading, data: SloData, trial: Trial) -> Iterator[tuple[str, _Answers]]:
    """Yield each arm that is judged, with the answers that show whether its targets are scraped."""
    if reading.slo.per_backend:
        yield "the gateway", answers_of(trial, data)
        return
    yield "the canary", data.canary.answers
    if trial.weight != ALL_TRAFFIC:
        yield "stable", data.stable.answers


def _error(answers: _Answers) -> str:
    return next((f": {answer.error}" for answer in answers if answer.failing_since is not None), "")


def _without_bound(data: SloData) -> str:
    if not any(arm.total.series for arm in (data.canary, data.stable)):
        return ""
    return "the histograms have no bucket bound in common"
