"""What carries the label of a graph that does not exist."""

import pytest

from sluice.model.cluster import Projection
from sluice.model.json import JsonObject
from sluice.model.kind import Labelled, Observation
from sluice.model.plan import Merge, Patch, Work
from sluice.model.reasons import Reason
from sluice.model.references import STARTUPGRAPHS, ObjectRef
from sluice.model.scalars import format_instant
from sluice.startup.guardian import StartupGuardian
from tests.unit.startup.given import (
    CREATED,
    NAMESPACE,
    NOW,
    deployment,
    job,
    opened,
    pod,
    selected,
    statefulset,
)

GUARDIAN = StartupGuardian()
KEY = ObjectRef(STARTUPGRAPHS, NAMESPACE, "shop")
LATE = CREATED + 120.0
UP = deployment(available=2)
SET = statefulset()


def planned(*objects: Projection, now: float = NOW) -> Work:
    wanted = GUARDIAN.wants(KEY).selections
    found = {one: selected(one, objects) for one in wanted}
    return GUARDIAN.plan(KEY, Observation(now, {}, found))


def test_it_looks_at_what_carries_the_label() -> None:
    selections = GUARDIAN.wants(KEY).selections

    kinds = [one.resource.kind for one in selections if isinstance(one, Labelled)]
    assert kinds == ["Deployment", "StatefulSet", "DaemonSet", "Job", "Pod"]
    assert (GUARDIAN.label, GUARDIAN.resource) == ("sluice.dev/graph", STARTUPGRAPHS)


def test_nothing_is_held_and_nothing_is_shut() -> None:
    one = pod(UP, gated=True)
    open_pod = pod(UP, gated=True, published=opened(one))

    assert planned(UP, open_pod, SET, pod(SET), now=LATE) == Work()


@pytest.mark.parametrize(
    ("objects", "done"),
    [
        pytest.param((deployment(holders="startup"),), ["api"], id="a Deployment"),
        pytest.param((job(holders="startup"),), ["migrate"], id="a Job"),
        pytest.param(
            (SET, pod(SET, "db-0", held=True)), ["sluice-released", "db-0"], id="a set and its pods"
        ),
        pytest.param((UP, pod(UP, "p", gated=True)), ["p"], id="a gate that is shut"),
        pytest.param(
            (pod(statefulset("bare", marks={}), "bare-0", node_name="bare", held=True),),
            ["sluice-released", "bare-0"],
            id="a held pod of a set without labels",
        ),
    ],
)
def test_what_has_waited_long_enough_is_let_go(
    objects: tuple[Projection, ...], done: list[str]
) -> None:
    early, late = planned(*objects), planned(*objects, now=LATE)

    assert (early.actions, early.due_at) == ((), LATE)
    assert [action.ref.name for action in late.actions] == done
    assert late.due_at is None
    assert all(action.fence is None for action in late.actions)


def test_each_workload_that_is_let_go_is_told_of_once() -> None:
    work = planned(
        deployment(holders="startup"), SET, pod(SET, held=True), pod(SET, held=True), now=LATE
    )

    assert [(note.reason, note.message) for note in work.notes] == [
        (Reason.ORPHAN_RELEASED, "let go: no StartupGraph shop came within 2m of its creation")
    ] * 2
    assert [note.about and note.about.ref.name for note in work.notes] == ["api", "db"]


def test_a_set_without_pods_has_nothing_to_let_go_yet() -> None:
    assert planned(SET) == Work()


def test_the_pods_of_a_set_that_are_held_still_are_let_go() -> None:
    work = planned(SET, pod(SET), pod(SET, "db-1", held=True), now=LATE)

    assert [action.ref.name for action in work.actions] == ["sluice-released", "db-1"]


def test_it_wakes_for_the_next_one() -> None:
    young = deployment("web", holders="startup", own={"creationTimestamp": "2027-01-01T00:00:00Z"})

    work = planned(deployment(holders="startup"), young, now=LATE)

    assert [type(action) for action in work.actions] == [Patch]
    assert work.due_at == young.meta.created + 120.0


def test_what_is_published_says_why() -> None:
    (merge,) = planned(UP, pod(UP, gated=True), now=LATE).actions

    assert isinstance(merge, Merge)
    assert "no StartupGraph shop exists" in str(merge.fields)


def test_a_new_pod_of_what_has_waited_in_vain_does_not_wait_once_more() -> None:
    born: JsonObject = {"creationTimestamp": format_instant(LATE + 60)}
    new = pod(UP, "new", gated=True, own=born)

    assert [action.ref.name for action in planned(UP, new, now=LATE + 60).actions] == ["new"]
    assert planned(new, now=LATE + 60).due_at == LATE + 180
