"""Install Sluice and the image of the application under test into the local cluster.

`make install` runs this after the operator's image has been loaded.
"""

import os
import sys
from typing import Final

from tests.cluster.faulty_image import load_faulty
from tests.cluster.kubectl import Kubectl
from tests.localcluster import running
from tests.localcluster.places import places
from tests.manifest_files import MANIFESTS

WHERE: Final = "--namespace=sluice-system"
DEPLOYMENT: Final = "deployment/sluice"
CRDS: Final = ("crd/rollouts.sluice.dev", "crd/startupgraphs.sluice.dev")


def install(kubectl: Kubectl) -> None:
    """Apply the manifests, and return once the operator of the image loaded last is ready."""
    kubectl(
        *("apply", "--server-side", "--force-conflicts", "-k", str(MANIFESTS / "overlays/local"))
    )
    kubectl("wait", "--for=condition=Established", "--timeout=30s", *CRDS)
    # The image keeps its name when it is loaded anew, so nothing else tells its pod to go.
    kubectl("rollout", "restart", DEPLOYMENT, WHERE)
    kubectl("rollout", "status", DEPLOYMENT, WHERE, "--timeout=120s")


def main() -> None:
    """Install into the running local cluster; exit 1 with the next step when there is none."""
    cluster = running()
    if cluster is None or not cluster.has_node:
        sys.exit("no local cluster with a node is running: `make up` as root starts one")
    os.environ["PATH"] = f"{cluster.commands}:{os.environ['PATH']}"
    load_faulty(places())
    install(Kubectl(cluster.kubeconfig))
    print("Sluice runs in namespace sluice-system; `make demo` shows what it does.")


if __name__ == "__main__":
    main()
