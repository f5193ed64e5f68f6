"""A graph's situation: what the observation says, in the words that the checks use."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from sluice.model.cluster import Pod
from sluice.model.fields import InvalidSpecError
from sluice.model.found import Found, all_of
from sluice.model.json import Body, Json, MalformedError, canonical
from sluice.model.kind import Descendants, Labelled, Observation, One
from sluice.model.names import GRAPH_LABEL
from sluice.model.own import OwnMeta
from sluice.model.probes import ProbeRun, ProbeWant
from sluice.model.references import (
    DAEMONSETS,
    DEPLOYMENTS,
    JOBS,
    PODS,
    STARTUPGRAPHS,
    STATEFULSETS,
    ObjectRef,
)
from sluice.startup.applied import packed, unpacked
from sluice.startup.hosts import host_faults
from sluice.startup.pods import by_node, owned_pods, strays
from sluice.startup.shape import faults
from sluice.startup.spec import GraphSpec, Node
from sluice.startup.states import State
from sluice.startup.status import GraphStatus, NodeStatus
from sluice.startup.workload import GATED, WORKLOADS, Workload, labels_fault

_PASSES_AT_A_TIME = 16
HELD_RESOURCES = (DEPLOYMENTS, STATEFULSETS, DAEMONSETS, JOBS)


@dataclass(frozen=True, slots=True)
class Own:
    """The graph's own metadata, spec and status.

    spec: what is carried out; while there are faults, the last one that had none.
    written: the nodes of its status as the server has them.
    faults: why the spec that is there cannot be carried out.
    applied: the last spec without faults, as status keeps it; empty if there has been none.
    allowed: hosts besides the namespace's Services that gates may ask.
    """

    meta: OwnMeta
    spec: GraphSpec
    status: GraphStatus
    written: Json
    faults: tuple[str, ...]
    applied: str
    allowed: tuple[str, ...]

    @classmethod
    def from_body(cls, body: Body, allowed: tuple[str, ...] = ()) -> "Own":
        """Read a StartupGraph; InvalidSpecError or MalformedError if it never could be read."""
        meta = OwnMeta.from_body(body, STARTUPGRAPHS)
        status = GraphStatus.from_body(body.body("status"))
        text, former = canonical(body.body("spec").value), _former(status.applied)
        try:
            spec, wrong = _read_spec(text)
            wrong = (*wrong, *host_faults(spec, meta.ref.namespace, allowed))
        except (InvalidSpecError, MalformedError) as error:
            if former is None:
                raise
            spec, wrong = former, (str(error),)
        if wrong and former is not None:
            spec = former
        return cls(
            meta=meta,
            spec=spec,
            status=status,
            written=body.json("status", "nodes"),
            faults=wrong,
            applied=status.applied if wrong else packed(text, status.applied),
            allowed=allowed,
        )

    def workload_ref(self, node: Node) -> ObjectRef:
        """Return the reference of a node's workload."""
        return self.meta.near(node.resource, node.workload)

    @property
    def labelled_pods(self) -> Labelled:
        """The selection of the pods that carry the graph's label."""
        return Labelled(PODS, self.meta.ref.namespace, GRAPH_LABEL, self.meta.ref.name)

    @property
    def labelled_workloads(self) -> tuple[Labelled, ...]:
        """The selections of the workloads that carry the graph's label."""
        namespace, name = self.meta.ref.namespace, self.meta.ref.name
        return tuple(Labelled(one, namespace, GRAPH_LABEL, name) for one in HELD_RESOURCES)


@lru_cache(maxsize=_PASSES_AT_A_TIME)
def _read_spec(text: str) -> tuple[GraphSpec, tuple[str, ...]]:
    """Return a spec and its faults; a pass asks three times, and a large one takes a while."""
    spec = GraphSpec.from_body(Body(json.loads(text), "spec"))
    return spec, faults(spec)


def _former(applied: str) -> GraphSpec | None:
    """Return the last spec without faults; None if there is none that this program can read."""
    try:
        return _read_spec(text)[0] if (text := unpacked(applied)) else None
    except (InvalidSpecError, MalformedError):
        return None


