"""The status write: only what changed, on the version decided on, and then the events."""

import pytest

from sluice.engine.status import same
from sluice.model.conditions import STALLED
from sluice.model.json import Json
from sluice.model.kind import Observation, One, Wants
from sluice.model.plan import Note, Operation, Patch, Plan, Transition, Work
from sluice.model.reasons import Reason
from tests.engine.apiserver import Fault
from tests.engine.harness import (
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

STATUS_WRITE = "PATCH /apis/toys.example/v1/namespaces/shop/toys/one/status"
NOTES = (
    Note(Reason.ROLLOUT_STARTED, "canary 6d4f of checkout"),
    Note(Reason.STEP_STARTED, "step 1 of 3: 1%"),
)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        pytest.param({"a": (1, 2)}, {"a": [1, 2]}, True, id="a tuple is a list"),
        pytest.param({"a": 1.0}, {"a": 1}, True, id="a whole number is an integer"),
        pytest.param({"a": 1}, {"a": True}, False, id="a flag is not a number"),
        pytest.param({"a": 1}, {"a": 1, "b": None}, False, id="null is not absent"),
        pytest.param([1], [1, 2], False, id="a longer list is another"),
        pytest.param("a", "b", False, id="another text is another"),
    ],
)
def test_the_same_json(one: Json, other: Json, *, expected: bool) -> None:
    assert same(one, other) is expected


def _enter_once(observation: Observation) -> Plan:
    return Work() if "status" in observation.body else Transition({"stage": "A"}, NOTES)


async def test_each_note_becomes_one_event_after_the_write() -> None:
    async with world(Toy(plan_of=_enter_once), toy()) as it:
        await until(lambda: len(it.events) == 2)
        await it.settled()

        assert sorted(it.events) == [
            ("RolloutStarted", "canary 6d4f of checkout"),
            ("StepStarted", "step 1 of 3: 1%"),
        ]
        assert it.server.writes[0] == STATUS_WRITE


async def test_an_event_whose_first_answer_was_lost_is_not_doubled() -> None:
    lost = Fault(
        lambda request: request.path.endswith("/events"),
        RefusalError(503, "ServiceUnavailable", "the connection broke"),
        after=True,
        times=1,
    )
    async with world(Toy(plan_of=_enter_once), toy(), lead=False) as it:
        it.server.faults.append(lost)
        it.engine.lead()
        await until(lambda: sum(write.endswith("/events") for write in it.server.writes) == 3)

        assert len(it.events) == 2


async def test_a_refused_write_posts_no_event_and_is_tried_again() -> None:
    async with world(Toy(plan_of=_enter_once), toy(), lead=False) as it:
        refusal = RefusalError(500, "InternalError", "etcd is away")
        it.server.faults.append(Fault(lambda r: r.path.endswith("/status"), refusal, times=1))
        it.engine.lead()
        await until(lambda: len(it.events) == 2)

        assert it.server.writes[:2] == [STATUS_WRITE, STATUS_WRITE]


async def test_a_write_decided_on_an_old_version_dies_and_is_decided_anew() -> None:
    async with world(Toy(plan_of=_enter_once), toy(), lead=False) as it:
        it.store.set(toy_ref(), "spec.edited", value=True)
        it.engine.lead()
        await until(lambda: "status" in it.store.get(toy_ref()))
        await until(lambda: len(it.events) == 2)

        kind = it.engine.kinds[toy_ref().resource]
        assert isinstance(kind, Toy)
        assert [o.body["spec"] for o in kind.seen[:2]] == [{}, {"edited": True}]
        assert it.server.writes.count(STATUS_WRITE) == 2


async def test_a_transition_alone_is_one_write_and_no_other() -> None:
    def plan(observation: Observation) -> Plan:
        return _enter_once(observation)

    async with world(Toy(plan_of=plan), toy()) as it:
        await until(lambda: len(it.events) == 2)
        await it.settled()
        writes = [write for write in it.server.writes if not write.endswith("/events")]

        assert writes == [STATUS_WRITE]


async def test_an_action_on_our_own_object_leaves_status_to_the_next_pass() -> None:
    def plan(observation: Observation) -> Plan:
        meta = observation.body["metadata"]
        assert isinstance(meta, dict)
        status = {"finalizers": len(meta.get("finalizers", []))}
        if meta.get("finalizers"):
            return Work(status=status)
        add = Operation("add", "/metadata/finalizers", ["sluice.dev/cleanup"])
        return Work((Patch("own", toy_ref(), (add,), meta["resourceVersion"]),), status)

    async with world(Toy(plan_of=plan), toy()) as it:
        await until(lambda: "status" in it.store.get(toy_ref()))
        await it.settled()

        assert it.store.get(toy_ref())["status"] == {"finalizers": 1}
        assert it.server.writes == [STATUS_WRITE.removesuffix("/status"), STATUS_WRITE]


def conditions(it: World) -> dict[str, tuple[str, str]]:
    found = it.store.get(toy_ref()).get("status", {}).get("conditions", [])
    return {c["type"]: (c["status"], c["reason"]) for c in found}


async def test_a_status_that_never_settles_is_written_ever_more_seldom() -> None:
    def plan(observation: Observation) -> Plan:
        return Transition({"at": observation.now})

    async with world(Toy(plan_of=plan), toy()) as it:
        await until(lambda: len(it.server.writes) >= 8)

        assert it.engine.reconciler.delays.progress.failures(toy_ref()) >= 7
        assert it.engine.reconciler.delays.progress.next(toy_ref()) > 0.03
        assert STALLED not in conditions(it)


async def test_what_others_change_is_a_reason_to_write_again_at_once() -> None:
    def plan(observation: Observation) -> Plan:
        return Transition({"at": observation.now})

    wants = Wants((One(deployment_ref()),))
    kind = Toy(wants_of=lambda _, __: wants, plan_of=plan)
    async with world(kind, deployment(), toy()) as it:
        failures = it.engine.reconciler.delays.progress.failures
        await until(lambda: failures(toy_ref()) >= 7)
        it.store.set(deployment_ref(), "spec.replicas", 2)

        await until(lambda: failures(toy_ref()) < 7)
