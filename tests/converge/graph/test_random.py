"""Everything in any order: people, faults, crashes, old knowledge; safety after every write.

Whatever happened, when it is mended every node becomes ready, and nothing is written any more.
"""

import asyncio
from collections.abc import Mapping

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from sluice.model.json import Body, Json, JsonObject
from sluice.model.references import ObjectRef
from sluice.startup.states import State
from tests.converge.graph import picture
from tests.converge.graph.manifests import GRAPH, HTTP_GATE, graph, node, ref_of
from tests.converge.graph.people import People
from tests.converge.graph.subject import SUBJECT
from tests.converge.history import AnyHistory, tried
from tests.converge.kubelet import Start

_KINDS = {
    "db": "StatefulSet",
    "agent": "DaemonSet",
    "migrate": "Job",
    "api": "Deployment",
    "web": "Deployment",
}
_DB, _AGENT = node("db", "StatefulSet", timeout="6s"), node("agent", "DaemonSet")
_MIGRATE = node("migrate", "Job", after=["db", {"node": "agent", "until": "Started"}], timeout="8s")
_API = node("api", after=["migrate"], podReadiness=True, gates=[HTTP_GATE])
_URL: JsonObject = {"name": "url", "http": {"url": "http://web:80/"}, "passes": 2, "failures": 2}
_WEB = node("web", after=["api", {"node": "db", "minReady": 1}], gates=[_URL])
_OPTIONAL: JsonObject = {"node": "migrate", "optional": True}


def _changed(manifest: JsonObject, **fields: Json) -> JsonObject:
    return {**manifest, **fields}


_WHOLE = graph(_DB, _AGENT, _MIGRATE, _API, _WEB)
_GRAPHS: Mapping[str, JsonObject] = {
    "whole": _WHOLE,
    "suspended": graph(_DB, _AGENT, _MIGRATE, _API, _WEB, suspend=True),
    "one at a time": graph(_DB, _AGENT, _MIGRATE, _API, _WEB, maxParallel=1),
    "without the middle": graph(_DB, _AGENT, _changed(_WEB, dependsOn=[{"node": "db"}])),
    "failing in time": graph(
        _changed(_DB, onTimeout="Fail"), _changed(_MIGRATE, dependsOn=[{"node": "db"}]), _API
    ),
    "open in time": graph(
        _changed(_DB, onTimeout="Open"), node("api", after=["db"]), node("web", after=["api"])
    ),
    "optional": graph(_changed(_MIGRATE, dependsOn=[]), node("web", after=[_OPTIONAL])),
    "a cycle": graph(
        _changed(_DB, dependsOn=[{"node": "web"}]), _changed(_API, dependsOn=[]), _WEB
    ),
    "renamed": graph(node("base", "StatefulSet", workload="db"), node("web", after=["base"])),
}
_NODES = st.sampled_from(sorted(_KINDS))
_FAILING = ("db", "api", "web", "web.shop.svc")
_PATIENCE_SECONDS = 400.0
_IMAGES = tuple(f"{name}:{version}" for name in _KINDS for version in (1, 2))


