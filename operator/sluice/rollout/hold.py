"""Which version the target's template is, and whether it is held back.

The admission policy marks every held template `pending`; Sluice replaces the mark by the revision
that it made of it. So a mark that still names the canary's revision means: nothing changed. Only
when the mark or the digest differs are the whole templates compared, both read now; a stored hash
is never trusted, since an API upgrade that adds a default changes every hash.
"""

from enum import StrEnum

from sluice.model import names
from sluice.model.cluster import Deployment, ReplicaSet
from sluice.model.holds import Holder, holds
from sluice.model.json import Body
from sluice.model.kind import WholeWant
from sluice.rollout.canary import is_canary_of
from sluice.rollout.scene import Own, Scene

REVISION_LENGTH = 10


class Template(StrEnum):
    """What the target's template is, seen from a rollout."""

    SAME = "the canary's version"
    STABLE = "the stable version"
    OTHER = "a version that is neither"
    UNKNOWN = "not yet read"


def held_mark(target: Deployment) -> str:
    """Return the mark of the hold: empty, «pending», or a revision."""
    return target.meta.annotations.get(names.HELD, "")


def bypassed(target: Deployment) -> bool:
    """Whether a person let the held version through: the mark is answered and the pause is off."""
    mark = held_mark(target)
    answer = target.meta.annotations.get(names.BYPASS, "")
    return bool(mark) and answer == mark and not target.paused


def is_held(target: Deployment) -> bool:
    """Whether the target rests with a version held back by the policy."""
    return bool(held_mark(target)) and target.paused


def starts_for_the_first_time(target: Deployment, sets: tuple[ReplicaSet, ...]) -> bool:
    """Whether a StartupGraph has let go what has never run, so that there is nothing to compare.

    Its template may have been changed, and so held back, while it waited for its parents.
    """
    ordered = names.GRAPH_LABEL in target.meta.labels
    waiting = holds(target.meta, Holder.STARTUP)
    return ordered and not waiting and not sets and is_held(target)


def revision_of(target: Deployment) -> str:
    """Return the revision that names the target's template; names are never compared."""
    return target.template_digest[:REVISION_LENGTH]


def whole_target(target: Deployment) -> WholeWant:
    """Return the want for the target's whole body at the generation that is known."""
    return WholeWant(target.meta.ref, target.meta.uid, target.meta.generation)


def needs_comparison(target: Deployment, revision: str) -> bool:
    """Whether the marks leave open if the target's template is that of the revision."""
    return held_mark(target) != revision or revision_of(target) != revision


def template_against(scene: Scene, other: Deployment | None, revision: str) -> Template:
    """Return what the target's template is, compared with the canary Deployment of a revision."""
    target, stable = scene.target, scene.stable_set
    if target is None:
        return Template.UNKNOWN
    if stable is not None and _runs(target, stable):
        return Template.STABLE
    if not needs_comparison(target, revision):
        return Template.SAME
    if other is None:
        return Template.SAME if revision_of(target) == revision else Template.OTHER
    whole = scene.observation.wholes.get(whole_target(target))
    if whole is None:
        return Template.UNKNOWN
    return Template.SAME if is_canary_of(Body(whole), other) else Template.OTHER


def _runs(target: Deployment, stable: ReplicaSet) -> bool:
    return target.template_digest == stable.template_digest


def wants_whole(own: Own, target: Deployment | None) -> bool:
    """Whether the next decision compares or copies the target's whole template."""
    revision = own.status.canary.revision
    if own.status.rejected is not None:
        revision = own.status.rejected.revision
    return target is not None and bool(revision) and needs_comparison(target, revision)
