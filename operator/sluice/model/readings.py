"""What is read off the status of our own objects for Prometheus to scrape."""

from dataclasses import dataclass
from typing import Protocol

from sluice.model.json import JsonObject
from sluice.model.references import Resource


@dataclass(frozen=True, slots=True)
class Family:
    """A gauge: its name without the prefix `sluice_`, what it means, the names of its labels."""

    name: str
    meaning: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """One value of a gauge, with a value for each of its labels."""

    family: Family
    labels: tuple[str, ...]
    value: float


class Gauges(Protocol):
    """What a kind shows of its objects. It is read anew at each scrape: nothing can go stale."""

    @property
    def resource(self) -> Resource:
        """Where the objects live."""
        ...

    @property
    def families(self) -> tuple[Family, ...]:
        """The gauges that `read` may return readings of."""
        ...

    def read(self, body: JsonObject) -> tuple[Reading, ...]:
        """Return the readings of an object; MalformedError or ValueError if it cannot be read."""
        ...
