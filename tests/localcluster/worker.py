"""containerd, the kubelet and kube-proxy."""

import subprocess
from pathlib import Path
from string import Template
from typing import Final

from tests.localcluster import addresses, keys
from tests.localcluster.control_groups import GROUP
from tests.localcluster.daemons import Daemons
from tests.localcluster.kubectl import admin_kubectl
from tests.localcluster.places import Places
from tests.localcluster.programs import Programs

CONFIG: Final = Path(__file__).parent / "config"
CONTAINERD: Final = "containerd"
KUBELET: Final = "kubelet"
PROXY: Final = "kube-proxy"
PAUSE_IMAGE: Final = "docker.io/local/pause:1"


def write_worker_config(programs: Programs, places: Places) -> None:
    """Fill in the templates of config/."""
    values = {
        "home": places.home,
        "config": places.config,
        "logs": places.logs,
        "volume_plugins": places.volume_plugins,
        "kubeconfigs": places.kubeconfigs,
        "containerd_socket": places.containerd_socket,
        "cluster_programs": programs.cluster,
        "runc_programs": programs.runc,
        "pause_image": PAUSE_IMAGE,
        "control_group": GROUP,
        "node_ip": addresses.NODE_IP,
        "node_name": addresses.NODE_NAME,
        "dns_ip": addresses.DNS_IP,
        "pod_network": addresses.POD_NETWORK,
    }
    (places.config / "cni").mkdir(parents=True)
    for name in ("containerd.toml", "kubelet.yaml", "kube-proxy.yaml", "cni.conflist"):
        filled = Template((CONFIG / name).read_text()).substitute(values)
        # containerd takes every file in the folder for a network.
        folder = places.config / "cni" if name == "cni.conflist" else places.config
        (folder / name).write_text(filled)
    # Pods with dnsPolicy Default get this file: there is no name server outside the cluster.
    (places.config / "resolv.conf").write_text("")


def start_containerd(daemons: Daemons) -> None:
    places = daemons.places
    config = f"--config={places.config}/containerd.toml"
    daemons.start(CONTAINERD, [f"{daemons.programs}/{CONTAINERD}", config])
    daemons.wait_for(
        CONTAINERD, ready=lambda: _ctr_succeeds(daemons, "version"), timeout_seconds=30
    )


def import_image(archive: Path, daemons: Daemons) -> None:
    """Give containerd an image, for the kubelet's use."""
    _ctr(daemons, "--namespace=k8s.io", "images", "import", str(archive))


def start_kubelet(daemons: Daemons) -> None:
    """Start the kubelet and wait until its node can take pods."""
    kubectl = admin_kubectl(daemons.places)
    places = daemons.places
    command = [
        f"{daemons.programs}/{KUBELET}",
        f"--config={places.config}/kubelet.yaml",
        f"--kubeconfig={keys.kubeconfig(places, keys.KUBELET)}",
        f"--root-dir={places.home}/kubelet",
        f"--cert-dir={places.keys}/kubelet",
        f"--hostname-override={addresses.NODE_NAME}",
        f"--node-ip={addresses.NODE_IP}",
    ]
    daemons.start(KUBELET, command)
    wait = ("wait", "node", addresses.NODE_NAME, "--for=condition=Ready", "--timeout=1s")
    daemons.wait_for(KUBELET, ready=lambda: kubectl.succeeds(*wait), timeout_seconds=60)


def start_proxy(daemons: Daemons) -> None:
    """Start kube-proxy; the addons are reached through it, which shows that it works."""
    config = f"--config={daemons.places.config}/kube-proxy.yaml"
    daemons.start(PROXY, [f"{daemons.programs}/{PROXY}", config])


def _ctr(daemons: Daemons, *words: str) -> None:
    subprocess.run(
        [f"{daemons.programs}/ctr", f"--address={daemons.places.containerd_socket}", *words],
        check=True,
        capture_output=True,
        text=True,
    )


def _ctr_succeeds(daemons: Daemons, *words: str) -> bool:
    try:
        _ctr(daemons, *words)
    except subprocess.CalledProcessError:
        return False
    return True
