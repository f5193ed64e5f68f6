"""Init nodes in the states that the command line shows, with records, locks, Jobs and pods."""

from collections.abc import Mapping
from typing import Final

from sluice.model.json import Body, Json, JsonObject, canonical
from sluice.model.names import LOCK_LABEL
from sluice.model.references import CONFIGMAPS, LEASES, ObjectRef
from sluice.model.scalars import format_instant
from sluice.startup.init.job import job_manifest
from sluice.startup.init.lock import Holder
from sluice.startup.init.names import job_ref, lock_digest, lock_ref, record_ref, version_key
from sluice.startup.init.record import Entry, record_labels
from sluice.startup.init.run import Direction, Outcome, Result, Run
from sluice.startup.init.spec import Init, read_init
from sluice.startup.init.states import State
from sluice.startup.init.status import InitStatus
from sluice.startup.states import State as NodeState
from sluice.startup.status import Phase
from tests.builders import NAMESPACE, as_stored, metadata, owner
from tests.cli.graph_scenes import GRAPH, NOW, graph, node, seen, status

NODE: Final = "migrate"
IMAGE: JsonObject = {"image": "shop/migrate:43"}
DOWN: JsonObject = {"image": "shop/migrate:43", "args": ["down"]}
LOCK: Final = "web-db"


def once(name: str, *parents: Json, version: str | None = "43", **more: Json) -> JsonObject:
    """Return an entry of spec.nodes that runs once; more: fields of init."""
    edges = [{"node": parent} if isinstance(parent, str) else parent for parent in parents]
    init: dict[str, Json] = {
        "kind": "Migration",
        "job": IMAGE,
        "backoffLimit": 2,
        "timeout": "30m",
        **more,
    }
    if version is not None:
        init["version"] = version
    return {"name": name, "init": init, "dependsOn": edges}


def init_of(entry: JsonObject, of: str = GRAPH) -> Init:
    """Return what an entry of spec.nodes asks for."""
    body = Body(entry)
    return read_init(body.body("init"), of, body.text("name"))


MIGRATE: Final = once(NODE)
INIT: Final = init_of(MIGRATE)


def run(
    version: str = "43",
    number: int = 1,
    *,
    lock: str = INIT.lock,
    direction: Direction = Direction.UP,
    checksum: str = INIT.checksum,
) -> Run:
    """Return a run of the node migrate."""
    return Run(lock, version, checksum, direction, number)


def job_name(of: Run, of_graph: str = GRAPH, of_node: str = NODE) -> str:
    """Return the name of a run's Job."""
    return job_ref(NAMESPACE, of_graph, of_node, of).name


DONE: Final = Outcome(Result.COMPLETE, NOW - 60.0, NOW - 90.0, 1, 0, "shop/migrate@sha256:43")
BROKEN: Final = Outcome(Result.FAILED, NOW - 60.0, NOW - 90.0, 3, 1, said="no column price")
HALF: Final = Outcome(Result.DIRTY, NOW - 60.0, NOW - 90.0, 1, 20, said="left half done")
BACK: Final = Outcome(Result.UNDONE, NOW - 60.0, NOW - 90.0, 1, 0)


def told(
    state: State, of: Run | None = None, outcome: Outcome | None = None, **more: object
) -> InitStatus:
    """Return what the operator has written of the node migrate."""
    name = "" if of is None else job_name(of)
    uid = "" if of is None else f"uid-of-{name}"
    fields: dict[str, object] = {"uid": uid, **more}
    return InitStatus(NODE, state, NOW - 60.0, of, name, outcome=outcome, **fields)  # type: ignore[arg-type] # any field, by its name


def entry(of: Run, outcome: Outcome, order: int = 1, down: JsonObject | None = None) -> Entry:
    """Return what the record tells of a run."""
    name = job_name(of)
    return Entry(order, of, name, f"uid-of-{name}", outcome, down)


def record(
    *entries: Entry,
    lock: str = INIT.lock,
    of: str = NODE,
    logs: Mapping[str, str] | None = None,
    more: Mapping[str, str] | None = None,
) -> JsonObject:
    """Return a history as the API server has it. logs: by version. more: other keys."""
    data: dict[str, str] = {"format": "v1"}
    for one in entries:
        data[f"version.{version_key(one.run.version)}"] = canonical(one.to_json())
    for version, text in (logs or {}).items():
        data[f"log.{version_key(version)}"] = text
    labels = record_labels(lock, of)
    return as_stored(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": metadata(record_ref(NAMESPACE, lock, of).name, labels=labels),
            "data": {**data, **(more or {})},
        }
    )


def record_of(lock: str = INIT.lock, of: str = NODE) -> ObjectRef:
    """Return where a history is kept."""
    return record_ref(NAMESPACE, lock, of)


def lease(holder: Holder | None = None, lock: str = INIT.lock) -> JsonObject:
    """Return a lock and who has it."""
    labels = {LOCK_LABEL: lock_digest(lock)}
    return as_stored(
        {
            "apiVersion": LEASES.api_version,
            "kind": "Lease",
            "metadata": metadata(lock_ref(NAMESPACE, lock).name, labels=labels),
            "spec": {"holderIdentity": str(holder)} if holder else {},
        }
    )


def init_job(
    of: Run, *, ended: str = "", kept: bool = True, init: Init = INIT, begun: bool = True
) -> JsonObject:
    """Return the Job of a run. ended: Complete or Failed. kept: our finalizer is on it."""
    ref = job_ref(NAMESPACE, init.graph, init.node, of)
    manifest = Body(job_manifest(ref, init, of, init.job))
    end: JsonObject = {"type": ended, "status": "True", "message": "it ended"}
    meta = {**manifest.body("metadata").value, **({} if kept else {"finalizers": []})}
    state: dict[str, Json] = {"conditions": [end] if ended else []}
    if begun:
        state["startTime"] = format_instant(NOW - 90.0)
    return as_stored({**manifest.value, "metadata": meta, "status": state})


def init_pod(of: Run, *, phase: str = "Running") -> JsonObject:
    """Return a pod of a run's Job."""
    name = job_name(of)
    labels = Body(init_job(of)).body("metadata").labels("labels")
    owners = [owner("Job", name, f"uid-of-{name}")]
    return as_stored(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": metadata(f"{name}-a", labels=labels, ownerReferences=owners),
            "spec": {},
            "status": {"phase": phase},
        }
    )


def web(
    init: JsonObject, of: InitStatus | None = None, *others: JsonObject, **spec: Json
) -> JsonObject:
    """Return the graph web: db, then what runs once, then api."""
    nodes = (node("db", kind="StatefulSet"), init, node("api", NODE), *others)
    after = seen("api", NodeState.HELD, message=f"waits for {NODE} Complete")
    inits = () if of is None else (of,)
    ready = seen("db", NodeState.READY, ago=600.0, released_at=NOW - 700.0, started=True)
    return graph(
        *nodes, status=status(Phase.STARTING, ready, after, inits=inits, message="2"), **spec
    )


RECORD: Final = record_of()
LEASE: Final = ObjectRef(LEASES, NAMESPACE, lock_ref(NAMESPACE, INIT.lock).name)
CONFIGMAP: Final = CONFIGMAPS
