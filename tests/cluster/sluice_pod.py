"""The operator as it is installed: a pod, whose process this machine's kernel knows as well."""

import json
import os
import signal
import time
from typing import Final

from sluice.model.json import Body
from tests.cluster.kubectl import Kubectl
from tests.cluster.pod_processes import processes_of

WHERE: Final = "--namespace=sluice-system"
COMMAND: Final = "sluice"


def kill(kubectl: Kubectl) -> float:
    """Send SIGKILL to the process in the operator's pod; return when."""
    (pod,) = _pods(kubectl)
    (process,) = processes_of(pod.text("metadata", "uid"), COMMAND)
    at = time.time()
    os.kill(process, signal.SIGKILL)
    return at


def restarts(kubectl: Kubectl) -> int:
    """Return how often the operator's container was started anew."""
    (pod,) = _pods(kubectl)
    (container,) = pod.bodies("status", "containerStatuses")
    return container.whole("restartCount")


def running_since(kubectl: Kubectl) -> str:
    """Return when the operator's container was started last, as the API writes instants."""
    (pod,) = _pods(kubectl)
    (container,) = pod.bodies("status", "containerStatuses")
    return container.text("state", "running", "startedAt")


def _pods(kubectl: Kubectl) -> tuple[Body, ...]:
    selector = "--selector=app.kubernetes.io/name=sluice"
    return Body(json.loads(kubectl("get", "pods", WHERE, selector, "-o", "json"))).bodies("items")
