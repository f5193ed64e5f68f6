"""The status of a Rollout: its write-ahead log. What is not here does not survive a pass."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sluice.model.conditions import Condition
from sluice.model.json import Body, Json, JsonObject
from sluice.model.scalars import format_instant, parse_instant
from sluice.rollout.phases import Stage


@dataclass(frozen=True, slots=True)
class Version:
    """One version under the Rollout: its revision and its pods. size: pods asked for."""

    revision: str = ""
    ready: int = 0
    size: int = 0


@dataclass(frozen=True, slots=True)
class Rejected:
    """The version that was rolled back last and is still held."""

    revision: str
    reason: str
    message: str
    at: float


@dataclass(frozen=True, slots=True)
class Ending:
    """Why the rollout is being rolled back: persisted with the decision, told when it is done."""

    reason: str
    message: str
    weight: int


@dataclass(frozen=True, slots=True)
class SloResult:
    """What was counted and found for one SLO in the current step."""

    slo: str
    critical: bool
    canary_bad: float
    canary_total: float
    stable_bad: float
    stable_total: float
    evidence: float
    limit: float
    verdict: str
    note: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One finished rollout of the history."""

    from_revision: str
    to_revision: str
    outcome: str
    reason: str
    message: str
    started: float
    ended: float
    bad_requests: int


@dataclass(frozen=True, slots=True)
class RolloutStatus:
    """Everything that is persisted. Instants are seconds since the epoch; weights are 0..100.

    rollout_started_at: since when the version is rolled out; started_at: since when it is counted.
    step: index into the steps, len(steps) is the bake. after: where rolling back ends.
    stable_size: the largest number of pods asked for since the rollout began.
    paused_since: since when time stands still; stage clocks are moved on when it ends.
    judged_from: since when the step's weight is verified; None outside judged stages.
    overdispersion: phi by SLO name, as it was before the first request went to the canary.
    """

    stage: Stage = Stage.HEALTHY
    stage_since: float = 0.0
    step: int = 0
    rollout_started_at: float | None = None
    started_at: float | None = None
    step_started_at: float | None = None
    judged_from: float | None = None
    bake_started_at: float | None = None
    verified_at: float | None = None
    after: Stage | None = None
    ending: Ending | None = None
    weight: int = 0
    actual_weight: int = 0
    route_weights: Mapping[str, int] = field(default_factory=dict)
    target_uid: str = ""
    stable_replica_set: str = ""
    promoted_replica_set: str = ""
    stable: Version = field(default_factory=Version)
    canary: Version = field(default_factory=Version)
    stable_size: int = 0
    rejected: Rejected | None = None
    slos: tuple[SloResult, ...] = ()
    overdispersion: Mapping[str, float] = field(default_factory=dict)
    checkpoint: JsonObject | None = None
    checkpoint_at: float | None = None
    bad_requests: float = 0.0
    unproven_steps: int = 0
    contested: int = 0
    paused_by_command: bool = False
    paused_since: float | None = None
    consumed: Mapping[str, str] = field(default_factory=dict)
    message: str = ""
    next_at: float | None = None
    step_text: str = ""
    history: tuple[Entry, ...] = ()
    observed_generation: int = 0
    conditions: tuple[Condition, ...] = ()

    @classmethod
    def from_body(cls, body: Body) -> "RolloutStatus":
        """Read `status` of a Rollout; an empty one is that of an object never seen before."""
        if not body.value:
            return cls()
        return cls(
            stage=Stage(f"{body.text('phase')}/{body.text('stage')}"),
            stage_since=_instant(body, "stageSince") or 0.0,
            step=body.whole("step", default=0),
            rollout_started_at=_instant(body, "rolloutStartedAt"),
            started_at=_instant(body, "startedAt"),
            step_started_at=_instant(body, "stepStartedAt"),
            judged_from=_instant(body, "judgedFrom"),
            bake_started_at=_instant(body, "bakeStartedAt"),
            verified_at=_instant(body, "verifiedAt"),
            after=Stage(body.text("after")) if body.has("after") else None,
            ending=_ending(body.body("ending")),
            weight=body.whole("weight", default=0),
            actual_weight=body.whole("actualWeight", default=0),
            route_weights={
                route.text("name"): route.whole("weight") for route in body.bodies("routes")
            },
            target_uid=body.text("targetUID", default=""),
            stable_replica_set=body.body("stable").text("replicaSet", default=""),
            promoted_replica_set=body.body("canary").text("replicaSet", default=""),
            stable=_version(body.body("stable")),
            canary=_version(body.body("canary")),
            stable_size=body.whole("capacity", default=0),
            rejected=_rejected(body.body("rejected")),
            slos=tuple(_slo(result) for result in body.bodies("analysis")),
            overdispersion={
                one.text("slo"): one.number("phi") for one in body.bodies("overdispersion")
            },
            checkpoint=body.body("checkpoint").value or None,
            checkpoint_at=_instant(body, "checkpointAt"),
            bad_requests=body.number("badRequests", default=0.0),
            unproven_steps=body.whole("unprovenSteps", default=0),
            contested=body.whole("contested", default=0),
            paused_by_command=body.flag("pausedByCommand", default=False),
            paused_since=_instant(body, "pausedSince"),
            consumed=body.labels("consumed"),
            message=body.text("message", default=""),
            next_at=_instant(body, "nextAt"),
            step_text=body.text("stepText", default=""),
            history=tuple(_entry(entry) for entry in body.bodies("history")),
            observed_generation=body.whole("observedGeneration", default=0),
            conditions=tuple(Condition.from_body(c) for c in body.bodies("conditions")),
        )

    def to_json(self) -> JsonObject:
        """Return the status as the API has it; what is empty is left out."""
        written: dict[str, Json] = {
            "phase": str(self.stage.phase),
            "stage": self.stage.short,
            "stageSince": format_instant(self.stage_since),
            "step": self.step,
            "stepText": self.step_text,
            "weight": self.weight,
            "actualWeight": self.actual_weight,
            "capacity": self.stable_size,
            "observedGeneration": self.observed_generation,
            "targetUID": self.target_uid,
            "message": self.message,
            "stable": {**_version_json(self.stable), "replicaSet": self.stable_replica_set},
            "conditions": [condition.to_json() for condition in self.conditions],
        }
        return {**written, **{k: v for k, v in self._optional().items() if v not in _EMPTY}}

    def _optional(self) -> JsonObject:
        return {
            "rolloutStartedAt": _text(self.rollout_started_at),
            "startedAt": _text(self.started_at),
            "stepStartedAt": _text(self.step_started_at),
            "judgedFrom": _text(self.judged_from),
            "bakeStartedAt": _text(self.bake_started_at),
            "verifiedAt": _text(self.verified_at),
            "checkpointAt": _text(self.checkpoint_at),
            "pausedSince": _text(self.paused_since),
            "nextAt": _text(self.next_at),
            "after": str(self.after) if self.after else None,
            "ending": _ending_json(self.ending),
            "routes": [
                {"name": name, "weight": weight}
                for name, weight in sorted(self.route_weights.items())
            ],
            "canary": self._canary_json(),
            "rejected": _rejected_json(self.rejected),
            "analysis": [_slo_json(result) for result in self.slos],
            "overdispersion": [
                {"slo": slo, "phi": phi} for slo, phi in sorted(self.overdispersion.items())
            ],
            "checkpoint": self.checkpoint,
            "badRequests": self.bad_requests or None,
            "unprovenSteps": self.unproven_steps or None,
            "contested": self.contested or None,
            "pausedByCommand": self.paused_by_command or None,
            "consumed": dict(sorted(self.consumed.items())),
            "history": [_entry_json(entry) for entry in self.history],
        }

    def _canary_json(self) -> JsonObject | None:
        if not self.canary.revision:
            return None
        written = _version_json(self.canary)
        if self.promoted_replica_set:
            return {**written, "replicaSet": self.promoted_replica_set}
        return written

    def at(self, stage: Stage, now: float) -> "RolloutStatus":
        """Return the status in another stage, which begins now."""
        return replace(self, stage=stage, stage_since=now, verified_at=None)


