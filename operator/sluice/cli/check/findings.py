"""A check as data, and what it can find."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sluice.cli.check.site import Site
from sluice.model.json import JsonObject


class Outcome(StrEnum):
    """What a check ends with; only FAILED makes the command fail."""

    PASSED = "passed"
    WARNED = "warned"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found, with numbers; fix: what to do about it, one line."""

    outcome: Outcome
    message: str
    fix: str = ""


@dataclass(eq=False)
class CutShortError(Exception):
    """A row ends before its question was answered, with this finding."""

    finding: Finding


@dataclass(frozen=True, slots=True)
class Row:
    """One check. claim: the sentence that holds if it passes."""

    category: str
    claim: str
    run: Callable[[Site], Awaitable[Finding]]


@dataclass(frozen=True, slots=True)
class Result:
    """A row with what it found."""

    row: Row
    finding: Finding

    def to_json(self) -> JsonObject:
        """Return the result as data."""
        return {
            "category": self.row.category,
            "check": self.row.claim,
            "outcome": str(self.finding.outcome),
            "message": self.finding.message,
            "fix": self.finding.fix,
        }


def passed(message: str) -> Finding:
    """Return that all is well."""
    return Finding(Outcome.PASSED, message)


def warned(message: str, fix: str) -> Finding:
    """Return that it works, but not as well as it should."""
    return Finding(Outcome.WARNED, message, fix)


def failed(message: str, fix: str) -> Finding:
    """Return that something is missing."""
    return Finding(Outcome.FAILED, message, fix)


def skipped(message: str) -> Finding:
    """Return that it cannot be told from here."""
    return Finding(Outcome.SKIPPED, message)


def count(results: tuple[Result, ...]) -> Mapping[Outcome, int]:
    """Return how many rows ended in which way."""
    outcomes = [result.finding.outcome for result in results]
    return {outcome: outcomes.count(outcome) for outcome in Outcome}


APPLY: Final = "kubectl apply -k manifests/base"
