"""The head of one rollout: state, why in numbers, what is next and when, and how to undo it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sluice.cli.views.overview import Overview
from sluice.cli.views.states import State
from sluice.cli.views.times import until
from sluice.model.scalars import format_instant
from sluice.rollout.phases import Phase, Stage

NEXT: Final[Mapping[Stage, str]] = {
    Stage.HEALTHY: "a changed template starts a rollout",
    Stage.CREATING: "the canary is created",
    Stage.SCALING: "the weight follows when the canary's pods are ready",
    Stage.SHIFTING: "the weight is written to the routes, then verified",
    Stage.VERIFYING: "judging begins when the share is seen",
    Stage.JUDGING: "the next step when the numbers allow it",
    Stage.BAKING: "promotion when the bake is over",
    Stage.PROMOTING_SCALING: "the canary grows to full size, then takes all traffic",
    Stage.PROMOTING_SHIFTING: "the Deployment rolls when the canary has all traffic",
    Stage.ROLLING: "traffic returns when the Deployment has rolled",
    Stage.UNIFYING: "traffic returns when one ReplicaSet is full",
    Stage.RETURNING: "traffic returns to the Deployment step by step",
    Stage.DRAINING: "the canary is deleted when it is drained",
    Stage.REVERTING_FILLING: "traffic returns when the former version is full",
    Stage.REVERTING_RETURNING: "traffic returns to the former version step by step",
    Stage.ROLLING_BACK_SHIFTING: "the canary is drained when its weight is seen to be 0",
    Stage.ROLLING_BACK_DRAINING: "the canary's pods end when it is drained",
    Stage.ROLLED_BACK: "mend the version and apply it, or retry it",
}


@dataclass(frozen=True, slots=True)
class Header:
    """What stands above the tree. undo, more: arguments of the program."""

    name: str
    state: State
    word: str
    facts: tuple[str, ...]
    why: str
    next: str
    undo: str
    more: str


def header(rollout: Overview, revisions: str, now: float) -> Header:
    """Return the head of a Rollout; `revisions` says which versions there are."""
    name = rollout.ref.name
    return Header(
        name=name,
        state=rollout.state,
        word=rollout.word,
        facts=tuple(fact for fact in (*rollout.progress, revisions) if fact),
        why=rollout.why,
        next=_next(rollout, now),
        undo=undo_of(rollout),
        more=f"rollout explain {name}",
    )


def undo_of(rollout: Overview) -> str:
    """Return the arguments that undo what is under way, empty when there is nothing to undo."""
    status, name = rollout.status, rollout.ref.name
    if status is None or status.stage.phase in {Phase.HEALTHY, Phase.ROLLING_BACK}:
        return ""
    if status.stage.phase is Phase.ROLLED_BACK:
        return f"rollout retry {name}"
    return "" if status.stage.phase is Phase.REVERTING else f"rollout abort {name}"


def _next(rollout: Overview, now: float) -> str:
    status = rollout.status
    if status is None:
        return "check that the operator runs: sluice check"
    if status.paused_since is not None:
        since = format_instant(status.paused_since)
        return f"time stands still since {since}; resume goes on"
    sentence = NEXT[status.stage]
    if status.next_at is None:
        return sentence
    moment = until(status.next_at, now)
    return f"{sentence}, at the earliest {moment} ({format_instant(status.next_at)})"
