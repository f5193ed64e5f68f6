"""What the API server says of a Rollout that cannot work, and of the samples, which can."""

import json

import pytest
from kubernetes import client

from sluice.model.json import Body, Json
from sluice.model.references import ROLLOUTS
from tests.cluster.kubectl import Kubectl
from tests.cluster.refusals import check_refusal, check_unknown_field, each_invalid
from tests.manifest_files import MANIFESTS, documents
from tests.rollout_manifests import MINIMAL, minimal

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("prerequisites")]


@each_invalid(ROLLOUTS)
def test_refuses_and_names_field_value_and_example(kube: client.ApiClient, case: Body) -> None:
    check_refusal(kube, ROLLOUTS, minimal(case.body("set").value), case)


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        pytest.param(
            "spec.targetRef",
            {"name": "payment"},
            '"payment" replaces "checkout", but the target is immutable: write "checkout" again',
            id="another target",
        ),
        pytest.param(
            "spec.service",
            {"name": "payment"},
            '"payment" (port any) replaces "checkout" (port any), but the Service is immutable',
            id="another Service",
        ),
        pytest.param(
            "spec.service",
            {"name": "checkout", "port": 80},
            '"checkout" (port 80) replaces "checkout" (port any), but the Service is immutable',
            id="another port of the Service",
        ),
    ],
)
def test_refuses_to_change(
    kubectl: Kubectl, namespace: str, path: str, value: Json, complaint: str
) -> None:
    kubectl("create", "-n", namespace, "-f", str(MINIMAL))
    changed = minimal({path: value})
    said = kubectl.ask("apply", "-n", namespace, "--dry-run=server", "-f", "-", manifest=changed)
    assert not said.succeeded
    assert f"{path}: Invalid value" in said.complaints
    assert complaint in said.complaints


def test_kubectl_refuses_a_field_that_does_not_exist(kubectl: Kubectl) -> None:
    check_unknown_field(kubectl, minimal({"spec.bakee": "60s"}), "spec.bakee")


@pytest.mark.parametrize("sample", sorted(path.name for path in (MANIFESTS / "samples").iterdir()))
def test_accepts_the_sample(request: pytest.FixtureRequest, kubectl: Kubectl, sample: str) -> None:
    path = MANIFESTS / "samples" / sample
    if any(body.text("kind") == "HTTPRoute" for body in documents(path)):
        request.getfixturevalue("pods")
    said = kubectl.ask("create", "--dry-run=server", "--validate=strict", "-f", str(path))
    assert said.succeeded, said.complaints
    # A workload that its graph holds is announced; that is no fault of the manifest.
    warnings = [line for line in said.warnings.splitlines() if "'sluice-startup-" not in line]
    assert not warnings


def test_the_minimal_sample_gets_every_default(kubectl: Kubectl) -> None:
    printed = kubectl("create", "--dry-run=server", "-o", "json", "-f", str(MINIMAL))
    assert json.loads(printed)["spec"] == {
        "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "checkout"},
        "service": {"name": "checkout"},
        "traffic": {"gatewayAPI": {"httpRoutes": [{"name": "checkout"}]}},
        "steps": [
            {"weight": 1, "pause": False},
            {"weight": 10, "pause": False},
            {"weight": 50, "pause": False},
        ],
        "analysis": {
            "slos": [
                {
                    "name": "errors",
                    "critical": True,
                    "errorRate": {"max": "1%", "maxRatio": 1.25},
                    "source": {"preset": "traefik"},
                }
            ],
            "minDuration": "60s",
            "maxDuration": "10m",
            "minRequests": 50,
            "warmup": "10s",
            "outage": {"above": "30%", "for": "4s"},
            "onInconclusive": "Advance",
            "onNoData": {"action": "Hold", "after": "10m"},
            "onEnvironment": "Hold",
        },
        "holdout": "5%",
        "bake": "60s",
        "drain": "30s",
        "progressDeadline": "10m",
        "verifyTimeout": "15s",
        "canary": {},
        "holdMode": "Admission",
        "paused": False,
        "historyLimit": 10,
    }
