"""What `resolve` and `down` do: say a word, wait until it is taken, tell what became of it."""

from dataclasses import replace

from sluice.cli.exits import CommandError, Exit
from sluice.cli.graph import find
from sluice.cli.graph.giving import Given, Matter, give, until
from sluice.cli.graph.releasing import Consent
from sluice.cli.graph.undoing import down
from sluice.cli.graph.words import asked, resolve
from sluice.cli.views.plain import plain
from sluice.model.references import ObjectRef
from sluice.startup.init.checksum import shown
from sluice.startup.init.commands import Verb
from sluice.startup.init.events import verdict
from sluice.startup.init.resolving import answer
from sluice.startup.init.run import Direction, Result
from sluice.startup.init.states import State
from sluice.startup.init.status import InitStatus
from sluice.startup.init.stays import Stay

_BROKEN = frozenset({State.DIRTY, State.FAILED})


async def resolve_node(matter: Matter, verb: Verb, consent: Consent, seconds: float) -> None:
    """Say that a version is done, or may run again; wait until the operator has recorded it."""
    given = await give(matter, lambda _, one: resolve(one.situation, verb), consent)
    if given is None:
        return

    def is_taken(status: InitStatus) -> bool:
        return status.consumed == given.text and status.state is not State.RECORDING

    status = await until(matter, given, is_taken, seconds)
    why, terminal = plain("; ".join(status.reasons)), matter.terminal
    terminal.say(f"taken: {matter.node} is {status.state}{': ' + why if why else ''}")
    terminal.say(f"next: {terminal.program} graph explain {matter.ref.name} {matter.node}")


async def undo_versions(matter: Matter, to: str, consent: Consent, seconds: float) -> None:
    """Undo what came after a version; wait for the end. to: the version that stays, or empty."""
    given = await give(matter, lambda scene, one: down(scene, one, to), consent)
    if given is None:
        return

    def is_over(status: InitStatus) -> bool:
        return status.consumed == given.text or status.state in _BROKEN

    status = await until(matter, given, is_over, seconds)
    if status.consumed != given.text:
        raise _failed(matter.ref, status)
    await _tell(matter, given)


def _failed(ref: ObjectRef, status: InitStatus) -> CommandError:
    run, outcome = status.run, status.outcome
    undoing = "undoing " if run and run.direction is Direction.DOWN else ""
    code = "without an exit code" if status.exit_code is None else f"exit code {status.exit_code}"
    said = f": {plain(outcome.said)}" if outcome and outcome.said else ""
    sentence = f"{undoing}version {shown(status.version)} is {status.state}, {code}{said}"
    told = f"sluice graph explain {ref.name} {status.name} tells how to resolve it; then repeat"
    return CommandError(Exit.NEGATIVE, sentence, told)


async def _tell(matter: Matter, given: Given) -> None:
    """Say what was undone; CommandError if some of it was not."""
    node, terminal = matter.node, matter.terminal
    _, one = await find.init(matter.cluster, matter.ref, node)
    record = one.situation.record
    entries = [(version, record.entry(version)) for version in given.word.versions]
    undone = [shown(v) for v, entry in entries if entry and entry.result is Result.UNDONE]
    if undone:
        terminal.say(f"undone: {', '.join(undone)}")
    if len(undone) < len(entries):
        wish = asked(replace(one.situation, command=None), Verb.DOWN, given.word.of)
        left = [shown(version) for version, _ in entries if shown(version) not in undone]
        sentence = answer(wish) or f"not undone: {', '.join(left)}"
        fix = f"{terminal.program} graph explain {matter.ref.name} {node}"
        raise CommandError(Exit.NEGATIVE, plain(sentence), fix)
    found = verdict(one.situation)
    if isinstance(found, Stay) and found.why:
        terminal.say(f"{node} is {one.situation.status.state}: {found.why}")
    terminal.say(f"next: {terminal.program} graph history {matter.ref.name} {node}")
