"""Runs: one Job for one version in one direction; and what became of it."""

from dataclasses import dataclass
from enum import StrEnum

from sluice.model.json import Body, Json, JsonObject
from sluice.model.scalars import format_instant, parse_instant


class Direction(StrEnum):
    """Whether a run applies a version or undoes it."""

    UP = "Up"
    DOWN = "Down"


class Result(StrEnum):
    """What the record says of a version."""

    COMPLETE = "Complete"  # applied, or a person says so
    FAILED = "Failed"
    DIRTY = "Dirty"  # left half done, or nobody knows what it did
    UNDONE = "Undone"
    REOPENED = "Reopened"  # a person says that it may run again


@dataclass(frozen=True, slots=True)
class Run:
    """A run. number: counts the runs of the version under the lock's key, from 1."""

    lock: str
    version: str
    checksum: str
    direction: Direction
    number: int

    @classmethod
    def from_body(cls, body: Body) -> "Run":
        """Read a run: MalformedError or ValueError if it cannot be read."""
        return cls(
            lock=body.text("lock"),
            version=body.text("version"),
            checksum=body.text("checksum"),
            direction=Direction(body.text("direction")),
            number=body.whole("run"),
        )

    def to_json(self) -> dict[str, Json]:
        """Return the run as annotations, status and records have it."""
        return {
            "lock": self.lock,
            "version": self.version,
            "checksum": self.checksum,
            "direction": str(self.direction),
            "run": self.number,
        }


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a run. Instants are seconds since the epoch.

    tries: pods that ended. exit_code: of the last one, None if it is not known.
    image: by its digest. by: who said so, empty if it was the Job itself.
    said: what its last pod ended with, in a line.
    """

    result: Result
    ended: float
    started: float | None = None
    tries: int = 0
    exit_code: int | None = None
    image: str = ""
    by: str = ""
    said: str = ""

    @classmethod
    def from_body(cls, body: Body) -> "Outcome":
        """Read an outcome: MalformedError or ValueError if it cannot be read."""
        return cls(
            result=Result(body.text("result")),
            ended=parse_instant(body.text("ended")),
            started=parse_instant(body.text("started")) if body.has("started") else None,
            tries=body.whole("tries", default=0),
            exit_code=body.whole("exitCode") if body.has("exitCode") else None,
            image=body.text("image", default=""),
            by=body.text("by", default=""),
            said=body.text("said", default=""),
        )

    def to_json(self) -> dict[str, Json]:
        """Return the outcome as status and records have it; what is empty is left out."""
        optional: JsonObject = {
            "started": None if self.started is None else format_instant(self.started),
            "exitCode": self.exit_code,
            "image": self.image or None,
            "by": self.by or None,
            "said": self.said or None,
        }
        written: dict[str, Json] = {
            "result": str(self.result),
            "ended": format_instant(self.ended),
            "tries": self.tries,
        }
        return {**written, **{key: v for key, v in optional.items() if v is not None}}
