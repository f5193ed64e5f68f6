"""The cluster in the words of the tests: what the Rollout says, and what there really is."""

from collections.abc import Iterator
from dataclasses import dataclass

from sluice.model import names
from sluice.model.cluster.workloads import template_digest
from sluice.model.json import Body, Json, JsonObject
from sluice.model.references import (
    DEPLOYMENTS,
    HTTPROUTES,
    PODS,
    REPLICASETS,
    SERVICES,
    ObjectRef,
)
from sluice.rollout.phases import Stage
from tests.builders import NAME, NAMESPACE
from tests.converge.deployments import dependants, is_ready
from tests.converge.kubelet import image_of
from tests.converge.rollout.people import ROLLOUT, TARGET
from tests.converge.store import Store

CANARY_SERVICE = ObjectRef(SERVICES, NAMESPACE, f"{NAME}-canary")


@dataclass(frozen=True, slots=True)
class Weighing:
    """A rule's split: percent at the canary, None if it is not in the rule."""

    route: str
    percent: float | None


def status_of(store: Store) -> Body:
    """Return the Rollout's status, an empty one if there is none."""
    found = store.find(ROLLOUT)
    return Body({}) if found is None else found.body("status")


def stage_of(status: Body) -> Stage:
    """Return the stage of a status; an empty one is at rest."""
    if not status.value:
        return Stage.HEALTHY
    return Stage(f"{status.text('phase')}/{status.text('stage')}")


def weighings(store: Store) -> tuple[Weighing, ...]:
    """Return how every route splits."""
    return tuple(_weighing(ref.name, body) for ref, body in store.every(HTTPROUTES))


def _weighing(name: str, route: Body) -> Weighing:
    (rule,) = route.bodies("spec", "rules")
    weights = {b.text("name"): b.whole("weight", default=1) for b in rule.bodies("backendRefs")}
    if CANARY_SERVICE.name not in weights:
        return Weighing(name, None)
    total = sum(weights.values())
    return Weighing(name, 100 * weights[CANARY_SERVICE.name] / total if total else 0.0)


def canaries(store: Store) -> Iterator[tuple[ObjectRef, Body]]:
    """Yield the canary Deployments that exist."""
    for ref, body in store.every(DEPLOYMENTS):
        if body.labels("metadata", "labels").get(names.ROLE_LABEL) == names.ROLE_CANARY:
            yield ref, body


def ready_canary_pods(store: Store) -> int:
    """Return how many canary pods are ready."""
    return sum(
        is_ready(pod)
        for _, pod in store.every(PODS)
        if pod.labels("metadata", "labels").get(names.ROLE_LABEL) == names.ROLE_CANARY
    )


def own_sets(store: Store) -> Iterator[tuple[ObjectRef, Body]]:
    """Yield the ReplicaSets of the user's Deployment."""
    target = store.find(TARGET)
    if target is not None:
        yield from dependants(store, REPLICASETS, target.text("metadata", "uid"))


def is_held(target: Body) -> bool:
    """Whether the target is paused with a mark."""
    marked = target.labels("metadata", "annotations").get(names.HELD, "")
    return bool(marked) and target.flag("spec", "paused", default=False)


def has_template_of(target: Body, replica_set: Body) -> bool:
    """Whether a ReplicaSet runs the Deployment's template."""
    mine = template_digest(target.body("spec", "template"))
    return mine == template_digest(replica_set.body("spec", "template"))


def summary(store: Store) -> JsonObject:
    """Return all that must be the same however a scenario was disturbed: no times, no versions."""
    status = status_of(store)
    history, conditions = status.bodies("history"), status.bodies("conditions")
    sets = tuple(body for _, body in own_sets(store) if body.whole("spec", "replicas"))
    return {
        "stage": None if store.find(ROLLOUT) is None else str(stage_of(status)),
        "weight": status.json("weight"),
        "rejected": status.json("rejected", "reason"),
        "history": [[entry.json("outcome"), entry.json("reason")] for entry in history],
        "conditions": [c.text("type") for c in conditions if c.text("status") == "True"],
        "target": _target(store),
        "sets": {image_of(s.body("spec", "template")): s.whole("spec", "replicas") for s in sets},
        "canaries": {ref.name: body.whole("spec", "replicas") for ref, body in canaries(store)},
        "canary service": CANARY_SERVICE in store.objects,
        "routes": {w.route: w.percent for w in weighings(store)},
        "pods": sorted(image_of(pod) for _, pod in store.every(PODS) if is_ready(pod)),
    }


def _target(store: Store) -> Json:
    target = store.find(TARGET)
    if target is None:
        return None
    annotations = target.labels("metadata", "annotations").items()
    return {
        "image": image_of(target.body("spec", "template")),
        "paused": target.flag("spec", "paused", default=False),
        "marks": {key: value for key, value in annotations if key.startswith(names.PREFIX)},
        "claimed": names.ROLLOUT_LABEL in target.labels("metadata", "labels"),
        "replicas": target.whole("spec", "replicas"),
    }
