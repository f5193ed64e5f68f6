"""What `suspend` and `resume` do: write spec.suspend, and say what that does and does not do."""

from typing import Final

from sluice.cli.cluster import Cluster
from sluice.cli.graph import find
from sluice.cli.terminal import Terminal
from sluice.model.plan import Operation
from sluice.model.references import ObjectRef

_EFFECTS: Final = {
    True: (
        "release no further node; what has been released goes on, with its gates and time "
        "limits, and release still lets single nodes start"
    ),
    False: "release nodes again, each when its parents are satisfied",
}


async def suspend(
    cluster: Cluster, ref: ObjectRef, terminal: Terminal, *, suspended: bool, dry_run: bool
) -> None:
    """Suspend a graph, or have it go on."""
    graph = await find.graph(cluster, ref)
    if graph.suspended is suspended:
        terminal.say(f"nothing to do: {ref.name} is {'' if suspended else 'not '}suspended")
        return
    operations = (Operation("add", "/spec/suspend", suspended),)
    effect = _EFFECTS[suspended]
    if dry_run:
        await cluster.try_patch(ref, operations)
        terminal.say(f"dry run, nothing is written; it would {effect}")
        return
    await cluster.patch(ref, operations)
    undo = "resume" if suspended else "suspend"
    terminal.say(f"ordered: {effect}")
    terminal.say(f"undo: {terminal.program} graph {undo} {ref.name}")
    terminal.say(f"next: {terminal.program} graph get {ref.name}")
