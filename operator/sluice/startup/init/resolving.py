"""What a person's word changes: a failed run, a half-done version, a job that does not match.

Every answer goes through the record, with the name of who gave it: what is not written there would
be forgotten with the graph.
"""

from dataclasses import replace

from sluice.model.fields import InvalidSpecError
from sluice.model.json import Body, MalformedError
from sluice.startup.init.checksum import short, shown
from sluice.startup.init.commands import ALL, Verb
from sluice.startup.init.run import Direction, Outcome, Result, Run
from sluice.startup.init.situation import Situation
from sluice.startup.init.states import State
from sluice.startup.init.status import InitStatus
from sluice.startup.init.step import Step, read_step


def subject(situation: Situation) -> str:
    """Return what a command has to name to resolve the state; empty if there is nothing to say."""
    match situation.status.state:
        case State.MISMATCH:
            return short(situation.init.checksum)
        case State.DIRTY | State.FAILED:
            return situation.status.job
        case _:
            undone = situation.known
            return undone.job if undone and undone.result is Result.UNDONE else ""


def resolved(situation: Situation) -> InitStatus | None:
    """Return what is to be recorded by a command; None without one that fits."""
    command = situation.command
    if command is None or command.of != subject(situation):
        return None
    match situation.status.state:
        case State.MISMATCH:
            found = _matched(situation, command.verb)
        case State.DIRTY | State.FAILED:
            found = _mended(situation, command.verb)
        case _:
            found = _allowed(situation, command.verb)
    if found is None:
        return None
    run, outcome, job, uid = found
    return replace(
        situation.status,
        run=run,
        outcome=replace(outcome, by=command.by, ended=situation.now),
        job=job,
        uid=uid,
        consumed=command.text,
    )


def _matched(situation: Situation, verb: Verb) -> tuple[Run, Outcome, str, str] | None:
    """The changed job counts as done, or may run as well."""
    result = {
        Verb.ACCEPT: Result.COMPLETE,
        Verb.APPLIED: Result.COMPLETE,
        Verb.RERUN: Result.REOPENED,
    }.get(verb)
    if result is None:
        return None
    status, init, known = situation.status, situation.init, situation.known
    number = known.run.number if known else 0
    run = Run(init.lock, init.version, init.checksum, Direction.UP, number)
    return run, Outcome(result, situation.now), status.job, status.uid


def _mended(situation: Situation, verb: Verb) -> tuple[Run, Outcome, str, str] | None:
    """What failed was done by hand, or may run again."""
    status = situation.status
    if status.run is None or status.outcome is None:
        return None
    done = Result.UNDONE if status.run.direction is Direction.DOWN else Result.COMPLETE
    result = {Verb.APPLIED: done, Verb.RERUN: Result.REOPENED}.get(verb)
    if result is None:
        return None
    return status.run, replace(status.outcome, result=result), status.job, status.uid


def _allowed(situation: Situation, verb: Verb) -> tuple[Run, Outcome, str, str] | None:
    """What was undone may be applied again."""
    entry = situation.known
    if entry is None or verb is not Verb.RERUN:
        return None
    run = replace(entry.run, direction=Direction.UP)
    return run, replace(entry.outcome, result=Result.REOPENED), entry.job, entry.uid


def answer(situation: Situation) -> str:
    """Return why a wish to undo is done with or refused; empty if it is none, or can be met."""
    command = situation.command
    if command is None or command.verb is not Verb.DOWN:
        return ""
    if command.of != ALL and situation.record.entry(command.of) is None:
        have = ", ".join(shown(one.run.version) for one in situation.record.entries) or "nothing"
        return f"version {command.of} is not in the record, which has {have}"
    if situation.undoing is None:
        return f"nothing above version {command.of} is in effect"
    return refusal(situation)


def refusal(situation: Situation) -> str:
    """Return why the version that is to be undone cannot be, empty if it can or there is none."""
    entry = situation.undoing
    if entry is None:
        return ""
    version = shown(entry.run.version)
    if situation.running_children:
        running = ", ".join(situation.running_children)
        return f"version {version} stays: stop {running} first, and ask again"
    if step_down(situation, entry.run.version) is None:
        return f"version {version} stays: it has no step that undoes it (init.down)"
    return ""


def step_down(situation: Situation, version: str) -> Step | None:
    """Return what undoes a version; None if there is nothing that can be carried out.

    The graph speaks of the version that it asks for; of older ones, what the record kept does.
    """
    if version == situation.init.version:
        return situation.init.down
    entry = situation.record.entry(version)
    kept = entry.down if entry else None
    try:
        return read_step(Body(kept, "down")) if kept else None
    except (InvalidSpecError, MalformedError):
        return None
