"""Graphs as other programs write them, read into nodes of a StartupGraph; pure.

Three forms: a map from each name to its parents, a list of nodes, and a file of docker compose.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sluice.cli.graph.compose import Service, services
from sluice.model.json import Body, Json, JsonObject, MalformedError, canonical
from sluice.model.references import DEPLOYMENTS, JOBS, Resource

_NODE_FIELDS = frozenset({"name", "dependsOn", "workload", "init"})


@dataclass(frozen=True, slots=True)
class Draft:
    """Nodes as the spec has them.

    name: of the graph, if the file says it. remarks: in what the nodes differ from the file.
    """

    nodes: tuple[JsonObject, ...]
    name: str = ""
    remarks: tuple[str, ...] = field(default=())


def read_draft(document: Json) -> Draft:
    """Read a document of one of the three forms; MalformedError if it is none of them."""
    if not isinstance(document, Mapping):
        found = canonical(document)[:80]
        raise MalformedError(f"expected an object with `nodes` or `services`, found {found}")
    body = Body(document)
    if body.has("services"):
        return _composed(body)
    nodes = body.json("nodes")
    if isinstance(nodes, Mapping):
        return Draft(tuple(_plain(body.body("nodes"), name) for name in nodes))
    if nodes is None:
        raise MalformedError("there is neither `nodes` nor `services` at its top")
    return _listed(body.bodies("nodes"))


def _plain(nodes: Body, name: str) -> JsonObject:
    edges: list[Json] = [{"node": parent} for parent in nodes.texts(name)]
    return _node(name, DEPLOYMENTS, edges)


def _listed(nodes: tuple[Body, ...]) -> Draft:
    left_out = sorted({name for node in nodes for name in node.value} - _NODE_FIELDS)
    remark = f"left out of the nodes: {', '.join(left_out)}"
    return Draft(tuple(map(_entry, nodes)), remarks=(remark,) if left_out else ())


def _entry(node: Body) -> JsonObject:
    if node.has("init"):
        # With a workload besides, it is refused in the operator's words.
        kept = {name: value for name, value in node.value.items() if name in _NODE_FIELDS}
        return {**kept, "dependsOn": _edges(node)}
    written = _node(node.text("name"), DEPLOYMENTS, _edges(node))
    return {**written, "workload": node.body("workload").value} if node.has("workload") else written


def _edges(node: Body) -> list[Json]:
    """Return the edges of a node, whose parents are names or objects as in the spec."""
    written = node.json("dependsOn")
    if isinstance(written, Sequence) and not isinstance(written, str):
        return [{"node": item} if isinstance(item, str) else item for item in written]
    if written is None:
        return []
    raise MalformedError(f"{node.path}.dependsOn: expected a list, found {canonical(written)[:80]}")


def _composed(body: Body) -> Draft:
    found = services(body.body("services"))
    ending = {edge.parent for one in found for edge in one.edges if edge.until == "Complete"}
    remarks = (f"service {one.service} is node {one.name}" for one in found if one.is_renamed)
    jobs = (
        f"node {one.name} is a Job, because others wait for its end"
        for one in found
        if one.name in ending
    )
    return Draft(
        nodes=tuple(_of_service(one, ends=one.name in ending) for one in found),
        name=body.text("name", default=""),
        remarks=(*remarks, *jobs),
    )


def _of_service(service: Service, *, ends: bool) -> JsonObject:
    edges: list[Json] = [edge.to_json() for edge in service.edges]
    return _node(service.name, JOBS if ends else DEPLOYMENTS, edges)


def _node(name: str, resource: Resource, edges: list[Json]) -> JsonObject:
    workload = {"apiVersion": resource.api_version, "kind": resource.kind, "name": name}
    node: JsonObject = {"name": name, "workload": workload}
    return {**node, "dependsOn": edges} if edges else node
