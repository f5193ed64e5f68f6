"""What the decision about an init node rests on, and how it is read from what was found."""

from collections.abc import Mapping
from dataclasses import replace

from sluice.model.cluster import ConfigMap, Job, Lease, Pod
from sluice.model.found import Found, all_of, one_of
from sluice.model.json import JsonObject
from sluice.model.kind import Descendants, Labelled, One, Selection, WholeWant
from sluice.model.names import GRAPH_LABEL, NODE_LABEL, ROLE_INIT, ROLE_LABEL
from sluice.model.references import JOBS, PODS, ObjectRef
from sluice.startup.init.lock import holder_of
from sluice.startup.init.names import lock_ref, record_ref
from sluice.startup.init.record import read_record
from sluice.startup.init.situation import Situation, former_key, lock_key
from sluice.startup.init.spec import Init
from sluice.startup.init.status import InitStatus


def selections(
    namespace: str, init: Init, status: InitStatus, found: Found
) -> tuple[Selection, ...]:
    """Return what is to be found; asked again, since the lock names a Job that matters too."""
    record, lease = _refs(namespace, init, status)
    held = one_of(found, One(lease), Lease)
    holder = holder_of(held).job if held else ""
    his = ObjectRef(JOBS, namespace, holder)
    former = former_key(init, status)
    return (
        One(record),
        One(lease),
        *((One(lock_ref(namespace, former)),) if former else ()),
        *_own(namespace, init),
        *((One(his), Descendants(PODS, his)) if holder else ()),
    )


def observed(
    situation: Situation, found: Found, wholes: Mapping[WholeWant, JsonObject | None]
) -> Situation:
    """Return the situation with what was found of the node; the rest of it stays.

    wholes: answers to fresh reads, among them that to `missing` if there is one yet.
    """
    namespace, init = situation.graph.namespace, situation.init
    record, lease = _refs(namespace, init, situation.status)
    jobs, pods = _own(namespace, init)
    lock = one_of(found, One(lease), Lease)
    his = ObjectRef(JOBS, namespace, holder_of(lock).job if lock else "")
    former = former_key(init, situation.status)
    filled = replace(
        situation,
        record=read_record(record, one_of(found, One(record), ConfigMap)),
        jobs=tuple(job for job in all_of(found, jobs, Job) if _is_of(job, init)),
        pods=tuple(pod for pod in all_of(found, pods, Pod) if _is_of(pod, init)),
        lease=lock,
        former=one_of(found, One(lock_ref(namespace, former)), Lease) if former else None,
        holding=one_of(found, One(his), Job),
        holding_pods=all_of(found, Descendants(PODS, his), Pod),
    )
    missing = filled.missing
    gone = missing is not None and missing in wholes and wholes[missing] is None
    return replace(filled, gone=gone)


def _refs(namespace: str, init: Init, status: InitStatus) -> tuple[ObjectRef, ObjectRef]:
    key = lock_key(init, status)
    return record_ref(namespace, key, init.node), lock_ref(namespace, key)


def _own(namespace: str, init: Init) -> tuple[Labelled, Labelled]:
    """Return the selections of the graph's Jobs and pods: those of the node are among them."""
    return (
        Labelled(JOBS, namespace, GRAPH_LABEL, init.graph),
        Labelled(PODS, namespace, GRAPH_LABEL, init.graph),
    )


def _is_of(one: Job | Pod, init: Init) -> bool:
    wanted = {GRAPH_LABEL: init.graph, NODE_LABEL: init.node, ROLE_LABEL: ROLE_INIT}
    return wanted.items() <= one.meta.labels.items()
