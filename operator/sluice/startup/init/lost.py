"""Jobs of which no node speaks: their graph, or their node, is gone.

A graph goes only when what it ran is recorded and let go, as far as its caches knew. What they did
not know is found here.
"""

from dataclasses import dataclass

from sluice.model.cluster import ConfigMap, Job, Lease, Pod
from sluice.model.found import Found, one_of
from sluice.model.kind import One, Selection
from sluice.model.plan import Action, Patch
from sluice.startup.init.job import is_kept, is_over, letting_go, run_of
from sluice.startup.init.lock import holder_of, release
from sluice.startup.init.names import lock_ref, record_ref
from sluice.startup.init.record import Record, read_record
from sluice.startup.init.situation import owned


@dataclass(frozen=True, slots=True)
class Lost:
    """A Job of which no node speaks.

    record, lease: of the lock under which it ran; None if they are not there, or not known.
    """

    job: Job
    pods: tuple[Pod, ...]
    record: Record | None = None
    lease: Lease | None = None

    @property
    def is_recorded(self) -> bool:
        """Whether the record tells of its run, or of a later one of the version."""
        return self.record is not None and self.record.tells_of(run_of(self.job))


def lost_selections(namespace: str, node: str, job: Job) -> tuple[Selection, ...]:
    """Return what tells whether a Job of which no node speaks is recorded, and has its lock."""
    run = run_of(job)
    if run is None:
        return ()
    return (One(record_ref(namespace, run.lock, node)), One(lock_ref(namespace, run.lock)))


def read_lost(namespace: str, node: str, job: Job, pods: tuple[Pod, ...], found: Found) -> Lost:
    """Return what was found of a Job of which no node speaks."""
    own, run = owned(pods, job.meta.ref.name), run_of(job)
    if run is None:
        return Lost(job, own)
    record = record_ref(namespace, run.lock, node)
    kept = one_of(found, One(record), ConfigMap)
    lease = one_of(found, One(lock_ref(namespace, run.lock)), Lease)
    return Lost(job, own, read_record(record, kept), lease)


def lost_without_a_graph(jobs: tuple[Job, ...], pods: tuple[Pod, ...]) -> tuple[Lost, ...]:
    """Return the Jobs of a graph that is not there, of whose records nothing is known."""
    return tuple(Lost(job, owned(pods, job.meta.ref.name)) for job in jobs)


def forsaken(group: str, lost: tuple[Lost, ...]) -> tuple[Action, ...]:
    """Let go what is over, if it is recorded, or is being deleted and nobody will record it.

    Without this a namespace could not be deleted after its graphs.
    """
    actions: list[Action] = []
    for one in lost:
        job, lease = one.job, one.lease
        if not is_over(job, one.pods) or not (one.is_recorded or job.meta.deleting):
            continue
        if is_kept(job):
            actions.append(Patch(group, job.meta.ref, letting_go(job), job.meta.resource_version))
        if lease is not None and holder_of(lease).job == job.meta.ref.name:
            actions.append(release(group, lease))
    return tuple(actions)
