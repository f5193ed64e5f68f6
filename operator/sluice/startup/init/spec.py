"""The spec of an init node: what runs once per version, under which lock.

The CRD supplies the defaults of `init` itself. It must have none below `job` and `down`: a default
there could not be told from what the author wrote, and a later one would change every checksum.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from sluice.model.fields import InvalidSpecError, choice, field_path, positive_seconds, whole
from sluice.model.json import Body
from sluice.startup.init.checksum import checksum
from sluice.startup.init.step import Step, only, read_step

_FIELDS = ("kind", "version", "job", "down", "lock", "backoffLimit", "timeout")
_VERSION = re.compile(r"[A-Za-z0-9][!-+.-~-]{0,127}")
_LOCK = re.compile(r"[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?")
_MOST_TRIES = 100


class InitKind(StrEnum):
    """What a node initialises; people read it, nothing else depends on it."""

    MIGRATION = "Migration"
    QUEUE = "Queue"
    TASK = "Task"


@dataclass(frozen=True, slots=True)
class Init:
    """An init node.

    strict: the version was written; otherwise the checksum is the version, and every change runs.
    lock: what excludes others and what the history belongs to. down: None if nothing undoes it.
    """

    graph: str
    node: str
    kind: InitKind
    version: str
    strict: bool
    checksum: str
    lock: str
    backoff_limit: int
    timeout_seconds: float
    job: Step
    down: Step | None


def read_init(init: Body, graph: str, node: str) -> Init:
    """Read `init` of a node: MalformedError if a field is missing, InvalidSpecError if wrong."""
    only(init, _FIELDS)
    for name in ("job", "down"):
        if not init.body(name).value and (init.has(name) or name == "job"):
            raise InvalidSpecError(field_path(init, name), "{}", "is empty", "image: shop/db:43")
    job = read_step(init.body("job"))
    of_job = checksum(job.written)
    strict = init.has("version")
    return Init(
        graph=graph,
        node=node,
        kind=choice(init, "kind", InitKind),
        version=_matching(init, "version", _VERSION, "43") if strict else of_job,
        strict=strict,
        checksum=of_job,
        lock=_matching(init, "lock", _LOCK, "shop-db") if init.has("lock") else key(graph, node),
        backoff_limit=whole(init, "backoffLimit", 0, _MOST_TRIES),
        timeout_seconds=positive_seconds(init, "timeout", "30m"),
        job=job,
        down=read_step(init.body("down")) if init.has("down") else None,
    )


def key(graph: str, node: str) -> str:
    """Return the key of the lock of a node that names none: it excludes only itself.

    Not one key per graph: what may run beside what is what the edges of the graph say, and one
    lock would make its init nodes wait for each other behind their back. Nodes that change the same
    thing name it. No written key has a slash, so none is taken for this one by chance.
    """
    return f"{graph}/{node}"


def _matching(init: Body, name: str, pattern: re.Pattern[str], example: str) -> str:
    text = init.text(name)
    if pattern.fullmatch(text):
        return text
    fault = f"is not a {name} ({pattern.pattern})"
    raise InvalidSpecError(field_path(init, name), repr(text), fault, example)
