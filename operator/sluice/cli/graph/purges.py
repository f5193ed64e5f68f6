"""What of a node's history may be deleted, and what keeps it; pure."""

from dataclasses import dataclass
from typing import TypeAlias

from sluice.cli.graph.histories import History, Whose
from sluice.cli.graph.versions import meant
from sluice.cli.orders import Already, Refused
from sluice.model.cluster import Job, Lease, Pod
from sluice.model.cluster.bookkeeping import LOG_PREFIX
from sluice.model.plan import Operation, pointer
from sluice.startup.init.checksum import shown
from sluice.startup.init.job import is_kept, is_live, is_over, run_of
from sluice.startup.init.lock import holder_of
from sluice.startup.init.names import version_key
from sluice.startup.init.situation import owned
from sluice.startup.init.states import UNDER_WAY, State
from sluice.startup.init.status import InitStatus

_VERSION_PREFIX = "version."
_STAYS = frozenset({State.COMPLETE, State.DIRTY, State.FAILED})


@dataclass(frozen=True, slots=True)
class Remains:
    """All that is left of a node's runs under a lock. whose.lock: its key, always given.

    history: None if there is no record. jobs, pods: of the node, whatever their lock.
    lease: the lock. status: what the graph says of the node, None without the graph.
    """

    whose: Whose
    history: History | None
    jobs: tuple[Job, ...]
    pods: tuple[Pod, ...]
    lease: Lease | None
    status: InitStatus | None

    @property
    def its_jobs(self) -> tuple[Job, ...]:
        """The Jobs that ran under the lock."""
        runs = ((job, run_of(job)) for job in self.jobs)
        return tuple(job for job, run in runs if run is not None and run.lock == self.whose.lock)


@dataclass(frozen=True, slots=True)
class Purge:
    """A deletion that makes sense now.

    version: the only one that is forgotten, empty for all. versions: those that are forgotten.
    jobs: those that go with them.
    """

    history: History | None
    version: str
    versions: tuple[str, ...]
    jobs: tuple[Job, ...]
    effect: str

    def covers(self, now: "Purge") -> bool:
        """Whether who agreed to this one agrees to what it is now: nothing more is deleted."""
        names = {job.meta.ref.name for job in self.jobs}
        more = {job.meta.ref.name for job in now.jobs} - names
        return not more and set(now.versions) <= set(self.versions)

    @property
    def operations(self) -> tuple[Operation, ...]:
        """What takes the one version out of the record."""
        data = self.history.data if self.history else {}
        known = version_key(self.version)
        keys = (f"{_VERSION_PREFIX}{known}", f"{LOG_PREFIX}{known}")
        return tuple(Operation("remove", pointer("data", one)) for one in keys if one in data)


Answer: TypeAlias = Purge | Already | Refused


def purge(remains: Remains, given: str) -> Answer:
    """Return what is deleted, or why nothing is. given: the only version meant, empty for all."""
    refused = _runs(remains) or _locked(remains)
    if refused is not None:
        return refused
    history = remains.history
    entries = history.record.entries if history else ()
    version = meant(given, (entry.run.version for entry in entries)) if given else ""
    if version and not _has(history, version):
        have = ", ".join(shown(entry.run.version) for entry in entries) or "nothing"
        fix = f"sluice graph history {remains.whose.graph.name} {remains.whose.node}"
        return Refused(f"version {version} is not in the record, which has {have}", fix)
    jobs = tuple(job for job in remains.its_jobs if not version or _is_of(job, version))
    if history is None and not jobs:
        return Already(f"nothing is recorded of {remains.whose}, and no Job of it is left")
    for job in jobs:
        if is_kept(job) and not (history and history.record.tells_of(run_of(job))):
            return _unrecorded(remains, job)
    versions = tuple(e.run.version for e in entries if version in ("", e.run.version))
    effect = _effect(remains, version, versions, jobs)
    return Purge(history, version, versions or (version,), jobs, effect)


def _runs(remains: Remains) -> Refused | None:
    whose, status = remains.whose, remains.status
    wait = f"wait for its end: sluice graph explain {whose.graph.name} {whose.node}"
    if status is not None and status.state in UNDER_WAY:
        return Refused(f"{whose.node} is {status.state}: Job {status.job} is not recorded", wait)
    for job in remains.jobs:
        if not is_over(job, owned(remains.pods, job.meta.ref.name)):
            return Refused(f"Job {job.meta.ref.name} of {whose.node} still runs", wait)
    live = next((pod for pod in remains.pods if is_live(pod)), None)
    if live is not None:
        return Refused(f"Pod {live.meta.ref.name} of {whose.node} still runs", "wait for its end")
    return None


def _locked(remains: Remains) -> Refused | None:
    holder = holder_of(remains.lease) if remains.lease else None
    if remains.lease is None or holder is None or not holder.job:
        return None
    name, namespace = remains.lease.meta.ref.name, remains.whose.graph.namespace
    return Refused(
        f"Job {holder.job} of {holder.node} has lock {remains.whose.lock}",
        f"wait until it gives that back; if {holder.node} is gone, and its work is mended: "
        f"kubectl delete lease -n {namespace} {name}",
    )


def _has(history: History | None, version: str) -> bool:
    """Whether a version stands in a record, also in one that cannot be read as a whole."""
    return history is not None and f"{_VERSION_PREFIX}{version_key(version)}" in history.data


def _is_of(job: Job, version: str) -> bool:
    run = run_of(job)
    return run is not None and run.version == version


def _unrecorded(remains: Remains, job: Job) -> Refused:
    name, history = job.meta.ref.name, remains.history
    if history is not None and history.record.fault:
        fix = "mend or delete that key first; purge --version VERSION deletes one"
        return Refused(f"the record cannot be read: {history.record.fault}", fix)
    sentence = f"Job {name} is kept until a record tells of it, and none does"
    if remains.status is not None:
        return Refused(sentence, "the operator records it; if that lasts: sluice check")
    graph = remains.whose.graph.name
    return Refused(sentence, f"apply graph {graph} again, then its end is recorded")


def _effect(
    remains: Remains, version: str, versions: tuple[str, ...], jobs: tuple[Job, ...]
) -> str:
    named = ", ".join(map(shown, versions or ((version,) if version else ())))
    what = (
        f"forget version{'s' if len(versions) > 1 else ''} {named}"
        if named
        else ("forget a record that is empty or cannot be read")
    )
    gone = f", and delete {len(jobs)} Job{'s' if len(jobs) > 1 else ''}" if jobs else ""
    return f"{what} of {remains.whose.node} for good{gone}; {_after(remains, version)}"


def _after(remains: Remains, version: str) -> str:
    again = f"version {shown(version)}" if version else "everything"
    state = remains.status.state if remains.status else None
    if state is None:
        return f"a new graph {remains.whose.graph.name} runs {again} again"
    if state is State.COMPLETE:
        return f"the graph that is there stays as it is, the next one runs {again} again"
    if state in _STAYS:
        return f"the node stays {state} until it is resolved"
    return "the graph that is there may run again at once what it asks for"
