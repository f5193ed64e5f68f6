"""Names are DNS labels, short enough, the same every time, and never the same for two things."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.startup.init.names import job_labels, job_ref, lock_ref, record_ref, version_key
from sluice.startup.init.run import Direction, Run
from sluice.startup.init.spec import key

LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
KEY = re.compile(r"[-._a-zA-Z0-9]{1,245}")
GRAPHS = st.from_regex(r"[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?", fullmatch=True)
NODES = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", fullmatch=True)
VERSIONS = st.from_regex(r"[A-Za-z0-9][!-+.-~-]{0,127}", fullmatch=True)
RUNS = st.builds(
    Run, GRAPHS, VERSIONS, st.just("v1:0"), st.sampled_from(Direction), st.integers(1, 1000)
)
NAMED = st.tuples(GRAPHS, NODES, RUNS)


@settings(deadline=None)  # a busy machine is no fault
@given(NAMED)
def test_a_job_name_leaves_room_for_the_suffix_of_a_pod(named: tuple[str, str, Run]) -> None:
    name = job_ref("shop", *named).name

    assert LABEL.fullmatch(name)
    assert len(name) <= 57
    assert all(len(value) <= 63 for value in job_labels(*named).values())


@settings(deadline=None)  # a busy machine is no fault
@given(NAMED, NAMED)
def test_two_runs_have_one_name_only_if_they_are_one(
    one: tuple[str, str, Run], other: tuple[str, str, Run]
) -> None:
    same = job_ref("shop", *one) == job_ref("shop", *other)

    assert same == (one == other)


@pytest.mark.parametrize(
    "other",
    [
        Run("db", "44", "v1:0", Direction.UP, 1),
        Run("db", "43", "v1:1", Direction.UP, 1),
        Run("db", "43", "v1:0", Direction.DOWN, 1),
        Run("db", "43", "v1:0", Direction.UP, 2),
        Run("other", "43", "v1:0", Direction.UP, 1),
    ],
    ids=["version", "checksum", "direction", "number", "lock"],
)
def test_every_part_of_a_run_is_in_the_name(other: Run) -> None:
    run = Run("db", "43", "v1:0", Direction.UP, 1)

    assert job_ref("shop", "shop", "migrate", run) != job_ref("shop", "shop", "migrate", other)


def test_a_name_is_read_as_graph_and_node() -> None:
    run = Run("db", "43", "v1:0", Direction.UP, 1)

    assert job_ref("shop", "shop.eu", "migrate", run).name.startswith("shop-eu-migrate-")


@settings(deadline=None)  # a busy machine is no fault
@given(GRAPHS, NODES, GRAPHS, NODES)
def test_records_and_locks_are_told_apart_by_their_key(
    graph: str, node: str, written: str, other: str
) -> None:
    default = key(graph, node)

    names = {lock_ref("shop", default).name, lock_ref("shop", written).name}
    names |= {record_ref("shop", default, node).name, record_ref("shop", written, node).name}
    assert len(names) == 4
    assert all(LABEL.fullmatch(name) and len(name) <= 63 for name in names)
    same = record_ref("shop", written, node) == record_ref("shop", written, other)
    assert same == (node == other)


def test_the_key_that_nobody_wrote_is_read_as_the_graph() -> None:
    assert lock_ref("shop", "shop/migrate").name.startswith("sluice-lock-shop-")
    assert record_ref("shop", "shop/migrate", "migrate").name.startswith("sluice-shop-migrate-")


@pytest.mark.parametrize("version", ["43", "v1.2.3-rc_1", "2026-11-21"])
def test_a_version_that_a_record_takes_is_its_own_key(version: str) -> None:
    assert version_key(version) == version


@pytest.mark.parametrize("version", ["v1:0f", "a/b", "x" * 64, "sha256-0123"])
def test_any_other_version_is_hashed(version: str) -> None:
    assert re.fullmatch(r"sha256-[0-9a-f]{32}", version_key(version))


@settings(deadline=None)  # a busy machine is no fault
@given(VERSIONS, VERSIONS)
def test_versions_have_keys_of_their_own(one: str, other: str) -> None:
    assert KEY.fullmatch(version_key(one))
    assert (version_key(one) == version_key(other)) == (one == other)
