"""The Debian packages that the node needs besides Go and Python."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.localcluster.places import Places
from tests.localcluster.steps import SetupError


@dataclass(frozen=True, slots=True)
class Package:
    """A Debian package and a file or command that shows it is installed."""

    name: str
    shown_by: str


PACKAGES: Final = (
    Package("gcc", "gcc"),
    Package("libc6-dev", "/usr/include/stdio.h"),
    Package("pkg-config", "pkg-config"),
    Package("libseccomp-dev", "/usr/include/seccomp.h"),
    Package("nftables", "nft"),
    Package("iproute2", "ip"),
    Package("util-linux", "nsenter"),
    Package("mount", "mount"),
    Package("openssl", "openssl"),
    Package("mmdebstrap", "mmdebstrap"),
    Package("debian-archive-keyring", "/usr/share/keyrings/debian-archive-keyring.gpg"),
    Package("ca-certificates", "/etc/ssl/certs/ca-certificates.crt"),
)


def system_environment() -> dict[str, str]:
    """Return this environment with the folders of system programs on PATH.

    A user's PATH leaves them out, and so do the shells of some CI systems.
    """
    path = os.environ.get("PATH", "/usr/bin:/bin")
    return os.environ | {"PATH": f"{path}:/usr/local/sbin:/usr/sbin:/sbin"}


def missing_packages() -> tuple[str, ...]:
    """Return the names of the packages that are not there."""
    return tuple(package.name for package in PACKAGES if not _is_there(package))


def apt_log(places: Places) -> Path:
    return places.build_logs / "apt.log"


def install_packages(log: Path) -> None:
    """Install what is missing, with apt; raise SetupError with the list where that cannot be."""
    missing = missing_packages()
    if not missing:
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise SetupError(f"please install: {' '.join(missing)} (Debian's names)")
    log.parent.mkdir(parents=True, exist_ok=True)
    environment = system_environment() | {"DEBIAN_FRONTEND": "noninteractive"}
    with log.open("w") as output:
        for words in (["update"], ["install", "--yes", "--no-install-recommends", *missing]):
            subprocess.run(
                ["apt-get", "--quiet", *words],
                env=environment,
                stdout=output,
                stderr=output,
                check=True,
            )


def _is_there(package: Package) -> bool:
    if package.shown_by.startswith("/"):
        return Path(package.shown_by).exists()
    return shutil.which(package.shown_by, path=system_environment()["PATH"]) is not None
