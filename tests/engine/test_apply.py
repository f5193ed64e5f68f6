"""Applying actions: preconditions, fences, repeats, and what a failure means."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from aiohttp import web

from sluice.adapters.kube import KubeClient
from sluice.engine.apply import Applied, Applier
from sluice.engine.cache import Cache
from sluice.engine.deeds import Deeds
from sluice.engine.knowledge import Knowledge
from sluice.engine.metrics import Metrics
from sluice.engine.own import OwnObjects
from sluice.engine.writer import GateClosedError, Writer
from sluice.model.json import Json, JsonObject
from sluice.model.kind import One
from sluice.model.plan import Create, Delete, Expectation, Fence, Merge, Operation, Patch
from sluice.model.problems import Problem, Stalled, Transient, Waiting
from sluice.model.reasons import Reason
from sluice.model.references import DEPLOYMENTS, PODS, SERVICES, ObjectRef
from tests.engine.apiserver import ApiServer, Fault, api_server
from tests.engine.harness import NS, TOYS, deployment, deployment_ref, toy, toy_ref
from tests.engine.store import RefusalError, Store
from tests.plain_connection import plain_connection

SERVICE, POD = ObjectRef(SERVICES, NS, "canary"), ObjectRef(PODS, NS, "app-1")
MANIFEST: JsonObject = {"metadata": {"name": "canary", "labels": {"owner": "me"}}, "spec": {}}
CREATE = Create("canary", SERVICE, MANIFEST, {"owner": "me"})


@dataclass
class World:
    """An applier, and what is on its both sides."""

    store: Store
    server: ApiServer
    cache: Cache
    own: OwnObjects
    applier: Applier
    may_write: bool = True

    def replicas(self, name: str = "app") -> int:
        replicas = self.store.get(deployment_ref(name))["spec"]["replicas"]
        assert isinstance(replicas, int)
        return replicas

    def version(self, name: str = "app") -> str:
        return str(self.store.get(deployment_ref(name))["metadata"]["resourceVersion"])

    def fence(self, stage: Json = "Shifting") -> Fence:
        uid = self.store.get(toy_ref())["metadata"]["uid"]
        return Fence(toy_ref(), uid, (Expectation(("status", "stage"), stage),))


@asynccontextmanager
async def world() -> AsyncIterator[World]:
    """Two Deployments of one replica, and one of our objects at stage Shifting."""
    store, cache = Store(), Cache()
    for resource, manifest in (deployment("app"), deployment("second"), toy()):
        store.create(resource, NS, manifest)
    store.set(toy_ref(), "status.stage", "Shifting")
    own = OwnObjects([TOYS], cache, lambda *_: None, lambda _: None)
    own.put(TOYS, store.get(toy_ref()))
    async with api_server(store, {DEPLOYMENTS, PODS, SERVICES, TOYS}) as server:
        client = KubeClient(plain_connection(server.url))
        knowledge = Knowledge(client, cache, own)
        writer = Writer(client, lambda: it.may_write, Metrics())
        it = World(store, server, cache, own, Applier(Deeds(client, writer, knowledge), knowledge))
        yield it
        await client.close()


def scale(
    name: str = "app",
    replicas: int = 3,
    group: str = "target",
    version: str | None = None,
    fence: Fence | None = None,
) -> Patch:
    operation = Operation("replace", "/spec/replicas", replicas)
    return Patch(group, deployment_ref(name), (operation,), version, fence)


def refuse(code: int, reason: str, message: str, verb: str = "PATCH", path: str = "") -> Fault:
    """Have every request of this verb to a path that ends so refused."""

    def matches(request: web.Request) -> bool:
        return request.method == verb and request.path.endswith(path)

    return Fault(matches, RefusalError(code, reason, message))


async def test_what_was_written_is_known_at_once() -> None:
    async with world() as it:
        applied = await it.applier.apply([scale(version=it.version())])

        (known,) = it.cache.select(One(deployment_ref()))
        assert applied == Applied()
        assert known.meta.resource_version == it.version()
        assert it.replicas() == 3


async def test_a_write_on_an_old_version_is_not_done_and_the_new_state_is_read() -> None:
    async with world() as it:
        old = it.version()
        it.store.set(deployment_ref(), "spec.paused", value=True)

        applied = await it.applier.apply([scale(version=old)])

        (known,) = it.cache.select(One(deployment_ref()))
        assert applied == Applied(stale=True)
        assert it.replicas() == 1
        assert known.meta.resource_version == it.version()


async def test_a_write_to_what_does_not_exist_is_stale() -> None:
    async with world() as it:
        assert await it.applier.apply([scale("gone")]) == Applied(stale=True)


async def test_a_fenced_write_is_done_while_the_stage_is_the_one_decided_on() -> None:
    async with world() as it:
        assert await it.applier.apply([scale(fence=it.fence())]) == Applied()
        assert it.replicas() == 3


async def test_a_fenced_write_is_not_done_once_the_stage_is_another() -> None:
    async with world() as it:
        it.store.set(toy_ref(), "status.stage", "RollingBack")

        applied = await it.applier.apply([scale(fence=it.fence())])

        assert applied == Applied(stale=True)
        assert it.server.writes == []
        known = it.own.get(toy_ref())
        assert known is not None
        assert known.body["status"] == {"stage": "RollingBack"}


async def test_a_fenced_write_is_not_done_for_a_namesake() -> None:
    async with world() as it:
        fence = it.fence()
        it.store.delete(toy_ref())
        it.store.create(TOYS, NS, toy()[1])
        it.store.set(toy_ref(), "status.stage", "Shifting")

        assert await it.applier.apply([scale(fence=fence)]) == Applied(stale=True)
        assert it.replicas() == 1


async def test_a_fenced_write_is_not_done_when_the_owner_is_gone() -> None:
    async with world() as it:
        fence = it.fence()
        it.store.delete(toy_ref())

        assert await it.applier.apply([scale(fence=fence)]) == Applied(stale=True)
        assert it.replicas() == 1
        assert it.own.get(toy_ref()) is None


async def test_a_fence_reads_its_owner_once_for_a_whole_group() -> None:
    async with world() as it:
        actions = [scale(fence=it.fence()), scale("second", fence=it.fence())]

        await it.applier.apply(actions)

        reads = [r for r in it.server.requests if r.startswith("GET") and "toys" in r]
        assert len(reads) == 1


def owner_reads(it: World) -> int:
    return sum(r.startswith("GET") and "/toys/" in r for r in it.server.requests)


async def test_a_fence_reads_its_owner_once_for_all_groups() -> None:
    async with world() as it:
        actions = [
            scale(group="a", fence=it.fence()),
            scale("second", group="b", fence=it.fence()),
            scale(group="b", replicas=4, fence=it.fence("Done")),
        ]

        assert await it.applier.apply(actions) == Applied(stale=True)
        assert (it.replicas("app"), it.replicas("second")) == (3, 3)
        assert owner_reads(it) == 1


async def test_a_fence_reads_its_owner_anew_in_each_pass() -> None:
    async with world() as it:
        fence = it.fence()
        await it.applier.apply([scale(fence=fence)])
        it.store.set(toy_ref(), "status.stage", "RollingBack")

        assert await it.applier.apply([scale(replicas=9, fence=fence)]) == Applied(stale=True)
        assert (it.replicas(), owner_reads(it)) == (3, 2)


async def test_an_owner_that_cannot_be_read_stops_every_group_that_it_fences() -> None:
    async with world() as it:
        it.server.faults.append(refuse(500, "InternalError", "etcd away", "GET", "/toys/one"))
        one, two = scale(group="a", fence=it.fence()), scale("second", fence=it.fence())

        applied = await it.applier.apply([one, two, CREATE])

        assert [type(problem) for problem in applied.problems] == [Transient, Transient]
        assert owner_reads(it) == 1
        assert it.server.writes == ["POST /api/v1/namespaces/shop/services"]


@pytest.mark.parametrize(
    ("expected", "done"),
    [
        pytest.param([{"name": "db", "state": "Ready"}], True, id="as it was decided on"),
        pytest.param(({"name": "db", "state": "Ready"},), True, id="as a kind writes it"),
        pytest.param([{"name": "db", "state": "Held"}], False, id="with another entry"),
        pytest.param([], False, id="with an entry more"),
    ],
)
async def test_a_fence_may_expect_a_whole_list(expected: Json, *, done: bool) -> None:
    async with world() as it:
        it.store.set(toy_ref(), "status.nodes", [{"name": "db", "state": "Ready"}])
        fence = Fence(toy_ref(), it.fence().uid, (Expectation(("status", "nodes"), expected),))

        assert await it.applier.apply([scale(fence=fence)]) == Applied(stale=not done)


async def test_an_error_stops_its_own_group_only() -> None:
    async with world() as it:
        it.server.faults.append(refuse(422, "Invalid", "no", path="/app"))

        applied = await it.applier.apply([scale(group="a"), scale("second", 7, group="a"), CREATE])

        assert len(applied.problems) == 1
        assert it.replicas("second") == 1
        assert it.store.get(SERVICE)["metadata"]["labels"] == {"owner": "me"}


async def test_creating_what_exists_already_is_done_if_it_is_ours() -> None:
    async with world() as it:
        assert await it.applier.apply([CREATE]) == Applied()
        assert await it.applier.apply([CREATE]) == Applied()
        assert [known.meta.ref for known in it.cache.select(One(SERVICE))] == [SERVICE]


async def test_a_stranger_under_our_name_is_left_alone_and_named() -> None:
    async with world() as it:
        it.store.create(SERVICES, NS, {"metadata": {"name": "canary"}, "spec": {}})

        (problem,) = (await it.applier.apply([CREATE])).problems

        assert isinstance(problem, Stalled)
        assert problem.reason is Reason.CONFLICT
        assert "Service shop/canary exists and is not Sluice's" in problem.message
        assert "owner=me" in problem.message


async def test_a_delete_ends_the_object_and_the_knowledge_of_it() -> None:
    async with world() as it:
        await it.applier.apply([CREATE])
        uid = it.store.get(SERVICE)["metadata"]["uid"]

        assert await it.applier.apply([Delete("canary", SERVICE, uid)]) == Applied()
        assert it.cache.select(One(SERVICE)) == ()
        assert await it.applier.apply([Delete("canary", SERVICE, uid)]) == Applied()


async def test_a_delete_spares_a_namesake() -> None:
    async with world() as it:
        await it.applier.apply([CREATE])

        assert await it.applier.apply([Delete("canary", SERVICE, "another")]) == Applied()
        assert it.store.get(SERVICE)
        assert it.cache.select(One(SERVICE)) != ()


async def test_a_delete_that_finalizers_hold_up_leaves_a_deleting_object_known() -> None:
    async with world() as it:
        await it.applier.apply([CREATE])
        it.store.set(SERVICE, "metadata.finalizers", ["example/wait"])
        uid = it.store.get(SERVICE)["metadata"]["uid"]

        await it.applier.apply([Delete("canary", SERVICE, uid)])

        (known,) = it.cache.select(One(SERVICE))
        assert known.meta.deleting


def condition(kind: str, status: str) -> JsonObject:
    return {"type": kind, "status": status}


def healthy(uid: str, subresource: str = "status") -> Merge:
    """Set one condition of the pod."""
    fields: JsonObject = {"status": {"conditions": [condition("sluice.dev/healthy", "True")]}}
    return Merge("pod", POD, uid, fields, subresource)


def create_pod(it: World) -> str:
    """Create a pod with a condition of the kubelet's and two gates; return its UID."""
    spec = {"schedulingGates": [{"name": "sluice.dev/startup"}, {"name": "other"}]}
    it.store.create(PODS, NS, {"metadata": {"name": "app-1"}, "spec": spec})
    conditions = [condition("Ready", "False"), condition("sluice.dev/healthy", "False")]
    it.store.set(POD, "status.conditions", conditions)
    return str(it.store.get(POD)["metadata"]["uid"])


