"""What becomes of an init node from beginning to end, in a small cluster."""

import json

import pytest

from sluice.model.json import Body, JsonObject
from sluice.model.references import CONFIGMAPS, JOBS, LEASES, ObjectRef
from sluice.startup.init.run import Result
from sluice.startup.init.situation import Unmet
from sluice.startup.init.states import State
from tests.converge.init.world import NAMESPACE, NODE, World
from tests.unit.startup.init.given import DOWN, IMAGE, MENDED


@pytest.fixture
def world() -> World:
    return World()


def run(world: World, code: int = 0, graph: str = "shop") -> None:
    """Let the node begin, end its Job with a code, and let it come to rest."""
    world.settle(graph)
    for _ in range(3):
        world.start_pods()
        world.end_pods(code)
    world.settle(graph)


def state(world: World, graph: str = "shop") -> State:
    return world.status(graph).state


def recorded(world: World) -> dict[str, Result]:
    found = {}
    for _, body in world.store.every(CONFIGMAPS):
        for name, text in body.labels("data").items():
            if name.startswith("version."):
                found[name.removeprefix("version.")] = Result(json.loads(text)["result"])
    return found


def holders(world: World) -> list[str]:
    return [b.text("spec", "holderIdentity", default="") for _, b in world.store.every(LEASES)]


def test_it_runs_once_and_lets_everything_go(world: World) -> None:
    world.apply("shop")

    run(world)

    assert state(world) is State.COMPLETE
    assert recorded(world) == {"43": Result.COMPLETE}
    assert holders(world) == [""]
    (job,) = world.jobs()
    assert job.finalizers == ()
    assert list(world.made.values()) == [1]


def test_a_complete_one_is_left_alone_when_its_job_has_expired(world: World) -> None:
    world.apply("shop")
    run(world)

    world.expire()
    before = world.store.version
    world.settle("shop")

    assert world.jobs() == ()
    assert state(world) is State.COMPLETE
    assert world.store.version == before


def test_the_record_the_lock_and_the_job_come_in_this_order(world: World) -> None:
    world.apply("shop")
    made: list[str] = []
    while world.turn("shop"):
        made += [
            change.ref.resource.kind
            for change in world.store.log
            if change.type == "ADDED" and change.ref.resource.kind not in {*made, "StartupGraph"}
        ]

    assert made == ["ConfigMap", "Lease", "Job"]


def test_parents_are_waited_for_and_a_failed_one_blocks(world: World) -> None:
    world.apply("shop")
    world.unmet["shop"] = Unmet("waits for db Ready")
    world.settle("shop")
    assert (state(world), world.status("shop").reasons) == (State.HELD, ("waits for db Ready",))

    world.unmet["shop"] = Unmet("failed: db Ready", failed=True)
    world.settle("shop")
    assert state(world) is State.BLOCKED

    del world.unmet["shop"]
    run(world)
    assert state(world) is State.COMPLETE


def test_a_failure_is_mended_by_another_job_for_the_same_version(world: World) -> None:
    world.apply("shop")
    run(world, 1)
    assert state(world) is State.FAILED
    assert world.status("shop").reasons[0] == "version 43 failed: 3 tries, exit code 1: the end"

    world.apply("shop", job=MENDED)
    run(world)

    assert state(world) is State.COMPLETE
    assert recorded(world) == {"43": Result.COMPLETE}


def test_what_may_be_half_done_runs_again_only_when_a_person_says_so(world: World) -> None:
    world.apply("shop")
    run(world, 20)
    assert state(world) is State.DIRTY
    world.apply("shop", version="44", job=MENDED)
    world.settle("shop")
    assert state(world) is State.DIRTY

    world.say("shop", f"Rerun {world.status('shop').job} ada#1")
    run(world)

    assert state(world) is State.COMPLETE
    assert recorded(world) == {"43": Result.REOPENED, "44": Result.COMPLETE}


def test_what_a_person_did_by_hand_is_complete_and_the_record_says_who(world: World) -> None:
    world.apply("shop")
    run(world, 20)

    world.say("shop", f"Applied {world.status('shop').job} ada#1")
    world.settle("shop")

    assert state(world) is State.COMPLETE
    (body,) = (body for _, body in world.store.every(CONFIGMAPS))
    entry = json.loads(body.text("data", "version.43"))
    assert (entry["result"], entry["by"], entry["exitCode"]) == ("Complete", "ada", 20)


def test_a_job_that_is_torn_out_is_dirty_and_never_made_again(world: World) -> None:
    world.apply("shop")
    world.settle("shop")
    world.start_pods()

    world.tear_out(world.status("shop").job)
    world.settle("shop")

    assert state(world) is State.DIRTY
    assert recorded(world) == {"43": Result.DIRTY}
    assert list(world.made.values()) == [1]


