"""Containers that end with an error: the canary's, compared with the stable version's."""

from collections.abc import Iterable
from dataclasses import dataclass

from sluice.model.cluster import Pod
from sluice.rollout.scene import Scene

_ENOUGH = 2  # one crash of many pods may be chance


@dataclass(frozen=True, slots=True)
class Crashes:
    """How often containers of some pods ended with an error within a time.

    count: ends; pod_seconds: exposure; sample: one end in words, empty without any.
    """

    count: int
    pod_seconds: float
    sample: str

    @property
    def rate(self) -> float:
        """Ends per pod-second."""
        return self.count / self.pod_seconds if self.pod_seconds > 0 else 0.0


def crashes_since(pods: Iterable[Pod], since: float, now: float) -> Crashes:
    """Count failed ends since an instant. A pod that is being deleted or evicted never counts.

    The kubelet shows at most two ends per container, so for a pod that started within the time
    its restart count is taken where that is larger.
    """
    count, exposure, sample = 0, 0.0, ""
    for pod in pods:
        if pod.meta.deleting or pod.started is None or pod.phase == "Failed":
            continue
        exposure += now - max(since, pod.started)
        recent = [crash for crash in pod.crashes if crash.finished >= since]
        if not recent:
            continue
        restarts = max(crash.count for crash in recent) if pod.started >= since else 0
        count += max(len({(c.container, c.finished) for c in recent}), restarts)
        last = max(recent, key=lambda crash: crash.finished)
        ended = f"{last.reason}, exit code {last.exit_code}"
        sample = f"container {last.container} of {pod.meta.ref.name} ({ended})"
    return Crashes(count, exposure, sample)


def canary_crashes(scene: Scene) -> str:
    """Return the sentence that says the canary crashes more than stable, empty if it does not."""
    since = scene.status.step_started_at
    if since is None:
        return ""
    canary = crashes_since(scene.canary_pods, since, scene.now)
    stable = crashes_since(scene.stable_pods, since, scene.now)
    enough = 1 if scene.canary_size == 1 else _ENOUGH
    if canary.count < enough or canary.rate <= stable.rate:
        return ""
    return (
        f"{canary.count} canary container ends with an error in this step, last {canary.sample}; "
        f"stable {stable.count}; limit {enough}"
    )


def promoted_crashes(scene: Scene) -> str:
    """Return the sentence that says the promoted pods crash more than the canary, else empty.

    They run the same version, so what differs is that the Deployment's pods take traffic again.
    """
    since, name = scene.status.step_started_at, scene.status.promoted_replica_set
    if since is None:
        return ""
    pods = (pod for pod in scene.stable_pods if any(o.name == name for o in pod.meta.owners))
    promoted = crashes_since(pods, since, scene.now)
    canary = crashes_since(scene.canary_pods, since, scene.now)
    enough = 1 if scene.target is not None and scene.target.replicas == 1 else _ENOUGH
    if promoted.count < enough or promoted.rate <= canary.rate:
        return ""
    return (
        f"{promoted.count} container ends with an error among the promoted pods, last "
        f"{promoted.sample}; canary {canary.count}; limit {enough}"
    )
