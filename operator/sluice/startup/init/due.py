"""What the persisted state of an init node asks of the world, as actions that may be repeated."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, TypeAlias

from sluice.model.cluster import Lease
from sluice.model.plan import Action, Create, Patch
from sluice.startup.init.events import verdict
from sluice.startup.init.job import is_kept, is_over, job_manifest, letting_go
from sluice.startup.init.lock import Holder, Standing, create_lock, hold, holder_of, release
from sluice.startup.init.names import job_labels, job_ref
from sluice.startup.init.outcome import last_ending
from sluice.startup.init.record import Entry, create_record, write_entry
from sluice.startup.init.resolving import step_down
from sluice.startup.init.run import Direction, Run
from sluice.startup.init.situation import Situation, lock_key
from sluice.startup.init.states import State
from sluice.startup.init.stays import Stay

Due: TypeAlias = Callable[[Situation], tuple[Action, ...]]


def due(situation: Situation) -> tuple[Action, ...]:
    """Return the actions that bring the world to the persisted state; none when it is there."""
    return _DUE[situation.status.state](situation)


def may_leave(situation: Situation) -> bool:
    """Whether a deleted graph may go as far as this node is concerned: nothing runs unrecorded.

    In a namespace that is being deleted no record can be made; its Jobs must not keep it for ever.
    """
    gone = situation.group in situation.refused and all(job.meta.deleting for job in situation.jobs)
    match situation.status.state:
        case State.RUNNING:
            return situation.job is None and not situation.uid
        case State.RECORDING:
            return gone
        case _:
            return True


def leave(situation: Situation) -> tuple[Action, ...]:
    """Return what is undone before a graph goes that may leave; none when nothing is left."""
    return _settle(situation)


def _start(situation: Situation) -> tuple[Action, ...]:
    """Make record, lock and Job, in this order; each rests on having seen the one before."""
    status, job = situation.status, situation.job
    # A transition that is due comes first: it may be that no Job is to be made any more.
    if status.run is None or not isinstance(verdict(situation), Stay):
        return ()
    if job is not None:
        mine = situation.holder(status.job, job.meta.uid)
        return _hold(situation, mine) if situation.record.exists else ()
    # Seen before: it is not made again, nor beside pods of its name.
    if situation.uid or situation.deleting or not is_over(None, situation.job_pods):
        return ()
    made = _made(situation)
    if made or situation.lock(status.job) is Standing.TAKEN:
        return made
    return (*_hold(situation, situation.holder(status.job)), *_create(situation, status.run))


def _made(situation: Situation) -> tuple[Action, ...]:
    """Return the creation of a record and a lock that are not there yet."""
    group, fence, key = situation.group, situation.fence, lock_key(situation.init, situation.status)
    made: list[Action] = []
    if not situation.record.exists:
        made.append(create_record(group, situation.record.ref, key, situation.init.node, fence))
    if situation.lease is None:
        made.append(create_lock(group, situation.lease_ref, key, fence))
    return tuple(made)


def _hold(situation: Situation, mine: Holder) -> tuple[Action, ...]:
    """Return the patch that takes the lock, or puts the UID on it; none if that is so."""
    lease = situation.lease
    if lease is None or situation.lock(mine.job) is Standing.TAKEN or holder_of(lease) == mine:
        return ()
    return (hold(situation.group, lease, mine, situation.record.fence),)


def _create(situation: Situation, run: Run) -> tuple[Action, ...]:
    init, up = situation.init, run.direction is Direction.UP
    step = init.job if up else step_down(situation, run.version)
    ref = job_ref(situation.graph.namespace, init.graph, init.node, run)
    manifest = job_manifest(ref, init, run, step) if step else {}
    identity = job_labels(init.graph, init.node, run)
    return (Create(situation.group, ref, manifest, identity, situation.fence),) if step else ()


def _record(situation: Situation) -> tuple[Action, ...]:
    """Write the outcome down, once: when it is seen there, the next state follows."""
    status, record = situation.status, situation.record
    if not record.exists:
        key, node = lock_key(situation.init, status), situation.init.node
        # Without a fence: a graph that is being deleted records what it began as well.
        return (create_record(situation.group, record.ref, key, node),)
    if record.fault or status.run is None or status.outcome is None or _is_written(situation):
        return ()
    known = record.entry(status.run.version)
    last = record.entries[-1].order if record.entries else 0
    entry = Entry(
        order=known.order if known else last + 1,
        run=status.run,
        job=status.job,
        uid=status.uid,
        outcome=status.outcome,
        down=known.down if known else None,
    )
    if situation.agrees and situation.init.down:
        entry = replace(entry, down=situation.init.down.written)
    ending = last_ending(situation.job_pods)
    log = ending.message if ending else ""
    # A person's word adds nothing to the log of the Job.
    return (write_entry(situation.group, record, entry, None if status.outcome.by else log),)


def _is_written(situation: Situation) -> bool:
    return not isinstance(verdict(situation), Stay)


def _settle(situation: Situation) -> tuple[Action, ...]:
    """Let recorded Jobs go, and the lock that the last one had."""
    group = situation.group
    kept = [job for job in situation.jobs if is_kept(job) and situation.is_recorded(job)]
    going = tuple(
        Patch(group, job.meta.ref, letting_go(job), job.meta.resource_version) for job in kept
    )
    return (*going, *_unlock(situation, situation.lease), *_unlock(situation, situation.former))


def _unlock(situation: Situation, lease: Lease | None) -> tuple[Action, ...]:
    status = situation.status
    mine, holder = situation.holder(status.job), holder_of(lease) if lease else None
    # The record may have told us of another graph's Job: its lock is not ours to give back.
    if lease is None or holder is None or (holder.job, holder.node) != (mine.job, mine.node):
        return ()
    over = is_over(situation.job, situation.job_pods)
    return (release(situation.group, lease),) if over else ()


_DUE: Final[Mapping[State, Due]] = {
    State.HELD: _settle,
    State.BLOCKED: _settle,
    State.RUNNING: _start,
    State.RECORDING: _record,
    State.COMPLETE: _settle,
    State.DIRTY: _settle,
    State.MISMATCH: _settle,
    State.FAILED: _settle,
}
