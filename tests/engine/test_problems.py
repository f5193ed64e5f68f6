"""What goes wrong is said on the object that it concerns, once, and the others go on."""

import pytest

from sluice.model.json import JsonObject
from sluice.model.kind import Observation, One, Wants
from sluice.model.plan import Operation, Patch, Plan, Work
from sluice.model.reasons import Reason
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

RBAC = RefusalError(403, "Forbidden", 'deployments.apps is forbidden: User "x" cannot patch')
AWAY = RefusalError(503, "ServiceUnavailable", "the webhook is away")
SCALE = Work((Patch("t", deployment_ref(), (Operation("add", "/spec/replicas", 2),)),))


def conditions(it: World, name: str = "one") -> dict[str, tuple[str, str]]:
    found = it.store.get(toy_ref(name)).get("status", {}).get("conditions", [])
    return {c["type"]: (c["status"], c["reason"]) for c in found}


def message(it: World, name: str = "one") -> str:
    (ready,) = [
        c for c in it.store.get(toy_ref(name))["status"]["conditions"] if c["type"] == "Ready"
    ]
    return str(ready["message"])


def _poisoned(observation: Observation) -> Plan:
    spec = observation.body["spec"]
    assert isinstance(spec, dict)
    if spec.get("poison"):
        raise KeyError("weight")
    return Work(status={"stage": "Done"})


async def test_a_poison_object_is_set_aside_and_the_others_go_on() -> None:
    async with world(Toy(plan_of=_poisoned), toy("bad", poison=True), toy("good")) as it:
        await until(lambda: conditions(it, "bad") and "status" in it.store.get(toy_ref("good")))
        await until(lambda: it.events)

        told = ("False", "InternalError")
        assert conditions(it, "bad") == {"Ready": told, "Stalled": ("True", "InternalError")}
        assert message(it, "bad").startswith("KeyError: 'weight'")
        assert it.store.get(toy_ref("good"))["status"] == {"stage": "Done"}
        assert [reason for reason, _ in it.events] == ["InternalError"]


async def test_a_poison_object_is_told_of_once_however_often_it_is_tried() -> None:
    kind = Toy(plan_of=_poisoned)

    async with world(kind, toy("one", poison=True)) as it:
        for attempt in range(1, 4):
            it.set_and_feed(toy_ref(), "metadata.labels", {"try": str(attempt)})
            await until(lambda: len(kind.seen) > attempt)  # noqa: B023 - awaited in the loop
        await it.settled()

        assert len(it.events) == 1
        assert sum(write.endswith("/status") for write in it.server.writes) == 1


async def test_a_problem_whose_words_change_is_one_event() -> None:
    kind = Toy()

    def plan(_: Observation) -> Plan:
        raise ValueError(f"attempt {len(kind.seen)}")

    kind.plan_of = plan
    async with world(kind, toy()) as it:
        await until(lambda: conditions(it))
        first = message(it)
        it.set_and_feed(toy_ref(), "metadata.labels", {"a": "b"})
        await until(lambda: message(it) != first)
        await it.settled()

        assert len(it.events) == 1


async def test_a_poison_object_that_is_mended_goes_on() -> None:
    async with world(Toy(plan_of=_poisoned), toy("one", poison=True)) as it:
        await until(lambda: conditions(it))

        it.set_and_feed(toy_ref(), "spec.poison", value=False)

        await until(lambda: it.store.get(toy_ref())["status"] == {"stage": "Done"})


@pytest.mark.parametrize(
    "wanting",
    [
        pytest.param("raise", id="raises"),
        pytest.param("endless", id="never has enough"),
    ],
)
async def test_a_kind_whose_wants_fail_is_set_aside_as_well(wanting: str) -> None:
    def wants(_: JsonObject, found: Found) -> Wants:
        if wanting == "raise":
            raise ValueError("malformed")
        return Wants(tuple(One(deployment_ref(f"d{n}")) for n in range(len(found) + 1)))

    async with world(Toy(wants_of=wants), toy()) as it:
        await until(lambda: conditions(it))

        assert conditions(it)["Ready"] == ("False", "InternalError")


