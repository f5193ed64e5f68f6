"""A real Kubernetes on this machine, without Docker: see README.md."""

from tests.localcluster.credentials import service_account_kubeconfig
from tests.localcluster.facts import LocalCluster, running

__all__ = ["LocalCluster", "running", "service_account_kubeconfig"]
