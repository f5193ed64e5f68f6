"""What an init node has come to: its run, what that said, the lock, parents, what is next; pure.

Decided by the functions by which the operator decides, on a scene in which no probe was asked.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sluice.cli.graph.next_steps import free_slot
from sluice.cli.graph.parents import Parent, parents
from sluice.model.cluster.bookkeeping import LOG_PREFIX
from sluice.model.json import JsonObject
from sluice.model.scalars import format_instant
from sluice.startup.init.events import verdict
from sluice.startup.init.lock import Standing, holder_of
from sluice.startup.init.moves import Step
from sluice.startup.init.names import version_key
from sluice.startup.init.resolving import refusal
from sluice.startup.init.run import Outcome, Run
from sluice.startup.init.situation import Situation, lock_key
from sluice.startup.init.states import UNDER_WAY, Event, State
from sluice.startup.init.stays import Stay
from sluice.startup.inits import init_steps
from sluice.startup.scene import InitScene, Scene

_RESTS_ON_PARENTS = frozenset({Event.CLEARED})


@dataclass(frozen=True, slots=True)
class InitStory:
    """A node that runs once. since: None before the operator has seen it.

    kind, version, image: what the graph asks for. run: what the state speaks of, with its Job and
    what became of it. there: whether the Job is. begun: when it began. tries: pods that ended.
    holder: who has the lock, empty if nobody does. why: why it stays, empty if only time can tell.
    log: the end of what the run wrote. log_at: the command that shows it, if no record does.
    """

    name: str
    kind: str
    version: str
    image: str
    state: State
    since: float | None
    run: Run | None
    job: str
    there: bool
    begun: float | None
    tries: int
    outcome: Outcome | None
    lock: str
    holder: str
    parents: tuple[Parent, ...]
    why: str
    following: str
    log: str
    log_at: str

    def to_json(self) -> JsonObject:
        """Return the node as data."""
        return {
            "name": self.name,
            "kind": self.kind,
            "version": self.version,
            "image": self.image,
            "state": str(self.state),
            "since": None if self.since is None else format_instant(self.since),
            "run": None if self.run is None else self.run.to_json(),
            "job": self.job,
            "tries": self.tries,
            "outcome": None if self.outcome is None else self.outcome.to_json(),
            "lock": self.lock,
            "lockHolder": self.holder,
            "message": self.why,
            "waitsFor": [parent.to_json() for parent in self.parents],
            "log": self.log,
            "logAt": self.log_at,
            "next": self.following,
        }


def told_of(scene: Scene, name: str = "") -> tuple[InitScene, ...]:
    """Return the init nodes of which stories tell: those not complete, or the one that is named."""
    return tuple(
        one
        for one in scene.inits.values()
        if (one.name == name if name else not one.situation.complete)
    )


def init_stories(
    scene: Scene, program: str, records: Mapping[str, Mapping[str, str]], name: str = ""
) -> tuple[InitStory, ...]:
    """Return the stories of `told_of`. records: the data of each node's record, logs and all."""
    coming = init_steps(scene)
    return tuple(
        _story(scene, one, coming.get(one.name), program, records.get(one.name, {}))
        for one in told_of(scene, name)
    )


def _story(
    scene: Scene, one: InitScene, coming: Step | None, program: str, record: Mapping[str, str]
) -> InitStory:
    situation, found = one.situation, verdict(one.situation)
    init, status, job = situation.init, situation.status, situation.job
    waits = parents(scene, one) if status.state in _BEFORE_RUN else ()
    doubtful = found in _RESTS_ON_PARENTS and any(parent.met is None for parent in waits)
    log, log_at = _log(situation, record)
    tries = status.outcome.tries if status.outcome else job.tries if job else 0
    return InitStory(
        name=one.name,
        kind=str(init.kind),
        version=init.version,
        image=(status.outcome.image if status.outcome else "") or str(init.job.container["image"]),
        state=status.state,
        since=status.since or None,
        run=status.run,
        job=status.job,
        there=job is not None,
        begun=job.started if job else None,
        tries=tries,
        outcome=status.outcome,
        lock=lock_key(init, status),
        holder=_holder(situation),
        parents=waits,
        why=found.why if isinstance(found, Stay) else "",
        following=_following(scene, situation, None if doubtful else coming, program),
        log=log,
        log_at=log_at,
    )


_BEFORE_RUN = frozenset({State.HELD, State.BLOCKED})


def _holder(situation: Situation) -> str:
    holder = holder_of(situation.lease) if situation.lease else None
    return f"Job {holder.job} of {holder.node}" if holder and holder.job else ""


def _log(situation: Situation, record: Mapping[str, str]) -> tuple[str, str]:
    """Return the end of the log that the record kept of this very run, or where else it stands."""
    status = situation.status
    entry = situation.record.entry(status.version)
    if entry is not None and entry.run == status.run and status.state not in UNDER_WAY:
        kept = record.get(LOG_PREFIX + version_key(status.version), "")
        if kept:
            return kept, ""
    if situation.job is None or status.run is None:
        return "", ""
    return "", f"kubectl logs -n {situation.graph.namespace} job/{status.job}"


def _following(scene: Scene, situation: Situation, coming: Step | None, program: str) -> str:
    found = verdict(situation)
    if coming is not None:
        return f"the operator writes {coming.status.state}, because {coming.event}"
    if isinstance(found, Stay) and found.next_step:
        return found.next_step
    match situation.status.state:
        case State.RUNNING if situation.job is None and situation.uid:
            return "it is looked for; gone without a record, the node becomes Dirty"
        case State.RUNNING if situation.job is None:
            return f"the operator makes Job {situation.status.job}; if that lasts: {program} check"
        case State.RUNNING:
            return "its end is recorded when its Job is over"
        case State.RECORDING:
            return f"the operator writes the record; if that lasts: {program} check"
        case State.COMPLETE:
            return "nothing: this version does not run again, another one does"
        case _:
            return _out_of_hold(scene, situation, program)


def _out_of_hold(scene: Scene, situation: Situation, program: str) -> str:
    if situation.deleting:
        return "nothing more runs"
    if refusal(situation):
        return "nothing of this node runs before"
    if situation.halted:
        return "correct the graph, until then nothing runs"
    if situation.unmet is not None:
        return "runs when these are satisfied"
    if situation.suspended:
        return f"runs after {program} graph resume {situation.graph.name}"
    if situation.lock(situation.job_of(situation.wanted)) is Standing.TAKEN:
        return "runs when a record tells of that Job, which gives the lock back"
    limited = scene.own.spec.max_parallel
    return f"runs when {free_slot(scene)}" if limited else "runs when these are satisfied"
