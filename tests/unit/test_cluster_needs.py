"""Which tests on the real cluster may be skipped: those that need pods where none can run."""

from pathlib import Path

from tests.cluster.needs import NO_PODS, without_node
from tests.localcluster import LocalCluster

HERE = Path("here")
CONTROL_PLANE = LocalCluster(HERE, HERE, HERE, "image", prometheus_url=None, gateway_url=None)
WITH_NODE = LocalCluster(HERE, HERE, HERE, "image", prometheus_url="http://p", gateway_url=None)


def test_a_control_plane_is_enough_for_tests_of_the_api_server_alone() -> None:
    assert without_node(CONTROL_PLANE) is CONTROL_PLANE


def test_nothing_is_skipped_where_a_node_runs() -> None:
    assert without_node(WITH_NODE) is None


def test_nothing_is_skipped_where_no_cluster_runs() -> None:
    assert without_node(None) is None


def test_the_reason_names_what_is_missing_and_what_starts_it() -> None:
    assert "pods" in NO_PODS
    assert "`make up` as root" in NO_PODS
