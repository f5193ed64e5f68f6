"""The nodes of a StartupGraph and the edges between them: workloads, and what runs once."""

from dataclasses import dataclass
from enum import StrEnum

from sluice.model.references import Resource
from sluice.startup.gates import Gate
from sluice.startup.init.spec import Init
from sluice.startup.min_ready import MinReady


class Until(StrEnum):
    """What a child waits for in its parent."""

    READY = "Ready"
    STARTED = "Started"
    COMPLETE = "Complete"


class HoldChoice(StrEnum):
    """How a workload is kept back until its parents are satisfied."""

    AUTO = "Auto"
    SCHEDULING_GATE = "SchedulingGate"
    NONE = "None"


class WhenScaledToZero(StrEnum):
    """What a workload with 0 replicas is to its children."""

    SATISFIED = "Satisfied"
    BLOCKED = "Blocked"


class OnTimeout(StrEnum):
    """What follows when a node is not ready in time."""

    HOLD = "Hold"
    FAIL = "Fail"
    OPEN = "Open"


@dataclass(frozen=True, slots=True)
class Edge:
    """min_ready: pods of the parent that suffice, None for what the parent itself needs.

    optional: a parent that is absent, failed or timed out counts as satisfied.
    """

    parent: str
    until: Until
    min_ready: MinReady | None
    optional: bool


@dataclass(frozen=True, slots=True)
class Node:
    """A workload, what it waits for, and when it is ready.

    min_available: pods that failing probes leave in traffic. timeout_seconds: from the release.
    """

    name: str
    resource: Resource
    workload: str
    depends_on: tuple[Edge, ...]
    min_ready: MinReady
    when_scaled_to_zero: WhenScaledToZero
    hold: HoldChoice
    gates: tuple[Gate, ...]
    pod_readiness: bool
    min_available: MinReady
    timeout_seconds: float
    on_timeout: OnTimeout


@dataclass(frozen=True, slots=True)
class InitNode:
    """What runs once per version, as a Job, and what it waits for."""

    name: str
    depends_on: tuple[Edge, ...]
    init: Init
