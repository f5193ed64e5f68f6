"""The history of a node under a lock's key: one ConfigMap, one entry per version, the last twenty.

It has no owner, since what was done to a database outlives the graph that asked for it. Logs stand
under keys of their own, which no cache holds. What cannot be read blocks: it is never taken for
«nothing has run».
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sluice.model.cluster import ConfigMap
from sluice.model.cluster.bookkeeping import LOG_PREFIX
from sluice.model.json import Body, Json, JsonObject, MalformedError, canonical
from sluice.model.names import LOCK_LABEL, RECORD_LABEL
from sluice.model.plan import Create, Expectation, Fence, Operation, Patch, pointer
from sluice.model.problems import Stalled
from sluice.model.reasons import Reason
from sluice.model.references import CONFIGMAPS, ObjectRef
from sluice.startup.init.names import lock_digest, version_key
from sluice.startup.init.run import Direction, Outcome, Result, Run

MOST_VERSIONS: Final = 20
LOG_BYTES: Final = 4096
DOWN_BYTES: Final = 4096
_FORMAT_KEY, _FORMAT, _VERSION_PREFIX = "format", "v1", "version."


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of one version. order: counts the versions as they came, from 1.

    job, uid: of the last run. down: the written step that undoes it, None if none was kept.
    """

    order: int
    run: Run
    job: str
    uid: str
    outcome: Outcome
    down: JsonObject | None = None

    @property
    def result(self) -> Result:
        """What became of the version."""
        return self.outcome.result

    @property
    def in_effect(self) -> bool:
        """Whether the version was applied, and is not known to be undone."""
        went_up = self.result is Result.COMPLETE
        came_down = self.run.direction is Direction.DOWN
        return went_up or (came_down and self.result in {Result.FAILED, Result.REOPENED})

    @classmethod
    def from_body(cls, body: Body) -> "Entry":
        """Read an entry; fields that are not known are left alone. MalformedError, ValueError."""
        return cls(
            order=body.whole("order"),
            run=Run.from_body(body),
            job=body.text("job", default=""),
            uid=body.text("uid", default=""),
            outcome=Outcome.from_body(body),
            down=body.body("down").value if body.has("down") else None,
        )

    def to_json(self) -> JsonObject:
        """Return the entry as the record has it."""
        optional: dict[str, Json] = {"job": self.job, "uid": self.uid, "down": self.down}
        known: dict[str, Json] = {"order": self.order, **self.run.to_json()}
        kept = {name: value for name, value in optional.items() if value}
        return {**known, **self.outcome.to_json(), **kept}


@dataclass(frozen=True, slots=True)
class Record:
    """A history. ref: where it is kept. uid, resource_version: empty while it is not there.

    entries: oldest first. fault: why it cannot be read, empty if it can.
    """

    ref: ObjectRef
    uid: str = ""
    resource_version: str = ""
    entries: tuple[Entry, ...] = ()
    fault: str = ""

    @property
    def exists(self) -> bool:
        """Whether the ConfigMap is there."""
        return bool(self.resource_version)

    def entry(self, version: str) -> Entry | None:
        """Return what is known of a version."""
        return next((one for one in self.entries if one.run.version == version), None)

    def tells_of(self, run: Run | None) -> bool:
        """Whether it says what became of a run, or of a later one of the version."""
        entry = self.entry(run.version) if run else None
        return run is not None and entry is not None and entry.run.number >= run.number

    def has(self, version: str) -> bool:
        """Whether a version is complete: what `sluice.dev/requires` asks."""
        entry = self.entry(version)
        return entry is not None and entry.result is Result.COMPLETE

    @property
    def problem(self) -> Stalled | None:
        """What a person has to mend, None if the record can be read."""
        if not self.fault:
            return None
        what = f"{self.fault}: mend or delete that key; nothing runs before"
        return Stalled(Reason.RECORD_UNREADABLE, f"the record cannot be read: {what}")

    @property
    def fence(self) -> Fence:
        """The fence of what rests on the whole history: nothing was added to it meanwhile."""
        same = Expectation(("metadata", "resourceVersion"), self.resource_version)
        return Fence(self.ref, self.uid, (same,))

    @property
    def stuck(self) -> Entry | None:
        """Return the version that keeps all others back until a person resolves it.

        It is half done, or half undone: nothing may be built on it.
        """
        for one in self.entries:
            down = one.run.direction is Direction.DOWN
            if one.result is Result.DIRTY or (down and one.result is Result.FAILED):
                return one
        return None


