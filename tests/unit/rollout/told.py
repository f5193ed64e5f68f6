"""Actions of a pass as lines to compare."""

from sluice.model.json import canonical
from sluice.model.plan import Action, Create, Delete, Merge, Patch
from sluice.rollout.converge import converge
from tests.unit.rollout.situation import Situation


def told(action: Action) -> str:
    """Return an action in a line: what it does to which object."""
    name = action.ref.name
    match action:
        case Create():
            return f"create {action.ref.resource.kind} {name}"
        case Delete():
            return f"delete {action.ref.resource.kind} {name}"
        case Patch(operations=operations):
            changes = "; ".join(f"{o.op} {o.path} {o.value}" for o in operations)
            return f"{action.ref.resource.kind} {name}: {changes}"
        case Merge(fields=fields):
            return f"{action.ref.resource.kind} {name}: merge {canonical(fields)}"


def actions(situation: Situation) -> list[str]:
    return [told(action) for action in converge(situation.scene())]
