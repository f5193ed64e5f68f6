"""What a stage asks of the Deployments and ReplicaSets: marks, pauses and sizes as actions."""

from sluice.model import names
from sluice.model.cluster import Deployment, ReplicaSet
from sluice.model.holds import Holder, held_by_others
from sluice.model.plan import Action, Delete, Expectation, Fence, Operation, Patch, pointer
from sluice.rollout.hold import Template, held_mark, template_against
from sluice.rollout.scene import Scene

_HELD = pointer("metadata", "annotations", names.HELD)
_BYPASS = pointer("metadata", "annotations", names.BYPASS)
_LABEL = pointer("metadata", "labels", names.ROLLOUT_LABEL)


def fence(scene: Scene, *, upward: bool = True) -> Fence:
    """Return the fence of a write: the stage is still the one decided on.

    upward: the write moves towards the canary or starts pods, so an abort or a deletion that came
    meanwhile stops it too.
    """
    status = scene.status
    expectations = [
        Expectation(("status", "phase"), str(status.stage.phase)),
        Expectation(("status", "stage"), status.stage.short),
        Expectation(("status", "weight"), status.weight),
    ]
    if upward:
        abort = scene.own.meta.annotations.get(names.ABORT)
        expectations.append(Expectation(("metadata", "annotations", names.ABORT), abort))
    return Fence(scene.own.meta.ref, scene.own.meta.uid, tuple(expectations))


def claim(scene: Scene) -> tuple[Action, ...]:
    """Label the target, so that the hold policy selects it."""
    target = scene.target
    if target is None or target.meta.labels.get(names.ROLLOUT_LABEL) == scene.own.meta.ref.name:
        return ()
    label = Operation("add", _LABEL, scene.own.meta.ref.name)
    first = () if target.meta.labels else (Operation("add", "/metadata/labels", {}),)
    return (_patch(target, (*first, label)),)


def mark(scene: Scene, revision: str, other: Deployment | None) -> tuple[Action, ...]:
    """Replace the policy's «pending» by the revision that is held, once it is known to be that."""
    target = scene.target
    if target is None or held_mark(target) != names.HELD_PENDING:
        return ()
    if template_against(scene, other, revision) is not Template.SAME:
        return ()
    return (_patch(target, (Operation("replace", _HELD, revision),)),)


def release(scene: Scene) -> tuple[Action, ...]:
    """Take the marks off: what its template says may run now, unless somebody else holds it."""
    target = scene.target
    if target is None or not held_mark(target):
        return ()
    annotations = target.meta.annotations
    bypass = (Operation("remove", _BYPASS),) if names.BYPASS in annotations else ()
    held = held_by_others(target.meta, Holder.ROLLOUT)
    unpause = () if held else (Operation("add", "/spec/paused", False),)
    operations = (*unpause, Operation("remove", _HELD), *bypass)
    return (_patch(target, operations, fence(scene)),)


def hold_again(scene: Scene) -> tuple[Action, ...]:
    """Pause the target and mark the version that is being taken back."""
    target = scene.target
    if target is None or (target.paused and held_mark(target)):
        return ()
    # The Deployment controller's own revision annotation is always there, so the map exists.
    revision = scene.status.canary.revision
    operations = (Operation("add", "/spec/paused", True), Operation("add", _HELD, revision))
    return (_patch(target, operations, fence(scene, upward=False)),)


def farewell(scene: Scene) -> tuple[Action, ...]:
    """Take label and marks off the target; a held one stays paused and is the user's again."""
    target = scene.target
    if target is None or target.meta.labels.get(names.ROLLOUT_LABEL) != scene.own.meta.ref.name:
        return ()
    present = [name for name in (names.HELD, names.BYPASS) if name in target.meta.annotations]
    marks = (Operation("remove", pointer("metadata", "annotations", name)) for name in present)
    return (_patch(target, (*marks, Operation("remove", _LABEL))),)


def scale_canary(scene: Scene, canary: Deployment, size: int) -> tuple[Action, ...]:
    """Give the canary its size; towards more pods behind a fence."""
    if canary.replicas == size:
        return ()
    more = size > canary.replicas
    operation = Operation("replace", "/spec/replicas", size)
    return (_patch(canary, (operation,), fence(scene, upward=more)),)


def delete_canary(scene: Scene, canary: Deployment | None) -> tuple[Action, ...]:
    """Delete a canary Deployment that is ours."""
    if canary is None or canary.meta.deleting:
        return ()
    return (Delete(str(canary.meta.ref), canary.meta.ref, canary.meta.uid, fence(scene)),)


def empty(scene: Scene, unwanted: ReplicaSet) -> tuple[Action, ...]:
    """Scale a ReplicaSet of the paused target to 0: the Deployment controller fills the other."""
    if unwanted.replicas == 0:
        return ()
    ref = unwanted.meta.ref
    operation = Operation("replace", "/spec/replicas", 0)
    target = str(scene.own.target)
    return (Patch(target, ref, (operation,), unwanted.meta.resource_version, fence(scene)),)


def delete_set(scene: Scene, unwanted: ReplicaSet) -> tuple[Action, ...]:
    """Delete a ReplicaSet of the paused target, so that its controller cannot fill it again."""
    ref = unwanted.meta.ref
    return (Delete(str(scene.own.target), ref, unwanted.meta.uid, fence(scene)),)


def _patch(
    deployment: Deployment, operations: tuple[Operation, ...], behind: Fence | None = None
) -> Patch:
    ref, version = deployment.meta.ref, deployment.meta.resource_version
    return Patch(str(ref), ref, operations, version, behind)
