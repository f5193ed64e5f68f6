"""What is done to let a workload go, and what it rests on."""

from collections.abc import Mapping

import pytest

from sluice.model.cluster import DaemonSet, Projection, StatefulSet
from sluice.model.json import Json, JsonObject
from sluice.model.plan import Action, Delete, Expectation, Fence, Merge, Operation, Patch
from sluice.model.references import DAEMONSETS, STATEFULSETS
from sluice.model.registers import Register
from sluice.startup.release import due_releases, released_list, released_register
from sluice.startup.states import BEFORE_RELEASE, State
from sluice.startup.status import GraphStatus
from tests.unit.startup.given import (
    RELEASED,
    daemonset,
    deployment,
    graph,
    job,
    node,
    pod,
    scene,
    statefulset,
    was,
)

HOLDERS = "/metadata/annotations/sluice.dev~1holders"
BYPASS: Mapping[str, Json] = {"sluice.dev/bypass": "startup"}
OFF, GONE = (
    Operation("remove", HOLDERS),
    Operation("remove", "/metadata/annotations/sluice.dev~1bypass"),
)
UNPAUSED = Operation("add", "/spec/paused", False)
RESUMED = Operation("add", "/spec/suspend", False)
ROLLOUT: Mapping[str, Json] = {"sluice.dev/held": "pending"}
API, DB, JOB, AGENT = (
    node("api"),
    node("db", "StatefulSet"),
    node("migrate", "Job"),
    node("agent", "DaemonSet"),
)
PAST = [state for state in State if state not in BEFORE_RELEASE]
UNGATE = {"spec": {"schedulingGates": [{"$patch": "delete", "name": "sluice.dev/startup"}]}}


def due(
    one: JsonObject, state: State, *objects: Projection, uid: str | None = None
) -> tuple[Action, ...]:
    name = str(one["name"])
    status = was(name, state) if uid is None else was(name, state, uid=uid)
    return due_releases(scene(graph(one, status=[status]), *objects), RELEASED)


@pytest.mark.parametrize(
    ("workload", "operations"),
    [
        pytest.param(deployment(holders="startup"), (UNPAUSED, OFF), id="a Deployment"),
        pytest.param(
            deployment(holders="author,startup"),
            (Operation("replace", HOLDERS, "author"),),
            id="its author holds it as well: it stays paused",
        ),
        pytest.param(
            deployment(holders="startup", notes=ROLLOUT),
            (OFF,),
            id="a Rollout holds it as well: it stays paused",
        ),
        pytest.param(
            deployment(holders="startup", notes=BYPASS),
            (UNPAUSED, OFF, GONE),
            id="a bypass has been heard",
        ),
        pytest.param(
            deployment(holders="startup", notes={"sluice.dev/bypass": "7d9f"}),
            (UNPAUSED, OFF),
            id="a bypass of a Rollout is not ours",
        ),
    ],
)
def test_a_deployment_is_let_go_in_one_patch(
    workload: Projection, operations: tuple[Operation, ...]
) -> None:
    (patch,) = due(API, State.RELEASING, workload)

    assert isinstance(patch, Patch)
    assert patch.operations == operations
    assert (patch.ref, patch.resource_version) == (workload.meta.ref, "7")
    assert patch.fence is not None


def test_a_job_is_let_go_in_one_patch() -> None:
    (patch,) = due(JOB, State.RELEASING, job(holders="startup"))
    (held_on,) = due(JOB, State.RELEASING, job(holders="author,startup"))

    assert isinstance(patch, Patch)
    assert isinstance(held_on, Patch)
    assert patch.operations == (RESUMED, OFF)
    assert held_on.operations == (Operation("replace", HOLDERS, "author"),)


@pytest.mark.parametrize("state", PAST)
def test_a_hold_is_taken_off_in_every_state_after_the_release(state: State) -> None:
    assert len(due(API, state, deployment(holders="startup"))) == 1


@pytest.mark.parametrize("state", sorted(BEFORE_RELEASE))
def test_a_hold_is_left_on_before(state: State) -> None:
    assert due(API, state, deployment(holders="startup"), uid="uid-of-api") == ()


@pytest.mark.parametrize(
    ("one", "workload"),
    [
        (API, deployment()),
        (API, deployment(holders="author")),
        (JOB, job()),
        (DB, statefulset()),
        (AGENT, daemonset()),
    ],
)
def test_nothing_is_done_to_what_is_not_held(one: JsonObject, workload: Projection) -> None:
    assert due(one, State.RELEASING, workload) == ()