def test_a_changed_job_under_the_same_version_does_not_run(world: World) -> None:
    world.apply("shop")
    run(world)

    world.apply("shop", job=MENDED)
    world.settle("shop")
    assert state(world) is State.MISMATCH

    checksum = world.look("shop").situation.init.checksum[3:15]
    world.say("shop", f"Accept {checksum} ada#1")
    world.settle("shop")
    assert state(world) is State.COMPLETE
    assert len(world.jobs()) == 1


def test_without_a_version_every_change_runs_once(world: World) -> None:
    world.apply("shop", version=None)
    run(world)
    world.apply("shop", version=None, job=MENDED)
    run(world)
    world.apply("shop", version=None, job=IMAGE)
    world.settle("shop")

    assert state(world) is State.COMPLETE
    assert sorted(world.made.values()) == [1, 1]


def test_a_new_graph_of_the_same_name_takes_over_what_the_former_left(world: World) -> None:
    world.apply("shop")
    world.settle("shop")
    world.start_pods()
    world.forget("shop")

    world.apply("shop", version="44", job=MENDED)
    world.settle("shop")
    assert state(world) is State.RUNNING
    assert world.status("shop").version == "43"
    run(world)
    run(world)

    assert recorded(world) == {"43": Result.COMPLETE, "44": Result.COMPLETE}


def test_a_new_graph_knows_what_the_former_recorded(world: World) -> None:
    world.apply("shop")
    run(world, 20)
    world.forget("shop")
    world.apply("shop")
    world.settle("shop")

    assert state(world) is State.DIRTY
    assert sum(world.made.values()) == 1


def test_suspended_a_running_job_runs_on_and_no_new_one_begins(world: World) -> None:
    world.apply("shop")
    world.settle("shop")
    world.suspend("shop", on=True)
    run(world)
    assert state(world) is State.COMPLETE

    world.apply("shop", version="44", job=MENDED)
    world.settle("shop")
    assert state(world) is State.HELD

    world.suspend("shop", on=False)
    run(world)
    assert state(world) is State.COMPLETE


def test_a_deleted_graph_waits_for_its_job_and_its_record(world: World) -> None:
    world.apply("shop")
    world.settle("shop")
    world.start_pods()

    world.delete("shop")
    world.settle("shop")
    assert state(world) is State.RUNNING

    world.end_pods(0)
    while world.store.find(world.graph_ref("shop")) is not None:
        assert world.turn("shop")
    assert recorded(world) == {"43": Result.COMPLETE}
    assert holders(world) == [""]


def test_a_deleted_graph_gives_a_lock_back_that_it_did_not_use(world: World) -> None:
    world.apply("shop")
    while holders(world) != [f"{world.status('shop').job}//shop/migrate"]:
        world.turn("shop", writes=1)

    world.delete("shop")
    while world.store.find(world.graph_ref("shop")) is not None:
        assert world.turn("shop")

    assert holders(world) == [""]
    assert world.jobs() == ()


def test_two_graphs_with_one_lock_and_one_version_run_it_once(world: World) -> None:
    world.apply("shop", lock="db")
    world.apply("other", lock="db")
    world.settle("shop", "other")
    assert [state(world), state(world, "other")] == [State.RUNNING, State.RUNNING]
    assert len(world.jobs()) == 1

    world.start_pods()
    world.end_pods(0)
    world.settle("shop", "other")

    assert [state(world), state(world, "other")] == [State.COMPLETE, State.COMPLETE]
    assert sum(world.made.values()) == 1


def test_two_graphs_with_one_lock_wait_for_each_other(world: World) -> None:
    world.apply("shop", lock="db")
    world.settle("shop")
    world.apply("other", lock="db", version="44")
    world.settle("shop", "other")
    held = world.status("other")
    assert held.state is State.HELD
    assert held.reasons == (f"waits for lock db, which Job {world.status('shop').job} has",)

    world.start_pods()
    world.end_pods(0)
    world.settle("shop", "other")
    run(world, graph="other")

    assert recorded(world) == {"43": Result.COMPLETE, "44": Result.COMPLETE}


def test_another_lock_has_another_history_which_a_person_confirms(world: World) -> None:
    world.apply("shop")
    run(world)

    world.apply("shop", lock="db")
    world.settle("shop")
    assert state(world) is State.MISMATCH
    assert world.status("shop").reasons[0] == "version 43 was completed under lock shop/migrate"

    checksum = world.look("shop").situation.init.checksum[3:15]
    world.say("shop", f"Accept {checksum} ada#1")
    world.settle("shop")
    assert state(world) is State.COMPLETE
    assert sum(world.made.values()) == 1


