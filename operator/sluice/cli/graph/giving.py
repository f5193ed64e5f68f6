"""Saying a word about a node that runs once: ask, write one annotation, wait for the operator."""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, assert_never

from sluice.adapters.failures import ConflictError
from sluice.cli.cluster import Cluster, annotating
from sluice.cli.confirming import confirm
from sluice.cli.exits import CommandError, Exit
from sluice.cli.graph import find
from sluice.cli.graph.releasing import Consent
from sluice.cli.graph.words import Answer, Word
from sluice.cli.mirror import Mirror
from sluice.cli.orders import Already, Refused
from sluice.cli.terminal import Terminal
from sluice.cli.views.plain import plain
from sluice.model.json import Body, JsonObject
from sluice.model.plan import Operation
from sluice.model.references import STARTUPGRAPHS, ObjectRef
from sluice.model.scalars import format_duration
from sluice.startup.init.checksum import shown
from sluice.startup.init.status import InitStatus
from sluice.startup.scene import InitScene, Scene
from sluice.startup.status import GraphStatus

# The operator writes the status while a person reads.
_ATTEMPTS: Final = 5

Decide = Callable[[Scene, InitScene], Answer]


@dataclass(frozen=True, slots=True)
class Matter:
    """A node of a graph, where that is, and before whom something is said of it."""

    cluster: Cluster
    ref: ObjectRef
    node: str
    terminal: Terminal

    def __str__(self) -> str:
        return f"Node {self.node} of {self.ref}"


@dataclass(frozen=True, slots=True)
class Given:
    """A word that was written: where and as which text. status: of the node at that time."""

    word: Word
    key: str
    text: str
    status: InitStatus


async def give(matter: Matter, decide: Decide, consent: Consent) -> Given | None:
    """Write what `decide` says makes sense; None if nothing was left to say, or for trial."""
    ref, terminal = matter.ref, matter.terminal
    await find.graph(matter.cluster, ref)
    word = await _decided(matter, decide)
    if word is None:
        return None
    if word.remark:
        terminal.say(word.remark)
    if not (consent.dry_run or consent.confirmed):
        confirm(str(matter), word.effect, terminal)
    key, text = _signed(word, matter.node, await matter.cluster.username())
    given = Given(word, key, text, InitStatus(matter.node))
    given = await _write(matter, decide, given, dry_run=consent.dry_run)
    if consent.dry_run:
        terminal.say(f"dry run, nothing is written; it would {word.effect}")
        return None
    terminal.say(f"ordered: {word.effect}")
    undo = f"kubectl annotate startupgraph {ref.name} -n {ref.namespace} {given.key}-"
    terminal.say(f"undo: {undo}, while the operator has not taken it")
    return given


async def _decided(matter: Matter, decide: Decide) -> Word | None:
    answer = decide(*await find.init(matter.cluster, matter.ref, matter.node))
    match answer:
        case Word():
            return answer
        case Already(sentence):
            matter.terminal.say(f"nothing to do: {sentence}")
            return None
        case Refused(sentence, fix):
            raise CommandError(Exit.NEGATIVE, plain(sentence), fix)
    assert_never(answer)


def _signed(word: Word, node: str, by: str) -> tuple[str, str]:
    found = word.annotation(node, by, secrets.token_hex(4))
    if found is None:
        sentence = f"your name {by!r} does not fit a command, which has room for 128 characters"
        raise CommandError(Exit.NEGATIVE, sentence, "work as another user: --context")
    return found


async def _write(matter: Matter, decide: Decide, given: Given, *, dry_run: bool) -> Given:
    """Write on the newest version, as long as it is the situation that the person agreed to."""
    cluster, ref = matter.cluster, matter.ref
    for _ in range(_ATTEMPTS):
        scene, one = await find.init(cluster, ref, matter.node)
        now = decide(scene, one)
        if not isinstance(now, Word) or now.agreed != given.word.agreed:
            sentence = f"{matter} changed meanwhile"
            raise CommandError(Exit.CONFLICT, sentence, "look again, then repeat the command")
        meta = scene.own.meta
        notes: JsonObject = {"annotations": meta.annotations} if meta.annotations else {}
        operations = [
            Operation("replace", "/metadata/resourceVersion", meta.resource_version),
            *annotating({"metadata": notes}, ("metadata",), given.key, given.text),
        ]
        write = cluster.try_patch if dry_run else cluster.patch
        try:
            await write(ref, operations)
        except ConflictError:
            continue
        return replace(given, status=one.situation.status)
    sentence = f"{ref} changed {_ATTEMPTS} times while the command was written"
    raise CommandError(Exit.CONFLICT, sentence, "repeat the command")


async def until(
    matter: Matter, given: Given, is_over: Callable[[InitStatus], bool], seconds: float
) -> InitStatus:
    """Wait until the node's status is what `is_over` wants; says each change of state."""
    node, terminal = matter.node, matter.terminal
    mirror = Mirror(matter.cluster, matter.ref.namespace, (STARTUPGRAPHS,))
    last, said = given.status, ""
    try:
        async with asyncio.timeout(seconds):
            async for _ in mirror.changes():
                last = _status(mirror, matter)
                if is_over(last):
                    return last
                line = f"{node} is {last.state}, version {shown(last.version) or 'none yet'}"
                if line != said:
                    terminal.say(line)
                said = line
    except TimeoutError:
        pass
    sentence = f"{node} is still {last.state} after {format_duration(seconds)}"
    fix = f"{terminal.program} graph explain {matter.ref.name} {node}, {terminal.program} check"
    raise CommandError(Exit.TIMED_OUT, f"{sentence}; the command stands", fix)


def _status(mirror: Mirror, matter: Matter) -> InitStatus:
    body = mirror.objects(STARTUPGRAPHS).get(matter.ref.name)
    if body is None:
        raise CommandError(Exit.NOT_FOUND, f"{matter.ref} was deleted")
    return GraphStatus.from_body(Body(body).body("status")).init(matter.node)
