"""Readers of the nodes of a spec: the node, or a message that says what to write."""

from collections.abc import Mapping
from typing import Final

from sluice.model.fields import (
    InvalidSpecError,
    choice,
    field_path,
    positive_seconds,
    unique_names,
)
from sluice.model.json import Body, Json, canonical
from sluice.model.references import DAEMONSETS, DEPLOYMENTS, JOBS, STATEFULSETS, Resource
from sluice.startup.gates import GateDefaults, read_gates
from sluice.startup.init.spec import read_init
from sluice.startup.min_ready import min_ready
from sluice.startup.nodes import (
    Edge,
    HoldChoice,
    InitNode,
    Node,
    OnTimeout,
    Until,
    WhenScaledToZero,
)

_RESOURCES: Final = {
    (resource.api_version, resource.kind): resource
    for resource in (DEPLOYMENTS, STATEFULSETS, DAEMONSETS, JOBS)
}
_MOST_PARENTS = 50
_OF_WORKLOADS: Final[Mapping[str, Json]] = {
    "gates": [],
    "podReadiness": False,
    "hold": "Auto",
    "whenScaledToZero": "Satisfied",
    "onTimeout": "Hold",
    "timeout": "10m",
}


def resource_of(node: Body) -> Resource:
    """Return what a node starts: InvalidSpecError for a kind or version that is not known."""
    workload = node.body("workload")
    api_version, kind = workload.text("apiVersion"), workload.text("kind")
    if (api_version, kind) in _RESOURCES:
        return _RESOURCES[api_version, kind]
    known = ", ".join(" ".join(pair) for pair in _RESOURCES)
    fault = f"is none of {known}"
    raise InvalidSpecError(workload.path, f"{api_version} {kind}", fault, "apps/v1 Deployment")


def is_finite(node: Body) -> bool:
    """Whether what a node starts comes to an end: a Job, its own or ours."""
    return node.has("init") or resource_of(node) == JOBS


def read_node(
    node: Body, graph: str, defaults: GateDefaults, finite: frozenset[str]
) -> Node | InitNode:
    """Read an entry of `spec.nodes`; finite: the names of all nodes that come to an end."""
    if node.has("init") and node.has("workload"):
        fault = "is on a node that has init as well"
        example = "two nodes, one with each"
        raise InvalidSpecError(field_path(node, "workload"), node.text("name"), fault, example)
    edges = tuple(_edge(edge, finite) for edge in node.bodies("dependsOn"))
    _check_edges(node, edges)
    if node.has("init"):
        name = node.text("name")
        _check_init(node)
        return InitNode(name, edges, read_init(node.body("init"), graph, name))
    return _workload(node, defaults, edges)


def _workload(node: Body, defaults: GateDefaults, edges: tuple[Edge, ...]) -> Node:
    pod_readiness = node.flag("podReadiness")
    read = Node(
        name=node.text("name"),
        resource=resource_of(node),
        workload=node.text("workload", "name"),
        depends_on=edges,
        min_ready=min_ready(node, "minReady"),
        when_scaled_to_zero=choice(node, "whenScaledToZero", WhenScaledToZero),
        hold=choice(node, "hold", HoldChoice),
        gates=read_gates(node, defaults, pod_readiness=pod_readiness),
        pod_readiness=pod_readiness,
        min_available=defaults.min_available,
        timeout_seconds=positive_seconds(node, "timeout", "10m"),
        on_timeout=choice(node, "onTimeout", OnTimeout),
    )
    _check_kind(node, read)
    return read


def _edge(edge: Body, finite: frozenset[str]) -> Edge:
    parent = edge.text("node")
    # A Job is waited for to its end; an unknown parent is told of by shape.faults.
    default = Until.COMPLETE if parent in finite else Until.READY
    return Edge(
        parent=parent,
        until=choice(edge, "until", Until) if edge.has("until") else default,
        min_ready=min_ready(edge, "minReady") if edge.has("minReady") else None,
        optional=edge.flag("optional"),
    )


def _check_edges(node: Body, edges: tuple[Edge, ...]) -> None:
    name, field = node.text("name"), field_path(node, "dependsOn")
    parents = tuple(edge.parent for edge in edges)
    unique_names(parents, field)
    if len(parents) > _MOST_PARENTS:
        fault = f"are more than {_MOST_PARENTS} parents"
        raise InvalidSpecError(field, str(len(parents)), fault, f"at most {_MOST_PARENTS}")
    if name in parents:
        fault = "is the node itself"
        raise InvalidSpecError(field, repr(name), fault, "the name of another node")


def _check_init(node: Body) -> None:
    """Refuse what is for a workload's node, unless it is what the schema fills in."""
    for name, filled_in in _OF_WORKLOADS.items():
        if node.json(name) not in (None, filled_in):
            shown, fault = canonical(node.json(name)), "is for a workload, not for init"
            raise InvalidSpecError(field_path(node, name), shown, fault, canonical(filled_in))


def _check_kind(body: Body, node: Node) -> None:
    if node.hold is HoldChoice.SCHEDULING_GATE and node.resource in {DEPLOYMENTS, JOBS}:
        fault = f"does not fit a {node.resource.kind}, which is held by its own field"
        raise InvalidSpecError(field_path(body, "hold"), repr(str(node.hold)), fault, "Auto")
    if node.pod_readiness and node.resource == JOBS:
        fault = "does not fit a Job, whose pods get no traffic"
        raise InvalidSpecError(field_path(body, "podReadiness"), "true", fault, "false")
