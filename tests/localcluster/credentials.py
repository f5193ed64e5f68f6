"""Kubeconfigs for service accounts, so that tests can act with an installed program's rights."""

from pathlib import Path

from tests.localcluster.control_plane import IN_NODE, ON_LOOPBACK
from tests.localcluster.keys import write_kubeconfig
from tests.localcluster.kubectl import admin_kubectl
from tests.localcluster.places import places
from tests.localcluster.state import read_state


def service_account_kubeconfig(namespace: str, account: str) -> Path:
    """Write a kubeconfig with a token for the service account, good for a day, and return it."""
    here = places()
    endpoints = IN_NODE if read_state(here).has_node else ON_LOOPBACK
    kubectl = admin_kubectl(here)
    token = kubectl(f"--namespace={namespace}", "create", "token", account, "--duration=24h")
    path = here.kubeconfigs / f"{namespace}-{account}.yaml"
    write_kubeconfig(path, here, endpoints.server, user=account, token=token.strip())
    return path
