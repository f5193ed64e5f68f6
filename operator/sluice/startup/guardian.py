"""What carries the label of a graph that does not exist: held for a while, then let go.

A graph may come after its workloads. One that never comes must not hold them for ever.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sluice.model.cluster import Job, Pod
from sluice.model.found import all_of
from sluice.model.kind import Labelled, Observation, Wants
from sluice.model.names import BYPASS, GRAPH_LABEL
from sluice.model.plan import Action, Note, Subject, Work
from sluice.model.reasons import Reason
from sluice.model.references import PODS, STARTUPGRAPHS, ObjectRef, Resource
from sluice.model.scalars import format_duration
from sluice.startup.findings import ORPHAN_AFTER_SECONDS
from sluice.startup.gating import is_open, open_all
from sluice.startup.init.lost import forsaken, lost_without_a_graph
from sluice.startup.orphans import is_orphan, late_strays, orphaned_at
from sluice.startup.own import HELD_RESOURCES
from sluice.startup.pods import carries_gate, owned_pods, strays
from sluice.startup.release import let_go, released_list
from sluice.startup.requires import awaited
from sluice.startup.workload import WORKLOADS, Workload


@dataclass(frozen=True, slots=True)
class StartupGuardian:
    """Looks after the orphans of graphs. namespace: the operator's own."""

    namespace: str = "sluice-system"

    @property
    def resource(self) -> Resource:
        """Where StartupGraphs live."""
        return STARTUPGRAPHS

    @property
    def label(self) -> str:
        """The label whose value is a graph's name."""
        return GRAPH_LABEL

    def wants(self, key: ObjectRef) -> Wants:
        """Return what carries the label of a graph."""
        resources = (*HELD_RESOURCES, PODS)
        return Wants(
            tuple(Labelled(one, key.namespace, GRAPH_LABEL, key.name) for one in resources)
        )

    def plan(self, key: ObjectRef, observation: Observation) -> Work:
        """Let go what has waited long enough, and say when the next one has."""
        found, now = observation.found, observation.now
        pods = all_of(found, Labelled(PODS, key.namespace, GRAPH_LABEL, key.name), Pod)
        workloads = [
            item for items in found.values() for item in items if isinstance(item, WORKLOADS)
        ]
        actions: list[Action] = []
        notes: list[Note] = []
        ends, released = [], released_list(self.namespace)
        for one in workloads:
            # Not `is_held`: of a set that was let go in part, the other pods are held still.
            undone = let_go(one, owned_pods(pods, one), released, None)
            if undone:
                ends.append(orphaned_at(one))
            if undone and (missing := awaited(one, {})):
                if is_orphan(one, now):
                    notes.append(_kept(one, key.name, missing))
                continue
            if is_orphan(one, now):
                actions.extend(undone)
                notes.extend(_told(one, key.name) for _ in undone[:1])
        jobs = tuple(one for one in workloads if isinstance(one, Job))
        actions.extend(forsaken(str(key), lost_without_a_graph(jobs, pods)))
        stray = strays(pods, found)
        closed = [pod for pod in pods if carries_gate(pod) and not is_open(pod)]
        actions.extend(late_strays(stray, released, now, None))
        # New pods of what has waited in vain before do not wait once more.
        patience = max((orphaned_at(one) for one in workloads), default=float("inf"))
        waiting = [(pod, min(orphaned_at(pod), patience)) for pod in closed]
        ends.extend((*map(orphaned_at, stray), *(at for _, at in waiting)))
        late = tuple(pod for pod, at in waiting if now >= at)
        actions.extend(open_all(late, f"no StartupGraph {key.name} exists", now))
        return Work(tuple(actions), notes=tuple(notes), due_at=_next(ends, now))


def _told(orphan: Workload, graph: str) -> Note:
    meta, after = orphan.meta, format_duration(ORPHAN_AFTER_SECONDS)
    message = f"let go: no StartupGraph {graph} came within {after} of its creation"
    about = Subject(meta.ref, meta.uid, meta.resource_version)
    return Note(Reason.ORPHAN_RELEASED, message, about)


def _kept(held: Workload, graph: str, missing: tuple[str, ...]) -> Note:
    meta, waits = held.meta, ", ".join(missing)
    message = (
        f"held: it requires {waits}, and no StartupGraph {graph} exists whose record could say so; "
        f"apply that graph, or: kubectl annotate {meta.ref.resource.kind.lower()} {meta.ref.name} "
        f"{BYPASS}=startup"
    )
    return Note(Reason.AWAITS_RECORD, message, Subject(meta.ref, meta.uid, meta.resource_version))


def _next(instants: Iterable[float], now: float) -> float | None:
    return min((instant for instant in instants if instant > now), default=None)
