"""The operator's own decision about a graph, pass by pass, on the store of the command's server."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import assert_never

from sluice.engine.cache import Cache
from sluice.engine.informer import project
from sluice.model.cluster import Projection
from sluice.model.json import Json
from sluice.model.kind import Observation, Selection
from sluice.model.plan import Action, Create, Delete, Merge, Patch, Transition, Work
from sluice.model.references import CONFIGMAPS, DEPLOYMENTS, JOBS, LEASES, PODS, STATEFULSETS
from sluice.model.scalars import format_instant
from sluice.startup.kind import StartupGraphKind
from tests.cli.graph_scenes import NOW, REF
from tests.engine.store import Store

_SEEN = (DEPLOYMENTS, STATEFULSETS, JOBS, PODS, CONFIGMAPS, LEASES)


@dataclass
class Operator:
    """An operator whose Jobs end as soon as they are made: Complete or Failed, as `ends` says.

    after: called when a pass is over.
    """

    store: Store
    ends: str = "Complete"
    after: Callable[[], object] = lambda: None
    passes: int = field(default=0)

    def turn(self) -> None:
        """Make a pass; what is due is done as far as it is about init nodes."""
        if REF not in self.store.objects:
            return
        plan = StartupGraphKind().plan(self._observed())
        self.passes += 1
        match plan:
            case Transition(status):
                self.store.set(REF, "status", status)
            case Work(actions, status):
                for action in actions:
                    self._do(action)
                if status is not None:
                    self.store.set(REF, "status", status)
            case _:
                assert_never(plan)
        self.after()

    def _observed(self) -> Observation:
        cache = Cache()
        for resource in _SEEN:
            for item in self.store.list(resource):
                projection = project(resource, item)
                assert projection is not None
                cache.put(projection)
        body, kind = self.store.get(REF), StartupGraphKind()
        found: dict[Selection, tuple[Projection, ...]] = {}
        for _ in range(2):
            found = {one: cache.select(one) for one in kind.wants(body, found).selections}
        return Observation(NOW, body, found)

    def _do(self, action: Action) -> None:
        match action:
            case Create(_, ref, manifest):
                self.store.create(ref.resource, ref.namespace, manifest)
                if ref.resource == JOBS:
                    self.store.set(ref, "status", _ended(self.ends))
            case Patch(_, ref, operations):
                self.store.patch(ref, [one.to_json() for one in operations])
            case Delete() | Merge():
                return
            case _:
                assert_never(action)


def _ended(how: str) -> dict[str, Json]:
    end = {
        "type": how,
        "status": "True",
        "message": "it ended",
        "lastTransitionTime": format_instant(NOW),
    }
    failed = 3 if how == "Failed" else 0
    return {
        "startTime": format_instant(NOW),
        "conditions": [end],
        "failed": failed,
        "succeeded": 0 if failed else 1,
    }
