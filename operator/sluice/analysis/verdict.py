"""What the analysis says of a canary."""

from dataclasses import dataclass
from enum import StrEnum

from sluice.analysis.checkpoint import Checkpoint
from sluice.analysis.counts import Counts


class Verdict(StrEnum):
    """In the order of precedence; the first three mean rollback."""

    OUTAGE = "outage"
    SILENCE = "silence"
    HARM = "harm"
    NO_DATA = "no data"
    PROVEN = "proven"
    ENVIRONMENT = "environment"
    OPEN = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class SloJudgement:
    """What is known of one SLO.

    canary, stable: the requests of this step.
    evidence: its part of the evidence of harm. The parts of the critical SLOs add up to what is
    compared with `limit`; a non-critical one stands for itself.
    proof: the evidence that the canary is not inferior, to be compared with `proof_limit`.
    note: how the SLO was read differently than asked for, or why it cannot be judged.
    """

    name: str
    critical: bool
    canary: Counts
    stable: Counts
    evidence: float
    limit: float
    proof: float
    proof_limit: float
    verdict: Verdict
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What is to be done about a canary, as far as numbers say.

    sentence: the numbers and the threshold behind the verdict, to follow upon a prefix.
    checkpoint: to be kept in status and given to the next judgement.
    data_until: the end of the last tick that was judged, seconds since the epoch.
    canary_requests: in this step; of the critical SLO that has seen the fewest.
    requests_needed: about how many canary requests a proof takes; None if no number would do.
    """

    verdict: Verdict
    slos: tuple[SloJudgement, ...]
    sentence: str
    checkpoint: Checkpoint
    data_until: float
    canary_requests: float
    requests_needed: float | None
