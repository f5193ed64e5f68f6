"""What the tests of init nodes begin with: a node, Jobs, pods, records and locks, as served."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from sluice.model.cluster import ConfigMap, Job, Lease, Pod
from sluice.model.json import Body, Json, JsonObject, canonical
from sluice.model.plan import Fence
from sluice.model.references import STARTUPGRAPHS, ObjectRef
from sluice.model.scalars import format_instant
from sluice.startup.init.commands import command_of
from sluice.startup.init.job import job_manifest
from sluice.startup.init.names import job_ref, lock_ref, record_ref, version_key
from sluice.startup.init.record import Entry, Record, read_record
from sluice.startup.init.run import Direction, Outcome, Result, Run
from sluice.startup.init.situation import Situation
from sluice.startup.init.spec import Init, read_init
from sluice.startup.init.states import State
from sluice.startup.init.status import InitStatus

NAMESPACE, GRAPH, NODE = "shop", "shop", "migrate"
NOW: Final = 1_795_000_000.0
BEFORE: Final = NOW - 60.0
GRAPH_REF = ObjectRef(STARTUPGRAPHS, NAMESPACE, GRAPH)
FENCE = Fence(GRAPH_REF, "uid-of-graph", ())
IMAGE: JsonObject = {"image": "shop/migrate:43"}
DOWN: JsonObject = {"image": "shop/migrate:43", "args": ["down"]}
MENDED: JsonObject = {"image": "shop/migrate:43-mended"}


def init_body(**more: Json) -> JsonObject:
    """Return `init` of a node as the CRD completes it; null takes a field away."""
    body: JsonObject = {
        "kind": "Migration",
        "version": "43",
        "job": IMAGE,
        "backoffLimit": 2,
        "timeout": "30m",
        **more,
    }
    return {name: value for name, value in body.items() if value is not None}


def init(graph: str = GRAPH, node: str = NODE, **more: Json) -> Init:
    return read_init(Body(init_body(**more), "init"), graph, node)


INIT: Final = init()


def up(number: int = 1, of: Init = INIT) -> Run:
    """Return a run of what a node asks for."""
    return Run(of.lock, of.version, of.checksum, Direction.UP, number)


def down(number: int = 2, of: Init = INIT) -> Run:
    return Run(of.lock, of.version, of.checksum, Direction.DOWN, number)


def name_of(run: Run, of: Init = INIT) -> str:
    return job_ref(NAMESPACE, of.graph, of.node, run).name


RUN: Final = up()
JOB: Final = name_of(RUN)
DONE: Final = Outcome(Result.COMPLETE, BEFORE, BEFORE, 1, 0)
BROKEN: Final = Outcome(Result.FAILED, BEFORE, BEFORE, 3, 1)
HALF: Final = Outcome(Result.DIRTY, BEFORE, BEFORE, 1, 20)
BACK: Final = Outcome(Result.UNDONE, BEFORE, BEFORE, 1, 0)
OPEN: Final = Outcome(Result.REOPENED, BEFORE, BEFORE, 1, 1, by="ada")


def meta(name: str, uid: str, **more: Json) -> dict[str, Json]:
    return {
        "name": name,
        "namespace": NAMESPACE,
        "uid": uid,
        "resourceVersion": "7",
        "creationTimestamp": format_instant(BEFORE),
        **more,
    }


def job(
    run: Run = RUN,
    *,
    of: Init = INIT,
    ended: str = "",
    reason: str = "",
    uid: str = "uid-1",
    kept: bool = True,
    deleting: bool = False,
    own: Mapping[str, Json] | None = None,
) -> Job:
    """Return the Job of a run. ended: Complete or Failed. kept: our finalizer is on it."""
    ref = job_ref(NAMESPACE, of.graph, of.node, run)
    manifest = Body(job_manifest(ref, of, run, of.job))
    end: JsonObject = {
        "type": ended,
        "status": "True",
        "reason": reason,
        "message": "it ended",
        "lastTransitionTime": format_instant(BEFORE),
    }
    more: dict[str, Json] = {"deletionTimestamp": format_instant(NOW)} if deleting else {}
    if not kept:
        more["finalizers"] = []
    status: JsonObject = {
        "startTime": format_instant(BEFORE),
        "conditions": [end] if ended else [],
        "succeeded": int(ended == "Complete"),
        "failed": 3 if ended == "Failed" else 0,
    }
    metadata = {**meta(ref.name, uid), **manifest.body("metadata").value, **more, **(own or {})}
    return Job.from_body(Body({**manifest.value, "metadata": metadata, "status": status}))


def pod(
    owner: str = JOB,
    *,
    code: int | None = None,
    message: str = "",
    name: str = "one",
    finished: float = BEFORE,
    phase: str = "",
) -> Pod:
    """Return a pod of a Job by the Job's name; code: None while it runs."""
    labels: JsonObject = {"sluice.dev/role": "init"}
    owners: Json = [{"kind": "Job", "name": owner, "uid": "uid-1"}]
    state: JsonObject = {"running": {}}
    if code is not None:
        end: JsonObject = {"exitCode": code, "message": message}
        state = {"terminated": {**end, "finishedAt": format_instant(finished)}}
    over = "Succeeded" if code == 0 else "Failed"
    return Pod.from_body(
        Body(
            {
                "metadata": meta(f"pod-{name}", f"uid-of-{name}", labels=labels)
                | {"ownerReferences": owners},
                "status": {
                    "phase": phase or ("Running" if code is None else over),
                    "containerStatuses": [
                        {"name": "init", "imageID": "shop/migrate@sha256:43", "state": state}
                    ],
                },
            }
        )
    )


