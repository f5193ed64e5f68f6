"""The addresses and names of the local cluster, all on this machine."""

from typing import Final

# The node lives in its own network namespace; a veth pair joins it to the host.
HOST_INTERFACE: Final = "sluice0"
HOST_IP: Final = "10.98.0.2"
NODE_IP: Final = "10.98.0.1"
LINK_PREFIX_LENGTH: Final = 24

POD_NETWORK: Final = "10.88.0.0/16"
SERVICE_NETWORK: Final = "10.96.0.0/16"

# Fixed ClusterIPs, because the host has no name service for the cluster. Also in addons/.
DNS_IP: Final = "10.96.0.10"
GATEWAY_IP: Final = "10.96.0.80"
PROMETHEUS_IP: Final = "10.96.0.90"

API_PORT: Final = 6443
# Without namespaces the control plane shares the host's loopback with whatever else runs there.
LOOPBACK_API_PORT: Final = 16443
LOOPBACK_ETCD_PORT: Final = 12379

PROMETHEUS_URL: Final = f"http://{PROMETHEUS_IP}:9090"
GATEWAY_URL: Final = f"http://{GATEWAY_IP}:80"

NODE_NAME: Final = "sluice-node"
OPERATOR_IMAGE: Final = "docker.io/local/sluice:dev"
