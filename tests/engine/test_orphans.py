"""Objects whose label names one of ours that does not exist: their guardian looks after them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest

from sluice.adapters.clock import SystemClock
from sluice.adapters.prometheus import NoMetrics
from sluice.engine.delays import Result
from sluice.engine.process import Engine, EngineSettings
from sluice.model.cluster import Deployment
from sluice.model.kind import Labelled, Observation, Wants
from sluice.model.names import PREFIX
from sluice.model.plan import Note, Operation, Patch, Subject, Work
from sluice.model.reasons import Reason
from sluice.model.references import DEPLOYMENTS, ObjectRef, Resource
from tests.engine.apiserver import Fault
from tests.engine.harness import (
    EVENTS,
    NS,
    TOYS,
    Toy,
    World,
    deployment,
    deployment_ref,
    toy,
    toy_ref,
    until,
    world,
)
from tests.engine.store import Object, RefusalError

LABEL = f"{PREFIX}/toy"
RELEASE = "PATCH /apis/apps/v1/namespaces/shop/deployments/app"
AWAY = RefusalError(503, "ServiceUnavailable", "the webhook is away")
RBAC = RefusalError(403, "Forbidden", 'deployments.apps is forbidden: User "x" cannot patch')


def _release(_: ObjectRef, observation: Observation) -> Work:
    """Lift the pause of whatever carries the label."""
    held = [
        found.meta.ref
        for projections in observation.found.values()
        for found in projections
        if isinstance(found, Deployment) and found.paused
    ]
    unpause = Operation("replace", "/spec/paused", False)
    return Work(tuple(Patch(ref.name, ref, (unpause,)) for ref in held))


@dataclass
class Keeper:
    """A guardian of missing toys whose decision a test writes down as a function."""

    plan_of: Callable[[ObjectRef, Observation], Work] = _release
    resource: Resource = TOYS
    label: str = LABEL
    seen: list[tuple[str, Observation]] = field(default_factory=list)

    def wants(self, key: ObjectRef) -> Wants:
        return Wants((Labelled(DEPLOYMENTS, key.namespace, LABEL, key.name),))

    def plan(self, key: ObjectRef, observation: Observation) -> Work:
        self.seen.append((key.name, observation))
        return self.plan_of(key, observation)


def held(name: str = "app", owner: str = "one") -> tuple[Resource, Object]:
    """Return a paused Deployment that names a toy."""
    resource, manifest = deployment(name)
    manifest["metadata"]["labels"] = {LABEL: owner}
    manifest["spec"]["paused"] = True
    return resource, manifest


def paused(it: World, name: str = "app") -> bool:
    return bool(it.store.get(deployment_ref(name))["spec"]["paused"])


async def told(it: World, ref: ObjectRef) -> None:
    """Return when the engine has seen the object as it is now."""
    version = it.store.get(ref)["metadata"]["resourceVersion"]

    def seen() -> bool:
        known = it.engine.cache.get(ref)
        return known is not None and known.meta.resource_version == version

    await until(seen)
    await it.settled()


def forgotten(it: World, key: ObjectRef) -> bool:
    """Whether nothing of a key is left in the engine."""
    wanted = it.engine.subscriptions._topics  # noqa: SLF001 - that it leaks nothing shows nowhere else
    return key not in wanted and it.engine.queue.release() is None


async def test_what_names_an_object_that_never_was_is_looked_after_and_then_forgotten() -> None:
    keeper, kind = Keeper(), Toy()
    async with world(kind, held(), guardians=(keeper,)) as it:
        await until(lambda: not paused(it))
        await until(lambda: forgotten(it, toy_ref()))

        assert {(name, bool(seen.body)) for name, seen in keeper.seen} == {("one", False)}
        assert it.server.writes == [RELEASE]
        assert kind.seen == []


async def test_a_label_that_is_put_on_later_is_noticed() -> None:
    keeper = Keeper()
    async with world(Toy(), deployment(), guardians=(keeper,)) as it:
        it.store.set(deployment_ref(), "spec.paused", value=True)
        await told(it, deployment_ref())
        assert keeper.seen == []

        it.store.set(deployment_ref(), "metadata.labels", {LABEL: "one"})

        await until(lambda: not paused(it))


async def test_a_label_that_is_taken_off_is_noticed() -> None:
    keeper = Keeper(lambda *_: Work())
    async with world(Toy(), held(), guardians=(keeper,)) as it:
        await until(lambda: keeper.seen)

        it.store.set(deployment_ref(), "metadata.labels", {LABEL: ""})

        await until(lambda: not any(keeper.seen[-1][1].found.values()))
        await until(lambda: forgotten(it, toy_ref()))


async def test_what_names_an_object_that_exists_is_left_to_its_kind() -> None:
    keeper, kind = Keeper(), Toy()
    async with world(kind, toy(), held(), guardians=(keeper,)) as it:
        it.store.set(deployment_ref(), "spec.replicas", 7)
        await told(it, deployment_ref())

        assert len(kind.seen) == 1
        assert keeper.seen == []


@pytest.mark.parametrize("objects", [(held(),), ()], ids=["labelled", "nothing left"])
async def test_after_the_deletion_of_the_object(objects: tuple[tuple[Resource, Object]]) -> None:
    keeper, kind = Keeper(), Toy()
    async with world(kind, toy(), *objects, guardians=(keeper,)) as it:
        await until(lambda: kind.seen)
        await it.settled()
        body = it.store.get(toy_ref())
        it.store.delete(toy_ref())

        it.engine.feed(TOYS, "DELETED", body)

        await until(lambda: forgotten(it, toy_ref()))
        await it.settled()
        assert bool(keeper.seen) is bool(objects)
        assert it.server.writes == [RELEASE] * len(objects)


@asynccontextmanager
async def restarted(it: World, keeper: Keeper) -> AsyncIterator[Engine]:
    """Run the next process in place of the world's."""
    await it.engine.stop(1.0)
    settings = EngineSettings(workers=4)
    engine = Engine(
        it.client, (Toy(),), NoMetrics(), SystemClock(), lambda: True, settings, guardians=(keeper,)
    )
    engine.warm_up()
    try:
        await asyncio.wait_for(engine.synced(), 5)
        engine.lead()
        yield engine
    finally:
        await engine.stop(1.0)


