"""The contract between the engine and a kind: what it wants to read, and what it decides.

The engine knows nothing of kinds; a kind knows nothing of how its wants are met.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from sluice.model.cluster import Projection
from sluice.model.json import JsonObject
from sluice.model.metrics import MetricAnswer, MetricQuery, MetricWant
from sluice.model.plan import Plan, Work
from sluice.model.probes import ProbeRun, ProbeWant
from sluice.model.references import ObjectRef, Resource


@dataclass(frozen=True, slots=True)
class One:
    """One object by name."""

    ref: ObjectRef


@dataclass(frozen=True, slots=True)
class Descendants:
    """The objects of `resource` whose owners lead, directly or through others, to `ancestor`.

    Owners are followed by kind and name: a Pod to its ReplicaSet, that to its Deployment.
    """

    resource: Resource
    ancestor: ObjectRef


@dataclass(frozen=True, slots=True)
class InNamespace:
    """All objects of `resource` in a namespace."""

    resource: Resource
    namespace: str


@dataclass(frozen=True, slots=True)
class Labelled:
    """The objects of `resource` in a namespace that carry a label with a value."""

    resource: Resource
    namespace: str
    label: str
    value: str


Selection: TypeAlias = One | Descendants | InNamespace | Labelled


@dataclass(frozen=True, slots=True)
class WholeWant:
    """A whole object, read afresh: asked again when the generation that is known changes."""

    ref: ObjectRef
    uid: str
    generation: int


@dataclass(frozen=True, slots=True)
class Wants:
    """Everything that the next decision about an object rests on."""

    selections: tuple[Selection, ...] = ()
    metrics: tuple[MetricWant, ...] = ()
    wholes: tuple[WholeWant, ...] = ()
    probes: tuple[ProbeWant, ...] = ()


@dataclass(frozen=True, slots=True)
class Observation:
    """A frozen, complete, picklable picture: `plan` is a function of it and of nothing else.

    now: seconds since the epoch, rounded to milliseconds (as status stores instants).
    body: our own object, whole.
    found: what each selection of the wants matched, sorted by name.
    answers: by query; a query that was never asked is absent.
    wholes: by want; an unanswered one is absent, null means that the object is gone.
    probes: by want; a want that was never asked is absent.
    refused: the groups of actions that were not done when they were last tried, in this process.
    """

    now: float
    body: JsonObject
    found: Mapping[Selection, tuple[Projection, ...]] = field(default_factory=dict)
    answers: Mapping[MetricQuery, MetricAnswer] = field(default_factory=dict)
    wholes: Mapping[WholeWant, JsonObject | None] = field(default_factory=dict)
    probes: Mapping[ProbeWant, ProbeRun] = field(default_factory=dict)
    refused: frozenset[str] = frozenset()


class Kind(Protocol):
    """A kind of object that Sluice carries out. Both functions are pure and total."""

    @property
    def resource(self) -> Resource:
        """Where its objects live."""
        ...

    def wants(self, body: JsonObject, found: Mapping[Selection, tuple[Projection, ...]]) -> Wants:
        """Return what `plan` needs; called again with what was found until nothing is added."""
        ...

    def plan(self, observation: Observation) -> Plan:
        """Decide."""
        ...


class Guardian(Protocol):
    """Looks after foreign objects whose label names an object of a kind that does not exist."""

    @property
    def resource(self) -> Resource:
        """Where the objects of the kind live."""
        ...

    @property
    def label(self) -> str:
        """The label whose value is the name of an object of the kind, in the same namespace."""
        ...

    def wants(self, key: ObjectRef) -> Wants:
        """Return what `plan` needs to know for the object that is missing."""
        ...

    def plan(self, key: ObjectRef, observation: Observation) -> Work:
        """Decide; the body of the observation is empty, and there is no status to be written."""
        ...
