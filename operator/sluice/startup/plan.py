"""The decision about a StartupGraph, read top to bottom.

Intent before deed: a pass either writes what became of the nodes, alone, or does what the
persisted states ask, which comes first. What holds a workload is taken off only in states that are
written.
"""

from sluice.model.fields import InvalidSpecError
from sluice.model.json import Body, MalformedError
from sluice.model.kind import Observation
from sluice.model.names import FINALIZER
from sluice.model.own import add_finalizer
from sluice.model.plan import Action, Plan, Transition, Work
from sluice.model.problems import Invalid
from sluice.model.reasons import Reason
from sluice.model.references import ObjectRef
from sluice.startup.gating import gate_patches
from sluice.startup.inits import (
    due_inits,
    init_notes,
    init_steps,
    must_stay,
    surrounded,
    with_init_steps,
)
from sluice.startup.moves import Step, begun, latched, notes, steps, with_changes
from sluice.startup.orphans import leave, orphans
from sluice.startup.own import Own
from sluice.startup.release import due_releases
from sluice.startup.scene import Scene, read_scene
from sluice.startup.status import NodeStatus
from sluice.startup.summary import refused, summarised, wake_at
from sluice.startup.told import notes_of
from sluice.startup.workload import is_held


def plan(observation: Observation, released: ObjectRef, allowed: tuple[str, ...] = ()) -> Plan:
    """Decide what to do about a StartupGraph now.

    released: the ConfigMap with the UIDs of the sets that have been let go.
    allowed: hosts besides the namespace's Services that gates may ask.
    """
    try:
        own = Own.from_body(Body(observation.body), allowed)
    except (InvalidSpecError, MalformedError) as error:
        return refused(observation, Invalid(Reason.INVALID_SPEC, str(error)))
    before = surrounded(read_scene(own, observation))
    if own.meta.deleting and not must_stay(before):
        return Work(leave(before, released))
    if FINALIZER not in own.meta.finalizers:
        return Work(add_finalizer(own.meta))
    begun = init_steps(before)
    scene = with_init_steps(before, begun)
    found = () if own.meta.deleting else steps(scene)
    status = summarised(with_changes(scene, found), _nodes(scene, found))
    told = notes_of(scene.status, status, (*init_notes(begun), *notes(found)))
    actions = (*due_inits(before), *_due(scene, released, found))
    # What is due comes first, or nodes that change all the time would keep others from starting;
    # what was refused waits, or one that may not be released would keep others from changing.
    fresh = tuple(action for action in actions if action.group not in observation.refused)
    changes = bool(begun or found)
    if changes and fresh:
        return Work(fresh, due_at=scene.now)
    if changes:
        return Transition(status.to_json(), told)
    changed = status.to_json() != own.status.to_json() or not observation.body.get("status")
    return Work(actions, status.to_json() if changed else None, told, wake_at(scene))


def _due(scene: Scene, released: ObjectRef, found: tuple[Step, ...]) -> tuple[Action, ...]:
    """Return what the persisted states of the workloads ask of the world.

    A graph that is deleted, and waits for a Job, holds what it holds: it must not start before. But
    traffic goes on to follow the gates of what runs.
    """
    if scene.own.meta.deleting:
        return gate_patches(scene)
    changing = frozenset(step.name for step in found)
    return (
        *due_releases(scene, released, changing),
        *gate_patches(scene),
        *orphans(scene, released),
    )


def _nodes(scene: Scene, found: tuple[Step, ...]) -> tuple[NodeStatus, ...]:
    """Return the nodes in the order of the spec, then those that are to be let go first."""
    after = {step.name: step.status for step in found}
    mine = tuple(
        begun(latched(node, after.get(node.name, node.status)), scene.now)
        for node in scene.nodes.values()
    )
    taken = {node.uid for node in mine}
    held = {one.meta.uid for one in scene.strangers if is_held(one, scene.stranger_pods(one))}
    left = (
        node
        for node in scene.status.nodes
        if node.name not in scene.nodes and node.uid in held - taken
    )
    return (*mine, *left)
