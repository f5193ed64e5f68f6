"""Tokens, the service accounts' key and the kubeconfig files."""

import secrets
import subprocess
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from tests.localcluster.addresses import NODE_NAME
from tests.localcluster.places import Places

CLUSTER_NAME: Final = "sluice-local"


@dataclass(frozen=True, slots=True)
class Client:
    """A user of the API server, known by a token; `groups` decide what it may do."""

    name: str
    user: str
    groups: tuple[str, ...] = ()


ADMIN: Final = Client("admin", "sluice-admin", ("system:masters",))
CONTROLLER_MANAGER: Final = Client("controller-manager", "system:kube-controller-manager")
SCHEDULER: Final = Client("scheduler", "system:kube-scheduler")
KUBELET: Final = Client("kubelet", f"system:node:{NODE_NAME}", ("system:nodes",))
PROXY: Final = Client("proxy", "system:kube-proxy", ("system:node-proxier",))
CLIENTS: Final = (ADMIN, CONTROLLER_MANAGER, SCHEDULER, KUBELET, PROXY)


def make_keys(places: Places) -> None:
    """Make the key that signs service accounts' tokens, and a token for every client."""
    places.keys.mkdir(mode=0o700, parents=True)
    subprocess.run(
        ["openssl", "genrsa", "-out", service_account_key(places), "2048"],
        check=True,
        capture_output=True,
        text=True,
    )
    lines = (_token_line(client, number) for number, client in enumerate(CLIENTS))
    token_file(places).write_text("".join(lines))


def write_kubeconfigs(places: Places, server: str) -> None:
    """Write a kubeconfig for every client; the API server has made its certificate by now."""
    places.kubeconfigs.mkdir(mode=0o700, parents=True)
    tokens = _tokens(places)
    for client in CLIENTS:
        write_kubeconfig(
            kubeconfig(places, client), places, server, user=client.user, token=tokens[client.user]
        )


def write_kubeconfig(path: Path, places: Places, server: str, *, user: str, token: str) -> None:
    """Write a kubeconfig that trusts the API server's own certificate."""
    authority = b64encode(certificate(places).read_bytes()).decode()
    cluster = {"server": server, "certificate-authority-data": authority}
    context = {"cluster": CLUSTER_NAME, "user": user}
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": CLUSTER_NAME,
        "clusters": [{"name": CLUSTER_NAME, "cluster": cluster}],
        "users": [{"name": user, "user": {"token": token}}],
        "contexts": [{"name": CLUSTER_NAME, "context": context}],
    }
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(content, sort_keys=False))


def kubeconfig(places: Places, client: Client) -> Path:
    return places.kubeconfigs / f"{client.name}.yaml"


def token_file(places: Places) -> Path:
    return places.keys / "tokens.csv"


def service_account_key(places: Places) -> Path:
    return places.keys / "service-accounts.key"


def certificate(places: Places) -> Path:
    """Return the certificate that the API server makes and signs itself."""
    return places.keys / "apiserver.crt"


def has_certificate(places: Places) -> bool:
    """Whether the API server has made its certificate, whole: the file is there before its text.

    A kubeconfig that was written with an empty one would trust nobody, for ever.
    """
    path = certificate(places)
    return path.exists() and path.read_bytes().endswith(b"-----END CERTIFICATE-----\n")


def _token_line(client: Client, number: int) -> str:
    return f'{secrets.token_hex(16)},{client.user},{number},"{",".join(client.groups)}"\n'


def _tokens(places: Places) -> dict[str, str]:
    lines = (line.split(",") for line in token_file(places).read_text().splitlines())
    return {user: token for token, user, *_ in lines}
