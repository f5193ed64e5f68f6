"""The lock: a Lease without time, that one run holds from before its Job until that is over.

It keeps our own runs apart, of several graphs too. A database does not know it: pods outlive a
partition, so the tool's own session lock has to guard what the tool changes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from sluice.model.cluster import Job, Lease, Pod
from sluice.model.json import Json, JsonObject
from sluice.model.names import LOCK_LABEL
from sluice.model.plan import Create, Fence, Operation, Patch
from sluice.model.references import LEASES, ObjectRef
from sluice.startup.init.job import is_kept, is_over
from sluice.startup.init.names import lock_digest

_HOLDER = "/spec/holderIdentity"


class Standing(Enum):
    """How a lock stands, seen from one run."""

    ABSENT = auto()
    FREE = auto()
    MINE = auto()
    TAKEN = auto()


@dataclass(frozen=True, slots=True)
class Holder:
    """A Job by name and UID, and for which node of which graph, as graph/node.

    The UID is empty until the Job has been seen.
    """

    job: str
    uid: str
    node: str

    def __str__(self) -> str:
        return f"{self.job}/{self.uid}/{self.node}"


def holder_of(lease: Lease) -> Holder:
    """Return who holds a lock; the name is empty if nobody does."""
    job, uid, node = (*lease.holder.split("/", 2), "", "")[:3]
    return Holder(job, uid, node)


def standing(
    lease: Lease | None, mine: Holder, held: Job | None, pods: tuple[Pod, ...]
) -> Standing:
    """Return how a lock stands, seen from a run.

    held, pods: the Job that holds it by name, if it is there, and its pods.
    """
    if lease is None:
        return Standing.ABSENT
    holder = holder_of(lease)
    if not holder.job:
        return Standing.FREE
    if holder.job == mine.job:
        return Standing.MINE
    if held is None:
        # Seen and gone: nobody knows what it did until its node has recorded that, or a person
        # deletes the Lease. Not seen yet: it is about to be made; of this very node, it is what the
        # node thought of once, and its status knows better by now.
        claimed = not holder.uid and holder.node == mine.node and is_over(None, pods)
        return Standing.FREE if claimed else Standing.TAKEN
    # Over, but no record tells of it: the next run would decide on an old history.
    return Standing.FREE if is_over(held, pods) and not is_kept(held) else Standing.TAKEN


def create_lock(group: str, ref: ObjectRef, lock: str, fence: Fence) -> Create:
    """Return the creation of a lock that nobody holds.

    It is taken by a patch alone, which rests on a version: of two that create it, neither has it.
    """
    labels: Mapping[str, str] = {LOCK_LABEL: lock_digest(lock)}
    manifest: JsonObject = {
        "apiVersion": LEASES.api_version,
        "kind": LEASES.kind,
        "metadata": {"name": ref.name, "namespace": ref.namespace, "labels": labels},
        "spec": {},
    }
    return Create(group, ref, manifest, labels, fence)


def hold(group: str, lease: Lease, holder: Holder, fence: Fence) -> Patch:
    """Return the patch after which `holder` has the lock, unless it changed meanwhile.

    fence: of the history, read afresh, on which the run was decided.
    """
    value: Json = str(holder)
    operation = Operation("add", _HOLDER, value)
    return Patch(group, lease.meta.ref, (operation,), lease.meta.resource_version, fence)


def release(group: str, lease: Lease) -> Patch:
    """Return the patch after which nobody has the lock, unless it changed meanwhile."""
    operation = Operation("remove", _HOLDER)
    return Patch(group, lease.meta.ref, (operation,), lease.meta.resource_version)
