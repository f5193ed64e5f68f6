"""Capacity that falls: the weight follows at once to where pods are ready, paused or not."""

from dataclasses import replace

from sluice.model.plan import Note
from sluice.model.reasons import Reason
from sluice.rollout.capacity import least_weight, replicas_for, supported_weight
from sluice.rollout.moves import Move
from sluice.rollout.phases import TABLE, Event
from sluice.rollout.scene import Scene


def capacity_fell(scene: Scene) -> Move | None:
    """Move weight away from the version whose pods are no longer ready."""
    if Event.RETURN_STEP in TABLE[scene.stage]:
        return receiver_fell(scene)
    return canary_fell(scene)


def receiver_fell(scene: Scene) -> Move | None:
    """Give the canary back what the Deployment's ready pods do not carry, if the canary can."""
    weight, target, receiver = scene.status.weight, scene.target, scene.receiver
    if target is None or receiver is None or target.replicas == 0:
        return None
    ready, size = receiver.ready_replicas, target.replicas
    needed = least_weight(weight, ready, size)
    if needed <= weight or supported_weight(needed, scene.canary_ready, scene.stable_size) < needed:
        return None
    sentence = (
        f"{ready} of {size} pods that get the traffic back are ready: "
        f"canary weight goes from {weight}% to {needed}%"
    )
    note = Note(Reason.CAPACITY_FELL, sentence)
    return Move(Event.RETURN_STEP, replace(scene.status, weight=needed), sentence, (note,))


def canary_fell(scene: Scene) -> Move | None:
    """Lower the weight to what the ready canary pods carry; the step starts again at Scaling."""
    weight, ready = scene.status.weight, scene.canary_ready
    if weight == 0 or Event.CAPACITY_FELL not in TABLE[scene.stage]:
        return None
    supported = supported_weight(weight, ready, scene.stable_size)
    if supported >= weight:
        return None
    needed = replicas_for(weight, scene.stable_size)
    sentence = (
        f"{ready} of {needed} canary pods are ready: weight goes from {weight}% to {supported}%"
    )
    reason = Reason.CAPACITY_FELL if ready else Reason.NO_READY_ENDPOINTS
    lowered = replace(scene.status, weight=supported)
    return Move(Event.CAPACITY_FELL, lowered, sentence, (Note(reason, sentence),))
