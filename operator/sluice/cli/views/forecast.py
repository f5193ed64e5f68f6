"""What the operator does next, and when: its own plan, in words."""

from dataclasses import dataclass

from sluice.cli.views.times import until
from sluice.model.json import Body, JsonObject
from sluice.model.plan import Action, Create, Delete, Patch, Plan, Transition, Work
from sluice.model.scalars import format_instant


@dataclass(frozen=True, slots=True)
class Forecast:
    """The next deeds; at: seconds since the epoch, None when only an event brings the next."""

    sentences: tuple[str, ...]
    at: float | None

    def told(self, now: float) -> tuple[str, ...]:
        """Return the deeds with their instant."""
        if self.at is None:
            return self.sentences
        when = f"{until(self.at, now)}, at {format_instant(self.at)}"
        *before, last = self.sentences
        return (*before, f"{last} {when}")

    def to_json(self) -> JsonObject:
        """Return the forecast as data."""
        at = None if self.at is None else format_instant(self.at)
        return {"next": list(self.sentences), "at": at}


def forecast(plan: Plan, now: float) -> Forecast:
    """Return what a plan that was made now brings."""
    match plan:
        case Transition(status, _):
            body = Body(status)
            stage = f"{body.text('phase')}/{body.text('stage')}"
            return Forecast((f"goes to {stage}: {body.text('message', default='')}",), now)
        case Work(actions, _, _, due_at):
            deeds = tuple(_deed(action) for action in actions)
            if due_at is None:
                return Forecast((*deeds, "then waits for an event in the cluster or metrics"), None)
            return Forecast((*deeds, "looks again"), due_at)


def _deed(action: Action) -> str:
    match action:
        case Create():
            return f"creates {action.ref}"
        case Delete():
            return f"deletes {action.ref}"
        case Patch():
            fields = ", ".join(operation.path for operation in action.operations)
            return f"patches {action.ref}: {fields}"
