"""What a workload's own manifest asks for: versions that are recorded before it may change.

`sluice.dev/requires: migrate=43,seed=7`. Admission holds a creation, and every update of the
template or of the annotation; here is said whether the records allow what is held. No graph, or no
record, is no permission: an application must never run before its migration.
"""

from collections.abc import Mapping

from sluice.model.names import REQUIRES
from sluice.startup.init.record import Record
from sluice.startup.scene import NodeScene, Scene
from sluice.startup.states import BEFORE_START
from sluice.startup.workload import Workload, is_bypassed, is_held


def requirements(workload: Workload) -> tuple[str, ...]:
    """Return what a workload requires, as node=version."""
    written = workload.meta.annotations.get(REQUIRES, "")
    return tuple(part.strip() for part in written.split(",") if part.strip())


def awaited(workload: Workload, records: Mapping[str, Record]) -> tuple[str, ...]:
    """Return the requirements that no record meets; none if a person bypasses them.

    records: of the init nodes, by name.
    """
    if is_bypassed(workload):
        return ()
    return tuple(one for one in requirements(workload) if not _is_met(one, records))


def _is_met(requirement: str, records: Mapping[str, Record]) -> bool:
    node, _, version = requirement.partition("=")
    record = records.get(node)
    return record is not None and not record.fault and record.has(version)


def keeps_update(scene: Scene, node: NodeScene) -> bool:
    """Whether a node has started and its next version, which admission holds, is to stay held."""
    workload = node.workload
    if workload is None or node.status.state in BEFORE_START or is_bypassed(workload):
        return False
    waits = scene.own.spec.suspend and requirements(workload)
    return is_held(workload, node.pods) and bool(waits or awaited(workload, scene.records))


def held_updates(scene: Scene) -> tuple[str, ...]:
    """Return the nodes that have started and whose next version is held, with what for."""
    found = []
    for node in scene.nodes.values():
        if node.workload is not None and keeps_update(scene, node):
            missing = awaited(node.workload, scene.records)
            found.append(f"{node.name} for {' and '.join(missing) or 'suspend'}")
    return tuple(found)
