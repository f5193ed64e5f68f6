"""Namespaces that are being deleted: everything in them goes, and nothing new comes."""

from sluice.adapters.failures import ForbiddenError
from sluice.model.json import Body, JsonObject
from sluice.model.references import ObjectRef, Resource
from tests.converge.deployments import SYSTEM
from tests.converge.store import Store

NAMESPACES = Resource("", "v1", "namespaces", "Namespace")


def namespace_ref(name: str) -> ObjectRef:
    """Return the reference of a namespace."""
    return ObjectRef(NAMESPACES, "", name)


def namespace(name: str) -> JsonObject:
    """Return a namespace, which its controller keeps until it is empty."""
    meta: JsonObject = {"name": name, "namespace": "", "finalizers": ["kubernetes"]}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": meta}


def check_creation(store: Store, manifest: JsonObject, user: str) -> None:
    """Raise ForbiddenError for what comes into a namespace that goes; controllers mind that."""
    name = Body(manifest).text("metadata", "namespace")
    if user != SYSTEM and _is_going(store.find(namespace_ref(name))):
        raise ForbiddenError(f"namespace {name} is being terminated", 403)


def control_namespaces(store: Store) -> None:
    """Delete what is in namespaces that are being deleted, and them when they are empty."""
    for ref, body in tuple(store.every(NAMESPACES)):
        if not _is_going(body):
            continue
        inside = [one for one in store.objects if one.namespace == ref.name]
        for one in sorted(inside):
            if one in store.objects:
                store.delete(one, SYSTEM)
        if not any(one.namespace == ref.name for one in store.objects):
            meta: JsonObject = {**body.body("metadata").value, "finalizers": []}
            store.update(ref, {**body.value, "metadata": meta}, SYSTEM)


def _is_going(body: Body | None) -> bool:
    return body is not None and body.has("metadata", "deletionTimestamp")
