"""What a kind decides: either a transition of its own status, or work on the world.

Intent before deed: a pass that changes the stage returns a `Transition` and nothing else; the
passes after it return `Work` that converges the world to the stage that is already persisted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from sluice.model.json import Json, JsonObject
from sluice.model.reasons import Reason
from sluice.model.references import ObjectRef


@dataclass(frozen=True, slots=True)
class Subject:
    """The object that an event is about, in the state that it had then."""

    ref: ObjectRef
    uid: str
    resource_version: str


@dataclass(frozen=True, slots=True)
class Note:
    """A Kubernetes Event to be posted once what it tells of is done.

    That is the status write that it belongs to, or the actions of a guardian.
    about: None for the object whose status is written.
    """

    reason: Reason
    message: str
    about: Subject | None = None


@dataclass(frozen=True, slots=True)
class Expectation:
    """A field of our own object and the value (null: absent) that the decision rests on."""

    path: tuple[str, ...]
    value: Json


@dataclass(frozen=True, slots=True)
class Fence:
    """Write only if `owner`, read afresh, still has the UID and meets every expectation."""

    owner: ObjectRef
    uid: str
    expectations: tuple[Expectation, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a JSON patch (RFC 6902); `value` is left out for `remove`."""

    op: str
    path: str
    value: Json = None

    def to_json(self) -> JsonObject:
        """Return the operation as the API server takes it."""
        if self.op == "remove":
            return {"op": self.op, "path": self.path}
        return {"op": self.op, "path": self.path, "value": self.value}


@dataclass(frozen=True, slots=True)
class Create:
    """Create an object; one that exists already is success if it carries the same `identity`.

    identity: labels that tell our object from a stranger's of the same name.
    """

    group: str
    ref: ObjectRef
    manifest: JsonObject
    identity: Mapping[str, str]
    fence: Fence | None = None


@dataclass(frozen=True, slots=True)
class Patch:
    """Patch fields of an object by JSON patch.

    resource_version: when given, the patch begins with `replace /metadata/resourceVersion`, so
    that a stale decision is answered 409 and not applied (a failed `test` would be a mute 422).
    """

    group: str
    ref: ObjectRef
    operations: tuple[Operation, ...]
    resource_version: str | None = None
    fence: Fence | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete the object with that UID; another UID or none means that it is gone already."""

    group: str
    ref: ObjectRef
    uid: str
    fence: Fence | None = None


@dataclass(frozen=True, slots=True)
class Merge:
    """Merge fields into an object by strategic merge patch: of a list, only the named entries.

    uid: stands in the patch, so that an object of another UID is left alone (the server answers
    422): the one that was meant is gone, which counts as done. Empty: whatever has the name, a part
    of the installation; a person is told if there is none.
    subresource: empty, or `status`.
    """

    group: str
    ref: ObjectRef
    uid: str
    fields: JsonObject
    subresource: str = ""
    fence: Fence | None = None


Action: TypeAlias = Create | Patch | Delete | Merge


@dataclass(frozen=True, slots=True)
class Transition:
    """Write this status, alone, on the resourceVersion that it was decided on; then post notes."""

    status: JsonObject
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Work:
    """Converge the world to the persisted stage.

    actions: in order within their `group`; an error stops its group only.
    status: the status after the pass if it is to be written; the stage in it is the persisted one.
    due_at: the next instant (seconds since the epoch) at which time alone changes the decision.
    """

    actions: tuple[Action, ...] = ()
    status: JsonObject | None = None
    notes: tuple[Note, ...] = ()
    due_at: float | None = None


Plan: TypeAlias = Transition | Work


def pointer(*path: str) -> str:
    """Return the JSON pointer (RFC 6901) to a path."""
    return "".join("/" + name.replace("~", "~0").replace("/", "~1") for name in path)