def test_versions_are_undone_last_first_down_to_the_one_that_is_named(world: World) -> None:
    for version in ("42", "43", "44"):
        world.apply("shop", version=version, job={"image": f"shop:{version}"}, down=DOWN)
        run(world)

    world.say("shop", "Down 42 ada#1")
    run(world)
    assert recorded(world) == {"42": Result.COMPLETE, "43": Result.COMPLETE, "44": Result.UNDONE}
    run(world)

    assert recorded(world) == {"42": Result.COMPLETE, "43": Result.UNDONE, "44": Result.UNDONE}
    assert state(world) is State.HELD
    assert world.status("shop").reasons[0] == "version 44 was undone"
    world.apply("shop", version="42", job={"image": "shop:42"}, down=DOWN)
    world.settle("shop")
    assert state(world) is State.COMPLETE


def test_what_was_undone_is_applied_again_when_a_person_says_so(world: World) -> None:
    world.apply("shop", down=DOWN)
    run(world)
    world.say("shop", "Down - ada#1")
    run(world)
    assert recorded(world) == {"43": Result.UNDONE}

    subject = world.look("shop").situation.known
    assert subject is not None
    world.say("shop", f"Rerun {subject.job} ada#2")
    run(world)

    assert state(world) is State.COMPLETE
    assert len(world.made) == 3


def test_a_failed_step_down_blocks_until_a_person_resolves_it(world: World) -> None:
    world.apply("shop", down=DOWN)
    run(world)
    world.say("shop", "Down - ada#1")
    run(world, 1)
    assert state(world) is State.FAILED
    world.apply("shop", version="44", job=MENDED)
    world.settle("shop")
    assert state(world) is State.FAILED

    world.say("shop", f"Applied {world.status('shop').job} ada#2")
    run(world)

    assert recorded(world) == {"43": Result.UNDONE, "44": Result.COMPLETE}


def test_a_failed_step_down_may_run_again_and_goes_down_again(world: World) -> None:
    world.apply("shop", down=DOWN)
    run(world)
    world.say("shop", "Down - ada#1")
    run(world, 1)

    world.say("shop", f"Rerun {world.status('shop').job} ada#2")
    run(world)

    assert recorded(world) == {"43": Result.UNDONE}
    assert sorted(one.direction for one in world.made) == ["Down", "Down", "Up"]


@pytest.mark.parametrize(
    ("said", "children", "down"),
    [("Down - ada#1", ("api",), DOWN), ("Down - ada#1", (), None), ("Down 7 ada#1", (), DOWN)],
    ids=["children run", "there is no step", "the version is not known"],
)
def test_a_wish_to_undo_that_cannot_be_met_is_answered_once(
    world: World, said: str, children: tuple[str, ...], down: dict[str, str] | None
) -> None:
    world.apply("shop", down=down)
    run(world)
    world.running_children = children

    world.say("shop", said)
    world.settle("shop")
    world.running_children = ()
    world.settle("shop")

    assert state(world) is State.COMPLETE
    assert world.status("shop").consumed == said


def test_a_record_that_cannot_be_read_keeps_everything_back(world: World) -> None:
    world.apply("shop")
    run(world)
    (ref,) = (ref for ref, _ in world.store.every(CONFIGMAPS))
    body = Body(world.store.get(ref))
    world.store.update(ref, {**body.value, "data": {"format": "v1", "version.43": "{"}}, "user")

    world.apply("shop", version="44", job=MENDED)
    world.settle("shop")

    assert state(world) is State.HELD
    assert world.status("shop").reasons[0].startswith("the record cannot be read: sluice-shop-")
    assert len(world.jobs()) == 1


def test_a_record_whose_labels_are_gone_stops_a_run_before_its_job(world: World) -> None:
    world.apply("shop")
    run(world)
    world.forget("shop")
    (ref,) = (ref for ref, _ in world.store.every(CONFIGMAPS))
    body = Body(world.store.get(ref))
    meta: JsonObject = {**body.body("metadata").value, "labels": {}}
    world.store.update(ref, {**body.value, "metadata": meta}, "user")

    world.apply("shop", version="44", job=MENDED)
    world.settle("shop")

    assert state(world) is State.RUNNING
    assert len(world.jobs()) == 1


def test_where_no_record_can_be_made_a_deleted_graph_goes_and_its_job_too(world: World) -> None:
    world.apply("shop")
    world.settle("shop")
    world.start_pods()
    name = world.status("shop").job
    world.delete("shop")
    world.delete_job(name)
    world.end_pods(137)
    world.turn("shop")
    assert state(world) is State.RECORDING

    world.refused = frozenset({world.look("shop").situation.group})
    while world.store.find(world.graph_ref("shop")) is not None:
        assert world.turn("shop")
    world.guard("shop")

    assert world.store.find(ObjectRef(JOBS, NAMESPACE, name)) is None


def test_the_log_of_a_run_stands_beside_its_entry(world: World) -> None:
    world.apply("shop")
    run(world, 20)

    (body,) = (body for _, body in world.store.every(CONFIGMAPS))
    assert body.text("data", "log.43") == "the end"
    assert NODE in body.text("metadata", "name")
