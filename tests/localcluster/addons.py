"""What runs on the cluster from the start: Gateway API, CoreDNS, Traefik and Prometheus."""

import time
import urllib.error
import urllib.request
from functools import partial
from pathlib import Path
from typing import Final

from tests.localcluster import addresses
from tests.localcluster.kubectl import Kubectl
from tests.localcluster.programs import Programs
from tests.localcluster.waiting import wait_until

MANIFESTS: Final = Path(__file__).parent / "addons"
DEPLOYMENTS: Final = (
    ("kube-system", "coredns"),
    ("monitoring", "prometheus"),
    ("gateway", "traefik"),
)


def apply_addons(kubectl: Kubectl, programs: Programs) -> None:
    """Apply the Gateway API's definitions, then everything in addons/."""
    definitions = programs.traefik / "assets"
    # Too large for the annotation of a client-side apply.
    kubectl("apply", "--server-side", "--filename", definitions)
    kubectl("wait", "--for=condition=Established", "--timeout=30s", "--filename", definitions)
    kubectl("apply", "--server-side", "--filename", MANIFESTS)


def wait_for_addons(kubectl: Kubectl, timeout_seconds: float = 90) -> None:
    """Wait until every addon runs, the Gateway is programmed and the host reaches Prometheus."""
    deadline = time.monotonic() + timeout_seconds
    for namespace, name in DEPLOYMENTS:
        left = max(1, round(deadline - time.monotonic()))
        kubectl(
            f"--namespace={namespace}",
            *("rollout", "status", f"deployment/{name}", f"--timeout={left}s"),
        )
    kubectl(
        "--namespace=gateway",
        *("wait", "gateway/gateway", "--for=condition=Programmed", "--timeout=30s"),
    )
    for url in (f"{addresses.PROMETHEUS_URL}/-/ready", addresses.GATEWAY_URL):
        wait_until(partial(answers, url), timeout_seconds=15, waiting_for=f"an answer of {url}")


def answers(url: str) -> bool:
    """Tell whether an HTTP server answers at all; Traefik says 404 as long as it has no route."""
    try:
        with urllib.request.urlopen(url, timeout=1):  # noqa: S310 (only our own URLs)
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
