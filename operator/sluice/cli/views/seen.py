"""An object of ours as the command line reads it: more forgiving than the operator."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

from sluice.model.conditions import STALLED, Condition, Status
from sluice.model.json import Body, JsonObject
from sluice.model.references import ObjectRef

UNSEEN: Final = "the operator has not looked at it yet"


class Conditioned(Protocol):
    """A status with conditions."""

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """What it says of itself."""


StatusT = TypeVar("StatusT", bound=Conditioned)


@dataclass(frozen=True, slots=True)
class Seen(Generic[StatusT]):
    """An object's name and age, and what the operator has written of it.

    created: seconds since the epoch.
    status: None when the operator has not written one, or one that cannot be read.
    unreadable: why the status cannot be read, empty when it can.
    """

    ref: ObjectRef
    created: float
    status: StatusT | None
    unreadable: str
    body: JsonObject

    def condition(self, kind: str) -> Condition | None:
        """Return the condition of a type, None when the status has none."""
        conditions = self.status.conditions if self.status else ()
        return next((c for c in conditions if c.type == kind), None)

    def holds(self, kind: str) -> bool:
        """Whether the condition of a type is True."""
        condition = self.condition(kind)
        return condition is not None and condition.status is Status.TRUE

    @property
    def stalled(self) -> Condition | None:
        """The condition Stalled while it holds."""
        return self.condition(STALLED) if self.holds(STALLED) else None

    @property
    def silence(self) -> str:
        """Why there is no status to tell of, empty when there is one."""
        if self.unreadable:
            return f"the status cannot be read: {self.unreadable}"
        return UNSEEN if self.status is None else ""


def read_status(body: JsonObject, read: Callable[[Body], StatusT]) -> tuple[StatusT | None, str]:
    """Return the status of an object, or why it cannot be read."""
    status = Body(body).body("status")
    if not status.value:
        return None, ""
    try:
        return read(status), ""
    except ValueError as error:
        return None, str(error)
