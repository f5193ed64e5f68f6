"""The Go modules that the cluster's programs are built from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

GO_MODULES: Final = Path(__file__).parent / "go"
KUBERNETES_VERSION: Final = "1.36.3"


@dataclass(frozen=True, slots=True)
class Assets:
    """Files taken from a module beside its programs: `folder` of the Go module `module`."""

    module: str
    folder: str


@dataclass(frozen=True, slots=True)
class GoModule:
    """A folder of go/ with its own go.mod: its `tool` lines and main packages are built at once."""

    name: str
    tags: tuple[str, ...] = ()
    cgo: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)
    assets: Assets | None = None

    @property
    def folder(self) -> Path:
        return GO_MODULES / self.name


def _kubernetes_version() -> Mapping[str, str]:
    # Without these kubectl and the servers call themselves v0.0.0, also in their user agents.
    major, minor, _ = KUBERNETES_VERSION.split(".")
    values = {
        "gitVersion": f"v{KUBERNETES_VERSION}",
        "gitMajor": major,
        "gitMinor": minor,
        "gitCommit": "unknown",
    }
    packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    return {f"{package}.{name}": value for package in packages for name, value in values.items()}


# Kubernetes, etcd, containerd, two CNI plug-ins, Prometheus, CoreDNS and podinfo share one go.mod,
# because then every library that two of them use is compiled once. Prometheus leaves out the
# service discovery of other clouds.
CLUSTER: Final = GoModule(
    "cluster",
    tags=("remove_all_sd", "enable_kubernetes_sd"),
    variables=_kubernetes_version(),
)
# Traefik needs forks of libraries that the others use unforked.
TRAEFIK: Final = GoModule(
    "traefik", assets=Assets("sigs.k8s.io/gateway-api", "config/crd/standard")
)
# runc starts containers in C, and a pod's sandbox fails without seccomp.
RUNC: Final = GoModule("runc", tags=("seccomp",), cgo=True)


@dataclass(frozen=True, slots=True)
class Programs:
    """The folders with the built programs of the Go modules."""

    cluster: Path
    traefik: Path
    runc: Path
