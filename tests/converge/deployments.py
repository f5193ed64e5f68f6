"""The Deployment and ReplicaSet controllers, as far as a rollout can tell them from the real ones.

After kubernetes/pkg/controller/deployment: `sync`, `scale`, `FindActiveOrLatest` for a paused
Deployment, `rolloutRolling` for one that is not.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sluice.model.cluster.workloads import POD_TEMPLATE_HASH, template_digest
from sluice.model.json import Body, Json, JsonObject
from sluice.model.references import DEPLOYMENTS, PODS, REPLICASETS, ObjectRef, Resource
from tests.builders import owner
from tests.converge.store import Store, whole_second

SYSTEM = "system:controller"
_REVISION = "deployment.kubernetes.io/revision"
_SURGE = 1  # of the strategy in builders.deployment, with maxUnavailable 0
_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


@dataclass(frozen=True, slots=True)
class _Set:
    """A ReplicaSet as the Deployment controller sees it."""

    ref: ObjectRef
    body: Body

    @property
    def asked(self) -> int:
        return self.body.whole("spec", "replicas")

    @property
    def available(self) -> int:
        return self.body.whole("status", "availableReplicas", default=0)

    @property
    def age(self) -> tuple[str, str]:
        return (self.body.text("metadata", "creationTimestamp"), self.ref.name)


@dataclass(frozen=True, slots=True)
class _Family:
    """A Deployment and its ReplicaSets; `new` has its template."""

    ref: ObjectRef
    body: Body
    new: _Set | None
    old: tuple[_Set, ...]

    @property
    def asked(self) -> int:
        return self.body.whole("spec", "replicas", default=1)

    @property
    def sets(self) -> tuple[_Set, ...]:
        return (*self.old, *((self.new,) if self.new else ()))

    @property
    def total(self) -> int:
        return sum(item.asked for item in self.sets)


def dependants(store: Store, resource: Resource, uid: str) -> Iterator[tuple[ObjectRef, Body]]:
    """Yield the objects of a resource that an object owns."""
    for ref, body in store.every(resource):
        if any(item.text("uid") == uid for item in body.bodies("metadata", "ownerReferences")):
            yield ref, body


def set_replicas(store: Store, ref: ObjectRef, replicas: int) -> None:
    """Write the size of a ReplicaSet."""
    body = Body(store.get(ref))
    wanted: JsonObject = {**body.body("spec").value, "replicas": replicas}
    store.update(ref, {**body.value, "spec": wanted}, SYSTEM)


def control_deployments(store: Store) -> None:
    """Take one step for every Deployment."""
    for ref, body in tuple(store.every(DEPLOYMENTS)):
        family = _family(store, ref, body)
        if body.flag("spec", "paused", default=False):
            _scale_paused(store, family)
        elif family.new is None:
            _create_set(store, family)
        else:
            _roll(store, family, family.new)
        _tell_deployment(store, _family(store, ref, Body(store.get(ref))))


def _family(store: Store, ref: ObjectRef, body: Body) -> _Family:
    wanted = template_digest(body.body("spec", "template"))
    found = [_Set(*item) for item in dependants(store, REPLICASETS, body.text("metadata", "uid"))]
    new = [s for s in found if template_digest(s.body.body("spec", "template")) == wanted]
    return _Family(ref, body, new[0] if new else None, tuple(s for s in found if s not in new))


def _scale_paused(store: Store, family: _Family) -> None:
    """A paused Deployment makes no ReplicaSet, but keeps the number of pods."""
    active = [item for item in family.sets if item.asked > 0]
    if not active:
        newest = family.new or max(family.old, key=lambda item: item.age, default=None)
        if newest is not None and family.asked > 0:
            set_replicas(store, newest.ref, family.asked)
        return
    if len(active) == 1:
        if active[0].asked != family.asked:
            set_replicas(store, active[0].ref, family.asked)
        return
    new = family.new
    if new is not None and new.asked == family.asked == new.available:
        for item in family.old:
            set_replicas(store, item.ref, 0)
        return
    missing = (family.asked + _SURGE if family.asked else 0) - family.total
    if missing:
        largest = max(active, key=lambda item: (item.asked, item.age))
        set_replicas(store, largest.ref, max(0, largest.asked + missing))


def _create_set(store: Store, family: _Family) -> None:
    template, meta = family.body.body("spec", "template"), family.body.body("metadata")
    # Like the real hash it depends on the template alone: one that returns has its old hash.
    short = _hash(template_digest(template))
    labels: JsonObject = {**template.labels("metadata", "labels"), POD_TEMPLATE_HASH: short}
    marked: JsonObject = {
        **template.value,
        "metadata": {**template.body("metadata").value, "labels": labels},
    }
    name = meta.text("name")
    manifest: JsonObject = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{name}-{short}",
            "namespace": meta.text("namespace"),
            "labels": labels,
            "ownerReferences": [owner("Deployment", name, meta.text("uid"))],
        },
        "spec": {
            "replicas": max(0, min(family.asked, family.asked + _SURGE - family.total)),
            "selector": {"matchLabels": labels},
            "template": marked,
        },
    }
    store.create(REPLICASETS, manifest, SYSTEM)


def _hash(digest: str) -> str:
    return "".join(_ALPHABET[int(digest[i : i + 2], 16) % len(_ALPHABET)] for i in range(0, 16, 2))


def _roll(store: Store, family: _Family, new: _Set) -> None:
    """Bring the new ReplicaSet up and the old ones down, with one surplus pod and none missing."""
    if new.asked > family.asked:
        set_replicas(store, new.ref, family.asked)
        return
    room = family.asked + _SURGE - family.total
    if new.asked < family.asked and room > 0:
        set_replicas(store, new.ref, min(family.asked, new.asked + room))
        return
    spare = sum(item.available for item in family.sets) - family.asked
    unavailable_new = new.asked - new.available
    surplus = family.total - family.asked - unavailable_new
    for item in sorted(family.old, key=lambda item: item.age):
        unready = item.asked - item.available
        down = min(item.asked, max(min(spare, surplus), min(unready, surplus)))
        if down > 0:
            set_replicas(store, item.ref, item.asked - down)
            return


def _tell_deployment(store: Store, family: _Family) -> None:
    sets = [item.body.body("status") for item in family.sets]
    new = family.new.body.body("status") if family.new else Body({})
    status: JsonObject = {
        "observedGeneration": family.body.whole("metadata", "generation"),
        "replicas": sum(item.whole("replicas", default=0) for item in sets),
        "updatedReplicas": new.whole("replicas", default=0),
        "readyReplicas": sum(item.whole("readyReplicas", default=0) for item in sets),
        "availableReplicas": (available := sum(item.available for item in family.sets)),
        # With maxUnavailable 0 no pod may be missing.
        "conditions": [_condition("Available", holds=available >= family.asked)],
    }
    store.update(family.ref, {**family.body.value, "status": status}, SYSTEM, "status")
    if not family.body.has("metadata", "annotations", _REVISION):
        _number(store, family.ref)


def _condition(kind: str, *, holds: bool) -> JsonObject:
    return {"type": kind, "status": "True" if holds else "False"}


def _number(store: Store, ref: ObjectRef) -> None:
    """Write the controller's own annotation, which every Deployment has after a moment."""
    body = Body(store.get(ref))
    meta = body.body("metadata")
    annotations: dict[str, Json] = {**meta.labels("annotations"), _REVISION: "1"}
    numbered: JsonObject = {**meta.value, "annotations": annotations}
    store.update(ref, {**body.value, "metadata": numbered}, SYSTEM)


