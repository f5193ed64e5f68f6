"""The one status write of a pass, and what follows it: events and metrics."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from sluice.adapters.failures import ConflictError, NotFoundError
from sluice.engine.announcer import Announcer
from sluice.engine.knowledge import Knowledge
from sluice.engine.own import Own
from sluice.engine.refusals import status_of
from sluice.engine.writer import Writer, replace_version
from sluice.model.json import Body, Json, JsonObject
from sluice.model.plan import Note, Operation, Subject

log = logging.getLogger(__name__)


class Write(Enum):
    """What became of a status write."""

    UNCHANGED = auto()  # there was nothing to write
    WRITTEN = auto()
    STALE = auto()  # the object has changed since the decision; it has been read afresh


@dataclass(frozen=True, slots=True)
class StatusWriter:
    """Writes status on the resourceVersion that was decided on, and then announces it."""

    writer: Writer
    knowledge: Knowledge
    announcer: Announcer

    async def write(self, own: Own, status: JsonObject, notes: tuple[Note, ...] = ()) -> Write:
        """Write the status if it differs from what `own` has. Raises KubeError, GateClosedError."""
        if same(status, status_of(Body(own.body))):
            return Write.UNCHANGED
        operations = (
            replace_version(str(own.version)),
            Operation("add", "/status", status),
        )
        try:
            body = await self.writer.patch(own.ref, operations, "status")
        except (ConflictError, NotFoundError):
            await self.knowledge.refresh(own.ref)
            return Write.STALE
        written = self.knowledge.own.put(own.ref.resource, body, ours=True)
        if not same(status, status_of(Body(body))):
            log.warning(
                "%s: the API server keeps a different status than was written; "
                "the CRD is older or newer than the operator: apply crds/",
                own.ref,
            )
        if written is not None:
            subject = Subject(written.ref, written.uid, str(written.version))
            self.announcer.announce(subject, notes)
        return Write.WRITTEN


def same(one: Json, other: Json) -> bool:
    """Whether two values are the same JSON: tuples are lists, and 1.0 is 1 as the server has it."""
    match one, other:
        case (Mapping(), Mapping()):
            return one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
        case (list() | tuple(), list() | tuple()):
            return len(one) == len(other) and all(map(same, one, other))
        case (bool(), _) | (_, bool()):
            return one is other
        case _:
            return one == other
