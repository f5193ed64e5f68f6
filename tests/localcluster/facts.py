"""What tests and the demo need to know of the running cluster."""

import shlex
from dataclasses import dataclass
from pathlib import Path

from tests.localcluster import addresses
from tests.localcluster.places import Places, places
from tests.localcluster.state import State, read_state


@dataclass(frozen=True, slots=True)
class LocalCluster:
    """A running cluster; the URLs are None where there is no node for pods."""

    kubeconfig: Path
    commands: Path
    audit_log: Path
    operator_image: str
    prometheus_url: str | None
    gateway_url: str | None

    @property
    def has_node(self) -> bool:
        """Whether pods can run."""
        return self.prometheus_url is not None


def running() -> LocalCluster | None:
    """Return the running cluster of this user, or None when it is not up or not healthy."""
    here = places()
    state = read_state(here)
    return facts(here, state) if state.is_healthy else None


def facts(here: Places, state: State) -> LocalCluster:
    return LocalCluster(
        kubeconfig=here.admin_kubeconfig,
        commands=here.commands,
        audit_log=here.audit_log,
        operator_image=addresses.OPERATOR_IMAGE,
        prometheus_url=addresses.PROMETHEUS_URL if state.has_node else None,
        gateway_url=addresses.GATEWAY_URL if state.has_node else None,
    )


def shell_lines(cluster: LocalCluster) -> str:
    """Return lines for `eval` in a shell."""
    variables = {
        "KUBECONFIG": cluster.kubeconfig,
        "SLUICE_AUDIT_LOG": cluster.audit_log,
        "SLUICE_IMAGE": cluster.operator_image,
        "SLUICE_PROMETHEUS_URL": cluster.prometheus_url,
        "SLUICE_GATEWAY_URL": cluster.gateway_url,
    }
    lines = [
        f"export {name}={shlex.quote(str(value))}"
        for name, value in variables.items()
        if value is not None
    ]
    return "\n".join([*lines, f'export PATH={shlex.quote(str(cluster.commands))}:"$PATH"'])
