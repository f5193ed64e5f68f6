"""What a person reads of a rollout: message, columns and conditions; and when to look again."""

from dataclasses import replace

from sluice.analysis.verdict import Judgement, Verdict
from sluice.model.conditions import READY, RECONCILING, Claim, claims_of, merge
from sluice.model.json import Body
from sluice.model.kind import Observation
from sluice.model.plan import Work
from sluice.model.problems import Invalid, Problem, Stalled
from sluice.model.reasons import Reason
from sluice.rollout.adoption import CONTESTED_LIMIT
from sluice.rollout.announcement import announced
from sluice.rollout.dwell import inconclusive_at, known_at, may_pass_at
from sluice.rollout.hold import is_held
from sluice.rollout.judging import no_data_since
from sluice.rollout.phases import JUDGED, RESTING, Phase, Stage
from sluice.rollout.progress import drained_at
from sluice.rollout.scene import Scene
from sluice.rollout.status import RolloutStatus
from sluice.rollout.traffic import settling
from sluice.rollout.waits import no_data, no_data_lasts_at, overdue_at, wait_of

PROMOTED, PAUSED, ABORTED = "Promoted", "Paused", "Aborted"

_SETTLING = frozenset(
    {
        Stage.VERIFYING,
        Stage.PROMOTING_SHIFTING,
        Stage.RETURNING,
        Stage.REVERTING_RETURNING,
        Stage.ROLLING_BACK_SHIFTING,
    }
)
_DEADLINE = frozenset(
    {Stage.CREATING, Stage.SCALING, Stage.SHIFTING, Stage.PROMOTING_SCALING, Stage.ROLLING}
)
_SCALING = frozenset({Stage.SCALING, Stage.PROMOTING_SCALING})
_DRAINING = frozenset({Stage.DRAINING, Stage.ROLLING_BACK_DRAINING})


def refused(observation: Observation, problem: Invalid) -> Work:
    """Return the work for an object that cannot be read: say so, and touch nothing else."""
    body = Body(observation.body)
    old = RolloutStatus.from_body(body.body("status"))
    generation = body.body("metadata").whole("generation", default=1)
    conditions = merge(old.conditions, claims_of(problem), observation.now, generation)
    new = replace(
        old, conditions=conditions, message=problem.message, observed_generation=generation
    )
    written = new.to_json()
    changed = not body.has("status") or written != old.to_json()
    return Work(status=written if changed else None, notes=announced(old, new))


def summarised(
    scene: Scene, status: RolloutStatus, verdict: Judgement | None, problem: Problem | None
) -> RolloutStatus:
    """Return the status with everything that people and tools read from it."""
    status = replace(status, step_text=_step_text(scene, status))
    problem = problem or wait_of(scene, status, verdict)
    status = replace(status, message=_message(scene, status, verdict, problem))
    generation = scene.own.meta.generation
    return replace(
        status,
        next_at=_next_at(scene, status),
        observed_generation=generation,
        conditions=merge(
            scene.status.conditions, _claims(scene, status, problem), scene.now, generation
        ),
    )


def _step_text(scene: Scene, status: RolloutStatus) -> str:
    if status.stage in RESTING:
        return ""
    steps = len(scene.spec.steps)
    return f"{status.step + 1}/{steps}" if status.step < steps else "bake"


def _message(
    scene: Scene, status: RolloutStatus, verdict: Judgement | None, problem: Problem | None
) -> str:
    if problem is not None:
        return problem.message
    if status.stage is not scene.stage:
        return status.message
    if status.stage is Stage.HEALTHY:
        return _resting(scene, status)
    if status.stage is Stage.ROLLED_BACK and status.rejected is not None:
        return status.rejected.message
    if status.stage in JUDGED and verdict is not None:
        return _holding(scene, verdict)
    return status.message


def _resting(scene: Scene, status: RolloutStatus) -> str:
    revision = status.stable.revision
    if not revision:
        return "waiting until one ReplicaSet of the Deployment runs"
    target = scene.target
    if target is not None and is_held(target) and target.replicas == 0:
        return f"a new version is held; it starts when {scene.spec.target} has pods again"
    return f"version {revision} runs and takes all traffic"


def _holding(scene: Scene, verdict: Judgement) -> str:
    """Return why a judged step does not go on, without numbers that change with every scrape."""
    step, weight = scene.status.step, scene.status.weight
    if verdict.verdict is Verdict.NO_DATA:
        return no_data(scene, verdict)
    pauses = step < len(scene.spec.steps) and scene.spec.steps[step].pause
    if pauses and scene.now >= may_pass_at(scene):
        return f"step {scene.status.step_text} waits for `sluice rollout promote`"
    return f"step {scene.status.step_text}: {weight}% is judged"


