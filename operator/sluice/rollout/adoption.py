"""What a pass records of the world without a change of stage: versions, weights, contests."""

from dataclasses import replace

from sluice.model.cluster import Deployment, ReplicaSet
from sluice.model.plan import Note
from sluice.model.reasons import Reason
from sluice.rollout.hold import is_held
from sluice.rollout.phases import RESTING, Stage
from sluice.rollout.scene import Scene
from sluice.rollout.status import Rejected, RolloutStatus, Version
from sluice.rollout.traffic import seen_weights

_WRITTEN = frozenset(
    {
        Stage.VERIFYING,
        Stage.JUDGING,
        Stage.BAKING,
        Stage.ROLLING,
        Stage.UNIFYING,
        Stage.REVERTING_FILLING,
        Stage.ROLLING_BACK_DRAINING,
    }
)


def adopted(scene: Scene) -> tuple[RolloutStatus, tuple[Note, ...]]:
    """Return the status with what is seen of the world now, and notes about surprises."""
    status = replace(
        scene.status,
        actual_weight=max(seen_weights(scene).values(), default=0),
        canary=_canary(scene),
        stable_size=_stable_size(scene),
        rejected=_rejected(scene),
    )
    status, notes = _stable(scene, status)
    status, contested = _contested(scene, status)
    return _rolling(scene, replace(status, route_weights=seen_weights(scene))), (*notes, *contested)


def _canary(scene: Scene) -> Version:
    canary = scene.status.canary
    if not canary.revision or scene.canary is None:
        return replace(canary, ready=0, size=0)
    return replace(canary, ready=scene.canary_ready, size=scene.canary.replicas)


def _rejected(scene: Scene) -> Rejected | None:
    """Forget the rejected version once nothing is left of it: till then it finds its canary."""
    if scene.stage is Stage.HEALTHY and scene.rejected is None:
        return None
    return scene.status.rejected


def _stable_size(scene: Scene) -> int:
    if scene.stage in RESTING:
        return scene.target.replicas if scene.target else 0
    return scene.stable_size


def _stable(scene: Scene, status: RolloutStatus) -> tuple[RolloutStatus, tuple[Note, ...]]:
    """Follow stable's pods; at rest, adopt what the Deployment runs by itself."""
    target, alone, stable = scene.target, runs_alone(scene), scene.stable_set
    if scene.stage is Stage.HEALTHY and target is not None and alone is not None:
        # A Deployment that was recreated with the same template has a ReplicaSet of that name too.
        known = (status.target_uid, status.stable_replica_set)
        if (target.meta.uid, alone.meta.ref.name) != known:
            return _adopt(status, target, alone)
    if stable is None:
        return replace(status, stable=replace(status.stable, ready=0, size=0)), ()
    version = Version(stable.pod_template_hash, stable.ready_replicas, stable.replicas)
    return replace(status, stable=version), ()


def runs_alone(scene: Scene) -> ReplicaSet | None:
    """Return the ReplicaSet that the Deployment runs by itself, if it runs one only.

    A held one runs the one that has pods. It is not the known one if the template changed right
    after the label came, or if a version was let through and another written while nobody looked.
    """
    running = [item for item in scene.replica_sets if item.total_replicas or item.replicas]
    if scene.target is not None and is_held(scene.target):
        return running[0] if len(running) == 1 else None
    own = scene.own_set
    return own if all(item is own for item in running) else None


def _adopt(
    status: RolloutStatus, target: Deployment, runs: ReplicaSet
) -> tuple[RolloutStatus, tuple[Note, ...]]:
    uid = target.meta.uid
    adopted_status = replace(
        status,
        target_uid=uid,
        stable_replica_set=runs.meta.ref.name,
        stable=Version(runs.pod_template_hash, runs.ready_replicas, runs.replicas),
    )
    if not status.stable_replica_set:
        return adopted_status, ()
    again = "was recreated and" if uid != status.target_uid else "rolled by itself and"
    sentence = f"Deployment {target.meta.ref.name} {again} now runs {runs.pod_template_hash}"
    return adopted_status, (Note(Reason.BYPASSED, f"{sentence} without a rollout"),)


def _contested(scene: Scene, status: RolloutStatus) -> tuple[RolloutStatus, tuple[Note, ...]]:
    """Count a weight that had been written and is another one now."""
    seen = seen_weights(scene)
    known = scene.status.route_weights
    wanted = status.weight
    reverted = [
        name
        for name, weight in seen.items()
        if scene.stage in _WRITTEN and weight != wanted and known.get(name) == wanted
    ]
    if not reverted:
        return status, ()
    count = status.contested + 1
    sentence = (
        f"HTTPRoute {reverted[0]} was set to {seen[reverted[0]]}% by someone else, "
        f"{count} times in this rollout; put back to {wanted}%"
    )
    notes = (Note(Reason.ROUTE_CONTESTED, sentence),) if count == CONTESTED_LIMIT else ()
    return replace(status, contested=count), notes


CONTESTED_LIMIT = 3


def _rolling(scene: Scene, status: RolloutStatus) -> RolloutStatus:
    """Remember the ReplicaSet that the promotion brings up as soon as it exists."""
    own = scene.own_set
    if scene.stage is not Stage.ROLLING or own is None or status.promoted_replica_set:
        return status
    if scene.target is None or is_held(scene.target):
        return status
    if own.meta.ref.name == status.stable_replica_set:
        return status
    return replace(status, promoted_replica_set=own.meta.ref.name)