class AnyStart(AnyHistory[People]):
    """A cluster with a graph and its workloads, an operator, and all that can happen to them."""

    subject, pass_seconds, calm_seconds = SUBJECT, 5.0, 10.0

    @initialize(present=st.sets(_NODES), name=st.sampled_from(sorted(_GRAPHS)))
    def begin(self, present: set[str], name: str) -> None:
        self.people.install()
        for one in sorted(present):
            self.people.create(one, _KINDS[one])
        self.people.apply(_GRAPHS[name])
        self.start()
        self.do(asyncio.sleep(2.0))

    @rule(name=_NODES)
    def somebody_creates(self, name: str) -> None:
        if not self.exists(name):
            self.people.create(name, _KINDS[name])

    @rule(name=_NODES)
    def somebody_deletes(self, name: str) -> None:
        self.people.delete(self.ref(name))

    @rule(name=_NODES)
    def somebody_replaces(self, name: str) -> None:
        self.people.recreate(name, _KINDS[name])

    @rule(name=st.sampled_from(sorted(_GRAPHS)))
    def somebody_applies_a_graph(self, name: str) -> None:
        if not self.is_leaving():
            self.people.apply(_GRAPHS[name])

    @rule()
    def somebody_deletes_the_graph(self) -> None:
        self.people.delete(GRAPH)

    @rule(name=st.sampled_from(["db", "api", "web"]), replicas=st.integers(0, 3))
    def somebody_scales(self, name: str, replicas: int) -> None:
        if self.exists(name):
            self.people.scale(name, replicas, _KINDS[name])

    @rule(name=st.sampled_from(["db", "agent", "api", "web"]), version=st.integers(1, 2))
    def somebody_deploys(self, name: str, version: int) -> None:
        if self.exists(name):
            self.people.deploy(name, f"{name}:{version}", _KINDS[name])

    @rule(name=st.sampled_from(["migrate", "api", "web"]), resume=st.booleans())
    def somebody_bypasses(self, name: str, *, resume: bool) -> None:
        found = self.cluster.store.find(self.ref(name))
        if found is not None and picture.is_held(found):
            self.people.bypass(name, _KINDS[name])
            if resume and _KINDS[name] == "Deployment":
                self.people.unpause(name)

    @rule(name=st.sampled_from(["api", "web"]))
    def somebody_writes_it_whole(self, name: str) -> None:
        if self.exists(name):
            self.people.reapply(name)

    @rule(what=st.sampled_from(_FAILING), fails=st.booleans())
    def probes_change(self, what: str, *, fails: bool) -> None:
        (self.people.fail if fails else self.people.mend)(what)

    @rule(silent=st.booleans())
    def the_network_changes(self, *, silent: bool) -> None:
        self.people.cut(silent=silent)

    @rule(image=st.sampled_from(_IMAGES), start=st.sampled_from(Start))
    def an_image_turns_out(self, image: str, start: Start) -> None:
        self.people.behave(image, start)

    @rule(image=st.sampled_from(_IMAGES), unready=st.booleans())
    def readiness_changes(self, image: str, *, unready: bool) -> None:
        self.people.unready(image, unready=unready)

    @rule(name=st.sampled_from(["db", "agent", "api", "web"]))
    def a_pod_crashes(self, name: str) -> None:
        self.people.crash_pod(name)

    def everything_is_mended(self) -> None:
        self.people.mend(*_FAILING)
        self.people.cut(silent=False)
        for image in _IMAGES:
            self.people.behave(image, Start.READY)
            self.people.unready(image, unready=False)
        limit = self.loop.time() + _PATIENCE_SECONDS
        while self.is_leaving():
            assert self.loop.time() < limit, "the graph does not go"
            self.do(asyncio.sleep(1.0))
        self.people.apply(_WHOLE)
        for name, kind in _KINDS.items():
            if not self.exists(name) or self.has_failed(name):
                self.people.recreate(name, kind)
            elif "replicas" in Body(self.cluster.store.get(self.ref(name))).body("spec").value:
                self.people.scale(name, 2, kind)
        self.replace_crashed_pods()

    def replace_crashed_pods(self) -> None:
        """A pod that never became ready is not mended by the kubelet in this cluster."""
        for name in ("db", "agent", "api", "web"):
            self.people.deploy(name, f"{name}:3", _KINDS[name])

    def is_well(self) -> bool:
        states = picture.states(self.cluster.store)
        return set(states) == set(_KINDS) and set(states.values()) == {State.READY}

    def check_rest(self) -> None:
        assert picture.held(self.cluster.store) == frozenset()

    def is_leaving(self) -> bool:
        found = self.cluster.store.find(GRAPH)
        return found is not None and found.has("metadata", "deletionTimestamp")

    def exists(self, name: str) -> bool:
        return self.ref(name) in self.cluster.store.objects

    def has_failed(self, name: str) -> bool:
        conditions = Body(self.cluster.store.get(self.ref(name))).bodies("status", "conditions")
        return any(c.text("type") == "Failed" for c in conditions)

    def ref(self, name: str) -> ObjectRef:
        return ref_of(name, _KINDS[name])


TestAnyStart = AnyStart.TestCase
TestAnyStart.settings = tried(20)