def entry(
    outcome: Outcome = DONE,
    run: Run = RUN,
    *,
    order: int = 1,
    uid: str = "uid-1",
    kept: JsonObject | None = None,
) -> Entry:
    return Entry(order, run, name_of(run), uid, outcome, kept)


def record(*entries: Entry, lock: str = INIT.lock, node: str = NODE) -> Record:
    """Return what is read of a record with these entries."""
    return read_record(record_ref(NAMESPACE, lock, node), kept_in(*entries, lock=lock, node=node))


def kept_in(
    *entries: Entry,
    lock: str = INIT.lock,
    node: str = NODE,
    more: Mapping[str, str | None] | None = None,
) -> ConfigMap:
    """Return a record as the server has it; more: other keys, None takes one away."""
    ref = record_ref(NAMESPACE, lock, node)
    data: dict[str, Json] = {"format": "v1"}
    for one in entries:
        data[f"version.{version_key(one.run.version)}"] = canonical(one.to_json())
    data |= more or {}
    kept = {name: value for name, value in data.items() if value is not None}
    return ConfigMap.from_body(Body({"metadata": meta(ref.name, "uid-of-record"), "data": kept}))


def lease(holder: str = "", lock: str = INIT.lock) -> Lease:
    ref = lock_ref(NAMESPACE, lock)
    spec: JsonObject = {"holderIdentity": holder} if holder else {}
    return Lease.from_body(Body({"metadata": meta(ref.name, "uid-of-lease"), "spec": spec}))


def status(
    state: State = State.HELD,
    run: Run | None = RUN,
    outcome: Outcome | None = None,
    *,
    uid: str = "uid-1",
    **more: str,
) -> InitStatus:
    """Return what is persisted of a node; the Job is that of the run."""
    name = "" if run is None else name_of(run)
    return replace(InitStatus(NODE, state, BEFORE, run, name, uid, outcome), **more)  # type: ignore[arg-type] # the texts of a status


def situation(persisted: InitStatus | None = None, **more: object) -> Situation:
    """Return a situation: an empty record and a free lock unless others are given.

    say: a command.
    """
    said = more.pop("say", "")
    fields: dict[str, object] = {"record": record(), "lease": lease(), **more}
    if said:
        fields["command"] = command_of({f"resolve.sluice.dev/{NODE}": str(said)}, NODE, "")
        assert fields["command"] is not None
    base = Situation(
        NOW, GRAPH_REF, INIT, persisted or InitStatus(NODE, State.HELD, BEFORE), record(), FENCE
    )
    return replace(base, **fields)  # type: ignore[arg-type] # the fields of a situation