def _claims(scene: Scene, status: RolloutStatus, problem: Problem | None) -> tuple[Claim, ...]:
    return (*_kstatus(scene, status, problem), *_own_conditions(scene, status))


def _kstatus(scene: Scene, status: RolloutStatus, problem: Problem | None) -> tuple[Claim, ...]:
    if problem is not None:
        return claims_of(problem)
    message = status.message
    if status.stage is Stage.HEALTHY:
        if not status.stable.revision:
            return _reconciling(Reason.SEVERAL_REPLICASETS, message)
        return (Claim(READY, True, Reason.HEALTHY, message),)
    if status.stage is Stage.ROLLED_BACK:
        return claims_of(Stalled(Reason.ROLLED_BACK, message))
    if status.contested >= CONTESTED_LIMIT:
        contested = f"weights were changed by someone else {status.contested} times; {message}"
        return _reconciling(Reason.ROUTE_CONTESTED, contested)
    stuck = scene.now - status.stage_since >= scene.spec.progress_deadline_seconds
    if status.stage is Stage.ROLLING and stuck:
        safe = "traffic is safe on the canary; see why the Deployment does not finish"
        return claims_of(Stalled(Reason.PROGRESS_DEADLINE, f"{message}; {safe}"))
    return _reconciling(_REASONS[status.stage.phase], message)


_REASONS = {
    Phase.PROGRESSING: Reason.PROGRESSING,
    Phase.PROMOTING: Reason.PROMOTING,
    Phase.REVERTING: Reason.REVERTING,
    Phase.ROLLING_BACK: Reason.ROLLED_BACK,
    Phase.ROLLED_BACK: Reason.ROLLED_BACK,
    Phase.HEALTHY: Reason.HEALTHY,
}


def _reconciling(reason: Reason, message: str) -> tuple[Claim, ...]:
    return (Claim(READY, False, reason, message), Claim(RECONCILING, True, reason, message))


def _own_conditions(scene: Scene, status: RolloutStatus) -> tuple[Claim, ...]:
    claims = []
    last, resting = (*status.history, None)[0], status.stage is Stage.HEALTHY
    if last is not None and last.outcome == "Promoted" and resting:
        claims.append(Claim(PROMOTED, True, Reason.PROMOTED, last.message))
    elif last is not None or not resting:
        claims.append(Claim(PROMOTED, False, _REASONS[status.stage.phase], status.message))
    if scene.paused or status.paused_by_command:
        claims.append(Claim(PAUSED, True, Reason.PAUSED, status.message))
    rejected = status.rejected if status.stage is Stage.ROLLED_BACK else None
    if rejected is not None and rejected.reason == str(Reason.ABORTED):
        claims.append(Claim(ABORTED, True, Reason.ABORTED, rejected.message))
    return tuple(claims)


def _next_at(scene: Scene, status: RolloutStatus) -> float | None:
    """Return the instant that a person waits for in this stage: persisted, so it must be steady."""
    if status.paused_since is not None or scene.paused:
        return None
    after = replace(scene, own=replace(scene.own, status=status))
    if status.stage in JUDGED:
        return may_pass_at(after)
    if status.stage in _DRAINING:
        return drained_at(after)
    return None


def wake_at(scene: Scene, verdict: Judgement | None) -> float | None:
    """Return the next instant at which time alone may change the decision."""
    stage, since, spec = scene.stage, scene.status.stage_since, scene.spec
    instants: list[float] = []
    if stage in JUDGED:
        instants += [may_pass_at(scene), inconclusive_at(scene), overdue_at(scene)]
        instants += _no_data_at(scene, verdict)
    if stage in _SCALING:
        instants.append(known_at(scene))
    if stage in _SETTLING:
        instants += [due for due in (settling(scene).due_at,) if due is not None]
    if stage in _DEADLINE:
        instants.append(since + spec.progress_deadline_seconds)
    if stage in _DRAINING:
        instants.append(drained_at(scene))
    return min((instant for instant in instants if instant > scene.now), default=None)


def _no_data_at(scene: Scene, verdict: Judgement | None) -> tuple[float, ...]:
    if verdict is None or verdict.verdict is not Verdict.NO_DATA:
        return ()
    limit = no_data_since(scene, verdict) + scene.spec.analysis.on_no_data.after_seconds
    return (no_data_lasts_at(scene, verdict), limit)
