"""Where the local cluster keeps its files: a cache that outlives it, a home that does not."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

# sun_path of a Unix socket holds 108 bytes, the last one a zero.
SOCKET_PATH_LIMIT: Final = 107


@dataclass(frozen=True, slots=True)
class Places:
    """The two directories; everything below them has its name here.

    `cache` holds what is slow to make (programs, images); `home` holds the state of one cluster and
    is deleted with it.
    """

    cache: Path
    home: Path

    @property
    def programs(self) -> Path:
        return self.cache / "programs"

    @property
    def images(self) -> Path:
        return self.cache / "images"

    @property
    def build_logs(self) -> Path:
        return self.cache / "logs"

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def audit_log(self) -> Path:
        return self.logs / "audit.log"

    @property
    def config(self) -> Path:
        return self.home / "config"

    @property
    def keys(self) -> Path:
        return self.home / "keys"

    @property
    def kubeconfigs(self) -> Path:
        return self.home / "kubeconfigs"

    @property
    def admin_kubeconfig(self) -> Path:
        return self.kubeconfigs / "admin.yaml"

    @property
    def processes(self) -> Path:
        return self.home / "processes"

    @property
    def volume_plugins(self) -> Path:
        return self.home / "volume-plugins"

    @property
    def commands(self) -> Path:
        """The directory that `env` puts on PATH; it holds kubectl and nothing else."""
        return self.home / "bin"

    @property
    def containerd_socket(self) -> Path:
        return self.home / "run" / "containerd.sock"

    @property
    def mark(self) -> dict[str, str]:
        """An environment variable by which the cluster's processes are known without records."""
        return {"SLUICE_LOCALCLUSTER_MARK": str(self.home)}

    @property
    def finished(self) -> Path:
        """Written last by `up`: the fingerprint of what is running."""
        return self.home / "finished"


def places() -> Places:
    """Return the directories for this user, as the environment has them."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sluice"
    default = Path("/var/lib/sluice-localcluster") if os.geteuid() == 0 else cache / "localcluster"
    found = Places(
        cache.absolute(),
        Path(os.environ.get("SLUICE_LOCALCLUSTER_HOME") or default).absolute(),
    )
    length = len(os.fsencode(found.containerd_socket))
    if length > SOCKET_PATH_LIMIT:
        raise ValueError(
            f"{found.containerd_socket} has {length} bytes and a Unix socket may have "
            f"{SOCKET_PATH_LIMIT}: set SLUICE_LOCALCLUSTER_HOME to a shorter path"
        )
    return found
