"""What is persisted of an init node: an entry of `status.nodes`, its write-ahead log."""

from dataclasses import dataclass
from typing import Final

from sluice.model.json import Body, Json, JsonObject
from sluice.model.scalars import format_instant, parse_instant
from sluice.startup.init.run import Outcome, Run
from sluice.startup.init.states import State

_WITHOUT_RUN: Final = frozenset({State.HELD, State.BLOCKED})
_ENDED: Final = frozenset({State.RECORDING, State.COMPLETE, State.DIRTY, State.FAILED})


@dataclass(frozen=True, slots=True)
class InitStatus:
    """An init node. since: seconds since the epoch, 0 before anything happened.

    run: what the state speaks of, None before the first. job: the name of its Job.
    uid: of the Job once it has been seen: from then on it is never made again.
    outcome: what became of the run; it is to be recorded, or the record says it.
    consumed: the command that was taken last. reasons: why it is where it is, at most two.
    """

    name: str
    state: State = State.HELD
    since: float = 0.0
    run: Run | None = None
    job: str = ""
    uid: str = ""
    outcome: Outcome | None = None
    consumed: str = ""
    reasons: tuple[str, ...] = ()

    @property
    def version(self) -> str:
        """The version that the state speaks of, empty before the first run."""
        return self.run.version if self.run else ""

    @property
    def exit_code(self) -> int | None:
        """The exit code of the run, None if it is not known."""
        return self.outcome.exit_code if self.outcome else None

    @classmethod
    def from_body(cls, body: Body) -> "InitStatus":
        """Read an entry of `status.nodes`.

        One that lacks what its state speaks of is held: Jobs and the record tell the rest.
        """
        init = body.body("init")
        run, outcome = init.body("run"), init.body("outcome")
        state = State(body.text("state"))
        whole = (run.value or state in _WITHOUT_RUN) and (outcome.value or state not in _ENDED)
        return cls(
            name=body.text("name"),
            state=state if whole else State.HELD,
            since=parse_instant(body.text("since")) if body.has("since") else 0.0,
            run=Run.from_body(run) if run.value else None,
            job=init.text("job", default=""),
            uid=init.text("uid", default=""),
            outcome=Outcome.from_body(outcome) if outcome.value else None,
            consumed=init.text("consumed", default=""),
            reasons=init.texts("reasons"),
        )

    def to_json(self) -> JsonObject:
        """Return the entry as the API has it; what is empty is left out."""
        optional: dict[str, Json] = {
            "run": self.run.to_json() if self.run else None,
            "job": self.job,
            "uid": self.uid,
            "outcome": self.outcome.to_json() if self.outcome else None,
            "consumed": self.consumed,
            "reasons": self.reasons,
        }
        init = {key: value for key, value in optional.items() if value}
        written: dict[str, Json] = {
            "name": self.name,
            "state": str(self.state),
            "since": format_instant(self.since),
        }
        return {**written, "init": init}  # by it the entry is told from that of a workload
