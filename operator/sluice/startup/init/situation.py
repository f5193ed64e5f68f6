"""An init node's situation: everything that its decisions rest on, and what follows at once."""

from dataclasses import dataclass, field

from sluice.model.cluster import Job, Lease, Pod
from sluice.model.kind import WholeWant
from sluice.model.plan import Fence
from sluice.model.references import JOBS, ObjectRef
from sluice.startup.init.commands import ALL, Command, Verb
from sluice.startup.init.job import is_kept, run_of
from sluice.startup.init.lock import Holder, Standing, holder_of, standing
from sluice.startup.init.names import job_ref, lock_ref
from sluice.startup.init.record import Entry, Record
from sluice.startup.init.run import Direction, Result, Run
from sluice.startup.init.spec import Init, key
from sluice.startup.init.states import UNDER_WAY, State
from sluice.startup.init.status import InitStatus


@dataclass(frozen=True, slots=True)
class Unmet:
    """What keeps a node waiting for its parents. failed: it will not pass by itself."""

    why: str
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Situation:
    """An init node. now: seconds since the epoch.

    record, lease: of the lock's key that `lock_key` names. jobs, pods: all of the node.
    holding, holding_pods: the Job that has the lock by name, and its pods.
    former: the lock of the run that the status speaks of, if the graph names another one by now.
    gone: whether a fresh read says that the Job of `missing` is not there.
    unmet: what it waits for in its parents, None if they are satisfied.
    suspended: new Jobs are not made. deleting: the graph goes.
    halted: why the graph as a whole cannot be carried out, empty if it can.
    running_children: children that are neither held nor stopped; they keep it from being undone.
    command: the one that has not been taken. refused: groups of actions that were not done lately.
    fence: of what starts something.
    """

    now: float
    graph: ObjectRef
    init: Init
    status: InitStatus
    record: Record
    fence: Fence
    jobs: tuple[Job, ...] = ()
    pods: tuple[Pod, ...] = ()
    lease: Lease | None = None
    holding: Job | None = None
    holding_pods: tuple[Pod, ...] = ()
    former: Lease | None = None
    gone: bool = False
    unmet: Unmet | None = None
    suspended: bool = False
    deleting: bool = False
    halted: str = ""
    running_children: tuple[str, ...] = ()
    command: Command | None = None
    refused: frozenset[str] = field(default=frozenset())

    @property
    def group(self) -> str:
        """The group of the node's actions."""
        return f"{self.graph} {self.init.node}"

    @property
    def job(self) -> Job | None:
        """The Job of the run that the status speaks of."""
        return self.named(self.status.job)

    @property
    def job_pods(self) -> tuple[Pod, ...]:
        """The pods of that Job, also when it is gone."""
        return self.pods_of(self.status.job)

    @property
    def uid(self) -> str:
        """The UID of the run's Job, if it was ever seen: by the status, or by the lock.

        The lock knows it still when the graph was taken away and made again.
        """
        holder = holder_of(self.lease) if self.lease else None
        signed = holder is not None and holder.job == self.status.job
        return self.status.uid or (holder.uid if holder and signed else "")

    @property
    def missing(self) -> WholeWant | None:
        """What is to be read afresh before a Job counts as gone: caches may be late."""
        if self.status.state is not State.RUNNING or self.job is not None or not self.uid:
            return None
        ref = ObjectRef(JOBS, self.graph.namespace, self.status.job)
        return WholeWant(ref, self.uid, 0)

    @property
    def lease_ref(self) -> ObjectRef:
        """The Lease of the lock."""
        return lock_ref(self.graph.namespace, lock_key(self.init, self.status))

    @property
    def known(self) -> Entry | None:
        """What the record says of the version that the graph asks for."""
        return self.record.entry(self.init.version)

    @property
    def agrees(self) -> bool:
        """Whether the status speaks of what the graph asks for."""
        run = self.status.run
        return run is not None and asks_for(self.init, run)

    def named(self, name: str) -> Job | None:
        """Return the node's Job of that name."""
        return next((job for job in self.jobs if job.meta.ref.name == name), None)

    def pods_of(self, name: str) -> tuple[Pod, ...]:
        """Return the pods that name a Job as their owner."""
        return owned(self.pods, name)

    def job_of(self, run: Run) -> str:
        """Return the name of a run's Job."""
        return job_ref(self.graph.namespace, self.init.graph, self.init.node, run).name

    def lock(self, job: str) -> Standing:
        """Return how the lock stands, seen from the run with that Job."""
        return standing(self.lease, self.holder(job), self.holding, self.holding_pods)

    def holder(self, job: str, uid: str = "") -> Holder:
        """Return the node's run with that Job as the holder of a lock."""
        return Holder(job, uid, key(self.init.graph, self.init.node))

    def is_recorded(self, job: Job) -> bool:
        """Whether a record tells of a Job, by this status or by what the record says."""
        if job.meta.ref.name == self.status.job and self.status.state not in UNDER_WAY:
            return self.status.outcome is not None
        return self.record.tells_of(run_of(job))

    @property
    def unrecorded(self) -> Job | None:
        """The oldest Job of the node that is kept until a record tells of it, if there is one."""
        ours = [job for job in self.jobs if is_kept(job) and run_of(job) is not None]
        waiting = [job for job in ours if not self.is_recorded(job)]
        return min(waiting, key=lambda job: job.meta.created, default=None)

    @property
    def told(self) -> Entry | None:
        """What the record says of the very run that is under way, if anything.

        Another graph with the same lock had it first, or an older state of ours was put back.
        """
        run, uid = self.status.run, self.status.uid
        entry = self.record.entry(run.version) if run else None
        if entry is None or entry.run != run or uid not in ("", entry.uid):
            return None
        return entry

    @property
    def complete(self) -> bool:
        """Whether what the graph asks for is complete: what edges to this node ask."""
        return self.status.state is State.COMPLETE and self.agrees

    @property
    def undoing(self) -> Entry | None:
        """The version that is to be undone now: the last one in effect above what was asked.

        One whose undoing failed, and may run again, needs no other wish.
        """
        for one in reversed(self.record.entries):
            if one.result is Result.REOPENED and one.run.direction is Direction.DOWN:
                return one
        command = self.command
        if command is None or command.verb is not Verb.DOWN:
            return None
        kept = self.record.entry(command.of)
        if kept is None and command.of != ALL:
            return None
        floor = 0 if kept is None else kept.order
        above = (one for one in reversed(self.record.entries) if one.order > floor)
        return next((one for one in above if one.in_effect), None)

    @property
    def wanted(self) -> Run:
        """The run that would come next."""
        undoing, lock = self.undoing, self.init.lock
        if undoing is not None:
            version, checksum, number = (
                undoing.run.version,
                undoing.run.checksum,
                undoing.run.number,
            )
            return Run(lock, version, checksum, Direction.DOWN, number + 1)
        number = self.known.run.number if self.known else 0
        return Run(lock, self.init.version, self.init.checksum, Direction.UP, number + 1)


def owned(pods: tuple[Pod, ...], job: str) -> tuple[Pod, ...]:
    """Return the pods that name a Job as their owner, also when it is gone."""
    return tuple(
        pod for pod in pods if any((o.kind, o.name) == (JOBS.kind, job) for o in pod.meta.owners)
    )


def asks_for(init: Init, run: Run) -> bool:
    """Whether a run is of the version, the job and the lock that the graph asks for."""
    asked = (init.version, init.checksum, init.lock)
    return (run.version, run.checksum, run.lock) == asked


def lock_key(init: Init, status: InitStatus) -> str:
    """Return the key of the lock and the record that matter now.

    A run under way keeps to those that it began with, whatever the graph says meanwhile.
    """
    if status.state in UNDER_WAY and status.run is not None:
        return status.run.lock
    return init.lock


def former_key(init: Init, status: InitStatus) -> str:
    """Return the key of the lock under which the last run was, empty if it is that of now."""
    key_then = status.run.lock if status.run else ""
    return "" if key_then == lock_key(init, status) else key_then
