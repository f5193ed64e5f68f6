"""Objects in which Sluice keeps something: ConfigMaps with records, Leases that are locks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sluice.model.cluster.metadata import Metadata
from sluice.model.json import Body
from sluice.model.references import CONFIGMAPS, LEASES

# Keys of logs, which people read and decisions do not: no cache holds them.
LOG_PREFIX: Final = "log."


@dataclass(frozen=True, slots=True)
class ConfigMap:
    """A ConfigMap: its data without logs."""

    meta: Metadata
    data: Mapping[str, str]

    @classmethod
    def from_body(cls, body: Body) -> "ConfigMap":
        """Read a ConfigMap (v1)."""
        data = body.labels("data").items()
        kept = {key: value for key, value in data if not key.startswith(LOG_PREFIX)}
        return cls(Metadata.from_body(body, CONFIGMAPS), kept)


@dataclass(frozen=True, slots=True)
class Lease:
    """A Lease and who holds it, empty if nobody does."""

    meta: Metadata
    holder: str

    @classmethod
    def from_body(cls, body: Body) -> "Lease":
        """Read a Lease (coordination.k8s.io/v1)."""
        holder = body.body("spec").text("holderIdentity", default="")
        return cls(Metadata.from_body(body, LEASES), holder)
