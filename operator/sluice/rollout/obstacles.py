"""What stands in the way of a rollout now: before it begins everything, later what is missing."""

from sluice.model.cluster import (
    Autoscaler,
    Deployment,
    DisruptionBudget,
    NetworkPolicy,
    PodMonitor,
    RolloutSummary,
    Service,
    VolumeClaim,
)
from sluice.model.found import all_of, one_of
from sluice.model.holds import Holder, holds
from sluice.model.json import Body
from sluice.model.kind import InNamespace, One
from sluice.model.names import GRAPH_LABEL, ROLLOUT_LABEL
from sluice.model.problems import Problem, Waiting
from sluice.model.reasons import Reason
from sluice.model.references import (
    AUTOSCALERS,
    DISRUPTIONBUDGETS,
    NETWORKPOLICIES,
    PERSISTENTVOLUMECLAIMS,
    PODMONITORS,
    ROLLOUTS,
)
from sluice.rollout.hold import held_mark
from sluice.rollout.phases import Stage
from sluice.rollout.refusals import refusal
from sluice.rollout.routes.gateway_api import sends
from sluice.rollout.scene import Scene
from sluice.rollout.surroundings import Surroundings
from sluice.rollout.traffic import split_of

_BEFORE = frozenset({Stage.HEALTHY, Stage.CREATING, Stage.ROLLED_BACK})


def find_problem(scene: Scene) -> Problem | None:
    """Return what has to be waited for or mended, None if nothing stands in the way."""
    if scene.own.meta.deleting:
        return None
    if scene.stage in _BEFORE:
        return (
            refusal(surroundings(scene))
            or not_started(scene)
            or paused_by_user(scene)
            or rolling_by_itself(scene)
        )
    return missing(scene)


def not_started(scene: Scene) -> Problem | None:
    """A Deployment that a StartupGraph holds must not run anywhere, not as a canary either."""
    target = scene.target
    if target is None or not holds(target.meta, Holder.STARTUP):
        return None
    name, graph = target.meta.ref.name, target.meta.labels.get(GRAPH_LABEL, "")
    sentence = f"Deployment {name} is held by its graph: `sluice graph explain {graph}` says why"
    return Waiting(Reason.WAITS_FOR_GRAPH, sentence)


def paused_by_user(scene: Scene) -> Problem | None:
    """A Deployment that is paused without a mark of ours rests by its user's will."""
    target = scene.target
    if target is None or not target.paused or held_mark(target):
        return None
    name = target.meta.ref.name
    return Waiting(
        Reason.PAUSED_BY_USER,
        f"Deployment {name} is paused by its user: `kubectl rollout resume deployment/{name}`",
    )


def rolling_by_itself(scene: Scene) -> Problem | None:
    """Before a Deployment is adopted, or after a bypass, one ReplicaSet has to run alone."""
    target = scene.target
    if scene.stage is not Stage.HEALTHY or target is None or held_mark(target):
        return None
    running = [item for item in scene.replica_sets if item.total_replicas or item.replicas]
    if len(running) <= 1 and scene.own_set is not None:
        return None
    name, count = target.meta.ref.name, len(running)
    if not count:
        return Waiting(Reason.PROGRESSING, f"Deployment {name} has no ReplicaSet with pods yet")
    return Waiting(
        Reason.SEVERAL_REPLICASETS,
        f"Deployment {name} runs {count} ReplicaSets; the Rollout acts when its own one runs alone",
    )


def missing(scene: Scene) -> Problem | None:
    """In the middle of a rollout: what was there and is gone; weights stay as they are."""
    namespace = scene.own.meta.ref.namespace
    if scene.target is None:
        return _gone(Reason.TARGET_NOT_FOUND, f"Deployment {namespace}/{scene.spec.target}")
    if scene.service is None:
        return _gone(Reason.SERVICE_NOT_FOUND, f"Service {namespace}/{scene.spec.service}")
    split = split_of(scene)
    for target in scene.spec.routes:
        route = scene.routes.get(target.name)
        if route is None:
            return _gone(Reason.ROUTE_NOT_FOUND, f"HTTPRoute {namespace}/{target.name}")
        if not sends(route, target, split):
            rule = f"the rule of HTTPRoute {namespace}/{target.name} that sends to {split}"
            return _gone(Reason.ROUTE_MISMATCH, rule)
    return None


def _gone(reason: Reason, what: str) -> Waiting:
    return Waiting(reason, f"{what} is gone; the rollout goes on once it is there again")


def surroundings(scene: Scene) -> Surroundings:
    """Return the scene's namespace as far as it decides whether a rollout can begin."""
    seen, namespace = scene.observation, scene.own.meta.ref.namespace
    return Surroundings(
        own=RolloutSummary.from_body(Body(seen.body)),
        spec=scene.spec,
        target=scene.target,
        service=scene.service,
        routes=scene.routes,
        claims=all_of(seen.found, InNamespace(PERSISTENTVOLUMECLAIMS, namespace), VolumeClaim),
        autoscalers=all_of(seen.found, InNamespace(AUTOSCALERS, namespace), Autoscaler),
        policies=all_of(seen.found, InNamespace(NETWORKPOLICIES, namespace), NetworkPolicy),
        budgets=all_of(seen.found, InNamespace(DISRUPTIONBUDGETS, namespace), DisruptionBudget),
        monitors=all_of(seen.found, InNamespace(PODMONITORS, namespace), PodMonitor),
        rollouts=rivals(scene),
    )


def rivals(scene: Scene) -> tuple[RolloutSummary, ...]:
    """Return the other Rollouts that have claimed the target or the canary Service."""
    seen, own = scene.observation.found, scene.own
    service = one_of(seen, One(own.canary_service), Service)
    found = (
        one_of(seen, One(own.meta.near(ROLLOUTS, name)), RolloutSummary)
        for name in rival_names(own.meta.ref.name, scene.target, service)
    )
    return tuple(rival for rival in found if rival is not None)


def rival_names(own: str, *claimed: Deployment | Service | None) -> tuple[str, ...]:
    """Return the Rollouts that the label on claimed objects names, other than our own."""
    labels = [item.meta.labels.get(ROLLOUT_LABEL, "") for item in claimed if item is not None]
    return tuple(dict.fromkeys(name for name in labels if name and name != own))
