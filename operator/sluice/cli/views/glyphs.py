"""Symbols beside words: a state is never told by colour alone, nor by a symbol alone."""

from collections.abc import Mapping
from dataclasses import dataclass

from sluice.cli.views.states import State


@dataclass(frozen=True, slots=True)
class Glyphs:
    """One set of symbols; every one of them has a word beside it wherever it is shown."""

    states: Mapping[State, str]
    passed: str
    failed: str
    skipped: str
    warned: str
    rollout: str
    revision: str
    replica_set: str
    pod: str
    analysis: str
    branch: str
    last_branch: str
    trunk: str
    gap: str
    arrow: str


UNICODE = Glyphs(
    states={
        State.HEALTHY: "✔",
        State.PROGRESSING: "◌",
        State.PAUSED: "⏸",
        State.DEGRADED: "✗",
        State.UNKNOWN: "?",
    },
    passed="✔",
    failed="✗",
    skipped="\N{EN DASH}",
    warned="⚠",
    rollout="⟳",
    revision="#",
    replica_set="⧉",
    pod="□",
    analysis="\N{GREEK SMALL LETTER ALPHA}",
    branch="├─",
    last_branch="└─",
    trunk="│  ",
    gap="   ",
    arrow="←",
)

ASCII = Glyphs(
    states={
        State.HEALTHY: "+",
        State.PROGRESSING: "o",
        State.PAUSED: "=",
        State.DEGRADED: "x",
        State.UNKNOWN: "?",
    },
    passed="+",
    failed="x",
    skipped="-",
    warned="!",
    rollout="@",
    revision="#",
    replica_set="%",
    pod=".",
    analysis="a",
    branch="|-",
    last_branch="`-",
    trunk="|  ",
    gap="   ",
    arrow="<-",
)
