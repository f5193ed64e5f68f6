"""What the API server says of a Rollout that cannot work, and of the samples, which can."""

import json
from dataclasses import dataclass

import pytest
from kubernetes import client

from sluice.model.json import Body, Json
from sluice.model.references import GROUP, ROLLOUTS, VERSION
from tests.cluster.kubectl import Kubectl
from tests.manifest_files import MANIFESTS, documents
from tests.rollout_manifests import INVALID, MINIMAL, minimal

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("prerequisites")]


@dataclass(frozen=True, slots=True)
class Cause:
    """One complaint of the API server: where, and in which words."""

    field: str
    message: str


def refused(rollouts: client.CustomObjectsApi, manifest: dict[str, Json]) -> list[Cause]:
    """Return why the API server refuses the creation of a Rollout; it has to."""
    with pytest.raises(client.ApiException) as refusal:
        rollouts.create_namespaced_custom_object(
            GROUP, VERSION, "default", ROLLOUTS.plural, manifest, dry_run="All"
        )
    assert refusal.value.status == 422
    details = Body(json.loads(refusal.value.body or "{}")).body("details")
    return [Cause(cause.text("field"), cause.text("message")) for cause in details.bodies("causes")]


@pytest.mark.parametrize("case", [pytest.param(case, id=case.text("refuses")) for case in INVALID])
def test_refuses_and_names_field_value_and_example(kube: client.ApiClient, case: Body) -> None:
    causes = refused(client.CustomObjectsApi(kube), minimal(case.body("set").value))
    words = (case.text("value"), case.text("example"))
    assert any(
        cause.field == case.text("field") and all(word in cause.message for word in words)
        for cause in causes
    ), causes


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
    manifest = minimal({"spec.bakee": "60s"})
    said = kubectl.ask("create", "--dry-run=server", "-f", "-", manifest=manifest)
    assert not said.succeeded
    assert 'unknown field "spec.bakee"' in said.complaints


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
