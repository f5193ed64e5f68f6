"""The judgement of a canary: a pure function of its trial, the samples and the checkpoint."""

from collections.abc import Mapping
from dataclasses import dataclass

from sluice.analysis import harm, sentence
from sluice.analysis.checkpoint import Checkpoint, settled_seconds
from sluice.analysis.counts import Counts
from sluice.analysis.course import Course, Lap, follow
from sluice.analysis.evidence import HARM_LIMIT
from sluice.analysis.missing import what_is_missing
from sluice.analysis.proof import HARM_BEFORE_PROOF, PROOF_LIMIT, requests_needed
from sluice.analysis.reading import Reading, read, window
from sluice.analysis.silence import is_silent, window_seconds
from sluice.analysis.slo import UNASKED, Slo, SloData
from sluice.analysis.state import SloState
from sluice.analysis.trial import ALL_TRAFFIC, Trial
from sluice.analysis.verdict import Judgement, SloJudgement, Verdict
