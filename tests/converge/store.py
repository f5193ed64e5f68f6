"""The API server's store: objects with versions, a log of changes, and its rules for writes."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import jsonpatch

from sluice.adapters.failures import (
    AlreadyExistsError,
    ConflictError,
    InvalidError,
    NotFoundError,
)
from sluice.model.json import Body, Json, JsonObject
from sluice.model.plan import Operation
from sluice.model.references import ObjectRef, Resource
from sluice.model.scalars import format_instant
from tests.strategic_merge import merged

# Changes an object on its way in: the old one (None: it is created), the new one, who writes.
Admission: TypeAlias = Callable[[JsonObject | None, JsonObject, str], JsonObject]
_STATUS = "status"


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the log: ADDED, MODIFIED or DELETED, by whom, and the object before and after."""

    version: int
    type: str
    ref: ObjectRef
    user: str
    old: JsonObject | None
    new: JsonObject


@dataclass
class Store:
    """Objects are values: a write replaces them, so a copy of the table is a snapshot.

    now: seconds since the epoch. admit: the admission policies. changed: told after each write.
    """

    now: Callable[[], float]
    admit: Admission = lambda _old, new, _user: new
    changed: Callable[[Change], None] = lambda _: None
    objects: dict[ObjectRef, JsonObject] = field(default_factory=dict)
    log: list[Change] = field(default_factory=list)
    version: int = 0
    written_at: float = 0.0
    _sorted: dict[Resource, tuple[ObjectRef, ...]] = field(default_factory=dict)

    def find(self, ref: ObjectRef) -> Body | None:
        """Return the object, None if it does not exist."""
        found = self.objects.get(ref)
        return None if found is None else Body(found)

    def get(self, ref: ObjectRef) -> JsonObject:
        """Return the object; NotFoundError if it does not exist."""
        if ref not in self.objects:
            raise NotFoundError(f"{ref} not found", 404)
        return self.objects[ref]

    def every(self, resource: Resource) -> Iterator[tuple[ObjectRef, Body]]:
        """Yield the objects of a resource, sorted by name."""
        refs = self._sorted.get(resource)
        if refs is None:
            refs = tuple(sorted(ref for ref in self.objects if ref.resource == resource))
            self._sorted[resource] = refs
        for ref in refs:
            if ref in self.objects:
                yield ref, Body(self.objects[ref])

    def create(self, resource: Resource, manifest: JsonObject, user: str) -> JsonObject:
        """Create an object; AlreadyExistsError if the name is taken."""
        meta = Body(manifest).body("metadata")
        ref = ObjectRef(resource, meta.text("namespace"), meta.text("name"))
        if ref in self.objects:
            raise AlreadyExistsError(f"{ref} already exists", 409)
        server: JsonObject = {
            "uid": f"uid-{self.version + 1}",
            "generation": 1,
            "creationTimestamp": whole_second(self.now()),
        }
        made: JsonObject = {**manifest, "metadata": {**meta.value, **server}}
        return self._write("ADDED", ref, self.admit(None, made, user), user)

    def patch(
        self, ref: ObjectRef, operations: Sequence[Operation], user: str, subresource: str = ""
    ) -> JsonObject:
        """Apply a JSON patch; ConflictError if it rests on another version."""
        return self.update(ref, _patched(self.get(ref), operations), user, subresource)

    def merge(
        self, ref: ObjectRef, fields: JsonObject, user: str, subresource: str = ""
    ) -> JsonObject:
        """Apply a strategic merge patch; InvalidError if it names another UID (empty: any)."""
        old = self.get(ref)
        new = merged(old, fields)
        known, uid = Body(old).text("metadata", "uid"), Body(new).text("metadata", "uid")
        if not uid:
            new = merged(new, {"metadata": {"uid": known}})
        elif uid != known:
            raise InvalidError(f'metadata.uid: Invalid value: "{uid}": field is immutable', 422)
        return self.update(ref, new, user, subresource)

    def update(
        self, ref: ObjectRef, wanted: JsonObject, user: str, subresource: str = ""
    ) -> JsonObject:
        """Replace an object, or its status alone; what changes nothing makes no new version."""
        old = self.get(ref)
        new = _only_status(old, wanted) if subresource == _STATUS else _but_status(old, wanted)
        if subresource != _STATUS:
            new = _counted(old, self.admit(old, new, user))
        if new == old or as_json(new) == old:
            return old
        meta = Body(new).body("metadata")
        if meta.has("deletionTimestamp") and not meta.texts("finalizers"):
            return self._remove(ref, user, new)
        return self._write("MODIFIED", ref, new, user)

    def delete(self, ref: ObjectRef, user: str, uid: str | None = None) -> JsonObject:
        """Delete an object; one with finalizers lingers and is returned, else a Status is."""
        old = self.get(ref)
        meta = Body(old).body("metadata")
        if uid is not None and meta.text("uid") != uid:
            raise ConflictError(f"{ref} has the UID {meta.text('uid')}, not {uid}", 409)
        if not meta.texts("finalizers"):
            self._remove(ref, user, old)
            return {"kind": "Status", "status": "Success"}
        if meta.has("deletionTimestamp"):
            return old
        going: JsonObject = {
            **meta.value,
            "deletionTimestamp": whole_second(self.now()),
            "generation": meta.whole("generation") + 1,
        }
        return self._write("MODIFIED", ref, {**old, "metadata": going}, user)

    def fork(self, now: Callable[[], float]) -> "Store":
        """Return a store with the same objects; whoever watches it begins with a list."""
        return replace(
            self,
            now=now,
            changed=lambda _: None,
            objects=dict(self.objects),
            log=[],
            _sorted=dict(self._sorted),
        )

    def _write(self, kind: str, ref: ObjectRef, new: JsonObject, user: str) -> JsonObject:
        self.version += 1
        meta = Body(new).body("metadata").value
        kept = as_json({**new, "metadata": {**meta, "resourceVersion": str(self.version)}})
        old = self.objects.get(ref)
        if old is None:
            self._sorted.pop(ref.resource, None)
        self.objects[ref] = kept
        self._tell(Change(self.version, kind, ref, user, old, kept))
        return kept

    def _remove(self, ref: ObjectRef, user: str, last: JsonObject) -> JsonObject:
        """Take an object away; return its last state with the version of its deletion."""
        old = self.objects.pop(ref)
        self._sorted.pop(ref.resource, None)
        self.version += 1
        meta = Body(last).body("metadata").value
        gone = as_json({**last, "metadata": {**meta, "resourceVersion": str(self.version)}})
        self._tell(Change(self.version, "DELETED", ref, user, old, gone))
        return gone

    def _tell(self, change: Change) -> None:
        self.log.append(change)
        self.written_at = self.now()
        self.changed(change)