async def test_a_missing_right_is_told_once_on_the_object_that_it_concerns() -> None:
    kind = Toy(plan_of=lambda o: SCALE if o.body["spec"] else Work())

    async with world(kind, deployment(), toy("one", scale=1), toy("two"), lead=False) as it:
        fault = Fault(lambda r: r.path.endswith("/app"), RBAC)
        it.server.faults.append(fault)
        it.engine.lead()
        await until(lambda: conditions(it))
        it.set_and_feed(toy_ref(), "metadata.labels", {"a": "b"})
        await until(lambda: len(kind.seen) >= 3)
        await it.settled()

        assert conditions(it) == {"Ready": ("False", "Forbidden"), "Stalled": ("True", "Forbidden")}
        assert "apply the operator's ClusterRole" in message(it)
        assert "status" not in it.store.get(toy_ref("two"))
        assert [reason for reason, _ in it.events] == [str(Reason.FORBIDDEN)]
        assert sum(write.endswith("/status") for write in it.server.writes) == 1


async def test_a_kind_is_told_what_was_refused_when_it_was_last_tried() -> None:
    seen: list[frozenset[str]] = []

    def plan_of(observation: Observation) -> Plan:
        seen.append(observation.refused)
        return SCALE

    kind = Toy(plan_of=plan_of)
    async with world(kind, deployment(), toy("one"), lead=False) as it:
        it.server.faults.append(Fault(lambda r: r.path.endswith("/app"), RBAC))
        it.engine.lead()
        await until(lambda: frozenset({"t"}) in seen)
        it.server.faults.clear()
        await until(lambda: it.store.get(deployment_ref())["spec"]["replicas"] == 2)
        it.set_and_feed(toy_ref(), "metadata.labels", {"try": "again"})
        await until(lambda: seen[-1] == frozenset())

        assert seen[0] == frozenset()


async def test_a_passing_failure_is_not_told_and_passes() -> None:
    def plan(observation: Observation) -> Plan:
        del observation
        return SCALE

    async with world(Toy(plan_of=plan), deployment(), toy(), lead=False) as it:
        it.server.faults.append(Fault(lambda r: r.path.endswith("/app"), AWAY, times=3))
        it.engine.lead()
        await until(lambda: it.store.get(deployment_ref())["spec"]["replicas"] == 2)

        assert not any(write.endswith("/status") for write in it.server.writes)


async def test_a_failure_that_does_not_pass_is_told() -> None:
    async with world(Toy(plan_of=lambda _: SCALE), deployment(), toy(), lead=False) as it:
        it.server.faults.append(Fault(lambda r: r.path.endswith("/app"), AWAY))
        it.engine.lead()
        await until(lambda: conditions(it), seconds=8)

        assert conditions(it)["Reconciling"] == ("True", "RefusedByServer")
        assert "the webhook is away" in message(it)


async def test_what_a_kind_says_besides_stays_when_a_problem_is_told() -> None:
    promoted = {
        "type": "Promoted",
        "status": "True",
        "reason": "Promoted",
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }

    def plan(_: Observation) -> Plan:
        return Work(SCALE.actions, status={"stage": "Done", "conditions": [promoted]})

    async with world(Toy(plan_of=plan), deployment(), toy(), lead=False) as it:
        it.server.faults.append(Fault(lambda r: r.path.endswith("/app"), RBAC))
        it.engine.lead()
        await until(lambda: conditions(it))

        assert it.store.get(toy_ref())["status"]["stage"] == "Done"
        assert conditions(it) == {
            "Promoted": ("True", "Promoted"),
            "Ready": ("False", "Forbidden"),
            "Stalled": ("True", "Forbidden"),
        }
