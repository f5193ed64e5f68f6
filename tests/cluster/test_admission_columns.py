"""What `kubectl get` shows of a Rollout."""

import json

import pytest

from sluice.model.json import Json
from tests.cluster.kubectl import Kubectl
from tests.manifest_files import MANIFESTS

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("prerequisites")]

STATUS: dict[str, Json] = {
    "phase": "Progressing",
    "stage": "Judging",
    "stepText": "2/3",
    "weight": 10,
    "stable": {"revision": "5c8d7f9b6d"},
    "canary": {"revision": "7d9f4c2b1a"},
    "message": "17 of 900 requests failed",
    "conditions": [
        {
            "type": "Ready",
            "status": "False",
            "reason": "Progressing",
            "message": "17 of 900 requests failed",
            "lastTransitionTime": "2026-01-01T00:00:00.250Z",
        }
    ],
}


@pytest.fixture
def judged(kubectl: Kubectl, namespace: str) -> str:
    """Return the namespace of a Rollout in its second step."""
    where = ("-n", namespace)
    kubectl("create", *where, "-f", str(MANIFESTS / "samples/rollout-minimal.yaml"))
    words = ("rollout/checkout", "--subresource=status", "--type=merge", "-p")
    kubectl("patch", *where, *words, json.dumps({"status": STATUS}))
    return namespace


@pytest.mark.parametrize("name", ["rollouts", "ro", "sluice"])
def test_the_table_shows_where_the_rollout_stands(kubectl: Kubectl, judged: str, name: str) -> None:
    head, row = kubectl("get", name, "-n", judged).splitlines()
    assert head.split() == ["NAME", "READY", "PHASE", "STEP", "WEIGHT", "AGE"]
    assert row.split()[:-1] == ["checkout", "False", "Progressing", "2/3", "10"]


def test_the_wide_table_shows_versions_and_message(kubectl: Kubectl, judged: str) -> None:
    head, row = kubectl("get", "ro", "-n", judged, "-o", "wide").splitlines()
    assert head.split()[6:] == ["STABLE", "CANARY", "MESSAGE"]
    assert row.split(maxsplit=8)[6:] == ["5c8d7f9b6d", "7d9f4c2b1a", "17 of 900 requests failed"]


def test_kubectl_can_wait_for_a_condition(kubectl: Kubectl, judged: str) -> None:
    kubectl("wait", "-n", judged, "--for=condition=Ready=False", "rollout/checkout", "--timeout=5s")
