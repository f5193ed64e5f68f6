"""Why an init node stays where it is, in words: with numbers, and with what a person may do.

Status has room for 120 bytes of each sentence; what matters most stands first.
"""

from dataclasses import dataclass

from sluice.startup.init.checksum import short, shown
from sluice.startup.init.lock import Standing, holder_of
from sluice.startup.init.situation import Situation


@dataclass(frozen=True, slots=True)
class Stay:
    """Why nothing happens, and what a person may do about it; empty if only time can tell."""

    why: str
    next_step: str = ""


def unreadable(situation: Situation) -> Stay | None:
    """A history that cannot be read is not an empty one."""
    fault = situation.record.fault
    if not fault:
        return None
    return Stay(f"the record cannot be read: {fault}", "mend that ConfigMap; nothing runs before")


def taken(situation: Situation, job: str) -> Stay | None:
    """What keeps the run with that Job from having the lock."""
    if situation.lease is None or situation.lock(job) is not Standing.TAKEN:
        return None
    holder, name = holder_of(situation.lease), situation.lease.meta.ref.name
    why = f"waits for lock {situation.init.lock}, which Job {holder.job} has"
    if situation.holding is not None:
        return Stay(why)
    # Its graph may have been taken away by force; then nobody gives the lock back.
    return Stay(
        why, f"if {holder.node} is gone, and its work is mended: kubectl delete lease {name}"
    )


def runs(situation: Situation) -> Stay:
    """A Job runs to its end, unless its pod cannot even begin."""
    stuck = (pod for pod in situation.job_pods if pod.stuck and not pod.meta.deleting)
    pod = next(stuck, None)
    if pod is None:
        return Stay("")
    return Stay(
        f"its pod does not start: {pod.stuck}",
        f"mend that, or end it: kubectl delete job {situation.status.job} (then it is Dirty)",
    )


def was_undone(situation: Situation) -> Stay:
    """What was undone is not applied again by itself."""
    return Stay(
        f"version {shown(situation.init.version)} was undone",
        f"write the version that is in effect; or: {_resolve(situation)} --rerun",
    )


def half_done(situation: Situation) -> Stay:
    """What is half done keeps everything of the node back."""
    code = situation.status.exit_code
    how = f"its Job ended with {code}" if code is not None else "its Job is gone, its end unknown"
    how += _said(situation)
    return Stay(
        f"version {shown(situation.status.version)} may be half done: {how}",
        f"mend it, then: {_resolve(situation)} --applied or --rerun",
    )


def has_failed(situation: Situation) -> Stay:
    """What failed is not tried again by itself."""
    status = situation.status
    tries = status.outcome.tries if status.outcome else 0
    how = "no exit code" if status.exit_code is None else f"exit code {status.exit_code}"
    return Stay(
        f"version {shown(status.version)} failed: {tries} tries, {how}{_said(situation)}",
        f"apply a mended job; or: {_resolve(situation)} --rerun or --applied",
    )


def does_not_match(situation: Situation) -> Stay:
    """What was completed otherwise is not run again by itself."""
    init, run = situation.init, situation.status.run
    if run is None or run.lock != init.lock:
        why = f"version {shown(init.version)} was completed under lock {run.lock if run else '?'}"
    else:
        old, new = short(run.checksum), short(init.checksum)
        why = f"version {shown(init.version)} was completed by job {old}, the graph has {new}"
    return Stay(why, f"write a new version; or: {_resolve(situation)} --accept or --rerun")


def _said(situation: Situation) -> str:
    outcome = situation.status.outcome
    return f": {outcome.said}" if outcome and outcome.said else ""


def _resolve(situation: Situation) -> str:
    return f"sluice graph resolve {situation.init.graph} {situation.init.node}"
