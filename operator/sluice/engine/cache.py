"""What is known of the cluster: projections, and the indexes that answer selections.

Events and the answers to our own writes both end here; the resourceVersion decides which is
newer, so an event that was overtaken by our own write changes nothing.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from sluice.engine.labels import LabelIndex, is_ours
from sluice.model.cluster import Projection
from sluice.model.kind import Descendants, InNamespace, Labelled, One, Selection
from sluice.model.references import ObjectRef, Resource

# Told after a change: the state before and after, None where the object did not or does not exist.
Listener: TypeAlias = Callable[[Projection | None, Projection | None], None]
# An object as its dependants name it: namespace, kind, name (an owner reference has no plural).
OwnerKey: TypeAlias = tuple[str, str, str]

_BURIED_LIMIT = 4096


def owner_key(ref: ObjectRef) -> OwnerKey:
    """Return the key under which the dependants of an object name it."""
    return (ref.namespace, ref.resource.kind, ref.name)


def owners_of(projection: Projection) -> tuple[OwnerKey, ...]:
    """Return the keys of an object's owners."""
    meta = projection.meta
    return tuple((meta.ref.namespace, owner.kind, owner.name) for owner in meta.owners)


class Cache:
    """Projections by resource, namespace and name, dependants by owner, carriers by label."""

    def __init__(self) -> None:
        self._objects: dict[tuple[Resource, str], dict[str, Projection]] = {}
        self._resources: dict[str, dict[Resource, None]] = {}
        self._dependants: dict[OwnerKey, dict[ObjectRef, None]] = {}
        self._labels = LabelIndex()
        self._buried: dict[str, None] = {}
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """Have the listener told of every change from now on."""
        self._listeners.append(listener)

    def get(self, ref: ObjectRef) -> Projection | None:
        """Return what is known of one object."""
        return self._objects.get((ref.resource, ref.namespace), {}).get(ref.name)

    def count(self, resource: Resource) -> int:
        """Return how many objects of a resource are known."""
        return sum(len(named) for (kind, _), named in self._objects.items() if kind == resource)

    def put(self, projection: Projection) -> bool:
        """Take in a state of an object unless a newer one is known; return whether it was taken."""
        meta = projection.meta
        old = self.get(meta.ref)
        if meta.uid in self._buried or (old is not None and _version(projection) <= _version(old)):
            return False
        if old is not None:
            self._unlink(old)
        resource, namespace, name = meta.ref.resource, meta.ref.namespace, meta.ref.name
        self._objects.setdefault((resource, namespace), {})[name] = projection
        self._resources.setdefault(resource.kind, {})[resource] = None
        for key in owners_of(projection):
            self._dependants.setdefault(key, {})[meta.ref] = None
        self._labels.add(projection)
        self._tell(old, projection)
        return True

    def remove(self, ref: ObjectRef, uid: str) -> bool:
        """Forget an object that is gone, unless its name has another UID by now.

        The UID is remembered: an event from before the deletion, still on its way when our own
        delete was answered, must not bring the object back.
        """
        self._buried[uid] = None
        if len(self._buried) > _BURIED_LIMIT:
            del self._buried[next(iter(self._buried))]
        old = self.get(ref)
        if old is None or old.meta.uid != uid:
            return False
        self._drop(old)
        return True

    def replace(self, resource: Resource, refs: Iterable[ObjectRef], resource_version: str) -> None:
        """Forget the objects of a resource that a complete list does not have.

        Those that our own writes created after the list was made stay.
        """
        listed, limit = set(refs), int(resource_version or 0)
        for old in list(self._of(resource)):
            if old.meta.ref not in listed and _version(old) <= limit:
                self._drop(old)

    def select(self, selection: Selection) -> tuple[Projection, ...]:
        """Return what a selection matches, sorted by name."""
        match selection:
            case One(ref):
                found = self.get(ref)
                return () if found is None else (found,)
            case InNamespace(resource, namespace):
                named = self._objects.get((resource, namespace), {})
                return tuple(named[name] for name in sorted(named))
            case Labelled(resource, namespace):
                named = self._objects.get((resource, namespace), {})
                return tuple(named[name] for name in sorted(self._carriers(selection)))
            case Descendants(resource, ancestor):
                matches = (p for p in self._below(ancestor) if p.meta.ref.resource == resource)
                return tuple(sorted(matches, key=lambda projection: projection.meta.ref.name))

    def above(self, projection: Projection) -> set[OwnerKey]:
        """Return the owners of an object, their owners, and so on, as far as they are known."""
        found: set[OwnerKey] = set()
        waiting = deque(owners_of(projection))
        while waiting:
            key = waiting.popleft()
            if key in found:
                continue
            found.add(key)
            waiting.extend(self._owners_by_key(key))
        return found

    def _owners_by_key(self, key: OwnerKey) -> Iterator[OwnerKey]:
        namespace, kind, name = key
        for resource in self._resources.get(kind, {}):
            owner = self.get(ObjectRef(resource, namespace, name))
            yield from owners_of(owner) if owner is not None else ()

    def _carriers(self, selection: Labelled) -> Iterable[str]:
        if is_ours(selection.label):
            return self._labels.names(selection)
        named = self._objects.get((selection.resource, selection.namespace), {})
        return (
            name
            for name, projection in named.items()
            if projection.meta.labels.get(selection.label) == selection.value
        )

    def _below(self, ancestor: ObjectRef) -> Iterator[Projection]:
        seen: set[ObjectRef] = set()
        waiting = deque(self._dependants.get(owner_key(ancestor), {}))
        while waiting:
            ref = waiting.popleft()
            projection = self.get(ref)
            if ref in seen or projection is None:
                continue
            seen.add(ref)
            yield projection
            waiting.extend(self._dependants.get(owner_key(ref), {}))

    def _of(self, resource: Resource) -> Iterator[Projection]:
        for (kind, _), named in self._objects.items():
            if kind == resource:
                yield from named.values()

    def _drop(self, old: Projection) -> None:
        ref = old.meta.ref
        named = self._objects[ref.resource, ref.namespace]
        del named[ref.name]
        if not named:
            del self._objects[ref.resource, ref.namespace]
        self._unlink(old)
        self._tell(old, None)

    def _unlink(self, old: Projection) -> None:
        self._labels.discard(old)
        for key in owners_of(old):
            dependants = self._dependants.get(key, {})
            dependants.pop(old.meta.ref, None)
            if not dependants:
                self._dependants.pop(key, None)

    def _tell(self, old: Projection | None, new: Projection | None) -> None:
        for listener in self._listeners:
            listener(old, new)


def _version(projection: Projection) -> int:
    """Return the resourceVersion as a number: those of one resource compare (KEP-5504)."""
    return int(projection.meta.resource_version)
