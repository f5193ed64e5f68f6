"""What init nodes promise after every single write: nothing runs twice, or on something unknown."""

import json
import re
from dataclasses import dataclass

from sluice.model import names
from sluice.model.json import Body
from sluice.model.references import (
    CONFIGMAPS,
    DEPLOYMENTS,
    JOBS,
    PODS,
    STARTUPGRAPHS,
    ObjectRef,
)
from tests.converge.admission import OPERATOR
from tests.converge.graph import picture
from tests.converge.kubelet import image_of, is_of_init
from tests.converge.laws import Laws
from tests.converge.ledger import Ledger, entries
from tests.converge.runs import is_live, pods_of
from tests.converge.store import Change, Store

# Images of applications that need the record of the same number: `api:43`, not `api:1`.
_VERSIONED = re.compile(r".*:(?P<version>4\d)")


@dataclass
class InitSafety(Laws):
    """Watches runs, and the applications that wait for their records."""

    def check(self, change: Change) -> None:
        """Check a change and what there is after it."""
        new = Body(change.new)
        if change.ref.resource == JOBS and is_of_init(new):
            if change.type == "ADDED":
                self._check_made(change.ref, new)
            elif _is_kept(Body(change.old or {})) and not _is_kept(new):
                self._check_let_go(change, new)
        elif change.ref.resource == PODS and change.type == "ADDED":
            if is_of_init(new):
                self._check_alone(change.ref)
            else:
                self._check_application(change.ref, new)
        elif change.ref.resource == DEPLOYMENTS and change.user == OPERATOR and change.old:
            self._check_released(change.ref, Body(change.old), new)

    def check_quiet(self) -> None:
        """Check nothing: all is checked as it happens."""

    def _check_made(self, ref: ObjectRef, job: Body) -> None:
        """A Job is made once for its run, which nothing in the record speaks against."""
        run = _run(self.cluster.ledger.runs[ref.name])
        if self.cluster.ledger.made[self.cluster.ledger.runs[ref.name]] > 1:
            self._say(f"{ref} is the second Job of its run")
        known = told(self.cluster.store, picture.node_of(job), run)
        if known is None:
            self._say(f"{ref} is made before its record")
            return
        for one in known:
            down = one.text("direction") == "Down"
            if one.text("result") == "Dirty" or (down and one.text("result") == "Failed"):
                self._say(f"{ref} is made while version {one.text('version')} is half done")
        entry = next((e for e in known if e.text("version") == run.text("version")), None)
        if run.whole("run") != (entry.whole("run") if entry else 0) + 1:
            self._say(f"{ref} is run {run.whole('run')}, and the record has {entry}")
        if entry is not None and not _may_follow(entry, run):
            self._say(f"{ref} is made, and the record says {entry.text('result')}")
        locks = picture.holders(self.cluster.store)
        if ref.name not in locks.values():
            self._say(f"{ref} is made without a lock: {locks}")
        status = _status(self.cluster.store, job)
        if status is None or status.text("state") != "Running" or status.has("init", "uid"):
            self._say(f"{ref} is made, and its node is {status and status.value}")

    def _check_let_go(self, change: Change, job: Body) -> None:
        """A Job is kept until a record tells of it, or until nobody is left who could write one."""
        if change.user != OPERATOR:
            return
        store, ref = self.cluster.store, change.ref
        if any(is_live(pod) for _, pod in pods_of(store, job)):
            self._say(f"{ref} is let go while it runs")
        forsaken = job.has("metadata", "deletionTimestamp") and _status(store, job) is None
        if not forsaken and not is_told(store, self.cluster.ledger.runs[ref.name]):
            self._say(f"{ref} is let go, and no record tells of it")

    def _check_alone(self, ref: ObjectRef) -> None:
        """There are never two pods of one lock in which something may run."""
        live: dict[str, list[str]] = {}
        for pod_ref, pod in self.cluster.store.every(PODS):
            if is_of_init(pod) and is_live(pod):
                job = pod.bodies("metadata", "ownerReferences")[0].text("name")
                lock = _run(self.cluster.ledger.runs[job]).text("lock")
                live.setdefault(lock, []).append(pod_ref.name)
        for lock, pods in live.items():
            if len(pods) > 1:
                self._say(f"{ref}: {pods} run under lock {lock} at the same time")

    def _check_application(self, ref: ObjectRef, pod: Body) -> None:
        """No pod of a version comes before the record of that version is complete."""
        name, found = picture.node_of(pod), _VERSIONED.fullmatch(image_of(pod))
        target = self.cluster.store.find(ObjectRef(DEPLOYMENTS, ref.namespace, name))
        if found is None or target is None:
            return
        for node, _ in required(target):
            free = (target.text("metadata", "uid"), image_of(pod)) in self.cluster.ledger.bypassed
            if not free and (node, found["version"]) not in self.cluster.ledger.complete:
                self._say(f"{ref} of {image_of(pod)} runs before {node} {found['version']}")

    def _check_released(self, ref: ObjectRef, old: Body, new: Body) -> None:
        """The hold of what requires records is taken off once they are complete."""
        bypass = old.labels("metadata", "annotations").get(names.BYPASS) == "startup"
        if bypass or not picture.is_held(old) or picture.is_held(new):
            return
        missing = [one for one in required(old) if one not in self.cluster.ledger.complete]
        if missing:
            self._say(f"{ref} is let go before {missing}")


