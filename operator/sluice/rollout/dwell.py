"""How long a step is judged: at least, and at most."""

from sluice.rollout.phases import Stage
from sluice.rollout.scene import Scene


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