def gone(it: World, refusal: str) -> None:
    """Have a merge refused, and the pod gone before it is read again."""

    def refused(request: web.Request) -> bool:
        matches = request.method == "PATCH"
        if matches:
            it.store.delete(POD)
        return matches

    error = {
        "404": RefusalError(404, "NotFound", 'pods "app-1" not found'),
        "409": RefusalError(409, "Conflict", "Precondition failed: UID in precondition: a"),
        "422": RefusalError(422, "Invalid", "Precondition failed: UID in precondition: a"),
    }[refusal]
    it.server.faults.append(Fault(refused, error))


async def test_a_merge_leaves_what_others_wrote_and_is_known_at_once() -> None:
    async with world() as it:
        uid = create_pod(it)

        assert await it.applier.apply([healthy(uid)]) == Applied()

        ready, ours = it.store.get(POD)["status"]["conditions"]
        (known,) = it.cache.select(One(POD))
        assert (ready, ours["status"]) == (condition("Ready", "False"), "True")
        assert known.meta.resource_version == it.store.get(POD)["metadata"]["resourceVersion"]


async def test_a_merge_takes_one_entry_out_of_a_list() -> None:
    async with world() as it:
        gates = [{"$patch": "delete", "name": "sluice.dev/startup"}]
        fields: JsonObject = {
            "spec": {"schedulingGates": gates},
            "metadata": {"labels": {"a": "b"}},
        }

        assert await it.applier.apply([Merge("pod", POD, create_pod(it), fields)]) == Applied()

        pod = it.store.get(POD)
        assert pod["spec"] == {"schedulingGates": [{"name": "other"}]}
        assert pod["metadata"]["labels"] == {"a": "b"}


