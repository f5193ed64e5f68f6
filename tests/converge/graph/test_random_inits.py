"""Init nodes and what requires them, with everything in any order: safety after every write.

Two graphs may share a lock. Whatever happened, when people mend it every node is done, every run
stands in a record, and nothing is written any more.
"""

import asyncio
from collections.abc import Callable, Mapping

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from sluice.model.json import Body, Json, JsonObject
from sluice.model.references import ObjectRef
from sluice.startup.init.states import UNDER_WAY
from sluice.startup.init.states import State as Init
from sluice.startup.states import State
from tests.converge.graph import hands, picture
from tests.converge.graph.init_safety import untold
from tests.converge.graph.manifests import graph, graph_ref, init, node, ref_of
from tests.converge.graph.people import People
from tests.converge.graph.subject import SUBJECT
from tests.converge.history import AnyHistory, tried
from tests.converge.kubelet import image_of
from tests.converge.ledger import entries

_SHOP, _MALL = graph_ref("shop"), graph_ref("mall")
_GRAPHS = st.sampled_from([_SHOP, _MALL])
_VERSIONS = st.sampled_from(["42", "43", "44"])
_IMAGES = ("migrate:42", "migrate:43", "migrate:44", "migrate:mended", "migrate:down", "topics:1")
_LAST: JsonObject = {"image": "migrate:44"}
_DOWN: JsonObject = {"image": "migrate:down"}
_WANTED = {"44", "1"}
_NODES = st.sampled_from(["migrate", "topics"])


def _shop(version: str, *, locked: bool = True, **fields: Json) -> JsonObject:
    lock: dict[str, Json] = {"lock": "db"} if locked else {}
    job: JsonObject = {"image": f"migrate:{version}"}
    written: dict[str, Json] = {"job": job, **lock, **fields}
    return graph(
        node("db"),
        init("migrate", version, ["db"], **written),
        init("topics", "1", kind="Queue"),
        node("api", after=["migrate", {"node": "topics", "optional": True}]),
        node("web", after=[{"node": "migrate", "until": "Started"}]),
    )


def _mall(version: str, **fields: Json) -> JsonObject:
    job: JsonObject = {"image": f"migrate:{version}"}
    written: dict[str, Json] = {"job": job, "lock": "db", **fields}
    return graph(init("migrate", version, **written), name="mall")


_WRITTEN: Mapping[str, Callable[[str], JsonObject]] = {
    "shop": _shop,
    "shop with a step down": lambda version: _shop(version, down=_DOWN),
    "shop, mended": lambda version: _shop(version, job={"image": "migrate:mended"}),
    "shop with a lock of its own": lambda version: _shop(version, locked=False),
    "shop, one at a time": lambda version: _with(_shop(version), maxParallel=1),
    "shop, suspended": lambda version: _with(_shop(version), suspend=True),
    "shop without its migration": lambda _: graph(
        node("db"), node("api", after=["db"]), init("topics", "1", kind="Queue")
    ),
    "shop with a workload for a migration": lambda _: graph(
        node("db"), node("migrate", workload="web"), node("api", after=["migrate"])
    ),
    "shop, a cycle": lambda version: graph(
        init("migrate", version, ["api"], lock="db"), node("api", after=["migrate"])
    ),
    "mall": _mall,
    "mall, mended": lambda version: _mall(version, job={"image": "migrate:mended"}),
}


def _with(manifest: JsonObject, **fields: Json) -> JsonObject:
    spec = manifest["spec"]
    assert isinstance(spec, Mapping)
    return {**manifest, "spec": {**spec, **fields}}


def _under_way(graph: Body) -> list[Body]:
    nodes = graph.bodies("status", "nodes")
    return [one for one in nodes if one.text("state") in UNDER_WAY and one.has("init")]


