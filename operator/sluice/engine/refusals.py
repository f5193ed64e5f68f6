"""What a failed request means for the user: who or what resolves it."""

from collections.abc import Iterable, Mapping
from typing import assert_never

from sluice.adapters.failures import ForbiddenError, KubeError, TransientError
from sluice.model.conditions import (
    READY,
    RECONCILING,
    STALLED,
    Condition,
    claims_of,
    merge,
)
from sluice.model.json import Body, JsonObject
from sluice.model.plan import Action, Create, Delete, Merge, Patch
from sluice.model.problems import Invalid, Problem, Stalled, Transient, Waiting
from sluice.model.reasons import Reason
from sluice.model.references import ObjectRef

_TEXT_LIMIT = 700


def problem_of(action: Action, error: KubeError) -> Problem:
    """Return the problem that an error of the API server is for the object whose action failed."""
    what = f"{_verb(action)} {action.ref}: {error.message[:_TEXT_LIMIT]}"
    match error:
        case TransientError():
            return Transient(Reason.REFUSED_BY_SERVER, f"{what}; it is tried again")
        case ForbiddenError(quota_exceeded=True):
            return Waiting(Reason.QUOTA_EXCEEDED, f"{what}; raise the quota or free some of it")
        case ForbiddenError(by_rbac=True):
            return Stalled(Reason.FORBIDDEN, f"{what}; apply the operator's ClusterRole again")
        case _:
            return Stalled(Reason.REFUSED_BY_SERVER, f"{what}; admission policies may be the cause")


def stranger(ref: ObjectRef, identity: Mapping[str, str]) -> Problem:
    """Return the problem that a name which we need is taken by an object that is not ours."""
    labels = ",".join(f"{key}={value}" for key, value in sorted(identity.items()))
    return Stalled(
        Reason.CONFLICT,
        f"{ref} exists and is not Sluice's (it lacks the labels {labels}); rename or delete it",
    )


def not_installed(ref: ObjectRef) -> Problem:
    """Return the problem that an object is missing which is a part of the installation."""
    return Stalled(
        Reason.NOT_INSTALLED,
        f"{ref} does not exist, and it is needed to go on; apply Sluice's manifests again",
    )


def internal_error(error: Exception) -> Problem:
    """Return the problem that an exception in a decision is: this object is set aside."""
    return Stalled(
        Reason.INTERNAL_ERROR,
        f"{type(error).__name__}: {str(error)[:_TEXT_LIMIT]}; "
        "report it with the operator's log; it is tried again",
    )


def most_pressing(problems: Iterable[Problem]) -> Problem | None:
    """Return the problem to show: first what a person has to resolve."""
    return min(problems, key=_order, default=None)


def overlaid(status: JsonObject, persisted: Body, problem: Problem, now: float) -> JsonObject:
    """Return the status with the kstatus conditions telling of the problem.

    persisted: our object as the server has it; its conditions say since when something holds.
    """
    generation = persisted.body("metadata").whole("generation", default=0)
    told = merge(_conditions(persisted), claims_of(problem), now, generation)
    kept = [c for c in _raw_conditions(Body(status)) if c.json("type") not in _KSTATUS]
    by_type = {c.text("type", default=""): c.value for c in kept}
    by_type |= {c.type: c.to_json() for c in told}
    return {**status, "conditions": [by_type[name] for name in sorted(by_type)]}


_KSTATUS = (READY, RECONCILING, STALLED)


def _raw_conditions(status: Body) -> tuple[Body, ...]:
    raw = status.json("conditions")
    items = raw if isinstance(raw, list | tuple) else ()
    return tuple(Body(item) for item in items if isinstance(item, Mapping))


def _conditions(persisted: Body) -> tuple[Condition, ...]:
    """Return the conditions that can be read: a malformed status may be the very problem."""
    found = []
    for raw in _raw_conditions(Body(status_of(persisted))):
        try:
            found.append(Condition.from_body(raw))
        except ValueError:
            continue
    return tuple(found)


def status_of(body: Body) -> JsonObject:
    """Return the status of an object, an empty one when it has none or it is no object."""
    status = body.json("status")
    return status if isinstance(status, Mapping) else {}


def ready_reason(body: Body) -> str:
    """Return the reason of the persisted Ready condition, empty without one."""
    conditions = _raw_conditions(Body(status_of(body)))
    reasons = (c.json("reason") for c in conditions if c.json("type") == READY)
    return str(next(reasons, None) or "")


def _order(problem: Problem) -> int:
    match problem:
        case Stalled() | Invalid():
            return 0
        case Waiting():
            return 1
        case Transient():
            return 2
        case _:
            assert_never(problem)


def _verb(action: Action) -> str:
    match action:
        case Create():
            return "create"
        case Patch() | Merge():
            return "patch"
        case Delete():
            return "delete"
        case _:
            assert_never(action)
