"""etcd, the API server, the controller manager and the scheduler."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.localcluster import addresses, keys
from tests.localcluster.daemons import Daemons
from tests.localcluster.kubectl import admin_kubectl

ETCD: Final = "etcd"
API_SERVER: Final = "kube-apiserver"
CONTROLLER_MANAGER: Final = "kube-controller-manager"
SCHEDULER: Final = "kube-scheduler"

CONFIG: Final = Path(__file__).parent / "config"
# Enough that a run of the tests and benchmarks stays in one file.
AUDIT_LOG_MEGABYTES: Final = 1000


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the control plane listens: on the node's address, or on the host's loopback."""

    api_host: str
    api_port: int
    etcd_port: int

    @property
    def server(self) -> str:
        return f"https://{self.api_host}:{self.api_port}"

    @property
    def etcd(self) -> str:
        return f"http://127.0.0.1:{self.etcd_port}"


IN_NODE: Final = Endpoints(addresses.NODE_IP, addresses.API_PORT, etcd_port=2379)
ON_LOOPBACK: Final = Endpoints(
    "127.0.0.1", addresses.LOOPBACK_API_PORT, etcd_port=addresses.LOOPBACK_ETCD_PORT
)


def start_etcd(daemons: Daemons, endpoints: Endpoints) -> None:
    """Start one etcd member that never waits for the disk."""
    peer = f"http://127.0.0.1:{endpoints.etcd_port + 1}"
    command = [
        f"{daemons.programs}/{ETCD}",
        f"--data-dir={daemons.places.home}/etcd",
        # The cluster's state is thrown away with it.
        "--unsafe-no-fsync",
        f"--listen-client-urls={endpoints.etcd}",
        f"--advertise-client-urls={endpoints.etcd}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--log-level=warn",
    ]
    # Not waited for: the API server asks again until etcd answers.
    daemons.start(ETCD, command)


def start_api_server(daemons: Daemons, endpoints: Endpoints) -> None:
    """Make keys, start the API server, and write the kubeconfigs that trust its certificate."""
    places = daemons.places
    keys.make_keys(places)
    daemons.start(API_SERVER, _api_server_command(daemons, endpoints))
    daemons.wait_for(API_SERVER, ready=lambda: keys.has_certificate(places), timeout_seconds=30)
    keys.write_kubeconfigs(places, endpoints.server)
    places.commands.mkdir()
    (places.commands / "kubectl").symlink_to(daemons.programs / "kubectl")
    daemons.wait_for(
        API_SERVER,
        ready=lambda: admin_kubectl(places).succeeds("get", "--raw=/readyz"),
        timeout_seconds=60,
    )


def start_controller_manager(daemons: Daemons) -> None:
    """Start the controller manager; `wait_for_controllers` says when it works."""
    places = daemons.places
    command = [
        *_controller_command(daemons, CONTROLLER_MANAGER, keys.CONTROLLER_MANAGER),
        "--use-service-account-credentials",
        f"--root-ca-file={keys.certificate(places)}",
        f"--service-account-private-key-file={keys.service_account_key(places)}",
        f"--cluster-cidr={addresses.POD_NETWORK}",
        # It makes this folder, by default below /usr/libexec.
        f"--flex-volume-plugin-dir={places.volume_plugins}",
    ]
    daemons.start(CONTROLLER_MANAGER, command)


def wait_for_controllers(daemons: Daemons) -> None:
    """Wait until namespaces get their service account, without which no pod can be made."""
    kubectl = admin_kubectl(daemons.places)
    daemons.wait_for(
        CONTROLLER_MANAGER,
        ready=lambda: kubectl.succeeds("get", "serviceaccount", "default"),
        timeout_seconds=60,
    )


def start_scheduler(daemons: Daemons) -> None:
    """Start the scheduler; the first pod that runs shows that it works."""
    daemons.start(SCHEDULER, _controller_command(daemons, SCHEDULER, keys.SCHEDULER))


def _api_server_command(daemons: Daemons, endpoints: Endpoints) -> list[str]:
    places = daemons.places
    loopback = endpoints == ON_LOOPBACK
    return [
        f"{daemons.programs}/{API_SERVER}",
        f"--etcd-servers={endpoints.etcd}",
        f"--advertise-address={endpoints.api_host}",
        f"--bind-address={endpoints.api_host}",
        f"--secure-port={endpoints.api_port}",
        # Loopback may not stand in an EndpointSlice; without pods nobody looks for the address.
        *(["--endpoint-reconciler-type=none"] if loopback else []),
        f"--cert-dir={places.keys}",
        f"--token-auth-file={keys.token_file(places)}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged",
        # No name service knows the node.
        "--kubelet-preferred-address-types=InternalIP",
        f"--service-cluster-ip-range={addresses.SERVICE_NETWORK}",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={keys.service_account_key(places)}",
        f"--service-account-signing-key-file={keys.service_account_key(places)}",
        f"--audit-policy-file={CONFIG}/audit-policy.yaml",
        f"--audit-log-path={places.audit_log}",
        f"--audit-log-maxsize={AUDIT_LOG_MEGABYTES}",
        "--profiling=false",
    ]


def _controller_command(daemons: Daemons, name: str, client: keys.Client) -> list[str]:
    config = keys.kubeconfig(daemons.places, client)
    return [
        f"{daemons.programs}/{name}",
        f"--kubeconfig={config}",
        f"--authentication-kubeconfig={config}",
        f"--authorization-kubeconfig={config}",
        f"--cert-dir={daemons.places.keys}/{client.name}",
        "--bind-address=127.0.0.1",
        # There is one of each: an election would only delay the start.
        "--leader-elect=false",
        "--profiling=false",
    ]
