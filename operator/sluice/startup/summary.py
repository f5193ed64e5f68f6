"""What a person reads of a graph: phase, columns, messages and conditions; when to look again."""

from dataclasses import replace

from sluice.model.conditions import claims_of, merge
from sluice.model.json import Body
from sluice.model.kind import Observation
from sluice.model.own import OwnMeta, drop_finalizer
from sluice.model.plan import Work
from sluice.model.problems import Invalid
from sluice.model.references import STARTUPGRAPHS
from sluice.startup.edges import NEEDS_A_PERSON, unmet
from sluice.startup.events import deadline_of
from sluice.startup.findings import ORPHAN_AFTER_SECONDS
from sluice.startup.inits import init_statuses, under_way
from sluice.startup.moves import listed
from sluice.startup.requires import held_updates
from sluice.startup.scene import InitScene, NodeScene, Scene
from sluice.startup.states import BEFORE_RELEASE, TIMED, State
from sluice.startup.status import GraphStatus, NodeStatus, Phase
from sluice.startup.told import conditions, notes_of
from sluice.startup.why import why


def refused(observation: Observation, problem: Invalid) -> Work:
    """Return the work for an object that cannot be read: say so, and touch nothing else."""
    body = Body(observation.body)
    if body.has("metadata", "deletionTimestamp"):
        # What its nodes are cannot be known; the guardian lets go what is left without a graph.
        return Work(drop_finalizer(OwnMeta.from_body(body, STARTUPGRAPHS)))
    old = GraphStatus.from_body(body.body("status"))
    generation = body.body("metadata").whole("generation", default=1)
    conditions = merge(old.conditions, claims_of(problem), observation.now, generation)
    new = replace(old, conditions=conditions, observed_generation=generation)
    changed = not body.has("status") or new.to_json() != old.to_json()
    return Work(status=new.to_json() if changed else None, notes=notes_of(old, new))


def summarised(scene: Scene, nodes: tuple[NodeStatus, ...]) -> GraphStatus:
    """Return the status with everything that people and tools read from it."""
    mine = [node for node in nodes if node.name in scene.nodes]
    inits = init_statuses(scene)
    phase = _phase(scene, mine)
    complete = sum(one.situation.complete for one in scene.inits.values())
    ready = sum(node.state is State.READY for node in mine) + complete
    count = len(mine) + len(scene.inits)
    begun = any(node.state not in BEFORE_RELEASE for node in mine) or any(
        init.run is not None for init in inits
    )
    old = scene.status
    nodes = tuple(
        replace(node, message=why(scene, scene.nodes[node.name], node))
        if node.name in scene.nodes
        else node
        for node in nodes
    )
    status = GraphStatus(
        phase=phase,
        nodes=nodes,
        ready=f"{ready}/{count}",
        node_count=count,
        waiting_for=listed(_frontier(scene, mine)),
        started_at=old.started_at if old.started_at or not begun else scene.now,
        ready_at=old.ready_at if old.ready_at or phase is not Phase.READY else scene.now,
        applied=scene.own.applied,
        observed_generation=scene.own.meta.generation,
        inits=inits,
    )
    return replace(status, conditions=conditions(scene, status, mine))


def _frontier(scene: Scene, nodes: list[NodeStatus]) -> list[str]:
    """Return what everybody else waits for: the nodes that are not ready and wait for no parent."""
    everything: dict[str, NodeScene | InitScene] = {**scene.inits, **scene.nodes}
    behind = [name for name, one in scene.inits.items() if not one.situation.complete]
    behind += [node.name for node in nodes if node.state is not State.READY]
    return [name for name in behind if not unmet(scene, everything[name])] or behind


def _phase(scene: Scene, nodes: list[NodeStatus]) -> Phase:
    states = {node.state for node in nodes}
    inits = [one.situation for one in scene.inits.values()]
    if State.FAILED in states or any(one.status.state in NEEDS_A_PERSON for one in inits):
        return Phase.FAILED
    if states & {State.DEGRADED, State.TIMED_OUT}:
        return Phase.DEGRADED
    if states <= {State.READY} and all(one.complete for one in inits):
        return Phase.STARTING if held_updates(scene) else Phase.READY
    if scene.own.spec.suspend and not under_way(scene):
        return Phase.SUSPENDED
    begun = states - BEFORE_RELEASE or any(one.status.run is not None for one in inits)
    return Phase.STARTING if begun else Phase.PENDING


def wake_at(scene: Scene) -> float | None:
    """Return the next instant at which time alone may change the decision."""
    deadlines = [
        deadline
        for node in scene.nodes.values()
        if node.status.state in TIMED and (deadline := deadline_of(node)) is not None
    ]
    unnamed = (*scene.strangers, *scene.stray_pods)
    orphans = [one.meta.created + ORPHAN_AFTER_SECONDS for one in unnamed]
    return min((at for at in (*deadlines, *orphans) if at > scene.now), default=None)
