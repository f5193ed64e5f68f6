"""Names of what init nodes make: the same every time, so that nothing is made twice."""

import hashlib
import re
from collections.abc import Mapping
from typing import Final

from sluice.model.json import Json, canonical
from sluice.model.names import GRAPH_LABEL, NODE_LABEL, ROLE_INIT, ROLE_LABEL
from sluice.model.names import RUN as RUN_LABEL
from sluice.model.references import CONFIGMAPS, JOBS, LEASES, ObjectRef
from sluice.startup.init.run import Run

# A pod adds «-» and 5 characters; longer ones lose the end of their host name.
_JOB_LIMIT: Final = 63 - 6
_LIMIT: Final = 63
_DIGITS: Final = 10
_PLAIN_VERSION = re.compile(r"(?!sha256-)[A-Za-z0-9][-._A-Za-z0-9]{0,62}")


def job_ref(namespace: str, graph: str, node: str, run: Run) -> ObjectRef:
    """Return the Job of a run. A new graph of the same name finds the Job of the former one."""
    return ObjectRef(JOBS, namespace, _name(f"{graph}-{node}", mark(graph, node, run), _JOB_LIMIT))


def job_labels(graph: str, node: str, run: Run) -> Mapping[str, str]:
    """Return the labels that tell the Job of a run from a stranger's of its name.

    The role keeps the policies from holding it as a node's workload.
    """
    return {
        GRAPH_LABEL: graph,
        NODE_LABEL: node,
        ROLE_LABEL: ROLE_INIT,
        RUN_LABEL: mark(graph, node, run),
    }


def mark(graph: str, node: str, run: Run) -> str:
    """Return the digits that stand for a run of a node, in its Job's name and label."""
    return _digest([graph, node, run.to_json()])


def record_ref(namespace: str, lock: str, node: str) -> ObjectRef:
    """Return the ConfigMap with the history of a node under a lock's key."""
    name = _name(f"sluice-{_readable(lock)}-{node}", _digest([lock, node]), _LIMIT)
    return ObjectRef(CONFIGMAPS, namespace, name)


def lock_ref(namespace: str, lock: str) -> ObjectRef:
    """Return the Lease of a lock."""
    name = _name(f"sluice-lock-{_readable(lock)}", lock_digest(lock), _LIMIT)
    return ObjectRef(LEASES, namespace, name)


def lock_digest(lock: str) -> str:
    """Return the digits that stand for a lock's key, which is no label value."""
    return _digest([lock])


def version_key(version: str) -> str:
    """Return the key of a version in its record: itself if a ConfigMap takes it."""
    if _PLAIN_VERSION.fullmatch(version):
        return version
    return f"sha256-{hashlib.sha256(version.encode()).hexdigest()[:32]}"


def _readable(lock: str) -> str:
    """Return the graph's name of a lock that nobody wrote, or the key as it was written."""
    return lock.partition("/")[0]


def _name(text: str, digest: str, limit: int) -> str:
    """Return a DNS label (RFC 1123) that begins with a text and is unique by a digest."""
    kept = text.replace(".", "-")[: limit - len(digest) - 1].rstrip("-")
    return f"{kept}-{digest}"


def _digest(value: Json) -> str:
    return hashlib.sha256(canonical(value).encode()).hexdigest()[:_DIGITS]
