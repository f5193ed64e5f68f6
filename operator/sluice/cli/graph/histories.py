"""Histories of nodes that run once: which records are meant, and their entries as rows; pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sluice.cli.views.plain import plain
from sluice.cli.views.states import State
from sluice.cli.views.tables import Cell, Table
from sluice.cli.views.times import age
from sluice.model.cluster import ConfigMap
from sluice.model.cluster.bookkeeping import LOG_PREFIX
from sluice.model.json import Body, Json, JsonObject
from sluice.model.names import LOCK_LABEL, RECORD_LABEL
from sluice.model.references import ObjectRef
from sluice.startup.init.checksum import short, shown
from sluice.startup.init.names import job_ref, lock_digest, version_key
from sluice.startup.init.record import Entry, Record, read_record
from sluice.startup.init.run import Result
from sluice.startup.init.spec import key

OF_RESULT: Mapping[Result, State] = {
    Result.COMPLETE: State.HEALTHY,
    Result.FAILED: State.DEGRADED,
    Result.DIRTY: State.DEGRADED,
    Result.UNDONE: State.PAUSED,
    Result.REOPENED: State.PROGRESSING,
}


@dataclass(frozen=True, slots=True)
class History:
    """A record as it is kept, logs and all. node: of which it tells. lock: stands for its key."""

    node: str
    lock: str
    record: Record
    data: Mapping[str, str]

    @classmethod
    def from_body(cls, body: Body) -> "History":
        """Read a ConfigMap with a record."""
        kept = ConfigMap.from_body(body)
        ref, labels = kept.meta.ref, kept.meta.labels
        return cls(
            node=labels.get(RECORD_LABEL, ""),
            lock=labels.get(LOCK_LABEL, ""),
            record=read_record(ref, kept),
            data=body.labels("data"),
        )

    @property
    def key(self) -> str:
        """The lock's key, empty if the record has no entry that says it."""
        return next((entry.run.lock for entry in self.record.entries), "")

    def log(self, version: str) -> str:
        """Return the end of what a version wrote, empty if nothing is kept."""
        return self.data.get(LOG_PREFIX + version_key(version), "")

    def is_of(self, graph: str) -> bool:
        """Whether it is under the lock of the graph's own node, or tells of a Job of the graph."""
        if self.lock == lock_digest(key(graph, self.node)):
            return True
        return any(_made_by(graph, self, entry) for entry in self.record.entries)

    def to_json(self) -> JsonObject:
        """Return the history as data; entries as the record has them."""
        entries: list[Json] = [entry.to_json() for entry in self.record.entries]
        return {
            "node": self.node,
            "lock": self.key,
            "configMap": self.record.ref.name,
            "fault": self.record.fault,
            "entries": entries,
        }


@dataclass(frozen=True, slots=True)
class Whose:
    """Of what history is asked. node: empty for all. lock: its key, empty if it is not given."""

    graph: ObjectRef
    node: str = ""
    lock: str = ""

    def __str__(self) -> str:
        of = [f"node {self.node}"] if self.node else []
        return " of ".join((*of, f"graph {self.graph.name}"))


def _made_by(graph: str, history: History, entry: Entry) -> bool:
    """Whether a Job bears the name that this graph's node gives to the run."""
    namespace = history.record.ref.namespace
    return entry.job == job_ref(namespace, graph, history.node, entry.run).name


def chosen(
    every: Iterable[History], whose: Whose, refs: Iterable[ObjectRef]
) -> tuple[History, ...]:
    """Return the histories that are meant.

    refs: those that the graph's spec names. Without a lock, those that are its nodes' own, and
    those that tell of its Jobs, are meant as well.
    """
    named, digest = frozenset(refs), lock_digest(whose.lock)

    def is_meant(one: History) -> bool:
        if whose.node and one.node != whose.node:
            return False
        if whose.lock:
            return one.lock == digest
        return one.record.ref in named or one.is_of(whose.graph.name)

    return tuple(sorted(filter(is_meant, every), key=lambda one: (one.node, one.record.ref)))


def table(histories: Iterable[History], now: float) -> Table:
    """Return a line for each version, the latest of each node first."""
    columns = (
        "NODE",
        "VERSION",
        "RESULT",
        "DIRECTION",
        "STARTED",
        "ENDED",
        "TRIES",
        "EXIT",
        "BY",
        "CHECKSUM",
        "JOB",
        "IMAGE",
    )
    rows = (_row(one, entry, now) for one in histories for entry in reversed(one.record.entries))
    return Table(columns, tuple(rows))


def _row(history: History, entry: Entry, now: float) -> tuple[Cell, ...]:
    run, outcome = entry.run, entry.outcome
    code = outcome.exit_code
    return (
        Cell(history.node),
        Cell(shown(run.version)),
        Cell(str(outcome.result), OF_RESULT[outcome.result]),
        Cell(str(run.direction)),
        Cell("-" if outcome.started is None else f"{age(outcome.started, now)} ago"),
        Cell(f"{age(outcome.ended, now)} ago"),
        Cell(str(outcome.tries)),
        Cell("-" if code is None else str(code)),
        Cell(plain(outcome.by) or "-"),
        Cell(short(run.checksum)),
        Cell(entry.job or "-"),
        Cell(plain(outcome.image) or "-"),
    )
