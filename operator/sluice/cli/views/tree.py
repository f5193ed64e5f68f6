"""The tree of a rollout: which version runs where, how ready it is, and how it is judged."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sluice.analysis.verdict import Verdict
from sluice.cli.views.family import Family
from sluice.cli.views.glyphs import Glyphs
from sluice.cli.views.overview import Overview
from sluice.cli.views.states import State
from sluice.model import names
from sluice.model.cluster import Deployment, Pod, ReplicaSet
from sluice.model.scalars import format_percent
from sluice.rollout.status import SloResult

# More pods of one ReplicaSet than this push the rest off the screen: those in trouble go first.
_MOST_PODS = 8


@dataclass(frozen=True, slots=True)
class Node:
    """One object of the tree. since: seconds since the epoch, from which its age counts."""

    symbol: str
    name: str
    kind: str = ""
    state: State | None = None
    word: str = ""
    since: float | None = None
    remark: str = ""
    children: tuple["Node", ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """A node on its line; guide: the lines that lead to it."""

    guide: str
    node: Node


def rows(root: Node, glyphs: Glyphs) -> tuple[Row, ...]:
    """Return the lines of a tree from top to bottom."""
    return (Row("", root), *_below(root, "", glyphs))


def _below(node: Node, lead: str, glyphs: Glyphs) -> Iterator[Row]:
    for child in node.children:
        last = child is node.children[-1]
        yield Row(lead + (glyphs.last_branch if last else glyphs.branch), child)
        yield from _below(child, lead + (glyphs.gap if last else glyphs.trunk), glyphs)


def tree(family: Family, glyphs: Glyphs) -> Node:
    """Return the tree of a Rollout."""
    rollout = family.rollout
    return Node(
        symbol=glyphs.rollout,
        name=rollout.ref.name,
        kind="Rollout",
        state=rollout.state,
        word=rollout.word,
        since=rollout.created,
        children=(
            *(_canary(family, deployment, glyphs) for deployment in family.canaries),
            *(_target(family, family.target, glyphs) if family.target else ()),
        ),
    )


def _canary(family: Family, deployment: Deployment, glyphs: Glyphs) -> Node:
    revision = deployment.meta.labels.get(names.REVISION_LABEL, "")
    name = f"{revision} ({_role(family.rollout, revision)})"
    node = _revision(family, name, family.sets_of(deployment), glyphs)
    judged = (_slo(result, glyphs) for result in _judged(family.rollout, revision))
    return replace(node, children=(*node.children, *judged))


def _role(rollout: Overview, revision: str) -> str:
    rejected = rollout.status.rejected if rollout.status else None
    return "rejected" if rejected is not None and rejected.revision == revision else "canary"


def _judged(rollout: Overview, revision: str) -> tuple[SloResult, ...]:
    status = rollout.status
    return status.slos if status is not None and status.canary.revision == revision else ()


def _target(family: Family, target: Deployment, glyphs: Glyphs) -> Iterator[Node]:
    """While a version is promoted, the user's Deployment runs two; the new one first."""
    status = family.rollout.status
    promoted = status.promoted_replica_set if status else ""
    stable = status.stable.revision if status else ""
    sets = family.sets_of(target)
    new = tuple(item for item in sets if item.meta.ref.name == promoted)
    if status is not None and new:
        yield _revision(family, f"{status.canary.revision} (promoted)", new, glyphs)
    rest = tuple(item for item in sets if item not in new)
    if rest or not new:
        held = target.meta.annotations.get(names.HELD, "")
        node = _revision(family, f"{stable or 'unknown'} (stable)", rest, glyphs)
        yield replace(node, remark=f"version {held} is held back") if held else node


def _revision(family: Family, name: str, sets: tuple[ReplicaSet, ...], glyphs: Glyphs) -> Node:
    return Node(
        symbol=glyphs.revision,
        name=f"revision {name}",
        remark="" if sets else "no pods",
        children=tuple(_replica_set(family, item, glyphs) for item in sets),
    )


