"""What the node's namespaces do not clean up: recorded before `up` changes it, undone by `down`."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from tests.localcluster import addresses
from tests.localcluster.control_groups import remove_control_groups
from tests.localcluster.node import PRIVATE_FOLDERS
from tests.localcluster.packages import system_environment
from tests.localcluster.places import Places
from tests.localcluster.steps import SetupError
from tests.localcluster.waiting import wait_until

# The kubelet sets these for the whole machine (pkg/kubelet/cm, setupKernelTunables).
KERNEL_SETTINGS: Final = (
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
)
HOME_CONTENT: Final = frozenset(
    (
        *("before.json", "finished"),
        *("bin", "config", "keys", "kubeconfigs", "kubectl-cache", "logs", "processes"),
        *("containerd", "etcd", "kubelet", "run", "volume-plugins"),
    )
)
SYSTEM_SETTINGS: Final = Path("/proc/sys")
INTERFACES: Final = Path("/sys/class/net")


@dataclass(frozen=True, slots=True)
class Before:
    """The machine as `up` found it: kernel settings, and mount points that it had to make."""

    settings: Mapping[str, str]
    made_folders: tuple[str, ...]


def record(places: Places) -> None:
    """Write down what is about to change, and make the mount points that the node needs."""
    missing = tuple(str(folder) for folder in PRIVATE_FOLDERS if not folder.exists())
    settings = {name: _setting(name).read_text().strip() for name in _present_settings()}
    before = Before(settings, missing)
    _file(places).write_text(json.dumps(asdict(before)))
    for folder in missing:
        Path(folder).mkdir(parents=True)


def undo(places: Places) -> None:
    """Put the machine back as `record` found it, and delete the home directory."""
    if os.geteuid() == 0:
        recorded = _file(places).exists()
        _remove_interface(by_force=recorded)
        # As long as there is an interface, another home's cluster runs and the groups are its own.
        if not _interface_exists():
            remove_control_groups()
    _restore(places)
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


def _restore(places: Places) -> None:
    if not _file(places).exists():
        return
    written = json.loads(_file(places).read_text())
    before = Before(written["settings"], tuple(written["made_folders"]))
    for name, value in before.settings.items():
        if _setting(name).read_text().strip() != value:
            _setting(name).write_text(value)
    for folder in before.made_folders:
        # Only if it is empty: someone else may have begun to use it.
        if Path(folder).is_dir() and not any(Path(folder).iterdir()):
            Path(folder).rmdir()


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


def _present_settings() -> Iterator[str]:
    return (name for name in KERNEL_SETTINGS if _setting(name).exists())


def _setting(name: str) -> Path:
    return SYSTEM_SETTINGS / name


def _file(places: Places) -> Path:
    return places.home / "before.json"
