"""What moves a rollout on: for each stage one function that says whether it is done.

Nothing here goes up while the rollout is paused; `plan` asks only then when time flows.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, TypeAlias

from sluice.analysis.verdict import Judgement, Verdict
from sluice.model.cluster import ReplicaSet
from sluice.model.plan import Note
from sluice.model.reasons import Reason
from sluice.model.scalars import format_duration
from sluice.rollout.commands import Verb, pending
from sluice.rollout.dwell import inconclusive_at, known_at, may_pass_at
from sluice.rollout.hold import is_held
from sluice.rollout.judging import served_bad
from sluice.rollout.moves import Move
from sluice.rollout.phases import Event, Stage
from sluice.rollout.scene import Scene, rung_weight
from sluice.rollout.spec import OnInconclusive
from sluice.rollout.status import RolloutStatus
from sluice.rollout.traffic import Settled, settling, verify_seconds

Progress: TypeAlias = Callable[[Scene, Judgement | None], Move | None]

# Canary weights on the way back to the Deployment's pods: 10, 50, 100% for them.
RETURN_WEIGHTS: Final = (90, 50, 0)
# Below this evidence nothing speaks against the canary (research: E < 3 to promote).
_CALM: Final = 3.0


def go_on(scene: Scene, verdict: Judgement | None) -> Move | None:
    """Return the move that the stage is ready for, if any."""
    check = PROGRESS.get(scene.stage)
    return check(scene, verdict) if check else None


def created(scene: Scene, _: Judgement | None) -> Move | None:
    """Canary Service and Deployment exist and the finalizer is confirmed."""
    if scene.canary is None or scene.canary_service is None:
        return None
    needed = f"the first step needs {scene.canary_size} ready"
    sentence = f"canary {scene.status.canary.revision} is created; {needed}"
    return Move(Event.CREATED, scene.status, sentence)


def scaled(scene: Scene, _: Judgement | None) -> Move | None:
    """All pods that the step needs are ready and known to the Service and to the gateway."""
    if not _canary_full(scene) or scene.now < known_at(scene):
        return None
    weight = 100 if scene.stage is Stage.PROMOTING_SCALING else scene.rung_weight
    ready = f"{scene.canary_ready} of {scene.canary_size} canary pods are ready"
    shifted = replace(scene.status, weight=weight)
    return Move(Event.CAPACITY_READY, shifted, f"{ready}; weight goes to {weight}%")


def _canary_full(scene: Scene) -> bool:
    canary = scene.canary
    if canary is None or canary.observed_generation < canary.meta.generation:
        return False
    return canary.replicas >= scene.canary_size and scene.canary_ready >= scene.canary_size


def shifted(scene: Scene, _: Judgement | None) -> Move | None:
    """Every route carries the weight."""
    if settling(scene).state is Settled.WRITING:
        return None
    return Move(Event.WEIGHT_WRITTEN, scene.status, f"weight {scene.status.weight}% is written")


def verified(scene: Scene, _: Judgement | None) -> Move | None:
    """The gateway accepted the weight, and its share was seen or time ran out."""
    state = settling(scene)
    if not state.done:
        return None
    baking = scene.status.step >= len(scene.spec.steps)
    event = Event.BAKE_VERIFIED if baking else Event.WEIGHT_VERIFIED
    judged = replace(
        scene.status,
        judged_from=scene.now,
        bad_requests=served_bad(scene.status),
        slos=(),
        bake_started_at=scene.now if baking else None,
    )
    notes: tuple[Note, ...] = ()
    if state.state is Settled.UNSEEN:
        limit = format_duration(verify_seconds(scene))
        notes = (Note(Reason.WEIGHT_UNVERIFIED, f"{state.sentence}, after {limit}"),)
    return Move(event, judged, f"weight {scene.status.weight}%: {state.sentence}", notes)


def passed(scene: Scene, verdict: Judgement | None) -> Move | None:
    """The step is proven, advanced by time, or promoted by a person."""
    if full := pending(scene, Verb.PROMOTE_FULL):
        return Move(
            Event.PROMOTED_FULLY, full.consumed(scene.status), "promoted in full by command"
        )
    if promote := pending(scene, Verb.PROMOTE):
        sentence = f"step {scene.status.step_text} promoted by command"
        return _next(scene, promote.consumed(scene.status), Note(Reason.STEP_PROMOTED, sentence))
    if verdict is None or _waits_for_promote(scene) or scene.now < may_pass_at(scene):
        return None
    if verdict.verdict is Verdict.PROVEN and _enough(scene, verdict):
        return _next(scene, scene.status, Note(Reason.PROVEN, verdict.sentence))
    if verdict.verdict is Verdict.OPEN and scene.now >= inconclusive_at(scene):
        return _unproven(scene, verdict)
    return None


def _waits_for_promote(scene: Scene) -> bool:
    step = scene.status.step
    return step < len(scene.spec.steps) and scene.spec.steps[step].pause


def _unproven(scene: Scene, verdict: Judgement) -> Move | None:
    """Advance by time if the spec says so, nothing speaks against it and there were requests."""
    analysis = scene.spec.analysis
    worst = max((slo.evidence for slo in verdict.slos if slo.critical), default=0.0)
    advances = analysis.on_inconclusive is OnInconclusive.ADVANCE
    if not advances or not _enough(scene, verdict) or worst >= _CALM:
        return None
    status = replace(scene.status, unproven_steps=scene.status.unproven_steps + 1)
    sentence = f"advanced by time, unproven: {verdict.sentence}"
    return _next(scene, status, Note(Reason.UNPROVEN, sentence))


def _enough(scene: Scene, verdict: Judgement) -> bool:
    return verdict.canary_requests >= scene.spec.analysis.min_requests


def _next(scene: Scene, status: RolloutStatus, note: Note) -> Move:
    if scene.stage is Stage.BAKING:
        return Move(Event.BAKE_PASSED, status, note.message, (note,))
    following = replace(status, step=status.step + 1)
    to = rung_weight(scene.spec, following.step)
    return Move(Event.STEP_PASSED, following, f"{note.message}; on to {to}%", (note,))


def promoted_weight(scene: Scene, _: Judgement | None) -> Move | None:
    """The canary carries everything, verified: the Deployment may roll without traffic."""
    state = settling(scene)
    if not state.done:
        return None
    return Move(Event.WEIGHT_VERIFIED, scene.status, f"canary carries 100%: {state.sentence}")


def rolled(scene: Scene, _: Judgement | None) -> Move | None:
    """The Deployment runs the promoted version only, all pods of it ready."""
    target, own = scene.target, scene.own_set
    if target is None or own is None or is_held(target) or not _only(scene, own, target.replicas):
        return None
    done = target.observed_generation >= target.meta.generation
    return _returning(scene, own, Event.ROLLED) if done else None


def unified(scene: Scene, _: Judgement | None) -> Move | None:
    """The promoted ReplicaSet is full and the old one empty, while a newer version is held."""
    target, promoted = scene.target, scene.promoted_set
    if target is None or promoted is None or not _only(scene, promoted, target.replicas):
        return None
    return _returning(scene, promoted, Event.UNIFIED)


def _only(scene: Scene, full: ReplicaSet, size: int) -> bool:
    others = (s for s in scene.replica_sets if s.meta.ref != full.meta.ref)
    return full.ready_replicas >= size and all(other.total_replicas == 0 for other in others)


def _returning(scene: Scene, promoted: ReplicaSet, event: Event) -> Move:
    first = RETURN_WEIGHTS[0]
    ready = f"{promoted.ready_replicas} pods of the promoted version are ready"
    status = replace(
        scene.status, weight=first, promoted_replica_set=promoted.meta.ref.name, verified_at=None
    )
    return Move(event, status, f"{ready}; {100 - first}% of the traffic goes to them")


def returned(scene: Scene, _: Judgement | None) -> Move | None:
    """The share of the Deployment's pods is verified: the next share, or all of it is back."""
    state = settling(scene)
    if not state.done or not _carries(scene):
        return None
    weight = scene.status.weight
    if weight == 0:
        return Move(Event.RETURNED, scene.status, f"the Deployment carries 100%: {state.sentence}")
    lower = next(share for share in RETURN_WEIGHTS if share < weight)
    status = replace(scene.status, weight=lower)
    return Move(Event.RETURN_STEP, status, f"{state.sentence}; {100 - lower}% to the Deployment")


