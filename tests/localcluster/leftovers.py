"""What the end of the node's namespaces does not clean up."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from tests.localcluster import addresses
from tests.localcluster.control_groups import remove_control_groups
from tests.localcluster.node import NAMESPACES
from tests.localcluster.packages import system_environment
from tests.localcluster.places import Places
from tests.localcluster.steps import SetupError
from tests.localcluster.waiting import wait_until

HOME_CONTENT: Final = frozenset(
    (
        *("bin", "config", "finished", "keys", "kubeconfigs", "kubectl-cache", "logs", "processes"),
        *("containerd", "etcd", "kubelet", "run", "volume-plugins"),
    )
)
INTERFACES: Final = Path("/sys/class/net")


def remove_leftovers(places: Places) -> None:
    """Remove what the end of the processes has not, and delete the home directory."""
    if os.geteuid() == 0:
        _remove_interface(by_force=(places.processes / f"{NAMESPACES}.json").exists())
        # As long as there is an interface, another home's cluster runs and the groups are its own.
        if not _interface_exists():
            remove_control_groups()
    _delete_home(places)


def refuse_another_cluster() -> None:
    """Raise SetupError when a cluster of another home directory has the node's addresses."""
    if _interface_exists():
        raise SetupError(
            f"the interface {addresses.HOST_INTERFACE} is there already: another local cluster "
            "runs, with another SLUICE_LOCALCLUSTER_HOME; take that one down first"
        )


def mounts_below(folder: Path) -> tuple[Path, ...]:
    """Return the mount points below a folder, in the namespace of this process."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    points = (Path(line.split()[4]) for line in lines)
    return tuple(point for point in points if folder in point.parents)


def _remove_interface(*, by_force: bool) -> None:
    # The kernel takes a network namespace down in the background, some 0.1 s after its end.
    try:
        wait_until(
            lambda: not _interface_exists(), timeout_seconds=2, waiting_for="the interface to go"
        )
    except TimeoutError:
        if by_force:
            command = ["ip", "link", "delete", addresses.HOST_INTERFACE]
            subprocess.run(command, check=True, env=system_environment(), capture_output=True)


def _interface_exists() -> bool:
    return (INTERFACES / addresses.HOST_INTERFACE).exists()


def _delete_home(places: Places) -> None:
    mounted = mounts_below(places.home)
    if mounted:
        raise OSError(
            f"{len(mounted)} file systems are mounted below {places.home}, the first at "
            f"{mounted[0]}: unmount them, then try again"
        )
    if not places.home.exists():
        return
    # SLUICE_LOCALCLUSTER_HOME may name a folder that holds something else, by mistake.
    foreign = {path.name for path in places.home.iterdir()} - HOME_CONTENT
    if foreign:
        raise SetupError(
            f"{places.home} holds what no local cluster has put there "
            f"({', '.join(sorted(foreign)[:5])}), so it is not deleted: move that away, or set "
            "SLUICE_LOCALCLUSTER_HOME to a folder of its own"
        )
    shutil.rmtree(places.home)
