"""Our own objects: what Kopf tells, what it does not tell, and who is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from sluice.adapters.kube import KubeClient
from sluice.engine.cache import Cache
from sluice.engine.own import OwnObjects, Verifier
from sluice.engine.queue import Lane
from sluice.model.json import Body, JsonObject
from sluice.model.references import ObjectRef
from tests.engine.apiserver import ApiServer, Fault, api_server
from tests.engine.harness import NS, TOYS, toy, toy_ref, until
from tests.engine.store import RefusalError, Store
from tests.plain_connection import plain_connection


@dataclass
class Owned:
    """The store of our own objects, with what it has told."""

    changed: list[tuple[str, Lane]] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    objects: OwnObjects = field(init=False)

    def __post_init__(self) -> None:
        self.objects = OwnObjects(
            [TOYS],
            Cache(),
            lambda ref, lane: self.changed.append((ref.name, lane)),
            lambda ref: self.dropped.append(ref.name),
        )

    def names(self) -> list[str]:
        return sorted(ref.name for ref in self.objects.known(TOYS))


def body(version: int, uid: str = "u", metadata: JsonObject | None = None) -> JsonObject:
    meta = {"namespace": NS, "name": "one", "uid": uid, "resourceVersion": str(version)}
    return {"metadata": {**meta, "generation": 1, **(metadata or {})}, "spec": {}}


@pytest.mark.parametrize(
    ("change", "lane"),
    [
        pytest.param({"generation": 2}, Lane.USER, id="another spec is a user's action"),
        pytest.param({"annotations": {"abort": "1"}}, Lane.USER, id="so is a command"),
        pytest.param({"deletionTimestamp": "now"}, Lane.USER, id="so is the deletion"),
        pytest.param({"labels": {"a": "b"}}, Lane.CHANGE, id="a label is a change"),
    ],
)
def test_tells_how_urgent_a_change_is(change: JsonObject, lane: Lane) -> None:
    owned = Owned()

    owned.objects.put(TOYS, body(1))
    owned.objects.put(TOYS, body(2, metadata=change))

    assert owned.changed == [("one", Lane.CHANGE), ("one", lane)]


def test_an_older_or_repeated_event_is_not_heard() -> None:
    owned = Owned()

    for version in (10, 9, 10):
        owned.objects.put(TOYS, body(version))

    assert owned.changed == [("one", Lane.CHANGE)]
    assert owned.objects.known(TOYS)[toy_ref()].version == 10


def test_the_answer_to_our_own_write_wakes_nobody_nor_does_its_event() -> None:
    owned = Owned()
    owned.objects.put(TOYS, body(1))

    owned.objects.put(TOYS, body(2), ours=True)
    owned.objects.put(TOYS, body(2))

    assert owned.changed == [("one", Lane.CHANGE)]


def test_managed_fields_are_not_kept() -> None:
    owned = Owned()

    kept = owned.objects.put(TOYS, body(1, metadata={"managedFields": [{"manager": "kubectl"}]}))

    assert kept is not None
    assert not Body(kept.body).has("metadata", "managedFields")


def test_an_object_created_anew_under_its_name_is_another_object() -> None:
    owned = Owned()
    owned.objects.put(TOYS, body(1, uid="first"))

    owned.objects.put(TOYS, body(5, uid="second"))
    owned.objects.drop(toy_ref(), "first")

    assert owned.dropped == ["one"]
    assert owned.objects.known(TOYS)[toy_ref()].uid == "second"


def test_an_answer_that_comes_after_the_deletion_does_not_bring_the_object_back() -> None:
    owned = Owned()
    owned.objects.put(TOYS, body(1))
    owned.objects.drop(toy_ref(), "u")

    owned.objects.put(TOYS, body(2), ours=True)

    assert owned.names() == []


@dataclass
class Verified(Owned):
    """The same, with a verifier on an API server."""

    store: Store = field(default_factory=Store)
    server: ApiServer = field(init=False)
    verifier: Verifier = field(init=False)


@asynccontextmanager
async def verified(*names: str, faults: tuple[Fault, ...] = ()) -> AsyncIterator[Verified]:
    it = Verified()
    for name in names:
        it.store.create(TOYS, NS, toy(name)[1])
    async with api_server(it.store, {TOYS}) as it.server:
        it.server.faults.extend(faults)
        client = KubeClient(plain_connection(it.server.url))
        it.verifier = Verifier(client, TOYS, it.objects)
        task = asyncio.create_task(it.verifier.run())
        try:
            async with asyncio.timeout(5):
                await it.verifier.synced.wait()
            yield it
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await client.close()


def ref(name: str) -> ObjectRef:
    return toy_ref(name)


async def test_the_first_list_reads_everything() -> None:
    async with verified("a", "b") as it:
        assert it.names() == ["a", "b"]


async def test_waits_for_its_resource_to_be_installed() -> None:
    absent = Fault(lambda _: True, RefusalError(404, "NotFound", "not served"), times=1)

    async with verified("a", faults=(absent,)) as it:
        assert it.names() == ["a"]


async def test_an_object_that_vanished_unseen_is_dropped_and_one_that_appeared_is_read() -> None:
    async with verified("kept", "ghost") as it:
        it.store.delete(ref("ghost"))
        it.store.create(TOYS, NS, toy("missed")[1])

        it.verifier.ask()

        await until(lambda: it.names() == ["kept", "missed"])
        assert it.dropped == ["ghost"]


async def test_a_missed_change_is_read() -> None:
    async with verified("one") as it:
        it.store.set(ref("one"), "metadata.annotations", {"abort": "1"})

        it.verifier.ask()

        await until(lambda: it.changed[-1] == ("one", Lane.USER))


async def test_a_namesake_with_another_uid_takes_the_place_of_a_ghost() -> None:
    async with verified("one") as it:
        it.store.delete(ref("one"))
        uid = it.store.create(TOYS, NS, toy("one")[1])["metadata"]["uid"]

        it.verifier.ask()

        await until(lambda: it.names() and it.objects.known(TOYS)[ref("one")].uid == uid)
        assert it.dropped == ["one"]


async def test_a_comparison_without_differences_reads_no_objects_and_tells_nobody() -> None:
    async with verified("a", "b") as it:
        told, asked = list(it.changed), len(it.server.requests)

        await it.verifier.verify()

        assert it.changed == told
        assert it.server.requests[asked:] == ["GET /apis/toys.example/v1/toys"]
