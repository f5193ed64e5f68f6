"""The metadata of an object of our own kinds, and its finalizer."""

from collections.abc import Mapping
from dataclasses import dataclass

from sluice.model.json import Body
from sluice.model.names import FINALIZER
from sluice.model.plan import Action, Operation, Patch
from sluice.model.references import ObjectRef, Resource


@dataclass(frozen=True, slots=True)
class OwnMeta:
    """What every kind reads of its object besides spec and status."""

    ref: ObjectRef
    uid: str
    generation: int
    deleting: bool
    annotations: Mapping[str, str]
    finalizers: tuple[str, ...]
    resource_version: str

    @classmethod
    def from_body(cls, body: Body, resource: Resource) -> "OwnMeta":
        """Read the metadata of an object of `resource`."""
        meta = body.body("metadata")
        return cls(
            ref=ObjectRef(resource, meta.text("namespace"), meta.text("name")),
            uid=meta.text("uid"),
            generation=meta.whole("generation", default=1),
            deleting=meta.has("deletionTimestamp"),
            annotations=meta.labels("annotations"),
            finalizers=meta.texts("finalizers"),
            resource_version=meta.text("resourceVersion"),
        )

    def near(self, resource: Resource, name: str) -> ObjectRef:
        """Return the reference of an object in the same namespace."""
        return ObjectRef(resource, self.ref.namespace, name)


def add_finalizer(meta: OwnMeta) -> tuple[Action, ...]:
    """Add the finalizer, alone: it is confirmed before anything is made that needs undoing.

    The API server takes no new finalizer for an object that is being deleted.
    """
    if FINALIZER in meta.finalizers or meta.deleting:
        return ()
    finalizers = [*meta.finalizers, FINALIZER]
    operation = Operation("add", "/metadata/finalizers", finalizers)
    return (Patch(str(meta.ref), meta.ref, (operation,), meta.resource_version),)


def drop_finalizer(meta: OwnMeta) -> tuple[Action, ...]:
    """Take our finalizer off: nothing is left to undo."""
    if FINALIZER not in meta.finalizers:
        return ()
    kept = [name for name in meta.finalizers if name != FINALIZER]
    operation = Operation("replace", "/metadata/finalizers", kept)
    return (Patch(str(meta.ref), meta.ref, (operation,), meta.resource_version),)