def read_record(ref: ObjectRef, kept: ConfigMap | None) -> Record:
    """Return the history in a ConfigMap, None if it is not there."""
    if kept is None:
        return Record(ref)
    uid, version = kept.meta.uid, kept.meta.resource_version
    if kept.data.get(_FORMAT_KEY) != _FORMAT:
        found = kept.data.get(_FORMAT_KEY)
        what = f"format is {found}, not {_FORMAT}" if found else "format is missing"
        return Record(ref, uid, version, fault=f"{ref.name}: {what}")
    entries = []
    for name, text in kept.data.items():
        if name.startswith(_VERSION_PREFIX):
            try:
                entries.append(_entry(name, text))
            except (OverflowError, ValueError) as error:
                return Record(ref, uid, version, fault=f"{ref.name}: {name}: {error}")
    return Record(ref, uid, version, tuple(sorted(entries, key=lambda one: one.order)))


def _entry(name: str, text: str) -> Entry:
    """Read what stands under a key: ValueError or OverflowError if it cannot be read."""
    entry = Entry.from_body(Body(json.loads(text)))
    if name != _VERSION_PREFIX + version_key(entry.run.version):
        raise MalformedError(f"version: {entry.run.version} stands under another key")
    return entry


def record_labels(lock: str, node: str) -> Mapping[str, str]:
    """Return the labels of a record; the graph's is not among them, a record outlives it."""
    return {RECORD_LABEL: node, LOCK_LABEL: lock_digest(lock)}


def create_record(
    group: str, ref: ObjectRef, lock: str, node: str, fence: Fence | None = None
) -> Create:
    """Return the creation of an empty record.

    It is made before the first Job: a ConfigMap of its name that we cannot see, because somebody
    took its labels off, is found out before anything runs a second time.
    """
    labels = record_labels(lock, node)
    manifest: JsonObject = {
        "apiVersion": CONFIGMAPS.api_version,
        "kind": CONFIGMAPS.kind,
        "metadata": {"name": ref.name, "namespace": ref.namespace, "labels": labels},
        "data": {_FORMAT_KEY: _FORMAT},
    }
    return Create(group, ref, manifest, labels, fence)


def write_entry(group: str, record: Record, entry: Entry, log: str | None) -> Patch:
    """Return the patch that writes an entry and drops the oldest ones above twenty.

    It rests on the version of the record that was read, so that nobody's entry is overwritten.
    log: None leaves what is there.
    """
    known = version_key(entry.run.version)
    written = canonical(_fitting(entry).to_json())
    operations = [Operation("add", _at(_VERSION_PREFIX, known), written)]
    if log is not None:
        operations.append(Operation("add", _at(LOG_PREFIX, known), last_bytes(log, LOG_BYTES)))
    others = [one for one in record.entries if one.run.version != entry.run.version]
    for old in others[: max(len(others) + 1 - MOST_VERSIONS, 0)]:
        gone = version_key(old.run.version)
        operations.append(Operation("remove", _at(_VERSION_PREFIX, gone)))
        # A log may have been taken away by hand, and what is absent cannot be removed.
        operations.append(Operation("add", _at(LOG_PREFIX, gone), ""))
        operations.append(Operation("remove", _at(LOG_PREFIX, gone)))
    return Patch(group, record.ref, tuple(operations), record.resource_version)


def _fitting(entry: Entry) -> Entry:
    """Return the entry without a step that undoes it if that is too large to be kept."""
    size = len(canonical(entry.down).encode())
    if size <= DOWN_BYTES:
        return entry
    return Entry(entry.order, entry.run, entry.job, entry.uid, entry.outcome)


def _at(prefix: str, name: str) -> str:
    return pointer("data", f"{prefix}{name}")


def last_bytes(text: str, limit: int) -> str:
    """Return the end of a text that fits, whole characters only."""
    return text.encode(errors="replace")[-limit:].decode(errors="ignore")


def first_bytes(text: str, limit: int) -> str:
    """Return the beginning of a text that fits, whole characters only."""
    return text.encode(errors="replace")[:limit].decode(errors="ignore")
