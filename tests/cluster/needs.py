"""What of a cluster there is. Where pods cannot run, tests that need them are skipped by name.

Nothing is skipped where a node runs, and nothing where no cluster does: there the tests fail.
"""

from typing import Final

from tests.localcluster import LocalCluster

NO_PODS: Final = (
    "pods, the Gateway API and Prometheus are missing: the local cluster is a control plane only; "
    "`make up` as root starts one with a node"
)


def without_node(found: LocalCluster | None) -> LocalCluster | None:
    """Return the running local cluster if it is a control plane only."""
    return None if found is None or found.has_node else found
