"""A ConfigMap of Sluice's own that remembers objects by their UIDs."""

from dataclasses import dataclass

from sluice.model.references import ObjectRef, Resource


@dataclass(frozen=True, slots=True)
class Register:
    """A ConfigMap whose keys are UIDs, besides others that are none.

    resources: of which the objects are; an entry of one that is gone is of no use any more.
    """

    ref: ObjectRef
    resources: tuple[Resource, ...]
