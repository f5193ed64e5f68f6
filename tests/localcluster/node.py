"""The node: one process namespace, one mount namespace and one network namespace.

Everything of the node runs inside them, so the kernel itself cleans up: when the first process of
the namespaces ends, for whatever reason, so do all others, and with them every mount, interface,
route and nft table that they made. Outside remain the veth pair's host end (which goes with its
peer), control groups and the home directory; `leftovers.py` sees to those.
"""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.localcluster import addresses, processes
from tests.localcluster.node_mounts import mount_script
from tests.localcluster.packages import system_environment
from tests.localcluster.places import Places
from tests.localcluster.processes import Process
from tests.localcluster.waiting import wait_until

HOLDER: Final = "namespaces-holder"
NAMESPACES: Final = "namespaces"


@dataclass(frozen=True, slots=True)
class Node:
    """A running node; `init` is the host's id of its first process."""

    init: int

    def command(self, *words: str | Path) -> tuple[str, ...]:
        """Return the command line that runs `words` inside the node."""
        enter = ("nsenter", "--target", str(self.init), "--mount", "--net", "--pid", "--")
        return (*enter, *(str(word) for word in words))


def start_node(places: Places) -> Node:
    """Make the namespaces and join them to the host by a veth pair."""
    holder = processes.start(
        HOLDER,
        # A first process that ignores SIGCHLD has the kernel reap orphans for it.
        (
            *("unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"),
            *("env", "--ignore-signal=CHLD", "sleep", "infinity"),
        ),
        log=places.logs / f"{HOLDER}.log",
        records=places.processes,
        environment=system_environment() | places.mark,
    )
    wait_until(
        lambda: _sleeps_inside(holder),
        timeout_seconds=10,
        waiting_for="the first process of the namespaces",
    )
    init = processes.record(NAMESPACES, _children(holder)[0], records=places.processes)
    node = Node(init.pid)
    _run(node.command("sh", "-euc", mount_script(places.home)))
    _connect(node)
    return node


def find_node(places: Places) -> Node | None:
    """Return the node that runs already, if one does."""
    for process in processes.recorded(places.processes):
        if process.name == NAMESPACES and processes.is_alive(process):
            return Node(process.pid)
    return None


def _connect(node: Node) -> None:
    host, peer = addresses.HOST_INTERFACE, "eth0"
    prefix = addresses.LINK_PREFIX_LENGTH
    _run(f"ip link add {host} type veth peer name {peer} netns {node.init}".split())
    _run(f"ip address add {addresses.HOST_IP}/{prefix} dev {host}".split())
    _run(f"ip link set {host} up".split())
    for network in (addresses.POD_NETWORK, addresses.SERVICE_NETWORK):
        _run(f"ip route add {network} via {addresses.NODE_IP} dev {host}".split())
    for words in (
        "ip link set lo up",
        f"ip address add {addresses.NODE_IP}/{prefix} dev {peer}",
        f"ip link set {peer} up",
        f"ip route add default via {addresses.HOST_IP}",
    ):
        _run(node.command(*words.split()))
    _run(node.command("sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward"))


def _sleeps_inside(holder: Process) -> bool:
    children = _children(holder)
    # `unshare` and `env` are gone from the child by the time that it is called sleep.
    return bool(children) and Path(f"/proc/{children[0]}/comm").read_text().strip() == "sleep"


def _children(holder: Process) -> list[int]:
    listed = Path(f"/proc/{holder.pid}/task/{holder.pid}/children").read_text()
    return [int(pid) for pid in listed.split()]


def _run(command: Sequence[str]) -> None:
    subprocess.run(command, check=True, env=system_environment(), stderr=subprocess.PIPE, text=True)
