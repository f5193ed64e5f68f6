"""What the node sees of the file system: the host's, but it can change little of it."""

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

# What the kubelet wants of the whole machine (pkg/kubelet/cm, setupKernelTunables). It reads files
# in their place, so that nothing has to be changed, and changed back.
KERNEL_SETTINGS: Final[Mapping[str, int]] = {
    "vm/overcommit_memory": 1,
    "vm/panic_on_oom": 0,
    "kernel/panic": 10,
    "kernel/panic_on_oops": 1,
    "kernel/keys/root_maxkeys": 1_000_000,
    "kernel/keys/root_maxbytes": 25_000_000,
}


def mount_script(home: Path) -> str:
    """Return the shell script that prepares the node's mount namespace.

    Programs of the node have paths below /run and /var built in. They get a /run of their own, with
    sockets that no other container runtime has, and a /var whose changes go to memory; only the
    cluster's home directory is the real one.
    """
    return "\n".join((*_private_folders(home), *_kernel_settings(), "mount --make-rshared /"))


def _private_folders(home: Path) -> Iterator[str]:
    changes = "upperdir=/run/var/changes,workdir=/run/var/work"
    yield f"home={shlex.quote(str(home))}"
    yield from (
        "mount -t tmpfs -o mode=0755 tmpfs /run",
        # `ip netns`, which CNI follows, keeps its names in /run/netns.
        "mkdir -p /run/netns /run/home /run/var/changes /run/var/work",
        'mount --bind "$home" /run/home',
        f"mount -t overlay -o lowerdir=/var,{changes} var /var",
        'mount --bind /run/home "$home"',
        "umount /run/home",
    )


def _kernel_settings() -> Iterator[str]:
    for number, (name, value) in enumerate(KERNEL_SETTINGS.items()):
        yield f"echo {value} >/run/kernel-setting-{number}"
        yield f"mount --bind /run/kernel-setting-{number} /proc/sys/{name}"