def whole_second(instant: float) -> str:
    """Return an instant as Kubernetes writes it: without fractions."""
    return format_instant(float(int(instant))).replace(".000Z", "Z")


def as_json(value: JsonObject) -> JsonObject:
    """Return the value as it comes back over the wire: lists for tuples, whole floats as 1."""
    loaded: JsonObject = json.loads(json.dumps(value), parse_float=_number)
    return loaded


def _number(text: str) -> float | int:
    value = float(text)
    return int(value) if value.is_integer() else value


def _patched(old: JsonObject, operations: Sequence[Operation]) -> JsonObject:
    version = Body(old).text("metadata", "resourceVersion")
    for operation in operations:
        if operation.path == "/metadata/resourceVersion" and operation.value != version:
            raise ConflictError(f"{operation.value} is not the current version {version}", 409)
    raw = [as_json(operation.to_json()) for operation in operations]
    try:
        patched: JsonObject = jsonpatch.apply_patch(old, raw)
    except jsonpatch.JsonPatchException as error:
        raise InvalidError(str(error), 422) from error
    return patched


def _only_status(old: JsonObject, wanted: JsonObject) -> JsonObject:
    return {**old, _STATUS: wanted.get(_STATUS)}


def _but_status(old: JsonObject, wanted: JsonObject) -> JsonObject:
    status: Mapping[str, Json] = {_STATUS: old[_STATUS]} if _STATUS in old else {}
    return {**{name: item for name, item in wanted.items() if name != _STATUS}, **status}


def _counted(old: JsonObject, new: JsonObject) -> JsonObject:
    """Return the new object with its generation: one more if its spec is another one."""
    if new.get("spec") == old.get("spec"):
        return new
    meta = Body(new).body("metadata").value
    generation = Body(old).whole("metadata", "generation") + 1
    return {**new, "metadata": {**meta, "generation": generation}}
