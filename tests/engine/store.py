"""Objects with the API server's write rules, in memory.

It stands where the real API server cannot be made to fail on command: versions, conflicts,
preconditions, generations, finalizers, the status subresource and a history for watches are real;
schemas, defaults, admission and controllers are not there.
"""

import copy
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import jsonpatch

from sluice.model.references import ObjectRef, Resource
from tests.strategic_merge import merged

Object: TypeAlias = dict[str, Any]
_CREATED = "2026-01-01T00:00:00Z"


@dataclass(eq=False)
class RefusalError(Exception):
    """What the API server answers instead: HTTP code, reason and message of a Status."""

    code: int
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Event:
    """One change; `object` is the state after it (before it, when deleted), `before` the other."""

    version: int
    type: str
    resource: Resource
    object: Object
    before: Object | None


@dataclass
class Store:
    """All objects of a cluster, and every change that has not been compacted away."""

    objects: dict[ObjectRef, Object] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    version: int = 100
    compacted: int = 0
    listeners: list[Callable[[], None]] = field(default_factory=list)

    def get(self, ref: ObjectRef) -> Object:
        """Return a copy of an object."""
        if ref not in self.objects:
            raise RefusalError(404, "NotFound", f'{ref.resource.plural} "{ref.name}" not found')
        return copy.deepcopy(self.objects[ref])

    def list(self, resource: Resource) -> list[Object]:
        """Return copies of all objects of a resource, by namespace and name."""
        refs = sorted(ref for ref in self.objects if ref.resource == resource)
        return [copy.deepcopy(self.objects[ref]) for ref in refs]

    def create(self, resource: Resource, namespace: str, manifest: Mapping[str, Any]) -> Object:
        """Create an object as its manifest says."""
        made: Object = copy.deepcopy(dict(manifest))
        meta = made.setdefault("metadata", {})
        ref = ObjectRef(resource, namespace, meta["name"])
        if ref in self.objects:
            raise RefusalError(409, "AlreadyExists", f'{resource.plural} "{ref.name}" exists')
        made |= {"apiVersion": resource.api_version, "kind": resource.kind}
        meta |= {"namespace": namespace, "uid": str(uuid.uuid4()), "generation": 1}
        meta["creationTimestamp"] = _CREATED
        self._commit("ADDED", ref, made)
        return self.get(ref)

    def patch(
        self, ref: ObjectRef, operations: Sequence[Mapping[str, Any]], subresource: str = ""
    ) -> Object:
        """Apply a JSON patch; what does not change anything makes no new version."""
        old = self.get(ref)
        try:
            patched: Object = jsonpatch.apply_patch(old, list(operations))
        except jsonpatch.JsonPatchException as error:
            raise RefusalError(422, "Invalid", f"the patch cannot be applied: {error}") from error
        _check_version(ref, old, patched)
        return self.replace(ref, patched, subresource)

    def merge(self, ref: ObjectRef, fields: Mapping[str, Any], subresource: str = "") -> Object:
        """Apply a strategic merge patch; another UID in it is refused as the API server does."""
        old = self.get(ref)
        new: Object = dict(merged(old, fields))
        _check_version(ref, old, new)
        uid = new["metadata"]["uid"]
        if uid != old["metadata"]["uid"]:
            raise RefusalError(
                422,
                "Invalid",
                f'{ref.resource.kind} "{ref.name}" is invalid: '
                f'metadata.uid: Invalid value: "{uid}": field is immutable',
            )
        return self.replace(ref, new, subresource)

    def replace(self, ref: ObjectRef, new: Object, subresource: str = "") -> Object:
        """Store a new state: status alone through its subresource, all but status otherwise."""
        old = self.get(ref)
        if subresource == "status":
            new = {**old, "status": new.get("status", {})}
        elif "status" in old or "status" in new:
            new = {**new, "status": old.get("status", {})}
        if new == old:
            return old
        if new.get("spec") != old.get("spec"):
            new["metadata"]["generation"] = old["metadata"]["generation"] + 1
        meta = new["metadata"]
        if meta.get("deletionTimestamp") and not meta.get("finalizers"):
            self._commit("DELETED", ref, new)
            return new
        self._commit("MODIFIED", ref, new)
        return self.get(ref)

    def set(self, ref: ObjectRef, path: str, value: object) -> Object:
        """Set the field at «a.b.c» as another client would, whatever its subresource."""
        *parents, last = path.split(".")
        new = self.get(ref)
        target = new
        for name in parents:
            target = target.setdefault(name, {})
        target[last] = value
        return self.replace(ref, new, "status" if path.startswith("status") else "")

    def delete(self, ref: ObjectRef, uid: str | None = None) -> Object | None:
        """Delete an object; return it if finalizers keep it, None when it is gone."""
        found = self.get(ref)
        if uid is not None and found["metadata"]["uid"] != uid:
            raise RefusalError(409, "Conflict", f"the UID in the precondition ({uid}) is another")
        if found["metadata"].get("finalizers"):
            found["metadata"]["deletionTimestamp"] = _CREATED
            self._commit("MODIFIED", ref, found)
            return self.get(ref)
        self._commit("DELETED", ref, found)
        return None

    def compact(self) -> None:
        """Forget the history: whoever watches from an earlier version is told 410."""
        self.compacted = self.version
        self.events.clear()

    def _commit(self, change: str, ref: ObjectRef, state: Object) -> None:
        self.version += 1
        state["metadata"]["resourceVersion"] = str(self.version)
        before = self.objects.pop(ref, None)
        if change != "DELETED":
            self.objects[ref] = state
        copied = copy.deepcopy(state)
        self.events.append(Event(self.version, change, ref.resource, copied, before))
        for listener in self.listeners:
            listener()


def _check_version(ref: ObjectRef, old: Object, new: Object) -> None:
    if new["metadata"]["resourceVersion"] != old["metadata"]["resourceVersion"]:
        raise RefusalError(
            409,
            "Conflict",
            f'cannot be fulfilled on {ref.resource.plural} "{ref.name}": '
            "the object has been modified",
        )
