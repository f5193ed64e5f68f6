"""What `purge` does: delete what is recorded of a node, and the Jobs that ended."""

from dataclasses import replace
from typing import Final, assert_never

from sluice.adapters.failures import ConflictError, NotFoundError
from sluice.cli.cluster import Cluster, within
from sluice.cli.confirming import confirm_by_name
from sluice.cli.exits import CommandError, Exit
from sluice.cli.graph import find
from sluice.cli.graph.histories import History, Whose
from sluice.cli.graph.purges import Purge, Remains, purge
from sluice.cli.graph.recounting import no_history
from sluice.cli.graph.releasing import Consent
from sluice.cli.orders import Already, Refused
from sluice.cli.terminal import Terminal
from sluice.cli.views.plain import plain
from sluice.model.cluster import Job, Lease, Pod
from sluice.model.fields import InvalidSpecError
from sluice.model.json import Body, JsonObject, MalformedError
from sluice.model.names import GRAPH_LABEL, NODE_LABEL, ROLE_INIT, ROLE_LABEL
from sluice.model.plan import Operation
from sluice.model.references import JOBS, PODS, ObjectRef
from sluice.startup.init.job import is_kept, letting_go
from sluice.startup.init.names import lock_ref, record_ref
from sluice.startup.init.spec import key
from sluice.startup.own import Own

_ATTEMPTS: Final = 5


async def purge_node(
    cluster: Cluster, whose: Whose, version: str, consent: Consent, terminal: Terminal
) -> None:
    """Delete the history of a node, or one version of it; CommandError if it may not go."""
    agreed = await _decided(cluster, whose, version)
    if isinstance(agreed, Already):
        terminal.say(f"nothing to do: {agreed.sentence}")
        return
    if not (consent.dry_run or consent.confirmed):
        confirm_by_name(f"Node {whose.node} of {whose.graph}", agreed.effect, whose.node, terminal)
    await _delete(cluster, whose, agreed, dry_run=consent.dry_run)
    if consent.dry_run:
        terminal.say(f"dry run, nothing is deleted; it would {agreed.effect}")
        return
    terminal.say(f"done: {agreed.effect}")
    terminal.say(f"next: {terminal.program} graph history {whose.graph.name} {whose.node}")


async def _decided(cluster: Cluster, whose: Whose, version: str) -> Purge | Already:
    answer = purge(await _remains(cluster, whose), version)
    match answer:
        case Purge() | Already():
            return answer
        case Refused(sentence, fix):
            raise CommandError(Exit.NEGATIVE, plain(sentence), fix)
    assert_never(answer)


async def _remains(cluster: Cluster, whose: Whose) -> Remains:
    """Return what is left of a node; CommandError if the graph has no such node, nor had."""
    own, namespace = await _own(cluster, whose.graph), whose.graph.namespace
    inits = (*own.spec.inits, *own.leaving) if own else ()
    init = next((one.init for one in inits if one.name == whose.node), None)
    lock = whose.lock or (init.lock if init else key(whose.graph.name, whose.node))
    record = await _one(cluster, record_ref(namespace, lock, whose.node))
    lease = await _one(cluster, lock_ref(namespace, lock))
    wanted = {GRAPH_LABEL: whose.graph.name, NODE_LABEL: whose.node, ROLE_LABEL: ROLE_INIT}
    labels = ",".join(f"{name}={value}" for name, value in wanted.items())
    jobs = await cluster.all(within(JOBS, namespace), labels)
    pods = await cluster.all(within(PODS, namespace), labels)
    if init is None and record is None and not jobs:
        raise _none(whose, own)
    return Remains(
        whose=replace(whose, lock=lock),
        history=History.from_body(Body(record)) if record else None,
        jobs=tuple(Job.from_body(Body(body)) for body in jobs),
        pods=tuple(Pod.from_body(Body(body)) for body in pods),
        lease=Lease.from_body(Body(lease)) if lease else None,
        status=own.status.init(whose.node) if own and init else None,
    )


async def _one(cluster: Cluster, ref: ObjectRef) -> JsonObject | None:
    try:
        return await cluster.get(ref)
    except NotFoundError:
        return None


async def _own(cluster: Cluster, ref: ObjectRef) -> Own | None:
    """Return the graph, None if it is gone; one that cannot be read may be running something."""
    try:
        return Own.from_body(Body(await cluster.get(ref)))
    except NotFoundError:
        return None
    except (InvalidSpecError, MalformedError) as error:
        raise find.unreadable(ref, error) from error


def _none(whose: Whose, own: Own | None) -> CommandError:
    if own is not None:
        return no_history(own, whose)
    sentence = f"nothing is recorded of {whose} in namespace {whose.graph.namespace}"
    fix = "a node that named a lock is found by --lock KEY; choose the namespace with -n"
    return CommandError(Exit.NOT_FOUND, sentence, fix)


async def _delete(cluster: Cluster, whose: Whose, agreed: Purge, *, dry_run: bool) -> None:
    """Delete what was agreed to, the Jobs first: without its record, one could be adopted anew."""
    for _ in range(_ATTEMPTS):
        now = await _decided(cluster, whose, agreed.version)
        if isinstance(now, Already):
            return
        if not agreed.covers(now):
            sentence = f"the history of {whose} changed meanwhile"
            raise CommandError(Exit.CONFLICT, sentence, "look again, then repeat the command")
        try:
            for job in now.jobs:
                await _delete_job(cluster, job, dry_run=dry_run)
            await _forget(cluster, now, dry_run=dry_run)
        except ConflictError:
            continue
        return
    sentence = f"the history of {whose} changed {_ATTEMPTS} times while it was deleted"
    raise CommandError(Exit.CONFLICT, sentence, "repeat the command")


async def _delete_job(cluster: Cluster, job: Job, *, dry_run: bool) -> None:
    meta, version = job.meta, job.meta.resource_version
    try:
        if is_kept(job):
            write = cluster.try_patch if dry_run else cluster.patch
            operations = (_resting_on(version), *letting_go(job))
            body = await write(meta.ref, operations)
            version = version if dry_run else Job.from_body(Body(body)).meta.resource_version
        await cluster.remove(meta.ref, meta.uid, version, dry_run=dry_run)
    except NotFoundError:
        return  # its time was over


async def _forget(cluster: Cluster, now: Purge, *, dry_run: bool) -> None:
    if now.history is None:
        return
    record = now.history.record
    if not now.version:
        await cluster.remove(record.ref, record.uid, record.resource_version, dry_run=dry_run)
        return
    write = cluster.try_patch if dry_run else cluster.patch
    await write(record.ref, (_resting_on(record.resource_version), *now.operations))


def _resting_on(version: str) -> Operation:
    return Operation("replace", "/metadata/resourceVersion", version)
