"""Finding StartupGraphs, and what the operator would see of one now."""

from collections.abc import Iterable
from difflib import get_close_matches

from sluice.adapters.clock import Clock, SystemClock
from sluice.adapters.failures import NotFoundError
from sluice.adapters.prometheus import NoMetrics
from sluice.cli.cluster import Cluster, within
from sluice.cli.exits import CommandError, Exit
from sluice.cli.gather import Gatherer
from sluice.cli.graph.amounts import named
from sluice.cli.graph.overview import Overview
from sluice.model.fields import InvalidSpecError
from sluice.model.json import Body, MalformedError
from sluice.model.reasons import Reason
from sluice.model.references import STARTUPGRAPHS, ObjectRef
from sluice.startup.hosts import host_of
from sluice.startup.inits import surrounded
from sluice.startup.kind import StartupGraphKind
from sluice.startup.own import Own
from sluice.startup.scene import InitScene, NodeScene, Scene, read_scene
from sluice.startup.spec import GraphSpec


async def graphs(cluster: Cluster, namespace: str | None) -> tuple[Overview, ...]:
    """Return the StartupGraphs of a namespace; None: of all of them."""
    found = await cluster.all(within(STARTUPGRAPHS, namespace))
    return tuple(Overview.from_body(body) for body in found)


async def graph(cluster: Cluster, ref: ObjectRef) -> Overview:
    """Return one StartupGraph; CommandError with the nearest name if there is none of this one."""
    try:
        return Overview.from_body(await cluster.get(ref))
    except NotFoundError as error:
        raise await _not_found(cluster, ref) from error


async def scene(cluster: Cluster, ref: ObjectRef, clock: Clock) -> Scene:
    """Return the graph's situation as far as the API server knows it: no probe has been asked.

    InvalidSpecError or MalformedError if the object cannot be read, by the operator neither.
    """
    observation = await Gatherer(cluster, NoMetrics(), clock).observe(StartupGraphKind(), ref)
    body = Body(observation.body)
    return surrounded(read_scene(Own.from_body(body, _allowed(body, ref.name)), observation))


def _allowed(body: Body, graph: str) -> tuple[str, ...]:
    """Return the hosts that gates may ask: those of a spec with which the operator found no fault.

    Which ones it allows is a setting of its own.
    """
    status = body.body("status")
    seen = status.whole("observedGeneration", default=0)
    told = {one.text("reason", default="") for one in status.bodies("conditions")}
    if seen != body.whole("metadata", "generation", default=1) or Reason.INVALID_GRAPH in told:
        return ()
    nodes = GraphSpec.from_body(body.body("spec"), graph).nodes
    return tuple(host for node in nodes for gate in node.gates if (host := host_of(gate.check)))


def unreadable(ref: ObjectRef, error: InvalidSpecError | MalformedError) -> CommandError:
    """Return how a command ends whose graph cannot be read."""
    return CommandError(Exit.NEGATIVE, f"{ref} cannot be carried out: {error}", "correct the spec")


def no_node(ref: ObjectRef, name: str, known: Iterable[str]) -> CommandError:
    """Return how a command ends that names a node which the graph does not have."""
    names = list(known)
    sentence = f"there is no node {name} among the {len(names)} of {ref}"
    return CommandError(
        Exit.NOT_FOUND, sentence, _advice(name, names, f"sluice graph get {ref.name} lists them")
    )


async def init(cluster: Cluster, ref: ObjectRef, name: str) -> tuple[Scene, InitScene]:
    """Return a graph's situation and its node of that name; CommandError unless it runs once."""
    try:
        found = await scene(cluster, ref, SystemClock())
    except (InvalidSpecError, MalformedError) as error:
        raise unreadable(ref, error) from error
    if name in found.inits:
        return found, found.inits[name]
    if name in found.nodes:
        raise no_init(found.nodes[name], found.inits)
    raise no_node(ref, name, [one.name for one in found.own.spec.entries])


def no_init(node: NodeScene, inits: Iterable[str]) -> CommandError:
    """Return how a command ends that is for nodes which run once, and names another."""
    sentence = f"node {node.name} starts {named(node)}: this is for nodes with init alone"
    others = ", ".join(inits)
    fix = f"of this graph, those are: {others}" if others else "this graph has none"
    return CommandError(Exit.NEGATIVE, sentence, fix)


async def _not_found(cluster: Cluster, ref: ObjectRef) -> CommandError:
    known = [found.ref.name for found in await graphs(cluster, ref.namespace)]
    sentence = (
        f"there is no StartupGraph {ref.name} among the {len(known)} in namespace {ref.namespace}"
    )
    otherwise = "list them with -A, or choose with -n NAME"
    return CommandError(Exit.NOT_FOUND, sentence, _advice(ref.name, known, otherwise))


def _advice(name: str, known: list[str], otherwise: str) -> str:
    near = get_close_matches(name, known, n=1)
    return f"did you mean {near[0]}?" if near else otherwise
