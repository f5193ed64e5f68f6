"""What `history` does: show what is recorded of the nodes of a graph, also when that is gone."""

from collections.abc import Iterable
from difflib import get_close_matches

from sluice.adapters.failures import NotFoundError
from sluice.cli.cluster import Cluster, within
from sluice.cli.exits import CommandError, Exit
from sluice.cli.graph import find
from sluice.cli.graph.histories import History, Whose, chosen, table
from sluice.cli.graph.versions import meant
from sluice.cli.options import Output
from sluice.cli.render import drawn_table
from sluice.cli.terminal import Terminal
from sluice.cli.views.plain import plain
from sluice.model.fields import InvalidSpecError
from sluice.model.json import Body, MalformedError
from sluice.model.names import RECORD_LABEL
from sluice.model.references import CONFIGMAPS, ObjectRef
from sluice.startup.init.checksum import shown
from sluice.startup.init.names import record_ref
from sluice.startup.own import Own


async def histories(cluster: Cluster, whose: Whose) -> tuple[History, ...]:
    """Return what is recorded; CommandError if there is neither such a graph or node nor that."""
    own = await _own(cluster, whose.graph)
    bodies = await cluster.all(within(CONFIGMAPS, whose.graph.namespace), RECORD_LABEL)
    every = [History.from_body(Body(body)) for body in bodies]
    inits = own.spec.inits if own else ()
    refs = [record_ref(whose.graph.namespace, one.init.lock, one.name) for one in inits]
    found = chosen(every, whose, refs)
    known = {one.name for one in inits} if own else set()
    if found or (own and not whose.lock and whose.node in {"", *known}):
        return found
    raise _none(whose, own, every)


async def _own(cluster: Cluster, ref: ObjectRef) -> Own | None:
    """Return the graph; None if it is gone, or cannot be read."""
    try:
        return Own.from_body(Body(await cluster.get(ref)))
    except (NotFoundError, InvalidSpecError, MalformedError):
        return None


def _none(whose: Whose, own: Own | None, every: Iterable[History]) -> CommandError:
    """Return how a command ends that finds neither a node nor anything recorded of it."""
    where = f"in namespace {whose.graph.namespace}"
    if whose.lock:
        sentence = f"nothing is recorded of {whose.node or 'any node'} under lock {whose.lock}"
        fix = "choose the namespace with -n; the lock is spec.nodes[].init.lock"
        return CommandError(Exit.NOT_FOUND, f"{sentence} {where}", fix)
    if own is not None:
        return no_history(own, whose)
    near = get_close_matches(whose.node, [one.node for one in every], n=1) if whose.node else []
    sentence = f"there is no graph {whose.graph.name} {where}, and nothing is recorded of {whose}"
    otherwise = "a node that named a lock is found by --lock KEY; choose the namespace with -n"
    return CommandError(
        Exit.NOT_FOUND, sentence, f"did you mean node {near[0]}?" if near else otherwise
    )


def no_history(own: Own, whose: Whose) -> CommandError:
    """Return how a command ends that asks for the history of what has none."""
    workload = own.spec.node(whose.node)
    if workload is None:
        return find.no_node(whose.graph, whose.node, [one.name for one in own.spec.entries])
    what = f"{workload.resource.kind} {workload.workload}"
    sentence = f"node {whose.node} starts {what}, of which nothing is recorded"
    fix = f"only nodes with init have a history: sluice graph get {whose.graph.name}"
    return CommandError(Exit.NEGATIVE, sentence, fix)


async def show_history(
    cluster: Cluster, whose: Whose, terminal: Terminal, output: Output, now: float
) -> None:
    """Show what is recorded, the latest version of each node first."""
    found = await histories(cluster, whose)
    if output is not Output.TABLE:
        records = [one.to_json() for one in found]
        terminal.write({"graph": whose.graph.name, "records": records}, output)
    elif any(one.record.entries for one in found):
        terminal.show(drawn_table(table(found, now), terminal.glyphs))
    else:
        terminal.say(f"nothing of {whose} has come to an end yet")
    _check(found)


def _check(found: Iterable[History]) -> None:
    """Raise CommandError if a record cannot be read."""
    for one in found:
        if one.record.fault:
            sentence = f"the record of {one.node} cannot be read: {one.record.fault}"
            fix = "mend or delete that key; nothing of the node runs before"
            raise CommandError(Exit.NEGATIVE, plain(sentence), fix)


async def show_log(cluster: Cluster, whose: Whose, version: str, terminal: Terminal) -> None:
    """Show the end of what a version wrote."""
    found = await histories(cluster, whose)
    having = [one for one in found if _version_in(one, version)]
    if not having:
        _check(found)
        known = ", ".join(shown(e.run.version) for one in found for e in one.record.entries)
        sentence = f"no record of {whose} has version {version}, but {known or 'nothing'}"
        fix = "sluice graph explain tells where to read what a Job that runs writes"
        raise CommandError(Exit.NOT_FOUND, sentence, fix)
    if len(having) > 1:
        locks = ", ".join(f"{one.node} (lock {one.key})" for one in having)
        sentence = f"several records have version {version}: {locks}"
        raise CommandError(Exit.USAGE, sentence, "name the NODE, and if need be its --lock")
    log = plain(having[0].log(_version_in(having[0], version)))
    if not log:
        sentence = f"nothing is kept of what version {version} wrote"
        raise CommandError(Exit.NEGATIVE, sentence, f"sluice graph history {whose.graph.name}")
    terminal.out.file.write(log if log.endswith("\n") else f"{log}\n")


def _version_in(history: History, given: str) -> str:
    """Return the version that is meant in a history, empty if it is not there."""
    versions = [entry.run.version for entry in history.record.entries]
    version = meant(given, versions)
    return version if version in versions else ""
