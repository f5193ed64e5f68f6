"""What every object has: its name, identity, versions, labels and owners."""

from collections.abc import Mapping
from dataclasses import dataclass

from sluice.model.json import Body
from sluice.model.names import PREFIX
from sluice.model.references import ObjectRef, Resource
from sluice.model.scalars import parse_instant


@dataclass(frozen=True, slots=True)
class Owner:
    """An ownerReference of the object's own namespace."""

    kind: str
    name: str
    uid: str


@dataclass(frozen=True, slots=True)
class Metadata:
    """The metadata that decisions read; of annotations only those under our prefix."""

    ref: ObjectRef
    uid: str
    resource_version: str
    generation: int
    created: float
    deleting: bool
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    owners: tuple[Owner, ...]

    @classmethod
    def from_body(cls, body: Body, resource: Resource) -> "Metadata":
        """Read the metadata of an object of `resource`."""
        meta = body.body("metadata")
        annotations = meta.labels("annotations").items()
        return cls(
            ref=ObjectRef(resource, meta.text("namespace"), meta.text("name")),
            uid=meta.text("uid"),
            resource_version=meta.text("resourceVersion"),
            generation=meta.whole("generation", default=0),
            created=parse_instant(meta.text("creationTimestamp")),
            deleting=meta.has("deletionTimestamp"),
            labels=meta.labels("labels"),
            annotations={key: value for key, value in annotations if key.startswith(PREFIX)},
            owners=tuple(
                Owner(owner.text("kind"), owner.text("name"), owner.text("uid"))
                for owner in meta.bodies("ownerReferences")
            ),
        )
