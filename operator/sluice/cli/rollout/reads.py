"""What `list`, `get` and `history` do: read, show, change nothing."""

import json
from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.live import Live

from sluice.adapters.clock import Clock
from sluice.cli.cluster import Cluster
from sluice.cli.exits import CommandError, Exit
from sluice.cli.mirror import Mirror
from sluice.cli.options import Output
from sluice.cli.render import drawn_header, drawn_hints, drawn_table, drawn_tree
from sluice.cli.rollout import find
from sluice.cli.terminal import Terminal
from sluice.cli.views.family import Family, family_of
from sluice.cli.views.glyphs import Glyphs
from sluice.cli.views.header import header
from sluice.cli.views.line import one_line
from sluice.cli.views.overview import Overview
from sluice.cli.views.tables import history, listing
from sluice.cli.views.tree import heading_revisions, rows, tree
from sluice.model.cluster import Deployment, Pod, ReplicaSet
from sluice.model.json import Body, JsonObject
from sluice.model.references import DEPLOYMENTS, PODS, REPLICASETS, ROLLOUTS, ObjectRef
from sluice.model.scalars import format_instant

_FAMILY = (ROLLOUTS, DEPLOYMENTS, REPLICASETS, PODS)
_CLOCK_SECONDS = 1.0


async def show_list(
    cluster: Cluster, namespace: str | None, terminal: Terminal, output: Output, now: float
) -> None:
    """Show the Rollouts of a namespace, or of all."""
    found = await find.rollouts(cluster, namespace)
    if output is not Output.TABLE:
        terminal.write(_as_list(found), output)
        return
    if not found:
        where = f"in namespace {namespace}" if namespace else "in any namespace"
        terminal.say(f"no Rollouts {where}; a first one: kubectl apply -f rollout.yaml")
        return
    table = listing(found, now, namespaces=namespace is None)
    terminal.show(drawn_table(table, terminal.glyphs))


async def show_history(
    cluster: Cluster, ref: ObjectRef, terminal: Terminal, output: Output, now: float
) -> None:
    """Show the past rollouts of one Rollout, the latest first."""
    found = await find.rollout(cluster, ref.namespace, ref.name)
    if output is not Output.TABLE:
        written = Body(found.body).json("status", "history")
        terminal.write({"history": written or ()}, output)
        return
    entries = found.status.history if found.status else ()
    if not entries:
        terminal.say(f"no rollout of {ref.name} has ended yet")
        return
    terminal.show(drawn_table(history(entries, now), terminal.glyphs))


async def show_one(
    cluster: Cluster, ref: ObjectRef, terminal: Terminal, output: Output, now: float
) -> None:
    """Show one Rollout with its tree."""
    found = await find.rollout(cluster, ref.namespace, ref.name)
    if output is not Output.TABLE:
        terminal.write(found.body, output)
        return
    near = await find.family(cluster, found)
    terminal.show(picture(near, now, terminal.program, terminal.glyphs))


async def follow_one(
    cluster: Cluster, ref: ObjectRef, terminal: Terminal, output: Output, clock: Clock
) -> None:
    """Show one Rollout until it is deleted or the person has seen enough."""
    await find.rollout(cluster, ref.namespace, ref.name)
    if output is Output.TABLE and terminal.redraws:
        await _redraw(cluster, ref, terminal, clock)
    else:
        await _append(cluster, ref, terminal, output, clock)


async def _redraw(cluster: Cluster, ref: ObjectRef, terminal: Terminal, clock: Clock) -> None:
    mirror = Mirror(cluster, ref.namespace, _FAMILY)
    with Live(console=terminal.out, auto_refresh=False, transient=False) as live:
        async for _ in mirror.changes(_CLOCK_SECONDS):
            near = _mirrored_family(mirror, ref)
            live.update(picture(near, clock.now(), terminal.program, terminal.glyphs), refresh=True)


async def _append(
    cluster: Cluster, ref: ObjectRef, terminal: Terminal, output: Output, clock: Clock
) -> None:
    mirror = Mirror(cluster, ref.namespace, (ROLLOUTS,))
    before = ""
    async for _ in mirror.changes():
        found = _mirrored(mirror, ref)
        line = _changed_line(found, output, terminal.glyphs)
        if line != before:
            moment = "" if output is not Output.TABLE else f"{format_instant(clock.now())}  "
            terminal.out.file.write(f"{moment}{line}\n")
            terminal.out.file.flush()
        before = line


def _changed_line(found: Overview, output: Output, glyphs: Glyphs) -> str:
    if output is Output.TABLE:
        return one_line(found, glyphs)
    return json.dumps(found.body, ensure_ascii=False)


def picture(near: Family, now: float, program: str, glyphs: Glyphs) -> RenderableType:
    """Return head, tree and hints of a Rollout."""
    rollout = near.rollout
    head = header(rollout, heading_revisions(rollout, glyphs), now)
    return Group(
        drawn_header(head, glyphs),
        drawn_tree(rows(tree(near, glyphs), glyphs), now, glyphs),
        drawn_hints(head, program),
    )


def _mirrored(mirror: Mirror, ref: ObjectRef) -> Overview:
    body = mirror.objects(ROLLOUTS).get(ref.name)
    if body is None:
        raise CommandError(Exit.NOT_FOUND, f"{ref} was deleted")
    return Overview.from_body(body)


def _mirrored_family(mirror: Mirror, ref: ObjectRef) -> Family:
    return family_of(
        _mirrored(mirror, ref),
        [Deployment.from_body(Body(b)) for b in mirror.objects(DEPLOYMENTS).values()],
        [ReplicaSet.from_body(Body(b)) for b in mirror.objects(REPLICASETS).values()],
        [Pod.from_body(Body(b)) for b in mirror.objects(PODS).values()],
    )


def _as_list(found: Iterable[Overview]) -> JsonObject:
    ordered = sorted(found, key=lambda rollout: rollout.ref)
    return {"apiVersion": "v1", "kind": "List", "items": [rollout.body for rollout in ordered]}
