"""Waiting for a rollout to come to rest: what `status` does, and `abort --wait`."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from sluice.adapters.failures import NotFoundError
from sluice.cli.cluster import Cluster
from sluice.cli.exits import CommandError, Exit
from sluice.cli.mirror import Mirror
from sluice.cli.rollout import find
from sluice.cli.terminal import Terminal
from sluice.cli.views.line import one_line
from sluice.cli.views.overview import Overview
from sluice.cli.views.settled import settled, taken_out
from sluice.model.cluster import Deployment
from sluice.model.json import Body
from sluice.model.references import DEPLOYMENTS, ROLLOUTS, ObjectRef
from sluice.model.scalars import format_duration

Judge = Callable[[Overview, Deployment | None], Exit | None]


@dataclass(frozen=True, slots=True)
class Ending:
    """How it came to rest, and in which state."""

    code: Exit
    rollout: Overview


async def until(
    cluster: Cluster, ref: ObjectRef, terminal: Terminal, judge: Judge, timeout_seconds: float
) -> Ending:
    """Wait until `judge` answers; TIMED_OUT when the time is over. Says each change on the way."""
    last = await find.rollout(cluster, ref.namespace, ref.name)
    code = judge(last, await _target(cluster, last))
    if code is not None:
        return Ending(code, last)
    mirror = Mirror(cluster, ref.namespace, (ROLLOUTS, DEPLOYMENTS))
    said = ""
    try:
        async with asyncio.timeout(timeout_seconds):
            async for _ in mirror.changes():
                last, target = _read(mirror, ref)
                code = judge(last, target)
                if code is not None:
                    return Ending(code, last)
                line = one_line(last, terminal.glyphs)
                if line != said:
                    terminal.say(line)
                said = line
    except TimeoutError:
        pass
    return Ending(Exit.TIMED_OUT, last)


async def until_settled(
    cluster: Cluster, ref: ObjectRef, terminal: Terminal, timeout_seconds: float
) -> Ending:
    """Wait until the rollout is Healthy, or rolled back or stalled."""
    return await until(cluster, ref, terminal, settled, timeout_seconds)


async def until_out(
    cluster: Cluster, ref: ObjectRef, terminal: Terminal, revision: str, timeout_seconds: float
) -> Ending:
    """Wait until a revision is out of traffic; NEGATIVE if it was promoted after all."""

    def judge(rollout: Overview, _: Deployment | None) -> Exit | None:
        return taken_out(rollout, revision)

    return await until(cluster, ref, terminal, judge, timeout_seconds)


def timed_out(rollout: Overview, seconds: float, program: str) -> CommandError:
    """Return how a wait ends that was too short."""
    limit = format_duration(seconds)
    sentence = f"{rollout.ref.name} is still {rollout.word} after {limit}: {rollout.why}"
    return CommandError(Exit.TIMED_OUT, sentence, f"{program} rollout explain {rollout.ref.name}")


async def _target(cluster: Cluster, rollout: Overview) -> Deployment | None:
    ref = ObjectRef(DEPLOYMENTS, rollout.ref.namespace, rollout.target)
    try:
        return Deployment.from_body(Body(await cluster.get(ref)))
    except NotFoundError:
        return None


def _read(mirror: Mirror, ref: ObjectRef) -> tuple[Overview, Deployment | None]:
    body = mirror.objects(ROLLOUTS).get(ref.name)
    if body is None:
        raise CommandError(Exit.NOT_FOUND, f"{ref} was deleted")
    found = Overview.from_body(body)
    target = mirror.objects(DEPLOYMENTS).get(found.target)
    return found, None if target is None else Deployment.from_body(Body(target))
