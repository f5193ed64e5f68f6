"""What a StartupGraph promises after every single write, whatever happens."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from sluice.model import names
from sluice.model.cluster import Pod
from sluice.model.json import Body
from sluice.model.references import JOBS, PODS, STARTUPGRAPHS, ObjectRef
from sluice.model.scalars import parse_instant
from sluice.startup.findings import ORPHAN_AFTER_SECONDS
from sluice.startup.init.states import UNDER_WAY as INIT_UNDER_WAY
from sluice.startup.init.states import State as InitState
from sluice.startup.states import BEFORE_RELEASE, UNDER_WAY, State
from tests.converge.admission import OPERATOR
from tests.converge.cluster import RELEASED
from tests.converge.deployments import dependants
from tests.converge.graph import picture
from tests.converge.graph.standing import Readiness
from tests.converge.kubelet import is_of_init
from tests.converge.laws import Laws
from tests.converge.runs import is_live
from tests.converge.store import Change
from tests.manifest_files import schema_of, strays

_BEGUN = {State.READY, State.DEGRADED}
_BUSY: frozenset[str] = UNDER_WAY | INIT_UNDER_WAY


@dataclass
class Safety(Laws):
    """Watches a cluster and keeps what was wrong.

    If there is one leader, probes leave as many pods in traffic as is asked.
    """

    _gone_at: dict[str, float] = field(default_factory=dict)
    _wrong_since: dict[ObjectRef, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.readiness = Readiness(self.cluster.store)
        for ref, body in self.cluster.store.every(PODS):
            self._note_gate(Change(0, "ADDED", ref, "", None, body.value))
        super().__post_init__()

    def watch(self) -> None:
        """An operator is at work from now on."""
        super().watch()
        self._wrong_since = dict.fromkeys(self._wrong_since, self.cluster.loop.time())

    def check(self, change: Change) -> None:
        """Check a change and what there is after it."""
        self.readiness.note(change)
        if change.ref.resource == PODS:
            self._note_gate(change)
        if change.ref.resource == STARTUPGRAPHS and change.type == "DELETED":
            self._gone_at[change.ref.name] = self.cluster.loop.time()
        if change.user != OPERATOR or change.type == "DELETED" or change.old is None:
            return
        old, new = Body(change.old), Body(change.new)
        if change.ref.resource == STARTUPGRAPHS:
            self._check_graph(change.ref, old, new)
        elif change.ref.resource == PODS:
            self._check_pod(change.ref, old, new)
        elif change.ref == RELEASED:
            self._check_list(old, new)
        elif change.ref.resource in picture.WORKLOADS:
            self._check_workload(change.ref, old, new)

    def check_quiet(self) -> None:
        """Check at a quiet instant that no open gate speaks of containers that are gone."""
        now = self.cluster.loop.time()
        for ref, since in tuple(self._wrong_since.items()):
            late = self.watching and now - since > self.pass_seconds
            if late and not self._is_unjudged(Body(self.cluster.store.get(ref))):
                self._say(f"{ref} is open for containers that are gone since {since:.3f}")
            if late or not self.watching:
                self._wrong_since[ref] = now

    def _note_gate(self, change: Change) -> None:
        """Note since when a gate is open for containers that are gone."""
        body, pod = Body(change.new), Pod.from_body(Body(change.new))
        condition = picture.gate_of(body)
        gone = change.type == "DELETED" or pod.meta.deleting or not picture.is_open(body)
        if gone or condition is None or condition.text("reason") == "Open":
            right = True
        else:
            right = condition.text("message").endswith(f"[{pod.containers.instance}]")
        if right:
            self._wrong_since.pop(change.ref, None)
        else:
            self._wrong_since.setdefault(change.ref, self.cluster.loop.time())

    def _is_unjudged(self, body: Body) -> bool:
        node = self._node(body)
        return node is None or not node.flag("podReadiness", default=False)

    def _check_workload(self, ref: ObjectRef, old: Body, new: Body) -> None:
        """Of what is held only marks and the pause change, and our hold goes when it may."""
        if names.ROLE_LABEL in old.labels("metadata", "labels"):
            return  # a Rollout's canary is all its own
        if not picture.is_held(old) and not (_is_target(old) or _is_target(new)):
            self._say(f"{ref} is written, and startup does not hold it")
        for part in ("template", "replicas", "selector"):
            if old.json("spec", part) != new.json("spec", part):
                self._say(f"spec.{part} of {ref} is written")
        if not picture.is_held(old) and picture.is_held(new):
            self._say(f"{ref} is held by the operator")
        if picture.is_held(old) and not picture.is_held(new):
            self._check_release(ref, old)
            annotations = new.labels("metadata", "annotations")
            others = any(annotations.get(mark) for mark in (names.HOLDERS, names.HELD))
            stopped = any(new.flag("spec", p, default=False) for p in ("paused", "suspend"))
            if others is not stopped:
                self._say(f"{ref} is let go, stopped={stopped}, held by others={others}")

    def _check_list(self, old: Body, new: Body) -> None:
        """A set comes on the list of released ones when it may be let go."""
        before, after = old.body("data").value, new.body("data").value
        for uid in before.keys() - after.keys():
            if any(b.json("metadata", "uid") == uid for _, b in self._workloads()):
                self._say(f"{uid} is taken off the list of released sets")
        for ref, workload in self._workloads():
            uid = workload.text("metadata", "uid")
            mine = dependants(self.cluster.store, PODS, uid)
            held = all(picture.is_gated(pod) for _, pod in mine)
            if uid in after.keys() - before.keys() and held:
                self._check_release(ref, workload)

    def _workloads(self) -> Iterator[tuple[ObjectRef, Body]]:
        return picture.workloads(self.cluster.store)

    def _pods(self) -> Iterator[Body]:
        return (pod for _, pod in self.cluster.store.every(PODS))

    def _check_pod(self, ref: ObjectRef, old: Body, new: Body) -> None:
        if picture.is_gated(old) and not picture.is_gated(new):
            (owner,) = old.bodies("metadata", "ownerReferences")
            listed = self.cluster.store.find(RELEASED)
            # Who takes the whole list away is not the operator.
            if listed is not None and not listed.has("data", owner.text("uid")):
                self._say(f"{ref} is let go before its owner is on the list of released sets")
            found = [
                (one, body)
                for one, body in picture.workloads(self.cluster.store)
                if body.text("metadata", "uid") == owner.text("uid")
            ]
            # Of a set that was let go in part, the other pods follow.
            mine = dependants(self.cluster.store, PODS, owner.text("uid"))
            if all(picture.is_gated(pod) for other, pod in mine if other != ref):
                for one, body in found:
                    self._check_release(one, body)
        if picture.is_open(new) and not picture.is_open(old):
            self._check_opened(ref, new)
        if picture.is_open(old) and not picture.is_open(new):
            self._check_shut(ref, new)

    def _check_release(self, ref: ObjectRef, workload: Body) -> None:
        """Our hold goes only as written, for a bypass, from an orphan, or with the graph."""
        graph = self._graph(workload)
        annotations = workload.labels("metadata", "annotations")
        if annotations.get(names.BYPASS) == "startup":
            return
        if graph is None:
            if self._age(workload) < ORPHAN_AFTER_SECONDS:
                self._say(f"{ref} is let go and its graph may come yet")
            return
        if graph.has("metadata", "deletionTimestamp"):
            # It stays until its runs are over, and holds what it holds meanwhile.
            if any(is_of_init(p) and is_live(p) and self._graph(p) == graph for p in self._pods()):
                self._say(f"{ref} is let go while its graph waits for a run")
            return
        uid = workload.text("metadata", "uid")
        nodes = {
            node.text("name"): node
            for node in graph.bodies("spec", "nodes")
            if node.json("workload", "kind") == ref.resource.kind
            and node.json("workload", "name") == ref.name
        }
        written = [s for s in graph.bodies("status", "nodes") if s.json("uid") == uid]
        if any(State(s.text("state")) not in BEFORE_RELEASE for s in written):
            return
        if nodes:
            self._say(f"{ref} is let go, and its node is {[s.json('state') for s in written]}")
        elif not written and self._age(workload) < ORPHAN_AFTER_SECONDS:
            self._say(f"{ref} is let go, is no node, and the graph may be edited yet")

    def _check_opened(self, ref: ObjectRef, new: Body) -> None:
        """A gate opens for containers that passed, or because nobody judges them."""
        condition, pod = picture.gate_of(new), Pod.from_body(new)
        assert condition is not None
        graph, node = self._graph(new), self._node(new)
        reason, message = condition.text("reason"), condition.text("message")
        if reason == "Open":
            leaving = graph is not None and graph.has("metadata", "deletionTimestamp")
            absent = graph is None and (self._is_orphan(new) or self._has_just_gone(new))
            of_graph = graph is not None and self._is_unjudged(new)
            if not (leaving or absent or of_graph):
                self._say(f"{ref} is opened although it is judged: {message}")
            return
        instance = message.rpartition("[")[2].removesuffix("]")
        needed = _passes(graph, node)
        if not needed and not self.readiness.was_ready(pod.meta.uid, instance):
            self._say(f"{ref} is opened for containers that were never ready: {message}")
        passes = [p.probes.passes.get((pod.meta.uid, instance), 0) for p in self.processes]
        if needed and max(passes, default=0) < needed:
            self._say(f"{ref} is opened after {passes} passes of {needed}")

    def _is_orphan(self, pod: Body) -> bool:
        """Whether a pod, or what it belongs to, has waited in vain for a graph."""
        ages = [self._age(one) for _, one in self._workloads() if _node_key(one) == _node_key(pod)]
        return max(self._age(pod), min(ages, default=0.0)) >= ORPHAN_AFTER_SECONDS

    def _has_just_gone(self, body: Body) -> bool:
        """Whether the graph was deleted so lately that this need not be known."""
        gone = self._gone_at.get(body.labels("metadata", "labels").get(names.GRAPH_LABEL, ""))
        return gone is not None and gone >= self.cluster.loop.time() - self.pass_seconds

    def _check_shut(self, ref: ObjectRef, new: Body) -> None:
        """Failing probes leave as many pods in traffic as gateDefaults.minAvailable says."""
        condition = picture.gate_of(new)
        if condition is None or condition.text("reason") != "GateFailed" or not self.one_leader:
            return
        mine = [
            pod
            for _, pod in self.cluster.store.every(PODS)
            if picture.node_of(pod) == picture.node_of(new)
            and not pod.has("metadata", "deletionTimestamp")
        ]
        if sum(map(picture.is_open, mine)) < len(mine) // 2:
            self._say(f"{ref} is shut by a probe, and too few pods are left in traffic")

    def _check_graph(self, ref: ObjectRef, old: Body, new: Body) -> None:
        for stray in strays(new.body("status").value, schema_of(STARTUPGRAPHS).body(*_STATUS)):
            self._say(f"status{stray}")
        before = {s.text("name"): s for s in old.bodies("status", "nodes")}
        after = {s.text("name"): s for s in new.bodies("status", "nodes")}
        released = [
            name
            for name, status in after.items()
            if self._goes(status)
            and (name not in before or before[name].text("state") != status.text("state"))
        ]
        for name in released:
            self._check_releasing(ref, name, new, after)
        for name, status in after.items():
            self._check_let_go(name, status, old, new)
        most = new.whole("spec", "maxParallel")
        if released and most:
            under_way = [n for n, s in after.items() if s.text("state") in _BUSY]
            if len(under_way) > most:
                self._say(f"{len(under_way)} nodes are under way, at most {most} may be")

    def _goes(self, status: Body) -> bool:
        """Whether a node is to be started; a run that has its Job already is taken over."""
        if not status.has("init"):
            return status.text("state") == State.RELEASING
        run, job = status.body("init", "run"), status.text("init", "job", default="")
        made = any(ref.name == job for ref, _ in self.cluster.store.every(JOBS))
        up = run.text("direction", default="") == "Up"
        return status.text("state") == InitState.RUNNING and up and not made

    def _check_let_go(self, name: str, status: Body, old: Body, new: Body) -> None:
        """What is held comes out of it through Releasing, unless it is not held at all."""
        if status.has("init"):
            return
        uid, state = status.text("uid", default=""), State(status.text("state"))
        if not uid or state in BEFORE_RELEASE or state is State.RELEASING:
            return
        before = [s for s in old.bodies("status", "nodes") if s.json("uid") == uid]
        if any(State(s.text("state")) not in BEFORE_RELEASE for s in before):
            return
        for ref, workload in picture.workloads(self.cluster.store):
            if workload.text("metadata", "uid") != uid:
                continue
            bypass = workload.labels("metadata", "annotations").get(names.BYPASS) == "startup"
            nodes = {node.text("name"): node for node in new.bodies("spec", "nodes")}
            asked = name in nodes and nodes[name].text("hold") == "None"
            if not bypass and not asked and self._is_held(workload):
                self._say(f"{name} is {state} and {ref} is held")

    def _is_held(self, workload: Body) -> bool:
        """Whether a workload of this UID has never been let go."""
        if workload.text("kind") not in {"StatefulSet", "DaemonSet"}:
            return picture.is_held(workload)
        uid = workload.text("metadata", "uid")
        mine = [body for _, body in dependants(self.cluster.store, PODS, uid)]
        listed = self.cluster.store.find(RELEASED)
        on_list = listed is None or listed.has("data", uid)
        return not on_list and all(map(picture.is_gated, mine))

    def _check_releasing(
        self, ref: ObjectRef, name: str, graph: Body, after: dict[str, Body]
    ) -> None:
        """At the write of Releasing every parent is what the edge asks for, in the store."""
        if graph.flag("spec", "suspend"):
            self._say(f"{name} is released while {ref} is suspended")
        nodes = {node.text("name"): node for node in graph.bodies("spec", "nodes")}
        now = self.cluster.store.now()
        for edge in nodes[name].bodies("dependsOn"):
            parent = edge.text("node")
            if parent not in nodes:
                self._say(f"{name} is released and its parent {parent} does not exist")
                continue
            status = after[parent]
            if nodes[parent].has("init"):
                self._check_foundation(name, edge, nodes[parent], status)
                continue
            state = State(status.text("state"))
            given_up = state in {State.ABSENT, State.FAILED, State.TIMED_OUT}
            if edge.flag("optional", default=False) and given_up:
                continue
            if state is State.TIMED_OUT and nodes[parent].text("onTimeout") == "Open":
                continue
            latched = status.flag("complete", default=False)
            kind = nodes[parent].text("workload", "kind")
            until = edge.text("until", default="Complete" if kind == "Job" else "Ready")
            uid = status.text("uid", default="")
            if latched or (until == "Started" and status.flag("started", default=False)):
                continue
            if until == "Ready" and state not in _BEGUN and not edge.has("minReady"):
                self._say(f"{name} is released while its parent {parent} is {state}")
            if not self.readiness.was(until, uid, now - self.pass_seconds):
                self._say(f"{name} is released and {parent} is not {until} in the store")

    def _check_foundation(self, name: str, edge: Body, parent: Body, status: Body) -> None:
        """No application before its migration: what the record says, not only the status."""
        state, node = status.text("state"), parent.text("name")
        if edge.flag("optional", default=False) and state == InitState.FAILED:
            return
        if edge.text("until", default="Complete") == "Started" and state in INIT_UNDER_WAY:
            return
        version = parent.text("init", "version", default=status.text("init", "run", "version"))
        if state != InitState.COMPLETE or (node, version) not in self.cluster.ledger.complete:
            self._say(f"{name} is released and {node} {version} is {state}")

    def _graph(self, body: Body) -> Body | None:
        """Return the graph that a workload or pod names."""
        meta = body.body("metadata")
        name = meta.labels("labels").get(names.GRAPH_LABEL, "")
        return self.cluster.store.find(ObjectRef(STARTUPGRAPHS, meta.text("namespace"), name))

    def _node(self, body: Body) -> Body | None:
        """Return the node of the spec that a pod names."""
        graph = self._graph(body)
        nodes = () if graph is None else graph.bodies("spec", "nodes")
        return next((n for n in nodes if n.text("name") == picture.node_of(body)), None)

    def _age(self, body: Body) -> float:
        created = parse_instant(body.text("metadata", "creationTimestamp"))
        return round(self.cluster.store.now() - created, 3)


_STATUS = ("properties", "status")


def _is_target(body: Body) -> bool:
    """Whether a Rollout has a Deployment: it writes its own marks on it."""
    return names.ROLLOUT_LABEL in body.labels("metadata", "labels")


def _node_key(body: Body) -> tuple[str, str]:
    """Return the graph and the node that a workload or pod names."""
    labels = body.labels("metadata", "labels")
    return labels.get(names.GRAPH_LABEL, ""), labels.get(names.NODE_LABEL, "")


def _passes(graph: Body | None, node: Body | None) -> int:
    """Return how many passes in a row the node's pods need by probe, 0 if none is probed."""
    if graph is None or node is None:
        return 0
    default = graph.whole("spec", "gateDefaults", "passes")
    probed = [
        gate.whole("passes", default=default)
        for gate in node.bodies("gates")
        if gate.has("http", "path")
        and gate.flag("critical", default=graph.flag("spec", "gateDefaults", "critical"))
    ]
    return max(probed, default=0)
