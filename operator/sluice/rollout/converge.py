"""What each stage asks of the world, as actions that may be repeated without harm.

A stage's actions follow from the persisted status alone; nothing here decides to go on.
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from sluice.model.cluster import Deployment, ReplicaSet
from sluice.model.json import Body
from sluice.model.kind import WholeWant
from sluice.model.own import add_finalizer, drop_finalizer
from sluice.model.plan import Action, Create, Delete
from sluice.rollout.adoption import runs_alone
from sluice.rollout.canary import Canary, canary_deployment, canary_service, label_key
from sluice.rollout.hold import (
    Template,
    is_held,
    revision_of,
    starts_for_the_first_time,
    template_against,
    whole_target,
)
from sluice.rollout.obstacles import rivals
from sluice.rollout.phases import RESTING, Stage
from sluice.rollout.progress import drained_at
from sluice.rollout.routes.gateway_api import desired, route_patch
from sluice.rollout.scene import Scene
from sluice.rollout.traffic import asked_percent, seen_weights, split_of
from sluice.rollout.workload import (
    claim,
    delete_canary,
    delete_set,
    empty,
    farewell,
    fence,
    hold_again,
    mark,
    release,
    scale_canary,
)

Converge: TypeAlias = Callable[[Scene], tuple[Action, ...]]


def converge(scene: Scene) -> tuple[Action, ...]:
    """Return the actions that bring the world to the persisted stage; none when it is there."""
    # Whatever is claimed by another Rollout is its own: its route and its canary are not touched.
    if rivals(scene):
        return drop_finalizer(scene.own.meta) if scene.own.meta.deleting else ()
    resting = scene.stage in RESTING
    # Without the target (a namespace being deleted) no stage would ever come to its end.
    if scene.own.meta.deleting and (resting or scene.target is None):
        return leave(scene)
    if missing := add_finalizer(scene.own.meta):
        return missing
    return (*traffic(scene, asked_percent(scene)), *STAGES[scene.stage](scene))


def leave(scene: Scene) -> tuple[Action, ...]:
    """Clean up in order: routes, marks, canary objects; the finalizer goes when all is gone."""
    service = scene.canary_service
    deletions: tuple[Action, ...] = ()
    if service is not None and not service.meta.deleting:
        ref = service.meta.ref
        deletions = (Delete(str(ref), ref, service.meta.uid),)
    # A Service goes only when no route names it: the gateway would answer 500 for its share.
    if named := traffic(scene, None):
        return named
    undone = (
        *farewell(scene),
        *delete_canary(scene, scene.canary),
        *delete_canary(scene, scene.rejected),
        *deletions,
    )
    gone = scene.canary is None and scene.rejected is None and service is None
    return drop_finalizer(scene.own.meta) if gone and not undone else undone


def traffic(scene: Scene, percent: int | None) -> tuple[Action, ...]:
    """Bring the canary's percent into every route, fenced; None takes it out.

    Towards the canary one route after another, stopping at an error; away from it each by
    itself, so that one broken route does not keep the others on a bad version.
    """
    split, weights = split_of(scene), seen_weights(scene)
    actions: list[Action] = []
    for target in scene.spec.routes:
        route = scene.routes.get(target.name)
        operations = desired(route, target, split, percent) if route else ()
        if route is None or not operations:
            continue
        upward = (percent or 0) > weights[target.name]
        group = "towards the canary" if upward else str(route.meta.ref)
        actions.append(route_patch(route, operations, group, fence(scene, upward=upward)))
    return tuple(actions)


def rest(scene: Scene) -> tuple[Action, ...]:
    """Healthy: the target is ours, and unpaused if it rests at the stable version."""
    target, stable = scene.target, scene.stable_set
    made = (*claim(scene), *create_service(scene))
    if target is not None and starts_for_the_first_time(target, scene.replica_sets):
        return (*made, *release(scene))
    # What was let through while nobody looked may run, and not be known as stable yet.
    other = runs_alone(scene) not in (None, stable)
    if target is None or stable is None or other or not same_template(target, stable):
        # Marked even while no rollout can start: a bypass has to name what it lets through.
        marked = mark(scene, revision_of(target), None) if target else ()
        return (*made, *marked, *keep_stable_first(scene))
    return (*made, *release(scene), *forget_canaries(scene))


def same_template(target: Deployment, runs: ReplicaSet) -> bool:
    """Whether the target's template is that of a ReplicaSet."""
    return target.template_digest == runs.template_digest


