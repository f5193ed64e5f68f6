"""Capacity that falls: the weight follows at once, downwards, paused or not."""

from dataclasses import replace

from sluice.model.plan import Note
from sluice.model.reasons import Reason
from sluice.rollout.capacity import replicas_for, supported_weight
from sluice.rollout.moves import Move
from sluice.rollout.phases import TABLE, Event
from sluice.rollout.scene import Scene


def capacity_fell(scene: Scene) -> Move | None:
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
