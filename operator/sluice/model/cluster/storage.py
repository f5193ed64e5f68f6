"""Volumes that pods share, or cannot share."""

from dataclasses import dataclass

from sluice.model.cluster.metadata import Metadata
from sluice.model.json import Body
from sluice.model.references import PERSISTENTVOLUMECLAIMS


@dataclass(frozen=True, slots=True)
class VolumeClaim:
    """A PersistentVolumeClaim and the access modes that it asks for."""

    meta: Metadata
    access_modes: tuple[str, ...]

    @property
    def shared(self) -> bool:
        """Whether pods on several nodes may mount it at once."""
        return not {"ReadWriteMany", "ReadOnlyMany"}.isdisjoint(self.access_modes)

    @classmethod
    def from_body(cls, body: Body) -> "VolumeClaim":
        """Read a PersistentVolumeClaim (v1)."""
        meta = Metadata.from_body(body, PERSISTENTVOLUMECLAIMS)
        return cls(meta, body.body("spec").texts("accessModes"))
