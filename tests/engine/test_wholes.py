"""Whole objects: read in the background, once, and again when their watch had a gap."""

from sluice.model.json import Body, JsonObject
from sluice.model.kind import Observation, Wants, WholeWant
from sluice.model.plan import Plan, Work
from sluice.model.references import DEPLOYMENTS
from tests.engine.apiserver import Fault
from tests.engine.harness import (
    Found,
    Toy,
    World,
    deployment,
    deployment_ref,
    toy,
    toy_ref,
    until,
    world,
)
from tests.engine.store import RefusalError

AWAY = RefusalError(503, "ServiceUnavailable", "etcd is away")
GET = "GET /apis/apps/v1/namespaces/shop/deployments/app"


def _wants(body: JsonObject, _: Found) -> Wants:
    spec = Body(body).body("spec")
    if not spec.has("uid"):
        return Wants()
    return Wants(wholes=(WholeWant(deployment_ref(), spec.text("uid"), spec.whole("seen")),))


def _plan(observation: Observation) -> Plan:
    """Write down what is known of the whole object."""
    found = {want.generation: whole for want, whole in observation.wholes.items()}
    names = {str(key): "gone" if value is None else "there" for key, value in found.items()}
    return Work(status={"wholes": names})


def wholes(it: World) -> object:
    return it.store.get(toy_ref()).get("status", {}).get("wholes")


async def test_a_whole_object_is_read_once_and_its_arrival_wakes_who_wanted_it() -> None:
    async with world(Toy(wants_of=_wants, plan_of=_plan), deployment(), toy()) as it:
        uid = it.store.get(deployment_ref())["metadata"]["uid"]
        it.set_and_feed(toy_ref(), "spec", {"uid": uid, "seen": 1})
        await until(lambda: wholes(it) == {"1": "there"})

        it.set_and_feed(toy_ref(), "metadata.labels", {"a": "b"})
        await it.settled()

        assert it.server.requests.count(GET) == 1


async def test_another_generation_is_another_question() -> None:
    async with world(Toy(wants_of=_wants, plan_of=_plan), deployment(), toy()) as it:
        uid = it.store.get(deployment_ref())["metadata"]["uid"]
        it.set_and_feed(toy_ref(), "spec", {"uid": uid, "seen": 1})
        await until(lambda: wholes(it) == {"1": "there"})

        it.set_and_feed(toy_ref(), "spec", {"uid": uid, "seen": 2})

        await until(lambda: wholes(it) == {"2": "there"})
        assert it.server.requests.count(GET) == 2


async def test_an_object_that_does_not_exist_and_a_namesake_are_gone() -> None:
    async with world(Toy(wants_of=_wants, plan_of=_plan), toy()) as it:
        it.set_and_feed(toy_ref(), "spec", {"uid": "u", "seen": 1})
        await until(lambda: wholes(it) == {"1": "gone"})

        it.store.create(DEPLOYMENTS, "shop", deployment()[1])
        it.set_and_feed(toy_ref(), "spec", {"uid": "u", "seen": 2})

        await until(lambda: wholes(it) == {"2": "gone"})


async def test_a_failed_reading_is_tried_again() -> None:
    async with world(Toy(wants_of=_wants, plan_of=_plan), deployment(), toy()) as it:
        uid = it.store.get(deployment_ref())["metadata"]["uid"]
        it.server.faults.append(Fault(lambda r: r.path.endswith("/app"), AWAY, times=2))

        it.set_and_feed(toy_ref(), "spec", {"uid": uid, "seen": 1})

        await until(lambda: wholes(it) == {"1": "there"})
        assert it.server.requests.count(GET) == 3


async def test_after_a_gap_in_its_watch_an_object_is_read_again() -> None:
    async with world(Toy(wants_of=_wants, plan_of=_plan), deployment(), toy()) as it:
        uid = it.store.get(deployment_ref())["metadata"]["uid"]
        it.set_and_feed(toy_ref(), "spec", {"uid": uid, "seen": 1})
        await until(lambda: wholes(it) == {"1": "there"})
        it.store.delete(deployment_ref())

        it.engine.wholes.relisted(DEPLOYMENTS)

        await until(lambda: wholes(it) == {"1": "gone"})
