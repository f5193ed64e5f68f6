"""Conditions after kstatus: `Ready` always; `Reconciling` and `Stalled` only while true."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from sluice.model.json import Body, JsonObject
from sluice.model.problems import Invalid, Problem, Stalled
from sluice.model.reasons import Reason
from sluice.model.scalars import format_instant, parse_instant

READY, RECONCILING, STALLED = "Ready", "Reconciling", "Stalled"
_MESSAGE_LIMIT = 1024


class Status(StrEnum):
    """The values of a condition that Sluice writes, and the one that others may."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition; `since` is when its status last changed, in seconds since the epoch."""

    type: str
    status: Status
    reason: str
    message: str
    since: float
    observed_generation: int

    @classmethod
    def from_body(cls, body: Body) -> "Condition":
        """Read a condition of `status.conditions`."""
        return cls(
            type=body.text("type"),
            status=Status(body.text("status")),
            reason=body.text("reason", default=""),
            message=body.text("message", default=""),
            since=parse_instant(body.text("lastTransitionTime")),
            observed_generation=body.whole("observedGeneration", default=0),
        )

    def to_json(self) -> JsonObject:
        """Return the condition as the API has it."""
        return {
            "type": self.type,
            "status": str(self.status),
            "reason": self.reason,
            "message": self.message,
            "lastTransitionTime": format_instant(self.since),
            "observedGeneration": self.observed_generation,
        }


@dataclass(frozen=True, slots=True)
class Claim:
    """What a pass says of one condition type; the instant of change is not its business."""

    type: str
    holds: bool
    reason: Reason
    message: str


def merge(
    old: Iterable[Condition], claims: Iterable[Claim], now: float, generation: int
) -> tuple[Condition, ...]:
    """Return the conditions that make exactly the claims; `since` moves only with the status."""
    before = {condition.type: condition for condition in old}
    merged = []
    for claim in claims:
        status = Status.TRUE if claim.holds else Status.FALSE
        new = Condition(
            type=claim.type,
            status=status,
            reason=str(claim.reason),
            message=claim.message[:_MESSAGE_LIMIT],
            since=now,
            observed_generation=generation,
        )
        known = before.get(claim.type)
        if known is not None and known.status == status:
            new = replace(new, since=known.since)
        merged.append(new)
    return tuple(sorted(merged, key=lambda condition: condition.type))


def claims_of(problem: Problem) -> tuple[Claim, ...]:
    """Return what a problem means for Ready, Reconciling and Stalled."""
    reason, message = problem.reason, problem.message
    not_ready = Claim(READY, False, reason, message)
    if isinstance(problem, Invalid | Stalled):
        return (not_ready, Claim(STALLED, True, reason, message))
    return (not_ready, Claim(RECONCILING, True, reason, message))