async def test_a_new_process_goes_on_where_the_last_one_ended() -> None:
    waiting, following = Keeper(lambda _, seen: Work(due_at=seen.now + 3600)), Keeper()
    async with world(Toy(), held(), guardians=(waiting,)) as it:
        await until(lambda: waiting.seen)

        async with restarted(it, following):
            await until(lambda: not paused(it))


async def test_an_instant_that_is_named_is_kept() -> None:
    keeper = Keeper()

    def later(key: ObjectRef, seen: Observation) -> Work:
        due = keeper.seen[0][1].now + 0.2
        return _release(key, seen) if seen.now >= due else Work(due_at=due)

    keeper.plan_of = later
    async with world(Toy(), held(), guardians=(keeper,)) as it:
        await until(lambda: not paused(it))
        await until(lambda: forgotten(it, toy_ref()))

        first, second = (seen.now for _, seen in keeper.seen[:2])
        assert second - first >= 0.2


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        pytest.param(AWAY, "the webhook is away", id="a passing failure"),
        pytest.param(RBAC, "apply the operator's ClusterRole", id="a missing right"),
    ],
)
async def test_an_action_that_fails_is_logged_and_tried_again(
    refusal: RefusalError, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    keeper = Keeper()
    async with world(Toy(), held(), held("other", "two"), guardians=(keeper,), lead=False) as it:
        it.server.faults.append(Fault(lambda r: r.path.endswith("/app"), refusal, times=1))
        it.engine.lead()
        await until(lambda: not paused(it, "other"))
        await until(lambda: not paused(it))

        assert "Toy shop/one, which is missing: " in caplog.text
        assert words in caplog.text
        assert not any(write.endswith("/status") for write in it.server.writes)


async def test_what_was_done_is_told_of_what_it_was_done_to_once_it_is_done() -> None:
    about = Subject(deployment_ref(), "uid-of-app", "1")

    def plan(key: ObjectRef, seen: Observation) -> Work:
        return replace(_release(key, seen), notes=(Note(Reason.STEP_STARTED, "let go", about),))

    async with world(Toy(), held(), guardians=(Keeper(plan),), lead=False) as it:
        it.server.faults.append(Fault(lambda r: r.path.endswith("/app"), AWAY, times=1))
        it.engine.lead()
        await until(lambda: not paused(it))
        await until(lambda: forgotten(it, toy_ref()))
        await it.settled()

        (event,) = it.store.list(EVENTS)
        assert (event["reason"], event["note"]) == ("StepStarted", "let go")
        assert event["regarding"]["kind"] == "Deployment"
        assert event["regarding"]["uid"] == "uid-of-app"


async def test_what_is_left_as_it_is_may_be_told_too() -> None:
    about = Subject(deployment_ref(), "uid-of-app", "1")
    keeper = Keeper(lambda *_: Work(notes=(Note(Reason.AWAITS_RECORD, "held", about),)))

    async with world(Toy(), held(), guardians=(keeper,)) as it:
        await until(lambda: bool(it.events))
        await until(lambda: forgotten(it, toy_ref()))

        (event,) = it.store.list(EVENTS)
        assert (event["reason"], event["note"]) == ("AwaitsRecord", "held")
        assert paused(it)


async def test_what_is_not_done_is_not_told() -> None:
    def plan(key: ObjectRef, seen: Observation) -> Work:
        about = Subject(deployment_ref(), "uid-of-app", "1")
        return replace(_release(key, seen), notes=(Note(Reason.STEP_STARTED, "let go", about),))

    keeper = Keeper(plan)
    async with world(Toy(), held(), guardians=(keeper,), lead=False) as it:
        it.server.faults.append(Fault(lambda r: r.path.endswith("/app"), AWAY))
        it.engine.lead()
        await until(lambda: len(keeper.seen) >= 2)
        await it.engine.announcer.drain()

        assert it.events == []


async def test_an_action_on_old_knowledge_is_decided_anew() -> None:
    def plan(key: ObjectRef, seen: Observation) -> Work:
        stale = Patch("app", deployment_ref(), (), "1")
        return Work((stale,)) if len(keeper.seen) == 1 else _release(key, seen)

    keeper = Keeper(plan)
    async with world(Toy(), held(), guardians=(keeper,)) as it:
        await until(lambda: not paused(it))

        passes = it.engine.metrics.reconciles.labels("Toy", str(Result.STALE))
        assert passes._value.get() == 1  # noqa: SLF001 - the library's own way to read a counter


async def test_while_the_object_cannot_be_read_nothing_is_done() -> None:
    keeper = Keeper()
    async with world(Toy(), held(), guardians=(keeper,), lead=False) as it:
        it.server.faults.append(Fault(lambda r: r.path.endswith("/toys/one"), AWAY, times=2))
        it.engine.lead()
        await until(lambda: not paused(it))

        assert len(keeper.seen) >= 3
        assert it.server.writes == [RELEASE]


async def test_a_decision_that_raises_is_set_aside_and_the_others_go_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def plan(key: ObjectRef, seen: Observation) -> Work:
        if key.name == "bad":
            raise KeyError("node")
        return _release(key, seen)

    async with world(Toy(), held("a", "bad"), held(), guardians=(Keeper(plan),)) as it:
        await until(lambda: not paused(it))
        await until(lambda: "Toy shop/bad, which is missing, is set aside" in caplog.text)

        assert paused(it, "a")


async def test_after_the_loss_of_leadership_nothing_is_done() -> None:
    keeper = Keeper()
    async with world(Toy(), held(), guardians=(keeper,), lead=False) as it:
        it.leading[0] = False
        it.engine.lead()
        await until(lambda: keeper.seen)
        await it.settled()

        assert it.server.writes == []


async def test_an_object_that_exists_unseen_is_found_before_anything_is_done() -> None:
    # Kopf has been mute about it: its watch is late, or was interrupted.
    keeper, kind = Keeper(), Toy()
    async with world(kind, held(), guardians=(keeper,), lead=False) as it:
        it.store.create(TOYS, NS, toy()[1])
        it.engine.lead()
        await until(lambda: kind.seen)
        await it.settled()

        assert (len(keeper.seen), it.server.writes) == (1, [])


async def test_an_object_that_appears_during_a_pass_is_its_kinds_after_it() -> None:
    keeper, kind, let_go = Keeper(), Toy(), asyncio.Event()
    async with world(kind, held(), guardians=(keeper,), lead=False) as it:
        it.server.faults.append(Fault(lambda r: r.method == "PATCH", held=let_go))
        it.engine.lead()
        await until(lambda: it.server.writes)
        it.store.create(TOYS, NS, toy()[1])
        it.feed(toy_ref())
        it.store.set(deployment_ref(), "spec.replicas", 7)
        await until(lambda: it.engine.cache.get(deployment_ref()))
        assert kind.seen == []  # one task at a time

        let_go.set()

        await until(lambda: kind.seen)
        await it.settled()
        assert [name for name, _ in keeper.seen] == ["one"]
