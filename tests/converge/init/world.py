"""A small cluster in which init nodes are carried out: a store, Jobs, pods, and an operator.

The operator may be interrupted between any two of its writes, and may act on an old picture. What
must never happen is checked at each write.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from sluice.adapters.failures import AlreadyExistsError, ConflictError, NotFoundError
from sluice.model.cluster import ConfigMap, Job, Lease, Pod, Projection
from sluice.model.json import Body, Json, JsonObject
from sluice.model.kind import Selection
from sluice.model.names import LOCK_LABEL, RECORD_LABEL
from sluice.model.plan import Action, Create, Expectation, Fence, Operation, Patch
from sluice.model.references import CONFIGMAPS, JOBS, LEASES, PODS, STARTUPGRAPHS, ObjectRef
from sluice.startup.init.commands import command_of
from sluice.startup.init.due import due, leave, may_leave
from sluice.startup.init.job import is_kept, is_over, run_of
from sluice.startup.init.lost import forsaken, lost_without_a_graph
from sluice.startup.init.moves import noted, step_of
from sluice.startup.init.names import record_ref
from sluice.startup.init.record import Record
from sluice.startup.init.run import Run
from sluice.startup.init.situation import Situation, Unmet, owned
from sluice.startup.init.spec import Init, read_init
from sluice.startup.init.states import Event, State
from sluice.startup.init.status import InitStatus
from sluice.startup.init.wants import observed, selections
from tests.converge.store import Store
from tests.unit.startup.given import selected
from tests.unit.startup.init.given import init_body

NAMESPACE, NODE, USER = "shop", "migrate", "sluice"
_MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Picture:
    """What the operator saw, and on which status it decides."""

    graph: str
    version: str
    status: InitStatus
    situation: Situation


@dataclass
class World:
    """Graphs with one init node each; the status of each stands in its object."""

    now: float = 1_795_000_000.0
    unmet: dict[str, Unmet] = field(default_factory=dict)
    running_children: tuple[str, ...] = ()
    refused: frozenset[str] = frozenset()
    made: Counter[Run] = field(default_factory=Counter)
    runs: dict[str, Run] = field(default_factory=dict)
    tick: int = 0

    def __post_init__(self) -> None:
        self.store = Store(now=lambda: self.now)

    # What people do.

    def graph_ref(self, graph: str) -> ObjectRef:
        return ObjectRef(STARTUPGRAPHS, NAMESPACE, graph)

    def apply(self, graph: str, **more: Json) -> None:
        """Create a graph, or change the `init` of its node."""
        ref = self.graph_ref(graph)
        spec: dict[str, Json] = {"init": init_body(**more), "suspend": False}
        found = self.store.find(ref)
        if found is None:
            made: JsonObject = {
                "metadata": {
                    "name": graph,
                    "namespace": NAMESPACE,
                    "finalizers": ["sluice.dev/cleanup"],
                },
                "spec": spec,
            }
            self.store.create(STARTUPGRAPHS, made, "user")
        else:
            kept = found.flag("spec", "suspend")
            self.store.update(ref, {**found.value, "spec": {**spec, "suspend": kept}}, "user")

    def suspend(self, graph: str, *, on: bool) -> None:
        body = Body(self.store.get(self.graph_ref(graph)))
        spec: JsonObject = {**body.body("spec").value, "suspend": on}
        self.store.update(self.graph_ref(graph), {**body.value, "spec": spec}, "user")

    def say(self, graph: str, text: str) -> None:
        """Give a command, as an annotation."""
        body = Body(self.store.get(self.graph_ref(graph)))
        meta: JsonObject = {
            **body.body("metadata").value,
            "annotations": {f"resolve.sluice.dev/{NODE}": text},
        }
        self.store.update(self.graph_ref(graph), {**body.value, "metadata": meta}, "user")

    def delete(self, graph: str) -> None:
        self.store.delete(self.graph_ref(graph), "user")

    def forget(self, graph: str) -> None:
        """Take a graph away by force, with all that its status knew."""
        ref = self.graph_ref(graph)
        self.store.delete(ref, "user")
        self.store.patch(ref, (Operation("replace", "/metadata/finalizers", []),), "user")

    # What the cluster does.

    def jobs(self) -> tuple[Job, ...]:
        return tuple(Job.from_body(body) for _, body in self.store.every(JOBS))

    def pods(self) -> tuple[Pod, ...]:
        return tuple(Pod.from_body(body) for _, body in self.store.every(PODS))

    def start_pods(self) -> None:
        """Make a pod for every Job that may have one and has none that runs."""
        for job in self.jobs():
            live = [one for one in owned(self.pods(), job.meta.ref.name) if one.phase == "Running"]
            if job.finished or job.meta.deleting or live:
                continue
            self.tick += 1
            owner: JsonObject = {"kind": "Job", "name": job.meta.ref.name, "uid": job.meta.uid}
            meta: JsonObject = {
                "name": f"pod-{self.tick}",
                "namespace": NAMESPACE,
                "labels": job.template_labels,
                "ownerReferences": [owner],
            }
            made: JsonObject = {"metadata": meta, "status": {"phase": "Running"}}
            self.store.create(PODS, made, "kubelet")

    def end_pods(self, code: int) -> None:
        """End every pod that runs, and every Job that this ends."""
        for ref, body in tuple(self.store.every(PODS)):
            if body.text("status", "phase") != "Running":
                continue
            end: JsonObject = {"exitCode": code, "message": "the end"}
            status: JsonObject = {
                "phase": "Succeeded" if code == 0 else "Failed",
                "containerStatuses": [{"name": "init", "state": {"terminated": end}}],
            }
            self.store.update(ref, {**body.value, "status": status}, "kubelet", "status")
            owner = body.bodies("metadata", "ownerReferences")[0].text("name")
            self._end_job(ObjectRef(JOBS, NAMESPACE, owner), code)

    def _end_job(self, ref: ObjectRef, code: int) -> None:
        body = self.store.find(ref)
        if body is None or Job.from_body(body).finished:
            return
        failed = body.whole("status", "failed", default=0) + 1
        kind, reason = "Complete", ""
        if code != 0:
            over = code == 20 or failed > body.whole("spec", "backoffLimit")
            kind, reason = (
                ("Failed", "PodFailurePolicy" if code == 20 else "") if over else ("", "")
            )
        ends: list[Json] = [{"type": kind, "status": "True", "reason": reason}] if kind else []
        status: JsonObject = {"failed": failed, "conditions": ends}
        self.store.update(ref, {**body.value, "status": status}, "controller", "status")

    def delete_job(self, name: str) -> None:
        """Delete a Job as a person does; its pods go on until they end."""
        self.store.delete(ObjectRef(JOBS, NAMESPACE, name), "user")

    def tear_out(self, name: str) -> None:
        """Delete a Job with its pods and take its finalizers off by hand."""
        ref = ObjectRef(JOBS, NAMESPACE, name)
        for one in owned(self.pods(), name):
            self.store.delete(one.meta.ref, "user")
        self.store.delete(ref, "user")
        if self.store.find(ref) is not None:
            self.store.patch(ref, (Operation("replace", "/metadata/finalizers", []),), "user")

    def expire(self) -> None:
        """Delete the Jobs whose time after their end is over."""
        for ref, body in tuple(self.store.every(JOBS)):
            if body.has("spec", "ttlSecondsAfterFinished") and Job.from_body(body).finished:
                self.tear_out(ref.name)

    # What the operator does.

    def status(self, graph: str) -> InitStatus:
        body = Body(self.store.get(self.graph_ref(graph))).body("status")
        return InitStatus.from_body(body) if body.value else InitStatus(NODE)

    def look(self, graph: str) -> Picture:
        """Return the picture of now."""
        ref = self.graph_ref(graph)
        body, status = Body(self.store.get(ref)), self.status(graph)
        init = read_init(body.body("spec", "init"), graph, NODE)
        meta = body.body("metadata")
        version = meta.text("resourceVersion")
        return Picture(graph, version, status, self._situation(ref, body, meta, init, status))

    def _situation(
        self, ref: ObjectRef, body: Body, meta: Body, init: Init, status: InitStatus
    ) -> Situation:
        notes: Mapping[str, str] = meta.labels("annotations")
        expected = (
            Expectation(("status",), body.json("status")),
            Expectation(("metadata", "generation"), meta.json("generation")),
            Expectation(("metadata", "deletionTimestamp"), None),
        )
        blank = Situation(
            now=self.now,
            graph=ref,
            init=init,
            status=status,
            record=Record(record_ref(NAMESPACE, init.lock, NODE)),
            fence=Fence(ref, meta.text("uid"), expected),
            unmet=self.unmet.get(init.graph),
            suspended=body.flag("spec", "suspend"),
            deleting=meta.has("deletionTimestamp"),
            running_children=self.running_children,
            command=command_of(notes, NODE, status.consumed),
            refused=self.refused,
        )
        found: dict[Selection, tuple[Projection, ...]] = {}
        for _ in range(2):  # the second time, what the lock names is known
            for one in selections(NAMESPACE, init, status, found):
                found[one] = self.select(one)
        seen = observed(blank, found, {})
        missing = seen.missing
        if missing is None:
            return seen
        return observed(blank, found, {missing: self.store.objects.get(missing.ref)})

    def select(self, selection: Selection) -> tuple[Projection, ...]:
        """Return what the cache finds; records and locks are seen by their labels."""
        records = (ConfigMap.from_body(body) for _, body in self.store.every(CONFIGMAPS))
        locks = (Lease.from_body(body) for _, body in self.store.every(LEASES))
        objects: list[Projection] = [*self.jobs(), *self.pods()]
        objects += [one for one in records if RECORD_LABEL in one.meta.labels]
        objects += [one for one in locks if LOCK_LABEL in one.meta.labels]
        return selected(selection, objects)

    def turn(self, graph: str, picture: Picture | None = None, writes: int = 99) -> bool:
        """Take one pass, or begin one that is interrupted after some writes.

        Return whether it wrote anything.
        """
        seen, before = picture or self.look(graph), self.store.version
        situation = seen.situation
        if situation.deleting and may_leave(situation):
            self._carry_out(seen, leave(situation), writes)
            if not leave(situation):
                self._write_off(seen)
            return self.store.version != before
        actions, step = due(situation), step_of(situation)
        fresh = tuple(one for one in actions if one.group not in self.refused)
        if step is not None and not fresh:
            if writes and self._persist(seen, step.status) and step.event is Event.WITHDRAWN:
                self._check_withdrawal(seen)
            return self.store.version != before
        done = self._carry_out(seen, actions, writes)
        if step is None and done < writes:
            self._persist(seen, noted(situation))
        return self.store.version != before

    def settle(self, *graphs: str, turns: int = 60) -> None:
        """Take turns until nobody writes any more."""
        for _ in range(turns):
            self.now += 1.0
            wrote = [self.turn(graph) for graph in graphs]
            if not any(wrote):
                return
        raise AssertionError("the operator never rests")

    def guard(self, graph: str) -> None:
        """What the guardian does about a graph that does not exist."""
        jobs = tuple(j for j in self.jobs() if j.meta.labels["sluice.dev/graph"] == graph)
        if self.store.find(self.graph_ref(graph)) is None:
            for action in forsaken("guardian", lost_without_a_graph(jobs, self.pods())):
                self._do(action)

    def _carry_out(self, seen: Picture, actions: tuple[Action, ...], writes: int) -> int:
        """Do actions in order until one is stale; return how many were done."""
        for number, action in enumerate(actions[:writes]):
            if not self._holds(action.fence):
                return writes
            if isinstance(action, Create) and action.ref.resource == JOBS:
                self._check_creation(seen, action)
            if not self._do(action):
                return writes
            self._check_sizes()
            if number + 1 == writes:
                return writes
        return len(actions)

    def _holds(self, fence: Fence | None) -> bool:
        if fence is None:
            return True
        body = self.store.find(fence.owner)
        return (
            body is not None
            and body.text("metadata", "uid") == fence.uid
            and all(body.json(*one.path) == one.value for one in fence.expectations)
        )

    def _do(self, action: Action) -> bool:
        try:
            match action:
                case Create():
                    return self._create(action)
                case Patch():
                    version = Operation(
                        "replace", "/metadata/resourceVersion", action.resource_version
                    )
                    self.store.patch(action.ref, (version, *action.operations), USER)
                    return True
                case _:
                    raise AssertionError(action)
        except (ConflictError, NotFoundError):
            return False

    def _create(self, action: Create) -> bool:
        try:
            self.store.create(action.ref.resource, action.manifest, USER)
        except AlreadyExistsError:
            labels = Body(self.store.get(action.ref)).labels("metadata", "labels")
            return action.identity.items() <= labels.items()
        if action.ref.resource == JOBS:
            (job,) = (one for one in self.jobs() if one.meta.ref == action.ref)
            run = run_of(job)
            assert run is not None
            self.made[run] += 1
            self.runs[action.ref.name] = run
            self._check_made(job, run)
        return True

    def _persist(self, seen: Picture, status: InitStatus) -> bool:
        """Write the status on the version that was seen; return whether it was written."""
        body = self.store.find(seen.situation.graph)
        written: Json = status.to_json()
        if body is None or body.text("metadata", "resourceVersion") != seen.version:
            return False
        self.store.update(seen.situation.graph, {**body.value, "status": written}, USER, "status")
        return True

    def _write_off(self, seen: Picture) -> None:
        body = self.store.find(seen.situation.graph)
        if body is not None and body.has("metadata", "deletionTimestamp"):
            nothing = (Operation("replace", "/metadata/finalizers", []),)
            self.store.patch(seen.situation.graph, nothing, USER)

    # What must never happen.

    def _check_creation(self, seen: Picture, action: Create) -> None:
        status = self.status(seen.graph)
        assert status.state is State.RUNNING, "a Job is made in another state"
        assert status.job == action.ref.name, "a Job is made that status does not name"
        assert not status.uid, "a Job is made that was seen before"

    def _check_made(self, job: Job, run: Run) -> None:
        assert self.made[run] == 1, f"{run} has two Jobs"
        for other in self.jobs():
            his = run_of(other)
            if other.meta.ref == job.meta.ref or his is None or his.lock != run.lock:
                continue
            over = is_over(other, owned(self.pods(), other.meta.ref.name))
            assert over, f"{run} runs beside {his}"
            assert not is_kept(other), f"{run} begins before {his} is recorded"

    def _check_withdrawal(self, seen: Picture) -> None:
        name = seen.status.job
        assert self.store.find(ObjectRef(JOBS, NAMESPACE, name)) is None, (
            "withdrawn, but it is there"
        )

    def _check_sizes(self) -> None:
        for body in (body for ref, body in self.store.objects.items() if "data" in body):
            data = Body(body).labels("data")
            assert sum(len(k) + len(v.encode()) for k, v in data.items()) < _MEBIBYTE
