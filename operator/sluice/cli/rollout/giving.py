"""Giving an order: ask if it is dangerous, write one annotation, tell how to undo it."""

import secrets
from dataclasses import dataclass
from typing import Final, assert_never

from sluice.adapters.failures import ConflictError
from sluice.cli.cluster import Cluster, annotating
from sluice.cli.confirming import confirm
from sluice.cli.exits import CommandError, Exit
from sluice.cli.orders import Already, Refused
from sluice.cli.rollout import find
from sluice.cli.rollout.orders import Order, decide
from sluice.cli.terminal import Terminal
from sluice.cli.views.overview import Overview
from sluice.model.plan import Operation
from sluice.model.references import ObjectRef
from sluice.rollout.commands import Verb

# The operator writes the status while a person reads: a newer version of the same situation is
# no conflict.
_ATTEMPTS: Final = 5


@dataclass(frozen=True, slots=True)
class Consent:
    """How far the person has gone. confirmed: --yes was given."""

    confirmed: bool
    dry_run: bool
    reason: str


async def give(
    cluster: Cluster, ref: ObjectRef, verb: Verb, consent: Consent, terminal: Terminal
) -> Order | None:
    """Give an order and return it; None when nothing was left to do."""
    rollout = await find.rollout(cluster, ref.namespace, ref.name)
    order = _order(rollout, verb, terminal)
    if order is None:
        return None
    if order.dangerous and not consent.dry_run:
        _confirm(order, rollout, consent, terminal)
    await _write(cluster, rollout, order, consent)
    if consent.dry_run:
        terminal.say(f"dry run, nothing is written; it would {order.effect}")
    else:
        terminal.say(f"ordered: {order.effect}")
        terminal.say(f"undo: {terminal.program} {order.undo}")
        terminal.say(f"next: {terminal.program} {order.following}")
    return order


def _order(rollout: Overview, verb: Verb, terminal: Terminal) -> Order | None:
    answer = decide(rollout, verb)
    match answer:
        case Order():
            return answer
        case Already(sentence):
            terminal.say(f"nothing to do: {sentence}")
            return None
        case Refused(sentence, fix):
            raise CommandError(Exit.NEGATIVE, sentence, fix)
    assert_never(answer)


def _confirm(order: Order, rollout: Overview, consent: Consent, terminal: Terminal) -> None:
    if consent.confirmed:
        return
    where = f"Rollout {rollout.ref.name} in namespace {rollout.ref.namespace}"
    confirm(where, order.effect, terminal)


async def _write(cluster: Cluster, rollout: Overview, order: Order, consent: Consent) -> None:
    """Write on the newest version, as long as it is the situation that the person agreed to."""
    nonce = secrets.token_hex(4)
    for attempt in range(_ATTEMPTS):
        now = rollout if attempt == 0 and not order.dangerous else await _again(cluster, rollout)
        _same_situation(now, order)
        key, text = order.annotation(nonce, consent.reason)
        operations = [
            Operation("replace", "/metadata/resourceVersion", now.resource_version),
            *annotating(now.body, ("metadata",), key, text),
        ]
        write = cluster.try_patch if consent.dry_run else cluster.patch
        try:
            await write(rollout.ref, operations)
        except ConflictError:
            continue
        return
    sentence = f"{rollout.ref} changed {_ATTEMPTS} times while the order was written"
    raise CommandError(Exit.CONFLICT, sentence, "repeat the command")


async def _again(cluster: Cluster, rollout: Overview) -> Overview:
    return await find.rollout(cluster, rollout.ref.namespace, rollout.ref.name)


def _same_situation(rollout: Overview, order: Order) -> None:
    answer = decide(rollout, order.verb)
    if isinstance(answer, Order) and answer.revision == order.revision:
        return
    sentence = f"{rollout.ref} changed meanwhile and is {rollout.word} now: {rollout.why}"
    raise CommandError(Exit.CONFLICT, sentence, "look again, then repeat the command")
