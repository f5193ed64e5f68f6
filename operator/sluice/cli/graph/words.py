"""What a person may say about a node that runs once, in which situation, and what it means: pure.

Whether a word fits is asked of the functions by which the operator takes it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from sluice.cli.orders import Already, Refused
from sluice.model.names import RESOLVE_PREFIX
from sluice.startup.init.checksum import shown
from sluice.startup.init.commands import Command, Verb, command_of
from sluice.startup.init.events import verdict
from sluice.startup.init.resolving import resolved, subject
from sluice.startup.init.run import Direction
from sluice.startup.init.situation import Situation
from sluice.startup.init.states import UNDER_WAY, State
from sluice.startup.init.stays import Stay

# Nobody's name and number: to ask whether a word would fit.
_ASKING: Final = ("nobody", "0")
_OPTIONS: Final[Mapping[Verb, str]] = {
    Verb.APPLIED: "--applied",
    Verb.RERUN: "--rerun",
    Verb.ACCEPT: "--accept",
}


@dataclass(frozen=True, slots=True)
class Word:
    """A command that makes sense now.

    of: what it is about, as the operator compares it. effect: what follows, to be read after
    «will». versions: those that are undone, in order. remark: what keeps it waiting, if anything.
    """

    verb: Verb
    of: str
    effect: str
    versions: tuple[str, ...] = ()
    remark: str = ""

    @property
    def agreed(self) -> tuple[str, tuple[str, ...]]:
        """What a person agrees to: about what it is, and what is undone."""
        return self.of, self.versions

    def annotation(self, node: str, by: str, nonce: str) -> tuple[str, str] | None:
        """Return the annotation that says it; None if that name cannot stand in one."""
        key, text = f"{RESOLVE_PREFIX}{node}", f"{self.verb} {self.of} {by}#{nonce}"
        said = command_of({key: text}, node, "")
        return (key, text) if said is not None and (said.of, said.by) == (self.of, by) else None


Answer: TypeAlias = Word | Already | Refused


def asked(situation: Situation, verb: Verb, of: str) -> Situation:
    """Return the situation in which somebody has said a word."""
    by, nonce = _ASKING
    command = Command(verb, of, by, f"{verb} {of} {by}#{nonce}")
    return replace(situation, command=command)


def hindered(situation: Situation) -> Refused | None:
    """Return why no word of anybody is taken now."""
    name, graph = situation.init.node, situation.graph.name
    if situation.record.fault:
        return Refused(
            f"the record of {name} cannot be read: {situation.record.fault}",
            f"mend or delete that key of ConfigMap {situation.record.ref.name} first",
        )
    if situation.deleting:
        return Refused(f"graph {graph} is being deleted", "its record stays: sluice graph history")
    if situation.status.state in UNDER_WAY:
        return Refused(
            f"{name} is {situation.status.state}: Job {situation.status.job} is not recorded yet",
            f"wait for its end: sluice graph explain {graph} {name}",
        )
    return None


def resolve(situation: Situation, verb: Verb) -> Answer:
    """Return the word that resolves the state, or why there is none."""
    situation = replace(situation, command=None)
    refused = hindered(situation)
    if refused is not None:
        return refused
    of = subject(situation)
    fits = [one for one in _OPTIONS if of and resolved(asked(situation, one, of)) is not None]
    if not fits:
        return _nothing(situation)
    if verb not in fits:
        options = " or ".join(_OPTIONS[one] for one in fits)
        sentence = f"{_OPTIONS[verb]} does not fit: {_state(situation)}"
        return Refused(sentence, f"write {options}")
    return Word(verb, of, _effect(situation, verb))


def _nothing(situation: Situation) -> Refused:
    found, name = verdict(situation), situation.init.node
    explain = f"sluice graph explain {situation.graph.name} {name}"
    if isinstance(found, Stay):
        return Refused(f"there is nothing to resolve: {_state(situation)}", explain)
    sentence = f"the operator has not written yet that {found}; {name} is {situation.status.state}"
    return Refused(sentence, f"look again, then repeat the command: {explain}")


def _state(situation: Situation) -> str:
    """Return how the node is, and why."""
    found = verdict(situation)
    is_ = f"{situation.init.node} is {situation.status.state}"
    return f"{is_}, {found.why}" if isinstance(found, Stay) and found.why else is_


def _effect(situation: Situation, verb: Verb) -> str:
    state, run = situation.status.state, situation.status.run
    asks = situation.init.version
    if state is State.MISMATCH:
        if verb is Verb.RERUN:
            return f"run version {shown(asks)} again, with the job that the graph has now"
        of_now = "with the job that the graph has now; nothing runs"
        return f"have version {shown(asks)} count as complete {of_now}"
    if state not in {State.DIRTY, State.FAILED} or run is None:
        return f"apply version {shown(asks)}, which was undone, again"
    down, version = run.direction is Direction.DOWN, shown(run.version)
    if verb is Verb.RERUN:
        if down:
            return f"undo version {version} again, from the beginning"
        if run.version != asks:
            return f"have version {version} count as not applied; {_next_is(asks)}"
        return f"run version {version} again, from the beginning"
    after = "" if down or run.version == asks else f"; {_next_is(asks)}"
    return (
        f"have version {version} count as {'undone' if down else 'complete'}; nothing runs{after}"
    )


def _next_is(version: str) -> str:
    return f"then version {shown(version)} is next, for which the graph asks"
