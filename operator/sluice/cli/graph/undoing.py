"""What `down` would undo: which versions, in which order, and what keeps them; pure."""

from dataclasses import replace

from sluice.cli.graph.versions import meant
from sluice.cli.graph.words import Answer, Word, asked, hindered
from sluice.cli.orders import Already, Refused
from sluice.model.conditions import STALLED
from sluice.model.reasons import Reason
from sluice.model.references import DAEMONSETS, JOBS
from sluice.startup.init.checksum import shown
from sluice.startup.init.commands import ALL, Verb
from sluice.startup.init.lock import Standing, holder_of
from sluice.startup.init.record import Entry
from sluice.startup.init.resolving import answer, step_down
from sluice.startup.init.run import Direction, Result
from sluice.startup.init.situation import Situation
from sluice.startup.init.states import State
from sluice.startup.scene import InitScene, Scene

_RESOLVED_FIRST = frozenset({State.DIRTY, State.MISMATCH, State.FAILED})


def down(scene: Scene, one: InitScene, to: str) -> Answer:
    """Return the word that undoes what came after a version, or everything; or why there is none.

    to: the version that is kept; empty for none.
    """
    situation = replace(one.situation, command=None)
    refused = hindered(situation) or _unresolved(situation) or _stopped(scene)
    if refused is not None:
        return refused
    of = meant(to, (entry.run.version for entry in situation.record.entries)) if to else ALL
    wish = asked(situation, Verb.DOWN, of)
    if of != ALL and situation.record.entry(of) is None:
        return Refused(answer(wish), f"sluice graph history {situation.graph.name} {one.name}")
    going = _going(situation, of)
    if not going:
        kept = f"above version {shown(of)} " if to else ""
        return Already(f"nothing {kept}is in effect")
    if situation.running_children:
        return _running(scene, one, going)
    bare = next((e for e in going if step_down(situation, e.run.version) is None), None)
    if bare is not None:
        return _without_step(going, bare)
    return Word(Verb.DOWN, of, _effect(situation, going), _versions(going), _remark(wish))


def _unresolved(situation: Situation) -> Refused | None:
    state, graph, name = situation.status.state, situation.graph.name, situation.init.node
    if state not in _RESOLVED_FIRST:
        return None
    return Refused(
        f"{name} is {state}: nothing is undone on top of that",
        f"resolve it first: sluice graph explain {graph} {name} tells how",
    )


def _stopped(scene: Scene) -> Refused | None:
    """Return why no Job is made; which hosts gates may ask, and so faults, the operator knows."""
    graph = scene.own.meta.ref.name
    for one in scene.status.conditions:
        if (one.type, one.reason) == (STALLED, Reason.INVALID_GRAPH):
            return Refused(f"graph {graph} cannot be carried out: {one.message}", "correct it")
    if scene.own.spec.suspend:
        fix = f"sluice graph resume {graph}"
        return Refused(f"graph {graph} is suspended, so no Job is made", fix)
    return None


def _going(situation: Situation, of: str) -> tuple[Entry, ...]:
    """Return what is undone, the latest first."""
    kept = situation.record.entry(of)
    floor = 0 if kept is None else kept.order
    # One whose undoing failed, and may run again, comes first whatever was asked.
    begun = [one for one in reversed(situation.record.entries) if _is_begun(one)]
    above = [
        one
        for one in reversed(situation.record.entries)
        if one.order > floor and one.in_effect and one not in begun
    ]
    return (*begun, *above)


def _is_begun(entry: Entry) -> bool:
    return entry.result is Result.REOPENED and entry.run.direction is Direction.DOWN


def _versions(going: tuple[Entry, ...]) -> tuple[str, ...]:
    return tuple(entry.run.version for entry in going)


def _effect(situation: Situation, going: tuple[Entry, ...]) -> str:
    versions = ", then ".join(shown(version) for version in _versions(going))
    effect = f"undo version {versions}"
    asks = situation.init.version
    if asks in _versions(going):
        return f"{effect}; version {shown(asks)} is not applied again before resolve --rerun"
    known = situation.known
    if known is None:
        return f"{effect}; then version {shown(asks)} is applied, for which the graph asks"
    return effect


def _running(scene: Scene, one: InitScene, going: tuple[Entry, ...]) -> Refused:
    names = one.situation.running_children
    first = shown(going[0].run.version)
    stop = "; ".join(_stop(scene, name) for name in names)
    return Refused(f"version {first} stays while what needs it runs: {', '.join(names)}", stop)


def _stop(scene: Scene, child: str) -> str:
    """Return the command that stops a workload; a run under way is waited for."""
    node = scene.nodes.get(child)
    if node is None:
        graph = scene.own.meta.ref.name
        return f"wait for the end of {child}: sluice graph explain {graph} {child}"
    resource, name = node.node.resource, node.node.workload
    where = f"{resource.kind.lower()} {name} -n {node.namespace}"
    if resource in {JOBS, DAEMONSETS}:
        return f"kubectl delete {where}"
    return f"kubectl scale {where} --replicas=0"


def _without_step(going: tuple[Entry, ...], bare: Entry) -> Refused:
    version, above = shown(bare.run.version), going[: going.index(bare)]
    sentence = f"version {version} stays: it has no step that undoes it (init.down)"
    if above:
        later = ", ".join(shown(entry.run.version) for entry in above)
        return Refused(sentence, f"--to {version} undoes only what came after it: {later}")
    return Refused(sentence, "write init.down of that version, or undo it by hand")


def _remark(wish: Situation) -> str:
    """Return what it has to wait for."""
    lease, job = wish.lease, wish.job_of(wish.wanted)
    if lease is None or wish.lock(job) is not Standing.TAKEN:
        return ""
    holder = holder_of(lease)
    return f"it waits for lock {wish.init.lock}, which Job {holder.job} of {holder.node} has"
