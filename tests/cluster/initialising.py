"""A graph with init nodes in a namespace of its own, and the real database that they change."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Final
from uuid import uuid4

import psycopg

from sluice.engine.announcer import EVENTS
from sluice.model.cluster import ConfigMap
from sluice.model.conditions import Condition, Status
from sluice.model.json import Body, Json, JsonObject
from sluice.model.names import RECORD_FINALIZER, RECORD_LABEL, RESOLVE_PREFIX
from sluice.model.references import CONFIGMAPS, JOBS, LEASES, PODS, STARTUPGRAPHS, Resource
from sluice.startup.init.record import Entry, read_record
from sluice.startup.init.states import State
from sluice.startup.init.status import InitStatus
from tests.cluster.cluster_api import NAMESPACES, ClusterApi, Sighting, cluster_api
from tests.cluster.ensemble import GRAPH, WATCHED, Chronicle, Ensemble
from tests.cluster.init_jobs import DATABASE, MIGRATIONS, NODE
from tests.cluster.shop import Cluster
from tests.cluster.watching import watching
from tests.servers.postgres import Postgres

REVIEWS: Final = Resource("authentication.k8s.io", "v1", "selfsubjectreviews", "SelfSubjectReview")
SECRETS: Final = Resource("", "v1", "secrets", "Secret")
# A pod that starts Python, three times over, on two busy processors.
COMPLETE_SECONDS: Final = 90.0
_NONCES: Final = count(1)


@dataclass(slots=True)
class InitChronicle(Chronicle):
    """What the namespace went through; of init nodes too.

    seen: when something was seen first, by what it is. made: the UIDs of each Job by its name.
    most_at_once: how many Jobs were there at one time that were not over.
    ended: the resourceVersion at which each pod was over.
    """

    seen: dict[str, float] = field(default_factory=dict)
    made: dict[str, set[str]] = field(default_factory=dict)
    most_at_once: int = 0
    ended: dict[str, int] = field(default_factory=dict)

    def take(self, resource: Resource, sighting: Sighting) -> None:
        """Take in one event of a watch."""
        super(InitChronicle, self).take(resource, sighting)
        if resource is JOBS:
            self.made.setdefault(sighting.name, set()).add(sighting.body.text("metadata", "uid"))
            if is_complete(sighting.body):
                self._first("completion")
            under_way = [job for job in self.present(JOBS) if not is_finished(job)]
            self.most_at_once = max(self.most_at_once, len(under_way))
        if resource is PODS and (sighting.deleted or not _is_live(sighting.body)):
            self.ended.setdefault(sighting.name, sighting.version)
        if resource is CONFIGMAPS and self.entries():
            self._first("record")
        if resource is STARTUPGRAPHS and self.init().state is State.COMPLETE:
            self._first("transition")
        if self.sets:
            self._first("release")
        live = [pod for pod in self.present(PODS) if _is_live(pod)]
        owners = [job for job in map(_job_of, live) if job]
        assert len(owners) == len(set(owners)), f"two pods of one Job at once: {owners}"

    def _first(self, what: str) -> None:
        self.seen.setdefault(what, time.time())

    def init(self, node: str = NODE) -> InitStatus:
        """Return the last status of an init node."""
        return self.status.init(node)

    def init_states(self, node: str = NODE) -> list[State]:
        """Return every state that an init node has been in, in order."""
        found: list[State] = []
        for fact in self.statuses:
            state = fact.status.init(node).state
            if not found or found[-1] is not state:
                found.append(state)
        return found

    @property
    def ready(self) -> Condition:
        """The condition Ready of the graph."""
        found = (one for one in self.status.conditions if one.type == "Ready")
        return next(found, Condition("Ready", Status.UNKNOWN, "", "", 0.0, 0))

    def record(self, node: str = NODE) -> Body:
        """Return the ConfigMap with a node's history; empty while it is not there."""
        records = (
            one
            for one in self.present(CONFIGMAPS)
            if one.labels("metadata", "labels").get(RECORD_LABEL) == node
        )
        return next(records, Body({}))

    def entries(self, node: str = NODE) -> tuple[Entry, ...]:
        """Return what the record says of every version, oldest first."""
        found = self.record(node)
        return entries_of(found) if found.value else ()

    def __str__(self) -> str:
        inits = ", ".join(f"{one.name} {one.state} {one.reasons}" for one in self.status.inits)
        return f"{super(InitChronicle, self).__str__()}; {inits}; Ready «{self.ready.message}»"


