"""The API server's audit log: who wrote what."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sluice.model.json import Body
from sluice.model.scalars import parse_instant

OPERATOR: Final = "system:serviceaccount:sluice-system:sluice"
WRITES: Final = frozenset({"create", "update", "patch", "delete", "deletecollection"})


@dataclass(frozen=True, slots=True)
class Written:
    """One write. resource: plural with its subresource; code: what the API server answered.

    at: when it was answered, in seconds since the epoch. by: the account.
    """

    at: float
    by: str
    resource: str
    namespace: str
    name: str
    verb: str
    code: int


@dataclass(slots=True)
class AuditLog:
    """What is added to the log from now on."""

    path: Path
    _read: int

    @classmethod
    def from_now(cls) -> "AuditLog":
        """Open the log that `python -m tests.localcluster env` names, at its end."""
        path = Path(os.environ["SLUICE_AUDIT_LOG"])
        return cls(path, path.stat().st_size)

    def operator_writes(self) -> list[Written]:
        """Return what the operator wrote since this was asked last, its Lease aside."""
        return [
            written
            for written in self.writes()
            if written.by == OPERATOR and not written.resource.startswith("leases")
        ]

    def writes(self) -> Iterator[Written]:
        """Yield what anybody wrote since this was asked last."""
        with self.path.open("rb") as log:
            log.seek(self._read)
            for line in log:
                if not line.endswith(b"\n"):
                    return  # the API server is just writing it
                self._read += len(line)
                event = Body(json.loads(line))
                if event.text("verb") in WRITES:
                    yield _written(event)


def _written(event: Body) -> Written:
    about = event.body("objectRef")
    parts = (about.text("resource", default=""), about.text("subresource", default=""))
    return Written(
        at=parse_instant(event.text("stageTimestamp")),
        by=event.text("user", "username", default=""),
        resource="/".join(part for part in parts if part),
        namespace=about.text("namespace", default=""),
        name=about.text("name", default=""),
        verb=event.text("verb"),
        code=event.body("responseStatus").whole("code", default=0),
    )
