"""The tree of a rollout: which version runs where, how ready it is, and how it is judged."""

from collections.abc import Iterator
from dataclasses import dataclass

from sluice.analysis.verdict import Verdict
from sluice.cli.views.family import Family
from sluice.cli.views.glyphs import Glyphs
from sluice.cli.views.overview import Overview, State
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
            *((_stable(family, family.target, glyphs),) if family.target else ()),
        ),
    )


def _canary(family: Family, deployment: Deployment, glyphs: Glyphs) -> Node:
    revision = deployment.meta.labels.get(names.REVISION_LABEL, "")
    status = family.rollout.status
    rejected = status is not None and status.rejected is not None
    is_rejected = rejected and status.rejected.revision == revision  # type: ignore[union-attr]
    current = status is not None and status.canary.revision == revision
    sets = (_replica_set(family, s, glyphs) for s in family.sets_of(deployment))
    judged = status.slos if status is not None and current else ()
    return Node(
        symbol=glyphs.revision,
        name=f"revision {revision} ({'rejected' if is_rejected else 'canary'})",
        children=(*sets, *(_slo(result, glyphs) for result in judged)),
    )


def _stable(family: Family, target: Deployment, glyphs: Glyphs) -> Node:
    status = family.rollout.status
    revision = status.stable.revision if status else ""
    held = target.meta.annotations.get(names.HELD, "")
    return Node(
        symbol=glyphs.revision,
        name=f"revision {revision or 'unknown'} (stable)",
        remark=f"version {held} is held back" if held else "",
        children=tuple(_replica_set(family, s, glyphs) for s in family.sets_of(target)),
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