class AnyInits(AnyHistory[People]):
    """Two graphs, their workloads, an operator, and all that can happen to them."""

    subject, pass_seconds, calm_seconds = SUBJECT, 5.0, 10.0

    @initialize(name=st.sampled_from(sorted(_WRITTEN)), version=_VERSIONS)
    def begin(self, name: str, version: str) -> None:
        self.nonces = 0
        self.people.install()
        for one in ("db", "web"):
            self.people.create(one)
        hands.creates_requiring("api", version)(self.people)
        self.people.apply(_WRITTEN[name](version))
        self.start()
        self.do(asyncio.sleep(2.0))

    @rule(name=st.sampled_from(sorted(_WRITTEN)), version=_VERSIONS)
    def somebody_applies_a_graph(self, name: str, version: str) -> None:
        manifest = _WRITTEN[name](version)
        if not self.is_leaving(_MALL if name.startswith("mall") else _SHOP):
            self.people.apply(manifest)

    @rule(ref=_GRAPHS)
    def somebody_deletes_a_graph(self, ref: ObjectRef) -> None:
        self.people.delete(ref)

    @rule(suspend=st.booleans())
    def somebody_suspends(self, *, suspend: bool) -> None:
        if _SHOP in self.cluster.store.objects:
            self.people.suspend(suspend=suspend)

    @rule(version=_VERSIONS, alone=st.booleans())
    def somebody_upgrades(self, version: str, *, alone: bool) -> None:
        deed = hands.requires if alone and self.image() == f"api:{version}" else hands.upgrades
        deed("api", version)(self.people)

    @rule(version=_VERSIONS)
    def somebody_upgrades_both(self, version: str) -> None:
        if not self.is_leaving(_SHOP):
            hands.upgrades("api", version)(self.people)
            self.people.apply(_shop(version))

    @rule(name=st.sampled_from(["api", "web"]))
    def somebody_bypasses(self, name: str) -> None:
        if picture.is_held(self.body(name)):
            self.people.bypass(name)

    @rule(name=st.sampled_from(["db", "api", "web"]), replicas=st.integers(0, 3))
    def somebody_scales(self, name: str, replicas: int) -> None:
        self.people.scale(name, replicas)

    @rule(version=_VERSIONS)
    def somebody_makes_the_application_anew(self, version: str) -> None:
        self.people.delete(ref_of("api"))
        hands.creates_requiring("api", version)(self.people)

    @rule(node=_NODES, ref=_GRAPHS, verb=st.sampled_from(["Applied", "Rerun", "Accept"]))
    def somebody_resolves(self, node: str, ref: ObjectRef, verb: str) -> None:
        self.nonces += 1
        hands.resolves(node, verb, f"ada#{self.nonces}", ref)(self.people)

    @rule(to=st.sampled_from(["-", "42", "43"]))
    def somebody_undoes(self, to: str) -> None:
        if _SHOP in self.cluster.store.objects:
            self.nonces += 1
            hands.undoes("migrate", to, f"ada#{self.nonces}")(self.people)

    @rule(node=_NODES, with_pods=st.booleans())
    def somebody_deletes_a_job(self, node: str, *, with_pods: bool) -> None:
        hands.deletes_job(node, with_pods=with_pods)(self.people)

    @rule(node=_NODES)
    def somebody_tears_a_job_out(self, node: str) -> None:
        """Only what has been seen: what nobody saw, nobody can miss."""
        if all(hands.is_known(self.cluster.store, ref) for ref, _ in self.jobs(node)):
            hands.tears_out(node)(self.people)

    @rule(ref=_GRAPHS)
    def somebody_takes_a_graph_away(self, ref: ObjectRef) -> None:
        """By force, unless nothing else knows of a Job that was torn out."""
        found = self.cluster.store.find(ref)
        begun = (
            [] if found is None else [n.text("init", "job", default="") for n in _under_way(found)]
        )
        there = {job.name for node in ("migrate", "topics") for job, _ in self.jobs(node)}
        if set(begun) <= there | hands.signed(self.cluster.store):
            hands.forgets(ref)(self.people)

    def jobs(self, node: str) -> list[tuple[ObjectRef, Body]]:
        return hands.jobs_of(self.cluster.store, node)

    @rule(node=_NODES)
    def a_machine_is_drained(self, node: str) -> None:
        hands.evicts(node)(self.people)

    @rule()
    def jobs_expire(self) -> None:
        hands.expires(self.people)

    @rule(image=st.sampled_from(_IMAGES), code=st.sampled_from([0, 0, 1, 20, None]))
    def an_image_turns_out(self, image: str, code: int | None) -> None:
        (hands.hangs(image) if code is None else hands.ends(image, code))(self.people)

    def everything_is_mended(self) -> None:
        for image in _IMAGES:
            hands.ends(image, 0)(self.people)
        self.wait_for(lambda: not (self.is_leaving(_SHOP) or self.is_leaving(_MALL)))
        for name in ("db", "api", "web"):
            self.people.scale(name, 2)
        hands.upgrades("api", "44")(self.people)
        for manifest in (_shop("44"), _mall("44")):
            self.people.apply(manifest)
        for ref in (_SHOP, _MALL):
            for one in ("migrate", "topics"):
                hands.says(one, "", ref)(self.people)
        self.wait_for(self.is_resolved)

    def is_resolved(self) -> bool:
        """Have a person say of everything that waits for one that it may run again."""
        store = self.cluster.store
        waits = {Init.DIRTY, Init.FAILED, Init.MISMATCH}
        for ref in (_SHOP, _MALL):
            for name, state in picture.states(store, ref).items():
                self.nonces += 1
                undone = self.undone(name) if state == Init.HELD else ""
                if state in waits:
                    hands.resolves(name, "Rerun", f"ada#{self.nonces}", ref)(self.people)
                elif undone:
                    hands.says(name, f"Rerun {undone} ada#{self.nonces}", ref)(self.people)
        hands.breaks_lost_locks(self.people)
        self.do(asyncio.sleep(4.0))
        return self.is_well()

    def undone(self, name: str) -> str:
        """Return the Job by which the last version was undone, empty if it was not."""
        for node_name, record in picture.records(self.cluster.store):
            for entry in entries(record) if node_name == name else ():
                if entry.text("version") in _WANTED and entry.text("result") == "Undone":
                    return entry.text("job")
        return ""

    def wait_for(self, condition: Callable[[], bool]) -> None:
        limit = self.loop.time() + 400.0
        while not condition():
            assert self.loop.time() < limit, str(self.summary())
            self.do(asyncio.sleep(1.0))

    def is_well(self) -> bool:
        store = self.cluster.store
        shop, mall = picture.states(store), picture.states(store, _MALL)
        done = {"migrate": Init.COMPLETE, "topics": Init.COMPLETE}
        return mall == {"migrate": Init.COMPLETE} and shop == {
            **dict.fromkeys(("db", "api", "web"), State.READY),
            **done,
        }

    def check_rest(self) -> None:
        store = self.cluster.store
        assert picture.held(store) == frozenset()
        assert untold(store, self.cluster.ledger) == []
        assert set(picture.holders(store).values()) <= {""}
        assert self.image() == "api:44"

    def is_leaving(self, ref: ObjectRef) -> bool:
        found = self.cluster.store.find(ref)
        return found is not None and found.has("metadata", "deletionTimestamp")

    def image(self) -> str:
        return image_of(self.body("api").body("spec", "template"))

    def body(self, name: str) -> Body:
        return Body(self.cluster.store.get(ref_of(name)))


TestAnyInits = AnyInits.TestCase
TestAnyInits.settings = tried(12)
