"""The init nodes of a graph in their surroundings: what keeps them, what follows, what is due."""

from collections.abc import Mapping
from dataclasses import replace

from sluice.model.cluster import Job
from sluice.model.found import Found
from sluice.model.kind import Selection, WholeWant
from sluice.model.names import STARTUP_GATE
from sluice.model.plan import Action, Note
from sluice.startup.edges import unmet
from sluice.startup.init import due as deeds
from sluice.startup.init.job import is_live
from sluice.startup.init.lost import forsaken
from sluice.startup.init.moves import Step, noted, step_of
from sluice.startup.init.situation import Situation, Unmet
from sluice.startup.init.states import UNDER_WAY, Event, State
from sluice.startup.init.status import InitStatus
from sluice.startup.init.wants import selections
from sluice.startup.own import Own
from sluice.startup.requires import requirements
from sluice.startup.scene import InitScene, NodeScene, Scene
from sluice.startup.spec import InitNode, Node
from sluice.startup.states import BEFORE_START
from sluice.startup.states import UNDER_WAY as STARTING
from sluice.startup.workload import desired, is_held

_ASKS_FOR_A_SLOT = frozenset({Event.CLEARED, Event.UNDOES})


def init_selections(own: Own, found: Found) -> tuple[Selection, ...]:
    """Return what is to be found for the init nodes; asked again with what was found."""
    namespace, status = own.meta.ref.namespace, own.status
    return tuple(
        selection
        for node in (*own.spec.inits, *own.leaving)
        for selection in selections(namespace, node.init, status.init(node.name), found)
    )


def init_wholes(scene: Scene) -> tuple[WholeWant, ...]:
    """Return what is to be read afresh before a Job counts as gone."""
    missing = (one.situation.missing for one in scene.every_init)
    return tuple(want for want in missing if want is not None)


def surrounded(scene: Scene) -> Scene:
    """Return the scene with what keeps each init node: its parents, and children that run."""
    users = _users(scene) if scene.inits else {}
    inits = {
        name: _surrounded(scene, one, users.get(name, ())) for name, one in scene.inits.items()
    }
    return replace(scene, inits=inits)


def _surrounded(scene: Scene, one: InitScene, users: tuple[str, ...]) -> InitScene:
    missing = unmet(scene, one)
    failed = [str(edge) for edge in missing if edge.failed]
    waits = ", ".join(failed or [str(edge) for edge in missing])
    why = Unmet(f"failed: {waits}" if failed else f"waits for {waits}", bool(failed))
    around = replace(one.situation, unmet=why if missing else None, running_children=users)
    return replace(one, situation=around)


def _users(scene: Scene) -> Mapping[str, tuple[str, ...]]:
    """Return what runs and may be using what a node made, by the name of that node."""
    running = {
        one.name for one in scene.inits.values() if one.situation.status.state in UNDER_WAY
    } | {node.name for node in scene.nodes.values() if _runs(node)}
    found: dict[str, dict[str, None]] = {}
    for entry in scene.own.spec.entries:
        if entry.name in running:
            for parent in (*(edge.parent for edge in entry.depends_on), *_required(scene, entry)):
                found.setdefault(parent, {})[entry.name] = None
    return {name: tuple(users) for name, users in found.items()}


def _required(scene: Scene, entry: Node | InitNode) -> tuple[str, ...]:
    """Return the init nodes that the manifest of a node's workload names."""
    node = scene.nodes.get(entry.name)
    asked = requirements(node.workload) if node and node.workload else ()
    return tuple(one.partition("=")[0] for one in asked)


def _runs(node: NodeScene) -> bool:
    """Whether pods of a workload may be there; a held new version does not stop the old one.

    They outlive the write that stops it by as long as they take to end.
    """
    if any(is_live(pod) and STARTUP_GATE not in pod.scheduling_gates for pod in node.pods):
        return True
    workload = node.workload
    if workload is None:
        return False
    if node.status.state in BEFORE_START and is_held(workload, node.pods):
        return False
    if isinstance(workload, Job):
        return not workload.finished
    return desired(workload) > 0


def init_steps(scene: Scene) -> Mapping[str, Step]:
    """Return the changes of init nodes, by name, of as many as there are slots for."""
    limit = scene.own.spec.max_parallel
    free = limit - under_way(scene) if limit else len(scene.inits)
    found = {}
    for one in scene.every_init:
        step = step_of(one.situation)
        if step is None:
            continue
        if step.event in _ASKS_FOR_A_SLOT:
            if free <= 0:
                continue
            free -= 1
        found[one.name] = step
    return found


def under_way(scene: Scene) -> int:
    """Return how many slots of maxParallel are taken."""
    starting = sum(node.status.state in STARTING for node in scene.nodes.values())
    return starting + sum(one.situation.status.state in UNDER_WAY for one in scene.every_init)


def with_init_steps(scene: Scene, steps: Mapping[str, Step]) -> Scene:
    """Return the scene as it is when the changes are written, and every other reason is noted."""

    def after(one: InitScene) -> InitScene:
        step = steps.get(one.name)
        status = step.status if step else _noted(scene, one.situation)
        return replace(one, situation=replace(one.situation, status=status))

    inits = {name: after(one) for name, one in scene.inits.items()}
    return replace(scene, inits=inits, leaving=tuple(map(after, scene.leaving)))


def _noted(scene: Scene, situation: Situation) -> InitStatus:
    status = noted(situation)
    if status.state is not State.HELD or status.reasons:
        return status
    limit = scene.own.spec.max_parallel
    return replace(status, reasons=(f"waits for one of {limit} slots (maxParallel)",))


def init_notes(steps: Mapping[str, Step]) -> tuple[Note, ...]:
    """Return what is told of the changes."""
    return tuple(step.note for step in steps.values() if step.note is not None)


def init_statuses(scene: Scene) -> tuple[InitStatus, ...]:
    """Return what is persisted of the init nodes, last of those that are leaving."""
    left = (one for one in scene.leaving if not _is_gone(one.situation))
    return tuple(one.situation.status for one in (*scene.inits.values(), *left))


def due_inits(scene: Scene) -> tuple[Action, ...]:
    """Return what the persisted states of the init nodes ask of the world."""
    let_go = forsaken(str(scene.own.meta.ref), scene.lost)
    return (*(action for one in scene.every_init for action in _due(one.situation)), *let_go)


def _due(situation: Situation) -> tuple[Action, ...]:
    leaves = situation.deleting and deeds.may_leave(situation)
    return deeds.leave(situation) if leaves else deeds.due(situation)


def must_stay(scene: Scene) -> bool:
    """Whether something of an init node runs, or ran, and no record tells of it."""
    return not all(deeds.may_leave(one.situation) for one in scene.every_init)


def _is_gone(situation: Situation) -> bool:
    """Whether nothing is left to be done for a node that was removed."""
    return deeds.may_leave(situation) and not deeds.leave(situation)