_EMPTY: tuple[Json, ...] = (None, [], {}, "")


def _instant(body: Body, name: str) -> float | None:
    return parse_instant(body.text(name)) if body.has(name) else None


def _text(instant: float | None) -> str | None:
    return None if instant is None else format_instant(instant)


def _version(body: Body) -> Version:
    return Version(
        revision=body.text("revision", default=""),
        ready=body.whole("ready", default=0),
        size=body.whole("size", default=0),
    )


def _version_json(version: Version) -> JsonObject:
    return {"revision": version.revision, "ready": version.ready, "size": version.size}


def _ending(body: Body) -> Ending | None:
    if not body.value:
        return None
    return Ending(body.text("reason"), body.text("message"), body.whole("weight"))


def _ending_json(ending: Ending | None) -> JsonObject | None:
    if ending is None:
        return None
    return {"reason": ending.reason, "message": ending.message, "weight": ending.weight}


def _rejected(body: Body) -> Rejected | None:
    if not body.value:
        return None
    return Rejected(
        revision=body.text("revision"),
        reason=body.text("reason"),
        message=body.text("message", default=""),
        at=parse_instant(body.text("at")),
    )


def _rejected_json(rejected: Rejected | None) -> JsonObject | None:
    if rejected is None:
        return None
    return {
        "revision": rejected.revision,
        "reason": rejected.reason,
        "message": rejected.message,
        "at": format_instant(rejected.at),
    }


def _slo(body: Body) -> SloResult:
    canary, stable = body.body("canary"), body.body("stable")
    return SloResult(
        slo=body.text("slo"),
        critical=body.flag("critical", default=True),
        canary_bad=canary.number("bad", default=0.0),
        canary_total=canary.number("total", default=0.0),
        stable_bad=stable.number("bad", default=0.0),
        stable_total=stable.number("total", default=0.0),
        evidence=body.number("evidence", default=0.0),
        limit=body.number("limit", default=0.0),
        verdict=body.text("verdict", default=""),
        note=body.text("note", default=""),
    )


def _slo_json(result: SloResult) -> JsonObject:
    return {
        "slo": result.slo,
        "critical": result.critical,
        "canary": {"bad": result.canary_bad, "total": result.canary_total},
        "stable": {"bad": result.stable_bad, "total": result.stable_total},
        "evidence": result.evidence,
        "limit": result.limit,
        "verdict": result.verdict,
        "note": result.note,
    }


def _entry(body: Body) -> Entry:
    return Entry(
        from_revision=body.text("from", default=""),
        to_revision=body.text("to", default=""),
        outcome=body.text("outcome"),
        reason=body.text("reason"),
        message=body.text("message", default=""),
        started=parse_instant(body.text("started")),
        ended=parse_instant(body.text("ended")),
        bad_requests=body.whole("badRequests", default=0),
    )


def _entry_json(entry: Entry) -> JsonObject:
    return {
        "from": entry.from_revision,
        "to": entry.to_revision,
        "outcome": entry.outcome,
        "reason": entry.reason,
        "message": entry.message,
        "started": format_instant(entry.started),
        "ended": format_instant(entry.ended),
        "badRequests": entry.bad_requests,
    }
