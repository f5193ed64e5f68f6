"""A graph's situation: what the observation says, in the words that the checks use."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from sluice.model.cluster import Job, Pod
from sluice.model.found import Found, all_of
from sluice.model.kind import Descendants, Observation, One, Selection
from sluice.model.names import GRAPH_LABEL, NODE_LABEL, ROLE_INIT, ROLE_LABEL
from sluice.model.probes import ProbeRun, ProbeWant
from sluice.model.references import PODS
from sluice.startup.init.commands import command_of
from sluice.startup.init.lost import Lost, lost_selections, read_lost
from sluice.startup.init.names import record_ref
from sluice.startup.init.record import Record
from sluice.startup.init.situation import Situation
from sluice.startup.init.wants import observed
from sluice.startup.own import Own
from sluice.startup.pods import by_node, owned_pods, strays
from sluice.startup.spec import InitNode, Node
from sluice.startup.states import State
from sluice.startup.status import GraphStatus, NodeStatus
from sluice.startup.workload import GATED, WORKLOADS, Workload, labels_fault


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
class InitScene:
    """One init node, and everything that its decisions rest on."""

    node: InitNode
    situation: Situation

    @property
    def name(self) -> str:
        """The node's name."""
        return self.node.name


@dataclass(frozen=True, slots=True)
class Scene:
    """The graph and all its nodes, in the order of the spec.

    nodes: those that start a workload. inits: those that run something once.
    leaving: those of them that are no nodes any more, until nothing of them runs unrecorded.
    records: what has been done, by the name of the init node.
    lost: Jobs of init nodes of which neither the spec nor the status knows.
    strangers: workloads that carry the graph's label and are not one of its nodes' workloads.
    loose_pods: pods with our readiness gate whose label names no node of the graph.
    labelled_pods: every pod that carries the graph's label.
    stray_pods: those that our scheduling gate holds although no labelled workload owns them.
    """

    now: float
    own: Own
    nodes: Mapping[str, NodeScene]
    inits: Mapping[str, InitScene]
    leaving: tuple[InitScene, ...]
    lost: tuple[Lost, ...]
    records: Mapping[str, Record]
    strangers: tuple[Workload, ...]
    loose_pods: tuple[Pod, ...]
    labelled_pods: tuple[Pod, ...]
    stray_pods: tuple[Pod, ...]
    probes: Mapping[ProbeWant, ProbeRun]

    @property
    def status(self) -> GraphStatus:
        """The graph's persisted status."""
        return self.own.status

    @property
    def every_init(self) -> tuple[InitScene, ...]:
        """The init nodes, last those that are no nodes any more."""
        return (*self.inits.values(), *self.leaving)

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
    workloads = [
        item
        for selection in own.labelled_workloads
        for item in found.get(selection, ())
        if isinstance(item, WORKLOADS)
    ]
    inits = {node.name: _init(own, node, observation) for node in own.spec.inits}
    leaving = tuple(_init(own, node, observation, leaving=True) for node in own.leaving)
    return Scene(
        now=observation.now,
        own=own,
        nodes=nodes,
        inits=inits,
        records={name: one.situation.record for name, one in inits.items()},
        leaving=leaving,
        lost=tuple(
            read_lost(own.meta.ref.namespace, node, job, labelled, found)
            for node, job in _jobs_of_no_node(own, found)
        ),
        strangers=tuple(
            item for item in workloads if item.meta.ref not in mine and not is_of_init(item)
        ),
        loose_pods=tuple(pod for name, pods in gated.items() if name not in nodes for pod in pods),
        labelled_pods=labelled,
        stray_pods=strays(labelled, found),
        probes=observation.probes,
    )


def is_of_init(workload: Workload) -> bool:
    """Whether a workload is the Job of an init node, not one that a node starts."""
    return workload.meta.labels.get(ROLE_LABEL) == ROLE_INIT


def _jobs_of_no_node(own: Own, found: Found) -> Iterator[tuple[str, Job]]:
    """Yield the Jobs of init nodes that are not there, with the names of the nodes."""
    known = {one.name for one in (*own.spec.inits, *own.leaving)}
    jobs = all_of(found, own.labelled_jobs, Job)
    for job in jobs:
        node = job.meta.labels.get(NODE_LABEL, "")
        if is_of_init(job) and node not in known:
            yield node, job


def lost_wants(own: Own, found: Found) -> tuple[Selection, ...]:
    """Return what is to be found about Jobs of init nodes that are not there."""
    namespace = own.meta.ref.namespace
    return tuple(
        selection
        for node, job in _jobs_of_no_node(own, found)
        for selection in lost_selections(namespace, node, job)
    )


def _init(
    own: Own, node: InitNode, observation: Observation, *, leaving: bool = False
) -> InitScene:
    """Return an init node by itself; what is around it is for `inits.surrounded` to add."""
    status = own.status.init(node.name)
    alone = Situation(
        now=observation.now,
        graph=own.meta.ref,
        init=node.init,
        status=status,
        record=Record(record_ref(own.meta.ref.namespace, node.init.lock, node.name)),
        fence=own.fence,
        suspended=own.spec.suspend,
        deleting=own.meta.deleting or leaving,
        halted=". ".join(own.faults),
        command=command_of(own.meta.annotations, node.name, status.consumed),
        refused=observation.refused,
    )
    return InitScene(node, observed(alone, observation.found, observation.wholes))


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
