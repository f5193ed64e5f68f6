"""Pods: what runs in them, whether they may receive traffic, and which gates they carry."""

from dataclasses import dataclass
from typing import Final

from sluice.model.cluster.metadata import Metadata
from sluice.model.json import Body, digest
from sluice.model.names import HEALTHY_GATE, ROLE_INIT, ROLE_LABEL
from sluice.model.references import PODS
from sluice.model.scalars import parse_instant

_PULLS: Final = frozenset(
    {"ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName"}
)
_BEGINS: Final = frozenset({"ContainerCreating", "PodInitializing"})


@dataclass(frozen=True, slots=True)
class Crash:
    """A container that ended with an error; `count` is the kubelet's restart count after it."""

    container: str
    reason: str
    exit_code: int
    finished: float
    count: int


@dataclass(frozen=True, slots=True)
class GateCondition:
    """Our readiness gate's condition on a pod, as published. since: when its status changed."""

    status: str
    reason: str
    message: str
    since: float


@dataclass(frozen=True, slots=True)
class Containers:
    """The containers of a pod (init containers left out).

    instance: stands for the IDs of those that run; a restarted one makes it another.
    started, ready: whether all of them are (`started` after the startup probe).
    """

    instance: str
    started: bool
    ready: bool


@dataclass(frozen=True, slots=True)
class Ending:
    """How the container of an initialising Job's pod ended. message: its termination message.

    image: the image that ran, by its digest.
    """

    exit_code: int
    message: str
    finished: float
    image: str


@dataclass(frozen=True, slots=True)
class Pod:
    """A Pod. `ready_since` and `started` are seconds since the epoch, None while not so.

    gated: whether it carries our readiness gate. gate: its condition, None before the first.
    scheduling_gates: what still keeps it from being scheduled.
    ending, stuck: how it ended, and why it does not start; of the pods of initialising Jobs only,
    messages of all others would fill the memory.
    """

    meta: Metadata
    phase: str
    ready_since: float | None
    started: float | None
    crashes: tuple[Crash, ...]
    address: str = ""
    scheduling_gates: tuple[str, ...] = ()
    gated: bool = False
    gate: GateCondition | None = None
    containers: Containers = Containers("", started=False, ready=False)
    ending: Ending | None = None
    stuck: str = ""

    @property
    def ready(self) -> bool:
        """Whether the pod may receive traffic."""
        return self.ready_since is not None and not self.meta.deleting

    @classmethod
    def from_body(cls, body: Body) -> "Pod":
        """Read a Pod (v1)."""
        spec, status = body.body("spec"), body.body("status")
        containers = status.bodies("containerStatuses")
        conditions = {item.text("type"): item for item in status.bodies("conditions")}
        gates = [gate.text("conditionType") for gate in spec.bodies("readinessGates")]
        meta = Metadata.from_body(body, PODS)
        initialises = meta.labels.get(ROLE_LABEL) == ROLE_INIT
        return cls(
            meta=meta,
            phase=status.text("phase", default="Pending"),
            ready_since=_ready_since(conditions.get("Ready")),
            started=_instant(status, "startTime"),
            crashes=tuple(crash for container in containers for crash in _crashes(container)),
            address=status.text("podIP", default=""),
            scheduling_gates=tuple(gate.text("name") for gate in spec.bodies("schedulingGates")),
            gated=HEALTHY_GATE in gates,
            gate=_gate(conditions.get(HEALTHY_GATE)),
            containers=_containers(containers),
            ending=_ending(containers) if initialises else None,
            stuck=_stuck(containers, conditions.get("PodScheduled")) if initialises else "",
        )


def _instant(body: Body, name: str) -> float | None:
    return parse_instant(body.text(name)) if body.has(name) else None


def _ready_since(condition: Body | None) -> float | None:
    if condition is None or condition.text("status") != "True":
        return None
    return _instant(condition, "lastTransitionTime")


def _gate(condition: Body | None) -> GateCondition | None:
    if condition is None:
        return None
    return GateCondition(
        status=condition.text("status"),
        reason=condition.text("reason", default=""),
        message=condition.text("message", default=""),
        since=_instant(condition, "lastTransitionTime") or 0.0,
    )


def _containers(statuses: tuple[Body, ...]) -> Containers:
    running = {
        status.text("name"): status.text("containerID", default="")
        for status in statuses
        if status.body("state").has("running")
    }
    whole = bool(statuses) and len(running) == len(statuses)
    return Containers(
        instance=digest(running) if whole else "",
        started=whole and all(status.flag("started", default=False) for status in statuses),
        ready=whole and all(status.flag("ready", default=False) for status in statuses),
    )


def _ending(statuses: tuple[Body, ...]) -> Ending | None:
    """Return the end of the container that Sluice wrote; admission may have added others."""
    for status in statuses:
        ended = status.body("state").body("terminated")
        if ended.value and status.text("name") == ROLE_INIT:
            return Ending(
                exit_code=ended.whole("exitCode"),
                message=ended.text("message", default=""),
                finished=_instant(ended, "finishedAt") or 0.0,
                image=status.text("imageID", default=""),
            )
    return None


def _stuck(statuses: tuple[Body, ...], scheduled: Body | None) -> str:
    """Return why a pod does not start, empty if it does, or if it has only just begun."""
    for status in statuses:
        waiting = status.body("state").body("waiting")
        reason = waiting.text("reason", default="")
        if reason in _PULLS:  # the kubelet says them by turns, and they mean one thing
            return f"image {status.text('image', default='')} cannot be pulled"
        if reason and reason not in _BEGINS:
            return f"{reason}: {waiting.text('message', default='')}"
    if scheduled is not None and scheduled.text("status") == "False":
        return f"no machine takes it: {scheduled.text('message', default='')}"
    return ""


def _crashes(container: Body) -> tuple[Crash, ...]:
    """Return the container's last failed ends: a clean exit or a running container is none."""
    found = []
    for state in ("state", "lastState"):
        ended = container.body(state).body("terminated")
        if ended.value and ended.whole("exitCode") != 0:
            found.append(
                Crash(
                    container=container.text("name"),
                    reason=ended.text("reason", default="Error"),
                    exit_code=ended.whole("exitCode"),
                    finished=_instant(ended, "finishedAt") or 0.0,
                    count=container.whole("restartCount", default=0),
                )
            )
    return tuple(found)
