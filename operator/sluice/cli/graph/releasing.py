"""What `release` does: a mark on a held workload by which it starts without its parents."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sluice.adapters.clock import SystemClock
from sluice.adapters.failures import ConflictError
from sluice.cli.cluster import Cluster, annotating
from sluice.cli.confirming import confirm
from sluice.cli.exits import CommandError, Exit
from sluice.cli.graph import find
from sluice.cli.graph.amounts import named
from sluice.cli.terminal import Terminal
from sluice.model.fields import InvalidSpecError
from sluice.model.holds import Holder, holders_of
from sluice.model.json import Body, MalformedError
from sluice.model.names import BYPASS
from sluice.model.plan import Operation
from sluice.model.references import ObjectRef
from sluice.startup.edges import unmet
from sluice.startup.scene import NodeScene, Scene
from sluice.startup.states import BEFORE_RELEASE
from sluice.startup.workload import Workload, is_bypassed, is_held

# Controllers write the status of a workload while a person reads.
_ATTEMPTS: Final = 5


@dataclass(frozen=True, slots=True)
class Consent:
    """How far the person has gone. confirmed: --yes was given."""

    confirmed: bool
    dry_run: bool


@dataclass(frozen=True, slots=True)
class Order:
    """A release that makes sense now.

    skipped: the edges that are not waited for, with the states of their parents. others: who
    holds the workload besides the graph.
    """

    workload: ObjectRef
    uid: str
    skipped: Mapping[str, str]
    others: tuple[str, ...]

    def covers(self, now: "Order | None") -> bool:
        """Whether who agreed to this one agrees to what it is now: no further parent is skipped."""
        return now is not None and now.uid == self.uid and now.skipped.keys() <= self.skipped.keys()

    @property
    def effect(self) -> str:
        """What follows, to be read after «will»."""
        missing = ", ".join(f"{edge} (it is {state})" for edge, state in self.skipped.items())
        skipped = f"without waiting for {missing}" if missing else "at once; no parent is missing"
        others = f"; it stays held by {', '.join(self.others)}" if self.others else ""
        return f"let {self.workload} start {skipped}{others}"


async def release(
    cluster: Cluster, ref: ObjectRef, node: str, consent: Consent, terminal: Terminal
) -> None:
    """Let one node start without its parents; CommandError if it is not held."""
    await find.graph(cluster, ref)
    order = await _decided(cluster, ref, node)
    if order is None:
        terminal.say(f"nothing to do: {node} is being released already")
        return
    if not (consent.dry_run or consent.confirmed):
        confirm(f"Node {node} of {ref}", order.effect, terminal)
    await _write(cluster, ref, node, order, consent)
    if consent.dry_run:
        terminal.say(f"dry run, nothing is written; it would {order.effect}")
        return
    kind, name = order.workload.resource.kind.lower(), order.workload.name
    where = f"-n {order.workload.namespace}"
    terminal.say(f"ordered: {order.effect}")
    terminal.say(f"undo: kubectl annotate {kind} {name} {where} {BYPASS}-, while it is still held")
    terminal.say(f"next: {terminal.program} graph explain {ref.name} {node}")


async def _decided(cluster: Cluster, ref: ObjectRef, node: str) -> Order | None:
    try:
        scene = await find.scene(cluster, ref, SystemClock())
    except (InvalidSpecError, MalformedError) as error:
        raise find.unreadable(ref, error) from error
    if node in scene.inits:
        sentence = f"node {node} runs once, as a Job that Sluice makes: there is nothing to release"
        fix = f"sluice graph explain {ref.name} {node} tells what it waits for"
        raise CommandError(Exit.NEGATIVE, sentence, fix)
    if node not in scene.nodes:
        raise find.no_node(ref, node, scene.nodes)
    return decide(scene, scene.nodes[node])


def decide(scene: Scene, node: NodeScene) -> Order | None:
    """Return the order that makes sense now, None if it is given; CommandError if there is none."""
    workload, state = node.workload, node.status.state
    if workload is None:
        why = node.labels_fault or "does not exist"
        sentence = f"node {node.name} is not held: {named(node)} {why}"
        raise CommandError(Exit.NEGATIVE, sentence, "admission holds by its labels what is created")
    if not is_held(workload, node.pods):
        sentence = f"node {node.name} is {state}: its graph does not hold {named(node)}"
        graph = scene.own.meta.ref.name
        raise CommandError(Exit.NEGATIVE, sentence, f"sluice graph explain {graph} {node.name}")
    if is_bypassed(workload) or state not in BEFORE_RELEASE:
        return None
    return _order(scene, node, workload)


def _order(scene: Scene, node: NodeScene, workload: Workload) -> Order:
    other = workload.meta.annotations.get(BYPASS)
    if other:
        sentence = f"{named(node)} carries {BYPASS}: {other}, which is an answer to its Rollout"
        raise CommandError(Exit.NEGATIVE, sentence, "remove that annotation, then repeat")
    skipped = {str(one): str(one.state) for one in unmet(scene, node)}
    others = tuple(name for name in holders_of(workload.meta) if name != Holder.STARTUP)
    return Order(workload.meta.ref, workload.meta.uid, skipped, others)


async def _write(
    cluster: Cluster, ref: ObjectRef, node: str, order: Order, consent: Consent
) -> None:
    """Write on the newest version, as long as it is the situation that the person agreed to."""
    for _ in range(_ATTEMPTS):
        body = await cluster.get(order.workload)
        now = await _decided(cluster, ref, node)
        if not order.covers(now):
            sentence = f"node {node} of {ref} changed meanwhile"
            raise CommandError(Exit.CONFLICT, sentence, "look again, then repeat the command")
        version = Body(body).text("metadata", "resourceVersion")
        operations = [
            Operation("replace", "/metadata/resourceVersion", version),
            *annotating(body, ("metadata",), BYPASS, Holder.STARTUP),
        ]
        write = cluster.try_patch if consent.dry_run else cluster.patch
        try:
            await write(order.workload, operations)
        except ConflictError:
            continue
        return
    sentence = f"{order.workload} changed {_ATTEMPTS} times while the mark was written"
    raise CommandError(Exit.CONFLICT, sentence, "repeat the command")