async def test_a_merge_spares_a_namesake_and_counts_as_done() -> None:
    async with world() as it:
        create_pod(it)

        assert await it.applier.apply([healthy("another")]) == Applied()

        (known,) = it.cache.select(One(POD))
        assert known.meta.uid == it.store.get(POD)["metadata"]["uid"]
        assert it.store.get(POD)["status"]["conditions"][1]["status"] == "False"


async def test_a_merge_without_a_uid_is_for_whatever_has_the_name() -> None:
    async with world() as it:
        uid = create_pod(it)

        assert await it.applier.apply([healthy("")]) == Applied()

        assert it.store.get(POD)["metadata"]["uid"] == uid
        assert it.store.get(POD)["status"]["conditions"][1]["status"] == "True"


async def test_a_merge_without_a_uid_in_conflict_is_stale() -> None:
    async with world() as it:
        create_pod(it)
        gone(it, "409")

        assert await it.applier.apply([healthy("")]) == Applied(stale=True)


async def test_a_merge_into_a_part_of_the_installation_that_is_missing_is_told() -> None:
    async with world() as it:
        applied = await it.applier.apply([healthy("")])

        (problem,) = applied.problems
        assert problem == Stalled(Reason.NOT_INSTALLED, problem.message)
        assert problem.message.startswith(f"{POD} does not exist")
        assert not applied.stale