@dataclass(frozen=True, slots=True)
class Site(Ensemble):
    """A graph with init nodes. database: an open session. user: who the test is to the cluster."""

    chronicle: InitChronicle
    database: psycopg.Connection[tuple[object, ...]]
    user: str

    async def write(self, name: str = MIGRATIONS, **texts: str) -> None:
        """Create a ConfigMap of SQL files, which are named like _43_orders_up."""
        data: dict[str, Json] = {}
        for word, text in texts.items():
            stem, _, way = word.removeprefix("_").rpartition("_")
            data[f"{stem}.{way}.sql"] = text
        await self.api.create(
            CONFIGMAPS, self.namespace, {"metadata": {"name": name}, "data": data}
        )

    def ask(self, statement: str) -> list[tuple[object, ...]]:
        """Run a statement in the database and return its rows."""
        cursor = self.database.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []

    def history(self, columns: str = "version, direction, status") -> list[tuple[object, ...]]:
        """Return what the database itself says was done, oldest first; [] before anything was."""
        if self.ask("SELECT to_regclass('schema_migrations')") == [(None,)]:
            return []
        # The columns are the test's own.
        return self.ask(f"SELECT {columns} FROM schema_migrations ORDER BY id")  # noqa: S608 - see above

    def has_table(self, name: str) -> bool:
        """Tell whether there is a table."""
        return self.ask(f"SELECT to_regclass('{name}')") != [(None,)]

    async def until(
        self, condition: Callable[[], bool], what: str, within: float = COMPLETE_SECONDS
    ) -> float:
        """Wait until something holds; return when it did."""
        return await self.chronicle.until(condition, within, what)

    async def init_at(
        self, *states: State, node: str = NODE, within: float = COMPLETE_SECONDS
    ) -> float:
        """Wait until an init node is in one of the states; return when it was."""
        return await self.until(
            lambda: self.chronicle.init(node).state in states,
            f"{node} {' or '.join(states)}",
            within,
        )

    async def init_stays(self, state: State, seconds: float, node: str = NODE) -> None:
        """Watch an init node stay in a state for so long."""
        await self.chronicle.stays(
            lambda: self.chronicle.init(node).state is state, seconds, f"{node} {state}"
        )

    async def is_waiting(self) -> None:
        """Wait until a session of a Job stands in the statement that waits for `go`."""
        await self.until(lambda: self.waiting > 0, "statement that waits")

    @property
    def waiting(self) -> int:
        """How many sessions stand in the statement that waits for `go`."""
        (row,) = self.ask(
            "SELECT count(*) FROM pg_stat_activity WHERE state = 'active'"
            " AND query LIKE '%pg_sleep%' AND datname = current_database()"
            " AND pid <> pg_backend_pid()"
        )
        return int(str(row[0]))

    def hold_statements(self) -> None:
        """Have statements of WAITING wait."""
        self.ask("CREATE TABLE go (n int)")

    def let_go(self) -> None:
        """Let the statement end that waits for `go`."""
        self.ask("INSERT INTO go VALUES (1)")

    async def resolve(self, verb: str, of: str, node: str = NODE) -> None:
        """Say something about a node, as `sluice graph resolve` would."""
        text = f"{verb} {of} {self.user}#{next(_NONCES)}"
        patch: JsonObject = {"metadata": {"annotations": {f"{RESOLVE_PREFIX}{node}": text}}}
        await self.api.merge(self.ref(STARTUPGRAPHS, GRAPH), patch)

    def told(self, reason: str) -> list[str]:
        """Return the texts of the Events with a reason."""
        return [
            event.text("note")
            for event in self.chronicle.present(EVENTS)
            if event.text("reason") == reason
        ]

    def runs(self, node: str = NODE) -> list[Body]:
        """Return the pods that a node's Jobs have, of all tries."""
        return [pod for pod in self.pods(node) if _job_of(pod)]


def entries_of(record: Body) -> tuple[Entry, ...]:
    """Return the entries of a record's ConfigMap."""
    found = ConfigMap.from_body(record)
    read = read_record(found.meta.ref, found)
    assert not read.fault, read.fault
    return read.entries


def is_complete(job: Body) -> bool:
    """Tell whether a Job has come to a good end."""
    return any(
        (one.text("type"), one.text("status")) == ("Complete", "True")
        for one in job.bodies("status", "conditions")
    )


def is_settled(place: Site) -> bool:
    """Tell whether Job and lock have been let go."""
    kept = [
        job
        for job in place.chronicle.present(JOBS)
        if RECORD_FINALIZER in job.texts("metadata", "finalizers")
    ]
    leases = place.chronicle.present(LEASES)
    held = [one for one in leases if one.body("spec").has("holderIdentity")]
    return bool(leases) and not kept and not held


def is_finished(job: Body) -> bool:
    """Tell whether a Job has come to an end."""
    return any(
        one.text("type") in {"Complete", "Failed"} and one.text("status") == "True"
        for one in job.bodies("status", "conditions")
    )


def _is_live(pod: Body) -> bool:
    return pod.text("status", "phase", default="") not in {"Succeeded", "Failed"}


def _job_of(pod: Body) -> str:
    owners = pod.bodies("metadata", "ownerReferences")
    return next((one.text("name") for one in owners if one.text("kind") == "Job"), "")


@asynccontextmanager
async def site(cluster: Cluster, postgres: Postgres) -> AsyncIterator[Site]:
    """Give an empty, watched namespace with an empty database; no Job may be made twice in it."""
    name, url = f"mill-{uuid4().hex[:8]}", postgres.new_database()
    chronicle = InitChronicle()
    with psycopg.connect(url, autocommit=True) as database:
        async with cluster_api(cluster.kubeconfig) as api:
            await _furnish(api, name, url)
            try:
                async with watching(api, name, (*WATCHED, CONFIGMAPS, LEASES, EVENTS), chronicle):
                    yield Site(api, name, chronicle, database, await _user(api))
            finally:
                await api.delete_namespace(name)
    twice = {name: uids for name, uids in chronicle.made.items() if len(uids) > 1}
    assert not twice, f"Jobs that were made twice: {twice}"


async def _furnish(api: ClusterApi, namespace: str, url: str) -> None:
    await api.create(NAMESPACES, "", {"metadata": {"name": namespace}})
    secret: JsonObject = {"metadata": {"name": DATABASE}, "stringData": {"url": url}}
    await api.create(SECRETS, namespace, secret)


async def _user(api: ClusterApi) -> str:
    review = await api.create(REVIEWS, "", {"apiVersion": "authentication.k8s.io/v1"})
    return review.text("status", "userInfo", "username")
