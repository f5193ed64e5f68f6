"""What runs and random histories are about: a kind, how it looks, and what it promises."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic

from sluice.model.json import JsonObject
from sluice.model.kind import Guardian, Kind
from sluice.model.references import ObjectRef, Resource
from tests.converge.client import View
from tests.converge.cluster import Cluster
from tests.converge.laws import Laws
from tests.converge.operator_process import OperatorProcess
from tests.converge.scenario import P
from tests.converge.store import Store


@dataclass(frozen=True, slots=True)
class Subject(Generic[P]):
    """A kind under test, or several beside each other.

    followed: the objects whose changes are the course of a run. people: who act on a cluster.
    install: what they do in an empty cluster before any story. laws: of which none may be broken.
    summary: all that must be the same however a run was disturbed: no times, no versions.
    standing: where the followed objects are, None if they do not say so yet; says: that in words.
    rests: whether a story may be over: nothing is under way.
    written_once: resources of which the operator writes each object at most once.
    limit_seconds: a run that takes longer does not come to its end.
    """

    followed: frozenset[ObjectRef]
    kinds: tuple[Kind, ...]
    guardians: tuple[Guardian, ...]
    people: Callable[[Cluster], P]
    laws: tuple[type[Laws], ...]
    summary: Callable[[Store], JsonObject]
    standing: Callable[[Store], Hashable | None]
    says: Callable[[Store], str]
    rests: Callable[[Store], bool]
    install: Callable[[P], None] = lambda _: None
    written_once: frozenset[Resource] = frozenset()
    limit_seconds: float = 600.0

    def process(self, cluster: Cluster, view: View) -> OperatorProcess:
        """Return a process of the operator that carries it out."""
        return OperatorProcess(cluster, view, self.kinds, self.guardians)