def control_sets(store: Store) -> None:
    """Make every ReplicaSet have as many pods as it asks for."""
    for ref, body in tuple(store.every(REPLICASETS)):
        pods = [
            (pod, item)
            for pod, item in dependants(store, PODS, body.text("metadata", "uid"))
            if not item.has("metadata", "deletionTimestamp")
        ]
        asked = body.whole("spec", "replicas")
        for _ in range(asked - len(pods)):
            _create_pod(store, ref, body)
        unready_first = sorted(pods, key=lambda item: (is_ready(item[1]), item[0].name))
        for pod, _ in unready_first[: max(0, len(pods) - asked)]:
            terminate(store, pod)
        _tell_set(store, ref)


def _create_pod(store: Store, ref: ObjectRef, body: Body) -> None:
    template, meta = body.body("spec", "template"), body.body("metadata")
    number = store.version + 1
    manifest: JsonObject = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{ref.name}-{number:05d}",
            "namespace": ref.namespace,
            "labels": template.labels("metadata", "labels"),
            "ownerReferences": [owner("ReplicaSet", ref.name, meta.text("uid"))],
        },
        "spec": template.body("spec").value,
    }
    store.create(PODS, manifest, SYSTEM)


def terminate(store: Store, ref: ObjectRef) -> None:
    """Begin to delete a pod: it lingers, without traffic, until the kubelet has ended it."""
    body = Body(store.get(ref))
    if body.has("metadata", "deletionTimestamp"):
        return
    going: JsonObject = {
        **body.body("metadata").value,
        "deletionTimestamp": whole_second(store.now()),
        "finalizers": ["kubelet"],  # stands for the grace period
    }
    store.update(ref, {**body.value, "metadata": going}, SYSTEM)


def _tell_set(store: Store, ref: ObjectRef) -> None:
    body = Body(store.get(ref))
    uid = body.text("metadata", "uid")
    pods = [item for _, item in dependants(store, PODS, uid)]
    living = [item for item in pods if not item.has("metadata", "deletionTimestamp")]
    ready = sum(is_ready(item) for item in living)
    status: JsonObject = {
        "observedGeneration": body.whole("metadata", "generation"),
        "replicas": len(living),
        "readyReplicas": ready,
        "availableReplicas": ready,
    }
    store.update(ref, {**body.value, "status": status}, SYSTEM, "status")


def is_ready(pod: Body) -> bool:
    """Whether a pod's condition Ready is true and it is not being deleted."""
    conditions = pod.bodies("status", "conditions")
    ready = any(c.text("type") == "Ready" and c.text("status") == "True" for c in conditions)
    return ready and not pod.has("metadata", "deletionTimestamp")


def collect_garbage(store: Store) -> None:
    """Delete what has lost its owner."""
    uids = {Body(item).text("metadata", "uid") for item in store.objects.values()}
    for resource in (REPLICASETS, PODS):
        for ref, body in tuple(store.every(resource)):
            owners = body.bodies("metadata", "ownerReferences")
            if any(item.text("uid") not in uids for item in owners):
                if resource == PODS:
                    terminate(store, ref)
                else:
                    store.delete(ref, SYSTEM)