def forget_canaries(scene: Scene) -> tuple[Action, ...]:
    """Delete what is left of canaries that are no longer needed."""
    return (*delete_canary(scene, scene.canary), *delete_canary(scene, scene.rejected))


def keep_stable_first(scene: Scene) -> tuple[Action, ...]:
    """Delete the empty ReplicaSets that a held target would fill before stable's.

    When somebody scales it to 0 and up again, the Deployment controller fills the one that has
    the held template, and without one the newest. Then it is too late to delete it.
    """
    if scene.target is None or not is_held(scene.target):
        return ()
    empties = [s for s in before_stable(scene) if s.replicas == 0 and s.total_replicas == 0]
    return tuple(action for item in empties for action in delete_set(scene, item))


def before_stable(scene: Scene) -> tuple[ReplicaSet, ...]:
    """Return what the controller of a paused Deployment without any size fills before stable's.

    Instants of creation are whole seconds, so one of the same second may be newer.
    """
    stable, own = scene.stable_set, scene.own_set
    if stable is None or own is stable:
        return ()
    others = (item for item in scene.replica_sets if item is not stable)
    return tuple(s for s in others if s is own or s.meta.created >= stable.meta.created)


def create(scene: Scene) -> tuple[Action, ...]:
    """Create the canary Deployment from the user's, read whole; mark what is held."""
    return (
        *mark(scene, scene.status.canary.revision, scene.canary),
        *keep_stable_first(scene),
        *forget_replaced(scene),
        *create_service(scene),
        *create_deployment(scene),
    )


def forget_replaced(scene: Scene) -> tuple[Action, ...]:
    """Delete the canary of the version that was rejected before this one."""
    replaced = scene.rejected
    if replaced is None or replaced.meta.ref == scene.own.canary(scene.status.canary.revision):
        return ()
    return delete_canary(scene, replaced)


def canary_of(scene: Scene) -> Canary | None:
    """Return what the canary is made for; None while it cannot be told from stable."""
    if scene.target is None or scene.service is None:
        return None
    key = label_key(scene.spec.label_key, scene.target, scene.service)
    if not isinstance(key, str):
        return None
    return Canary(scene.own.meta.ref.name, scene.own.meta.uid, scene.status.canary.revision, key)


def create_service(scene: Scene) -> tuple[Action, ...]:
    """Create the canary's Service, which lives as long as the Rollout."""
    canary = canary_of(scene)
    whole = scene.observation.wholes.get(whole_service(scene))
    if scene.canary_service is not None or canary is None or whole is None:
        return ()
    ref = scene.own.canary_service
    manifest = canary_service(Body(whole), canary)
    return (Create(str(ref), ref, manifest, canary.service_labels, fence(scene)),)


def whole_service(scene: Scene) -> WholeWant:
    """Return the want for the user's whole Service."""
    meta = None if scene.service is None else scene.service.meta
    uid, generation = ("", 0) if meta is None else (meta.uid, meta.generation)
    return WholeWant(scene.own.service, uid, generation)


def create_deployment(scene: Scene) -> tuple[Action, ...]:
    """Create the canary Deployment, unless the whole target read is of another version."""
    canary, target = canary_of(scene), scene.target
    if canary is None or target is None or scene.canary is not None:
        return ()
    whole = scene.observation.wholes.get(whole_target(target))
    if whole is None or revision_of(target) != canary.revision:
        return ()
    ref = scene.own.canary(canary.revision)
    manifest = canary_deployment(Body(whole), canary, scene.canary_size)
    return (Create(str(ref), ref, manifest, canary.labels, fence(scene)),)


def step(scene: Scene) -> tuple[Action, ...]:
    """Progressing: the held version is marked, the canary has the size that the stage needs."""
    canary = scene.canary
    marks = mark(scene, scene.status.canary.revision, canary)
    if canary is None:
        return marks
    size = max(scene.canary_size, canary.replicas)
    return (*marks, *scale_canary(scene, canary, size))


