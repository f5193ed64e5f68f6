"""What a graph says of itself: metadata, spec and status, and which spec is carried out."""

import json
from dataclasses import dataclass
from functools import lru_cache

from sluice.model.fields import InvalidSpecError
from sluice.model.json import Body, Json, MalformedError, canonical
from sluice.model.kind import Labelled
from sluice.model.names import GRAPH_LABEL
from sluice.model.own import OwnMeta
from sluice.model.plan import Expectation, Fence
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
from sluice.startup.shape import faults
from sluice.startup.spec import GraphSpec, InitNode, Node
from sluice.startup.status import GraphStatus

_PASSES_AT_A_TIME = 16
HELD_RESOURCES = (DEPLOYMENTS, STATEFULSETS, DAEMONSETS, JOBS)


@dataclass(frozen=True, slots=True)
class Own:
    """The graph's own metadata, spec and status.

    spec: what is carried out; while there are faults, the last one that had none.
    written: the nodes of its status as the server has them.
    faults: why the spec that is there cannot be carried out.
    applied: the last spec without faults, as status keeps it; empty if there has been none.
    leaving: init nodes that an edit removed, until nothing of them runs unrecorded.
    allowed: hosts besides the namespace's Services that gates may ask.
    """

    meta: OwnMeta
    spec: GraphSpec
    status: GraphStatus
    written: Json
    faults: tuple[str, ...]
    applied: str
    leaving: tuple[InitNode, ...]
    allowed: tuple[str, ...]

    @classmethod
    def from_body(cls, body: Body, allowed: tuple[str, ...] = ()) -> "Own":
        """Read a StartupGraph; InvalidSpecError or MalformedError if it never could be read."""
        meta = OwnMeta.from_body(body, STARTUPGRAPHS)
        status = GraphStatus.from_body(body.body("status"))
        graph, text = meta.ref.name, canonical(body.body("spec").value)
        former = _former(status.applied, graph)
        try:
            spec, wrong = _read_spec(text, graph)
            wrong = (*wrong, *host_faults(spec, meta.ref.namespace, allowed))
        except (InvalidSpecError, MalformedError) as error:
            if former is None:
                raise
            spec, wrong = former, (str(error),)
        if wrong and former is not None:
            spec = former
        leaving = _leaving(former, spec, status)
        return cls(
            meta=meta,
            spec=spec,
            status=status,
            written=body.json("status", "nodes"),
            faults=wrong,
            # What is left behind is known from there alone.
            applied=status.applied if wrong or leaving else packed(text, status.applied),
            leaving=leaving,
            allowed=allowed,
        )

    @property
    def fence(self) -> Fence:
        """The fence of a start: the nodes are still in the states that were decided on."""
        expectations = (
            # As the server has them: an earlier version of ours may have written them differently.
            Expectation(("status", "nodes"), self.written),
            Expectation(("metadata", "generation"), self.meta.generation),
            Expectation(("metadata", "deletionTimestamp"), None),
        )
        return Fence(self.meta.ref, self.meta.uid, expectations)

    def workload_ref(self, node: Node) -> ObjectRef:
        """Return the reference of a node's workload."""
        return self.meta.near(node.resource, node.workload)

    @property
    def labelled_pods(self) -> Labelled:
        """The selection of the pods that carry the graph's label."""
        return Labelled(PODS, self.meta.ref.namespace, GRAPH_LABEL, self.meta.ref.name)

    @property
    def labelled_jobs(self) -> Labelled:
        """The selection of the Jobs that carry the graph's label."""
        return Labelled(JOBS, self.meta.ref.namespace, GRAPH_LABEL, self.meta.ref.name)

    @property
    def labelled_workloads(self) -> tuple[Labelled, ...]:
        """The selections of the workloads that carry the graph's label."""
        namespace, name = self.meta.ref.namespace, self.meta.ref.name
        return tuple(Labelled(one, namespace, GRAPH_LABEL, name) for one in HELD_RESOURCES)


@lru_cache(maxsize=_PASSES_AT_A_TIME)
def _read_spec(text: str, graph: str) -> tuple[GraphSpec, tuple[str, ...]]:
    """Return a spec and its faults; a pass asks three times, and a large one takes a while."""
    spec = GraphSpec.from_body(Body(json.loads(text), "spec"), graph)
    return spec, faults(spec)


def _former(applied: str, graph: str) -> GraphSpec | None:
    """Return the last spec without faults; None if there is none that this program can read."""
    try:
        return _read_spec(text, graph)[0] if (text := unpacked(applied)) else None
    except (InvalidSpecError, MalformedError):
        return None


def _leaving(
    former: GraphSpec | None, spec: GraphSpec, status: GraphStatus
) -> tuple[InitNode, ...]:
    """Return the init nodes that are not in the spec any more and still in the status."""
    if former is None:
        return ()
    kept, known = {one.name for one in spec.inits}, {one.name for one in status.inits}
    return tuple(one for one in former.inits if one.name in known - kept)
