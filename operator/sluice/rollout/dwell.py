"""How long a step lasts: at least before its traffic, while it is judged, and at most."""

from typing import Final

from sluice.rollout.phases import Stage
from sluice.rollout.scene import Scene

# The gateway hears of new endpoints and of the new weight on two watches, in any order: a weight
# that it knows before the endpoints is answered with 503. Kubernetes cuts the instant at which a
# pod became ready to the second, so this is a wait of one to two seconds.
_GATEWAY_SECONDS: Final = 2.0


def known_at(scene: Scene) -> float:
    """Return the instant from which the gateway knows the canary pods that are ready now.

    An instant that lies in the future further than the wait is long is of a node whose clock is
    wrong; it is not waited for.
    """
    ready = (pod.ready_since for pod in scene.canary_pods if pod.ready_since is not None)
    near = (since for since in ready if since <= scene.now + _GATEWAY_SECONDS)
    return max(near, default=0.0) + _GATEWAY_SECONDS


def least_seconds(scene: Scene) -> float:
    """Return how long the current step is judged at least."""
    if scene.stage is Stage.BAKING:
        return scene.spec.bake_seconds
    # The spec may have lost steps since this one began.
    step = min(scene.status.step, len(scene.spec.steps) - 1)
    duration = scene.spec.steps[step].duration_seconds
    return scene.spec.analysis.min_duration_seconds if duration is None else duration


def most_seconds(scene: Scene) -> float:
    """Return after how long nothing proven is inconclusive; the bake goes by the clock."""
    if scene.stage is Stage.BAKING:
        return scene.spec.bake_seconds
    return max(scene.spec.analysis.max_duration_seconds, least_seconds(scene))


def may_pass_at(scene: Scene) -> float:
    """Return the instant from which the step may be passed."""
    return scene.status.stage_since + least_seconds(scene)


def inconclusive_at(scene: Scene) -> float:
    """Return the instant from which the step is inconclusive."""
    return scene.status.stage_since + most_seconds(scene)