def roll(scene: Scene) -> tuple[Action, ...]:
    """Rolling: the target is released while the canary carries everything.

    Only with the canary's own version: one that was written meanwhile is held, and unjudged.
    """
    same = template_against(scene, scene.canary, scene.status.canary.revision) is Template.SAME
    return (*grow(scene), *(release(scene) if same else ()))


def grow(scene: Scene) -> tuple[Action, ...]:
    """Keep the canary at full size."""
    canary = scene.canary
    if canary is None:
        return ()
    return scale_canary(scene, canary, max(scene.canary_size, canary.replicas))


def unify(scene: Scene) -> tuple[Action, ...]:
    """Unifying: every ReplicaSet but the promoted one goes to 0; the target stays paused."""
    promoted = scene.promoted_set
    others = [item for item in scene.replica_sets if promoted and item is not promoted]
    return (*grow(scene), *(action for item in others for action in empty(scene, item)))


def give_back(scene: Scene) -> tuple[Action, ...]:
    """Returning: a held target rolls no further by itself, should it have been seen too early."""
    held = scene.target is not None and is_held(scene.target)
    return unify(scene) if held else grow(scene)


def take_back(scene: Scene) -> tuple[Action, ...]:
    """Reverting: hold the target again; once the weight is in place, empty the new ReplicaSet.

    The same while traffic returns: a pod that was seen ready too early is still waited for.
    """
    safe = all(weight == scene.status.weight for weight in seen_weights(scene).values())
    held = hold_again(scene)
    if held or not safe:
        return (*grow(scene), *held)
    return (*grow(scene), *refill(scene))


def refill(scene: Scene) -> tuple[Action, ...]:
    """Have the Deployment controller fill the stable ReplicaSet of the paused target.

    Of a paused Deployment it fills the only ReplicaSet that has a size. Without one it fills the
    Deployment's own, or the newest: so when stable's is at 0 already, the others have to go.
    """
    stable = scene.stable_set
    if stable is None:
        return ()
    if stable.replicas > 0:
        others = (item for item in scene.replica_sets if item is not stable)
        return tuple(action for item in others for action in empty(scene, item))
    return tuple(action for item in before_stable(scene) for action in delete_set(scene, item))


def hold_size(_scene: Scene) -> tuple[Action, ...]:
    """The canary keeps its pods while traffic may still reach them."""
    return ()


def drain(scene: Scene) -> tuple[Action, ...]:
    """Draining: once requests under way are over, the canary goes; a rejected one is kept at 0."""
    canary, replaced = scene.canary, forget_replaced(scene)
    if canary is None or scene.now < drained_at(scene):
        return replaced
    if scene.stage is Stage.ROLLING_BACK_DRAINING and scene.status.after is Stage.ROLLED_BACK:
        return (*replaced, *scale_canary(scene, canary, 0))
    return (*replaced, *delete_canary(scene, canary))


def stay_rejected(scene: Scene) -> tuple[Action, ...]:
    """Rolled back: the rejected version stays held, its canary kept at 0 for comparison."""
    rejected = scene.status.rejected
    revision = rejected.revision if rejected else ""
    return (*claim(scene), *mark(scene, revision, scene.rejected), *keep_stable_first(scene))


STAGES: Final[Mapping[Stage, Converge]] = {
    Stage.HEALTHY: rest,
    Stage.CREATING: create,
    Stage.SCALING: step,
    Stage.SHIFTING: step,
    Stage.VERIFYING: step,
    Stage.JUDGING: step,
    Stage.BAKING: step,
    Stage.PROMOTING_SCALING: step,
    Stage.PROMOTING_SHIFTING: step,
    Stage.ROLLING: roll,
    Stage.UNIFYING: unify,
    Stage.RETURNING: give_back,
    Stage.DRAINING: drain,
    Stage.REVERTING_FILLING: take_back,
    Stage.REVERTING_RETURNING: take_back,
    Stage.ROLLING_BACK_SHIFTING: hold_size,
    Stage.ROLLING_BACK_DRAINING: drain,
    Stage.ROLLED_BACK: stay_rejected,
}