def _may_follow(entry: Body, run: Body) -> bool:
    """Whether a run may come after what the record says of its version."""
    result, direction = entry.text("result"), run.text("direction")
    if direction == "Down":
        return result == "Complete" or (result == "Reopened" and entry.text("direction") == "Down")
    changed = entry.text("checksum") != run.text("checksum")
    return result == "Reopened" or (result == "Failed" and changed)


def required(workload: Body) -> list[tuple[str, str]]:
    """Return what a workload requires, as (node, version)."""
    written = workload.labels("metadata", "annotations").get(names.REQUIRES, "")
    parts = [part.strip().partition("=") for part in written.split(",") if part.strip()]
    return [(node, version) for node, _, version in parts]


def told(store: Store, node: str, run: Body) -> list[Body] | None:
    """Return what is recorded for a node under a run's lock; None if there is no record."""
    records = [
        entries(body)
        for _, body in store.every(CONFIGMAPS)
        if body.labels("metadata", "labels").get(names.RECORD_LABEL) == node
    ]
    mine = [one for found in records for one in found if one.text("lock") == run.text("lock")]
    return mine if records else None


def is_told(store: Store, text: str) -> bool:
    """Whether a record tells of a run, or of a later one of its version."""
    run = _run(text)
    for _, body in store.every(CONFIGMAPS):
        for one in entries(body):
            same = all(one.text(key) == run.text(key) for key in ("lock", "version"))
            if same and one.whole("run") >= run.whole("run"):
                return True
    return False


def untold(store: Store, ledger: Ledger) -> list[str]:
    """Return the runs that had a Job and stand in no record."""
    return [text for text in ledger.made if not is_told(store, text)]


def _run(text: str) -> Body:
    return Body(json.loads(text))


def _is_kept(job: Body) -> bool:
    return names.RECORD_FINALIZER in job.body("metadata").texts("finalizers")


def _status(store: Store, job: Body) -> Body | None:
    """Return what the graph says of a Job's node, None if it says nothing."""
    name = job.labels("metadata", "labels")[names.GRAPH_LABEL]
    graph = store.find(ObjectRef(STARTUPGRAPHS, job.text("metadata", "namespace"), name))
    nodes = () if graph is None else graph.bodies("status", "nodes")
    return next((n for n in nodes if n.text("name") == picture.node_of(job)), None)