def _carries(scene: Scene) -> bool:
    """Whether the ReplicaSet that gets the traffic back has all its pods ready."""
    target, receiver = scene.target, scene.receiver
    return (
        target is not None and receiver is not None and (receiver.ready_replicas >= target.replicas)
    )


def filled(scene: Scene, _: Judgement | None) -> Move | None:
    """The former version is full again and the promoted one gone."""
    target, stable = scene.target, scene.stable_set
    if target is None or stable is None or not _only(scene, stable, target.replicas):
        return None
    first = RETURN_WEIGHTS[0]
    ready = f"{stable.ready_replicas} pods of the former version are ready again"
    status = replace(scene.status, weight=first)
    return Move(Event.FILLED, status, f"{ready}; {100 - first}% of the traffic goes to them")


def rolled_back_weight(scene: Scene, _: Judgement | None) -> Move | None:
    """No route sends to the canary any more, verified as far as it can be."""
    state = settling(scene)
    if state.state in {Settled.WRITING, Settled.WAITING}:
        return None
    return Move(Event.WEIGHT_VERIFIED, scene.status, f"canary weight is 0%: {state.sentence}")


def drained(scene: Scene, _: Judgement | None) -> Move | None:
    """The drain is over and the canary has no pod left."""
    canary = scene.canary
    if scene.now < drained_at(scene) or (canary is not None and canary.total_replicas > 0):
        return None
    keep = scene.stage is Stage.ROLLING_BACK_DRAINING and scene.status.after is Stage.ROLLED_BACK
    if canary is not None and (canary.replicas > 0 or not keep):
        return None
    return Move(Event.DRAINED, scene.status, "the canary has no traffic and no pod left")


def drained_at(scene: Scene) -> float:
    """Return the instant until which requests under way may end."""
    return scene.status.stage_since + scene.spec.drain_seconds


PROGRESS: Final[Mapping[Stage, Progress]] = {
    Stage.CREATING: created,
    Stage.SCALING: scaled,
    Stage.SHIFTING: shifted,
    Stage.VERIFYING: verified,
    Stage.JUDGING: passed,
    Stage.BAKING: passed,
    Stage.PROMOTING_SCALING: scaled,
    Stage.PROMOTING_SHIFTING: promoted_weight,
    Stage.ROLLING: rolled,
    Stage.UNIFYING: unified,
    Stage.RETURNING: returned,
    Stage.DRAINING: drained,
    Stage.REVERTING_FILLING: filled,
    Stage.REVERTING_RETURNING: returned,
    Stage.ROLLING_BACK_SHIFTING: rolled_back_weight,
    Stage.ROLLING_BACK_DRAINING: drained,
}
