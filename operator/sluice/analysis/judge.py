"""The judgement of a canary: a pure function of its trial, the samples and the checkpoint."""

from collections.abc import Mapping

from sluice.analysis.case import Case, opened
from sluice.analysis.checkpoint import Checkpoint
from sluice.analysis.counts import Counts
from sluice.analysis.evidence import HARM_LIMIT
from sluice.analysis.findings import find
from sluice.analysis.proof import PROOF_LIMIT
from sluice.analysis.reading import requests, window
from sluice.analysis.slo import SloData
from sluice.analysis.trial import Trial
from sluice.analysis.verdict import Judgement, SloJudgement, Verdict


def judge(
    trial: Trial, data: Mapping[str, SloData], checkpoint: Checkpoint | None, now: float
) -> Judgement:
    """Return what the numbers say of the canary.

    data: by SLO name, with samples since `needed_since`. checkpoint: that of an earlier judgement
    of this rollout, None for the first. now: seconds since the epoch, for the age of samples only.
    """
    case = opened(trial, data, checkpoint, now)
    verdict, text = find(case)
    critical = [state for slo, state in case.pairs if slo.critical]
    return Judgement(
        verdict=verdict,
        slos=tuple(_slo_judgement(case, index) for index in range(len(trial.slos))),
        sentence=text,
        checkpoint=case.checkpoint,
        data_until=case.until,
        canary_requests=min((state.canary.total for state in critical), default=0.0),
        requests_needed=case.requests_needed(),
    )


def traffic(
    data: SloData, after: float, until: float, scrape_seconds: float
) -> tuple[Counts, Counts]:
    """Return what the canary and the stable arm did between two instants.

    Only what was counted wholly in between: an increment that began before `after` (when the
    weight was still another) is left out. Of histograms only the totals are counted: what is
    slow depends on the SLO.
    """
    return window(requests(data, scrape_seconds), after, until)


def _slo_judgement(case: Case, index: int) -> SloJudgement:
    slo, state = case.trial.slos[index], case.course.states[index]
    return SloJudgement(
        name=slo.name,
        critical=slo.critical,
        canary=state.canary,
        stable=state.stable,
        evidence=case.harm_parts[index],
        limit=HARM_LIMIT,
        proof=state.proof_evidence,
        proof_limit=PROOF_LIMIT,
        verdict=_slo_verdict(case, index),
        note=case.missing[index] or case.readings[index].note,
    )


def _slo_verdict(case: Case, index: int) -> Verdict:
    end, state = case.course.end, case.course.states[index]
    if end is not None and end.index == index:
        return end.verdict
    if case.harm_parts[index] >= HARM_LIMIT:
        return Verdict.HARM
    if case.missing[index]:
        return Verdict.NO_DATA
    if state.proof_evidence >= PROOF_LIMIT:
        return Verdict.PROVEN
    return Verdict.ENVIRONMENT if state.both_over else Verdict.OPEN
