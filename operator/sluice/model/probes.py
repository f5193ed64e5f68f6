"""Probes: what is asked of a pod or a Service, and what is known of the answers."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


@dataclass(frozen=True, slots=True, order=True)
class HttpProbe:
    """A GET that passes when the status is from `low` to `high`; redirects are not followed."""

    url: str
    low: int
    high: int
    timeout_seconds: float


@dataclass(frozen=True, slots=True, order=True)
class TcpProbe:
    """A connection that passes when it is accepted."""

    host: str
    port: int
    timeout_seconds: float


Probe: TypeAlias = HttpProbe | TcpProbe


class Outcome(StrEnum):
    """How a probe ended. A time-out is a failure; what could not be asked is unknown."""

    PASSED = "Passed"
    FAILED = "Failed"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Answer:
    """How one probe ended.

    answered: whether the network reached the target: a refusal and an HTTP 500 are answers, a
    time-out is silence. detail: what came, in words.
    """

    outcome: Outcome
    answered: bool
    detail: str


@dataclass(frozen=True, slots=True)
class ProbeWant:
    """A probe that is due, every `interval_seconds`, as long as it is wanted.

    namespace: where the target lives; whether others of it answer tells its fault from ours.
    run: what a run of equal answers belongs to (a pod and its containers); another run counts anew.
    passes, failures: the lengths of runs at which the decision may change.
    """

    probe: Probe
    namespace: str
    run: str
    interval_seconds: float
    passes: int
    failures: int


@dataclass(frozen=True, slots=True)
class ProbeRun:
    """What is known of a want.

    passes, failures: answers of that kind in a row, the last one included; one of them is 0.
    An unknown outcome freezes both. outcome: the last one, None before the first.
    detail: the last answer in words.
    since: when the outcome was first seen in a row, seconds since the epoch.
    """

    passes: int = 0
    failures: int = 0
    outcome: Outcome | None = None
    detail: str = ""
    since: float = 0.0
