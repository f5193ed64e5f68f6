"""HTTPRoutes of the Gateway API: the canary's weight in their rules, as JSON patches and back.

What is written holds for every route, however it was edited meanwhile, since an abort must never
fail; what cannot be shifted exactly is refused before a rollout begins (`shifted_rules`).
"""

from sluice.model.cluster import HttpRoute, RouteRule
from sluice.model.plan import Fence, Operation, Patch, pointer
from sluice.model.problems import Invalid
from sluice.model.reasons import Reason
from sluice.rollout.routes.parts import HIGHEST_ALONE, Part, Split, needed_factor
from sluice.rollout.spec import RouteTarget


def shifted_rules(
    route: HttpRoute, target: RouteTarget, split: Split, percents: tuple[int, ...]
) -> tuple[RouteRule, ...] | Invalid:
    """Return the rules that are shifted, or why one cannot carry each of the percents."""
    unknown = set(target.rules) - {rule.name for rule in route.rules}
    if unknown:
        known = ", ".join(rule.name for rule in route.rules if rule.name) or "none that has a name"
        return _mismatch(route, f"has no rule {_listed(unknown)}; its rules are: {known}")
    parts = _parts(route, target, split)
    sending = [part for part in parts if part.sends]
    for part in parts if target.rules else sending:
        fault = _fault(part, percents)
        if fault:
            return _mismatch(route, f"{_name(part.rule)} {fault}")
    if not sending:
        found = "; ".join(_backends(rule) for rule in route.rules)
        return _mismatch(route, f"has no rule that sends to {split}; they send to: {found}")
    return tuple(part.rule for part in sending)


def desired(
    route: HttpRoute, target: RouteTarget, split: Split, percent: int | None
) -> tuple[Operation, ...]:
    """Return the operations after which the canary has that percent of our traffic.

    percent: 0..100; None takes the canary out of the route and restores what its author wrote.
    A rule that is no longer to be shifted loses the canary in any case.
    """
    shifted = {part.rule.index for part in _parts(route, target, split) if part.sends}
    operations = []
    for rule in route.rules:
        part = Part.of(rule, split)
        if rule.index not in shifted and not part.canaries:
            continue
        refs = part.shifted(percent if rule.index in shifted else None)
        if refs != tuple(backend.written for backend in rule.backends):
            path = pointer("spec", "rules", str(rule.index), "backendRefs")
            operations.append(Operation("replace", path, refs))
    return tuple(operations)


def sends(route: HttpRoute, target: RouteTarget, split: Split) -> bool:
    """Whether a rule that is to be shifted sends to what is split; else no weight has an effect."""
    return any(part.sends for part in _parts(route, target, split))


def carries(route: HttpRoute, target: RouteTarget, split: Split, percent: int | None) -> bool:
    """Whether nothing has to be written for the percent."""
    return not desired(route, target, split, percent)


def read_weight(route: HttpRoute, split: Split) -> int | None:
    """Return the canary's percent of our traffic, the largest of the rules; None if it is in none.

    For display: whether a route is as it should be is what `carries` says, to the last weight.
    """
    parts = (Part.of(rule, split) for rule in route.rules)
    return max((part.percent for part in parts if part.canaries), default=None)


def route_patch(
    route: HttpRoute, operations: tuple[Operation, ...], group: str, fence: Fence | None
) -> Patch:
    """Return the patch of a route; stale knowledge of it is answered 409 and changes nothing."""
    return Patch(group, route.meta.ref, operations, route.meta.resource_version, fence)


def _parts(route: HttpRoute, target: RouteTarget, split: Split) -> tuple[Part, ...]:
    """Return our part of each rule that the target names; without names, of all rules."""
    rules = (rule for rule in route.rules if not target.rules or rule.name in target.rules)
    return tuple(Part.of(rule, split) for rule in rules)


def _fault(part: Part, percents: tuple[int, ...]) -> str:
    """Return why a rule cannot be shifted, empty when it can."""
    if not part.sends:
        return f"does not send to {part.split}; it sends to: {_backends(part.rule)}"
    if len(part.stables) > 1:
        found = _backends(part.rule)
        return f"names {part.split} {len(part.stables)} times ({found}): write one backendRef"
    if part.alone:
        too_high = part.total > HIGHEST_ALONE and not part.canaries
        return f"has weight {part.total} for its only backend: write 1" if too_high else ""
    factor = needed_factor(part.written, percents)
    if factor == 1:
        return ""
    odd = next(percent for percent in percents if part.written * percent % 100)
    return (
        f"gives {part.split} weight {part.written} beside others ({_backends(part.rule)}), of "
        f"which {odd}% is not whole: write weight {part.written * factor}, and {factor} times "
        "their weights for the others"
    )


def _mismatch(route: HttpRoute, fault: str) -> Invalid:
    return Invalid(Reason.ROUTE_MISMATCH, f"HTTPRoute {route.meta.ref.name} {fault}")


def _name(rule: RouteRule) -> str:
    return f"rule {rule.name}" if rule.name else f"rules[{rule.index}]"


def _backends(rule: RouteRule) -> str:
    found = (f"{item.name}:{item.port} weight {item.weight}" for item in rule.backends)
    return ", ".join(found) or "nothing"


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names))
