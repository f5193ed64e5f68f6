"""The control groups below which the kubelet puts every pod, in version 1 and 2."""

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

from tests.localcluster.waiting import wait_until

GROUP: Final = "sluice-localcluster"
ROOT: Final = Path("/sys/fs/cgroup")


def make_control_groups() -> None:
    """Make the group in every hierarchy: the kubelet does not make its own root."""
    if _is_version_2():
        # A group can use only the controllers that its parent hands down.
        available = (ROOT / "cgroup.controllers").read_text().split()
        for controller in available:
            _hand_down(controller)
    for hierarchy in _hierarchies():
        (hierarchy / GROUP).mkdir(exist_ok=True)


def remove_control_groups() -> None:
    """Remove the group and all below it; their processes have ended."""
    for hierarchy in _hierarchies():
        group = hierarchy / GROUP
        # A group is busy until the kernel has seen to the last of its dead processes.
        wait_until(
            partial(_is_removed, group),
            timeout_seconds=10,
            waiting_for=f"the control group {group} to be empty",
        )


def _is_removed(group: Path) -> bool:
    for folder, _, _ in os.walk(group, topdown=False):
        try:
            Path(folder).rmdir()
        except OSError:
            return False
    return True


def _is_version_2() -> bool:
    return (ROOT / "cgroup.controllers").exists()


def _hierarchies() -> Iterator[Path]:
    mounts = (line.split() for line in Path("/proc/self/mounts").read_text().splitlines())
    wanted = "cgroup2" if _is_version_2() else "cgroup"
    return (Path(point) for _, point, kind, *_ in mounts if kind == wanted)


def _hand_down(controller: str) -> None:
    try:
        (ROOT / "cgroup.subtree_control").write_text(f"+{controller}")
    except OSError:
        # Some controllers cannot be handed down (cpu, with a real-time process about). The kubelet
        # names the one that it misses.
        return
