"""Which cluster the tests, the demo and the benchmarks use: the one named by the environment."""

import os
import sys

from tests.localcluster import running


def use_cluster() -> str:
    """Set the environment of this process for the local cluster unless it names one already.

    Return what is missing and what to do about it, empty when nothing is.
    """
    if os.environ.get("KUBECONFIG") and os.environ.get("SLUICE_GATEWAY_URL"):
        return ""
    cluster = running()
    if cluster is None or cluster.gateway_url is None or cluster.prometheus_url is None:
        return "no local cluster with a node is running: `make up` as root starts one"
    os.environ.update(
        KUBECONFIG=str(cluster.kubeconfig),
        SLUICE_AUDIT_LOG=str(cluster.audit_log),
        SLUICE_GATEWAY_URL=cluster.gateway_url,
        SLUICE_PROMETHEUS_URL=cluster.prometheus_url,
        PATH=f"{cluster.commands}:{os.environ['PATH']}",
    )
    return ""


def require_cluster() -> None:
    """Do the same for a program of its own; end it when there is no cluster."""
    if missing := use_cluster():
        sys.exit(missing)
