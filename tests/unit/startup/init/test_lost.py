"""Jobs of which no node speaks."""

import pytest

from sluice.model.cluster import ConfigMap, Job, Lease, Pod
from sluice.model.found import Found
from sluice.model.kind import Selection
from sluice.startup.init.lost import (
    forsaken,
    lost_selections,
    lost_without_a_graph,
    read_lost,
)
from tests.unit.startup.given import selected
from tests.unit.startup.init.given import (
    GRAPH,
    HALF,
    JOB,
    NAMESPACE,
    NODE,
    entry,
    job,
    kept_in,
    lease,
    pod,
    up,
)

GOING = job(deleting=True)
OVER = job(ended="Complete")
ITS_LOCK = lease(f"{JOB}/uid-1/{GRAPH}/{NODE}")


def names(job: Job, *others: ConfigMap | Lease | Pod) -> list[str]:
    """Return what is done about a Job of a graph that has no such node."""
    found: Found = {one: selected(one, others) for one in lost_selections(NAMESPACE, NODE, job)}
    pods = tuple(one for one in others if isinstance(one, Pod))
    lost = read_lost(NAMESPACE, NODE, job, pods, found)
    return [f"Patch {action.ref.resource.kind}" for action in forsaken("group", (lost,))]


@pytest.mark.parametrize(
    ("given", "goes"),
    [
        pytest.param(GOING, True, id="it goes"),
        pytest.param(job(ended="Failed"), False, id="it stays"),
        pytest.param(job(deleting=True, kept=False), False, id="it is let go already"),
    ],
)
def test_without_a_graph_it_is_let_go_when_it_is_deleted(given: Job, *, goes: bool) -> None:
    assert bool(forsaken("group", lost_without_a_graph((given,), ()))) is goes


@pytest.mark.parametrize(("code", "goes"), [(None, False), (1, True)])
def test_its_pods_are_waited_for(code: int | None, *, goes: bool) -> None:
    lost = lost_without_a_graph((GOING,), (pod(code=code),))
    assert bool(forsaken("group", lost)) is goes


def test_one_that_is_recorded_is_let_go_with_its_lock() -> None:
    assert names(OVER, kept_in(entry()), ITS_LOCK) == ["Patch Job", "Patch Lease"]
    assert names(job(ended="Complete", kept=False), kept_in(entry()), ITS_LOCK) == ["Patch Lease"]


@pytest.mark.parametrize(
    "others",
    [
        pytest.param((), id="no record is there"),
        pytest.param((kept_in(),), id="the record does not tell of it"),
        pytest.param((kept_in(more={"version.43": "{"}),), id="the record cannot be read"),
        pytest.param((kept_in(entry()), pod()), id="a pod of it runs"),
    ],
)
def test_what_is_not_recorded_or_runs_is_kept(others: tuple[ConfigMap | Pod, ...]) -> None:
    assert names(OVER, *others, ITS_LOCK) == []


def test_the_record_may_tell_of_a_later_run() -> None:
    assert names(OVER, kept_in(entry(HALF, up(2)))) == ["Patch Job"]
    assert names(job(up(3), ended="Complete"), kept_in(entry(HALF, up(2)))) == []


def test_the_lock_of_another_run_stays_taken() -> None:
    other = lease(f"other/uid-2/{GRAPH}/{NODE}")
    assert names(OVER, kept_in(entry()), other) == ["Patch Job"]


def test_a_job_that_does_not_say_what_it_runs_is_let_go_only_when_it_is_deleted() -> None:
    unsaid: tuple[Selection, ...] = ()
    for deleting in (True, False):
        nameless = job(ended="Failed", deleting=deleting, own={"annotations": {}})
        assert lost_selections(NAMESPACE, NODE, nameless) == unsaid
        assert names(nameless) == (["Patch Job"] if deleting else [])