def test_another_uid_is_not_let_go_for_the_old_one() -> None:
    assert due(API, State.RELEASING, deployment(holders="startup", uid="new")) == ()


@pytest.mark.parametrize(
    ("one", "workload"),
    [(DB, statefulset(replicas=2)), (AGENT, daemonset())],
    ids=["set", "daemons"],
)
def test_a_set_is_on_the_list_before_its_first_pod_runs(
    one: JsonObject, workload: StatefulSet | DaemonSet
) -> None:
    name = str(one["name"])
    pods = [pod(workload, f"p{number}", held=True) for number in (0, 1)]
    ended = pod(workload, "p2", held=True, own={"deletionTimestamp": "x"})
    runs = pod(workload, "p3")

    listed, *ungated = due(one, State.RELEASING, workload, *pods, ended, runs)

    group = str(workload.meta.ref)
    assert isinstance(listed, Merge)
    assert (listed.ref, listed.uid, listed.subresource) == (RELEASED, "", "")
    assert listed.fields == {"data": {f"uid-of-{name}": group}}
    assert listed.fence is not None
    assert ungated == [Merge(group, one.meta.ref, one.meta.uid, UNGATE) for one in pods]
    assert {action.group for action in (listed, *ungated)} == {group}


def test_the_pods_of_a_former_uid_are_not_this_ones() -> None:
    old = statefulset(uid="old")

    assert due(DB, State.RELEASING, statefulset(), pod(old, held=True)) == ()


OUTDATED = pod(statefulset(), "db-0", held=True, revision="db-1")


@pytest.mark.parametrize(
    ("state", "workload", "one", "deleted"),
    [
        pytest.param(State.HELD, statefulset(), OUTDATED, True, id="held"),
        pytest.param(State.BLOCKED, statefulset(), OUTDATED, True, id="blocked"),
        pytest.param(
            State.HELD, statefulset(policy="Parallel"), OUTDATED, False, id="not an ordered set"
        ),
        pytest.param(State.HELD, statefulset(revision=""), OUTDATED, False, id="no revision known"),
        pytest.param(
            State.HELD,
            statefulset(),
            pod(statefulset(), held=True, revision="db-2"),
            False,
            id="of the newest revision",
        ),
        pytest.param(
            State.HELD, statefulset(), pod(statefulset(), held=True), False, id="of no revision"
        ),
        pytest.param(
            State.HELD, statefulset(), pod(statefulset(), revision="db-1"), False, id="it runs"
        ),
    ],
)
def test_outdated_held_pods_of_an_ordered_set_make_way(
    state: State,
    workload: Projection,
    one: Projection,
    deleted: bool,  # noqa: FBT001 - a column of the table
) -> None:
    actions = due(DB, state, workload, one)

    if not deleted:
        assert actions == ()
        return
    (action,) = actions
    assert isinstance(action, Delete)
    assert (action.ref, action.uid) == (one.meta.ref, one.meta.uid)
    assert action.fence is not None


def test_other_kinds_have_no_pods_that_make_way() -> None:
    assert due(AGENT, State.HELD, daemonset(), pod(daemonset(), held=True, revision="old")) == ()


def test_outdated_pods_are_let_go_with_the_others_once_released() -> None:
    actions = due(DB, State.RELEASING, statefulset(), OUTDATED)

    assert [type(action) for action in actions] == [Merge, Merge]


def test_a_start_is_fenced_by_what_was_decided_on() -> None:
    status = [was("api", State.RELEASING)]
    body = graph(API, status=status)

    behind = scene(body).own.fence

    nodes = GraphStatus(nodes=tuple(status)).to_json()["nodes"]
    assert behind == Fence(
        scene(body).own.meta.ref,
        "uid-of-graph",
        (
            Expectation(("status", "nodes"), nodes),
            Expectation(("metadata", "generation"), 1),
            Expectation(("metadata", "deletionTimestamp"), None),
        ),
    )


def test_the_fence_expects_what_the_server_has_even_if_we_would_write_it_differently() -> None:
    nodes: list[Json] = [{"name": "api", "state": "Releasing", "of": "an older version"}]
    body = {**graph(API), "status": {"phase": "Starting", "nodes": nodes}}

    behind = scene(body).own.fence

    assert behind.expectations[0] == Expectation(("status", "nodes"), nodes)


def test_the_list_of_released_sets_is_in_the_operators_namespace() -> None:
    assert str(released_list("elsewhere")) == "ConfigMap elsewhere/sluice-released"


def test_the_list_is_a_register_of_sets() -> None:
    register = released_register("sluice-system")

    assert register == Register(RELEASED, (STATEFULSETS, DAEMONSETS))