@dataclass(frozen=True, slots=True)
class NodeScene:
    """One node's situation.

    workload: None if it is not there. pods: its workload's own. gated: every pod that carries the
    node's labels and our readiness gate, whoever owns it (a Rollout's canary too).
    """

    namespace: str
    node: Node
    status: NodeStatus
    workload: Workload | None
    pods: tuple[Pod, ...]
    gated: tuple[Pod, ...]
    labels_fault: str

    @property
    def name(self) -> str:
        """The node's name."""
        return self.node.name

    @property
    def is_new(self) -> bool:
        """Whether there is a workload that the status does not speak of."""
        return self.workload is not None and self.workload.meta.uid != self.status.uid


@dataclass(frozen=True, slots=True)
class Scene:
    """The graph and all its nodes, in the order of the spec.

    strangers: workloads that carry the graph's label and are not one of its nodes' workloads.
    loose_pods: pods with our readiness gate whose label names no node of the graph.
    labelled_pods: every pod that carries the graph's label.
    stray_pods: those that our scheduling gate holds although no labelled workload owns them.
    """

    now: float
    own: Own
    nodes: Mapping[str, NodeScene]
    strangers: tuple[Workload, ...]
    loose_pods: tuple[Pod, ...]
    labelled_pods: tuple[Pod, ...]
    stray_pods: tuple[Pod, ...]
    probes: Mapping[ProbeWant, ProbeRun]

    @property
    def status(self) -> GraphStatus:
        """The graph's persisted status."""
        return self.own.status

    def stranger_pods(self, stranger: Workload) -> tuple[Pod, ...]:
        """Return the labelled pods that a stranger owns itself."""
        return owned_pods(self.labelled_pods, stranger)


def read_scene(own: Own, observation: Observation) -> Scene:
    """Return the scene of an observation; it holds nothing that the observation does not."""
    found = observation.found
    labelled = all_of(found, own.labelled_pods, Pod)
    gated = by_node(labelled)
    nodes = {
        node.name: _node(own, node, found, gated.get(node.name, ())) for node in own.spec.nodes
    }
    mine = {own.workload_ref(node) for node in own.spec.nodes}
    workloads = (
        item
        for selection in own.labelled_workloads
        for item in found.get(selection, ())
        if isinstance(item, WORKLOADS)
    )
    return Scene(
        now=observation.now,
        own=own,
        nodes=nodes,
        strangers=tuple(item for item in workloads if item.meta.ref not in mine),
        loose_pods=tuple(pod for name, pods in gated.items() if name not in nodes for pod in pods),
        labelled_pods=labelled,
        stray_pods=strays(labelled, found),
        probes=observation.probes,
    )


def _node(own: Own, node: Node, found: Found, gated: tuple[Pod, ...]) -> NodeScene:
    ref = own.workload_ref(node)
    items = (item for item in found.get(One(ref), ()) if isinstance(item, WORKLOADS))
    workload, graph = next(items, None), own.meta.ref.name
    fault = "" if workload is None else labels_fault(workload, graph, node.name)
    if workload is not None and workload.meta.labels.get(GRAPH_LABEL, graph) != graph:
        workload = None  # another graph's: its hold is not ours to take off
    pods = all_of(found, Descendants(PODS, ref), Pod)
    if isinstance(workload, GATED):
        pods = owned_pods(pods, workload)  # found by name: those of a former UID are not its own
    return NodeScene(
        namespace=own.meta.ref.namespace,
        node=node,
        status=_status(own, node.name, "" if workload is None else workload.meta.uid),
        workload=workload,
        pods=pods,
        gated=gated,
        labels_fault=fault,
    )


def _status(own: Own, name: str, uid: str) -> NodeStatus:
    """Return what is persisted of a node; that of a renamed one follows its workload's UID."""
    status = own.status.node(name)
    if status.state is not State.ABSENT or not uid:
        return status
    former = (node for node in own.status.nodes if node.uid == uid)
    kept = next((node for node in former if own.spec.node(node.name) is None), None)
    return status if kept is None else replace(kept, name=name)