def _replica_set(family: Family, replica_set: ReplicaSet, glyphs: Glyphs) -> Node:
    ready, asked = replica_set.ready_replicas, replica_set.replicas
    full = ready == asked == replica_set.total_replicas
    return Node(
        symbol=glyphs.replica_set,
        name=replica_set.meta.ref.name,
        kind="ReplicaSet",
        state=State.HEALTHY if full else State.PROGRESSING,
        word="Full" if full else "Scaling",
        since=replica_set.meta.created,
        remark=f"{ready}/{asked} ready",
        children=_pods(family.pods_of(replica_set), glyphs),
    )


def _pods(pods: tuple[Pod, ...], glyphs: Glyphs) -> tuple[Node, ...]:
    nodes = sorted((_pod(pod, glyphs) for pod in pods), key=lambda node: node.word == "Ready")
    shown, rest = nodes[:_MOST_PODS], nodes[_MOST_PODS:]
    if not rest:
        return tuple(shown)
    ready = sum(node.word == "Ready" for node in rest)
    return (*shown, Node(glyphs.pod, f"and {len(rest)} more, {ready} of them ready"))


def _pod(pod: Pod, glyphs: Glyphs) -> Node:
    state, word = _condition(pod)
    last = max(pod.crashes, key=lambda crash: crash.finished, default=None)
    remark = "" if last is None else f"{last.count} restarts, last exit {last.exit_code}"
    return Node(glyphs.pod, pod.meta.ref.name, "Pod", state, word, pod.meta.created, remark)


def _condition(pod: Pod) -> tuple[State, str]:
    if pod.meta.deleting:
        return State.PROGRESSING, "Terminating"
    if pod.ready:
        return State.HEALTHY, "Ready"
    if pod.crashes:
        return State.DEGRADED, "Crashing"
    return State.PROGRESSING, "NotReady" if pod.phase == "Running" else pod.phase


_OF_VERDICT = {
    Verdict.OUTAGE: State.DEGRADED,
    Verdict.SILENCE: State.DEGRADED,
    Verdict.HARM: State.DEGRADED,
    Verdict.PROVEN: State.HEALTHY,
    Verdict.ENVIRONMENT: State.UNKNOWN,
    Verdict.NO_DATA: State.UNKNOWN,
    Verdict.OPEN: State.PROGRESSING,
}


def _slo(result: SloResult, glyphs: Glyphs) -> Node:
    state = next((s for verdict, s in _OF_VERDICT.items() if verdict == result.verdict), None)
    return Node(
        symbol=glyphs.analysis,
        name=result.slo,
        kind="Analysis",
        state=state or State.UNKNOWN,
        word=result.verdict or "NotJudged",
        remark=slo_sentence(result),
    )


def slo_sentence(result: SloResult) -> str:
    """Return what was counted for an SLO: both versions, the evidence of harm and its limit."""
    canary = _counts(result.canary_bad, result.canary_total)
    stable = _counts(result.stable_bad, result.stable_total)
    parts = [f"canary {canary}", f"stable {stable}"]
    parts.append(f"harm {result.evidence:.3g} of {result.limit:.3g}")
    if not result.critical:
        parts.append("not critical")
    if result.note:
        parts.append(result.note)
    return ", ".join(parts)


def _counts(bad: float, total: float) -> str:
    if total <= 0:
        return "no requests"
    return f"{bad:.0f} of {total:.0f} bad ({format_percent(bad / total)})"


def heading_revisions(rollout: Overview, glyphs: Glyphs) -> str:
    """Return «canary X ← stable Y», or the stable version alone."""
    status = rollout.status
    if status is None:
        return ""
    stable = f"stable {status.stable.revision or 'unknown'}"
    canary = status.canary.revision
    return f"canary {canary} {glyphs.arrow} {stable}" if canary else stable