@pytest.mark.parametrize("refusal", ["404", "409", "422"])
async def test_a_merge_into_what_is_gone_is_done_and_the_object_is_forgotten(refusal: str) -> None:
    async with world() as it:
        uid = create_pod(it)
        await it.applier.apply([healthy(uid)])
        gone(it, refusal)

        assert await it.applier.apply([healthy(uid)]) == Applied()
        assert it.cache.select(One(POD)) == ()


async def test_a_merge_in_conflict_with_the_same_object_is_stale() -> None:
    async with world() as it:
        uid = create_pod(it)
        it.server.faults.append(refuse(409, "Conflict", "the object has been modified"))

        assert await it.applier.apply([healthy(uid)]) == Applied(stale=True)
        assert it.cache.select(One(POD)) != ()


@pytest.mark.parametrize(
    "message",
    [
        pytest.param("status.conditions[0].type: Required value", id="of another field"),
        pytest.param("metadata.uid: Invalid value: 7", id="of the UID, though it is the same one"),
    ],
)
async def test_any_other_refusal_of_a_merge_is_a_problem(message: str) -> None:
    async with world() as it:
        uid = create_pod(it)
        it.server.faults.append(refuse(422, "Invalid", message))

        (problem,) = (await it.applier.apply([healthy(uid)])).problems

        assert problem.reason is Reason.REFUSED_BY_SERVER
        assert problem.message.startswith(f"patch Pod shop/app-1: {message}")


RBAC = 'deployments.apps "app" is forbidden: User "sluice" cannot patch resource'
QUOTA = 'pods "x" is forbidden: exceeded quota: compute, requested: cpu=1, limited: cpu=10'
WEBHOOK = 'admission webhook "policy.example" denied the request: no'


@pytest.mark.parametrize(
    ("fault", "kind", "reason", "words"),
    [
        pytest.param(
            refuse(403, "Forbidden", RBAC), Stalled, Reason.FORBIDDEN, "ClusterRole",
            id="a missing right is for the administrator",
        ),
        pytest.param(
            refuse(403, "Forbidden", QUOTA), Waiting, Reason.QUOTA_EXCEEDED, "raise the quota",
            id="a quota is waited for",
        ),
        pytest.param(
            refuse(403, "Forbidden", WEBHOOK), Stalled, Reason.REFUSED_BY_SERVER, "denied",
            id="an admission webhook is named",
        ),
        pytest.param(
            refuse(422, "Invalid", "spec.x: wrong"), Stalled, Reason.REFUSED_BY_SERVER, "spec.x",
            id="an invalid write shows the server's words",
        ),
        pytest.param(
            refuse(500, "InternalError", "etcd away"), Transient, Reason.REFUSED_BY_SERVER,
            "tried again", id="a broken server passes",
        ),
    ],
)  # fmt: skip
async def test_a_failure_means(
    fault: Fault, kind: type[Problem], reason: Reason, words: str
) -> None:
    async with world() as it:
        it.server.faults.append(fault)

        (problem,) = (await it.applier.apply([scale()])).problems

        assert isinstance(problem, kind)
        assert problem.reason is reason
        assert problem.message.startswith("patch Deployment shop/app: ")
        assert words in problem.message


async def test_a_closed_gate_lets_no_write_through() -> None:
    async with world() as it:
        it.may_write = False

        with pytest.raises(GateClosedError):
            await it.applier.apply([scale(), scale("second", group="other")])

        assert it.server.writes == []
