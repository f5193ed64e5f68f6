"""What the operator's account may do and what not, and who may write Rollouts."""

import pytest

from tests.cluster.kubectl import Kubectl
from tests.manifest_files import MANIFESTS

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("prerequisites")]


@pytest.mark.parametrize(
    "request_",
    [
        "watch rollouts.sluice.dev --all-namespaces",
        "patch rollouts.sluice.dev --subresource=status",
        "patch deployments.apps",
        "create services",
        "delete replicasets.apps",
        "patch httproutes.gateway.networking.k8s.io",
        "patch jobs.batch",
        "create jobs.batch",
        "create configmaps -n default",
        "patch leases.coordination.k8s.io -n default",
        "patch pods --subresource=status",
        "patch configmaps/sluice-released -n sluice-system",
        "watch endpointslices.discovery.k8s.io --all-namespaces",
        "create events.events.k8s.io",
        "create leases.coordination.k8s.io -n sluice-system",
        "patch leases.coordination.k8s.io/sluice -n sluice-system",
    ],
)
def test_the_operator_may(operator: Kubectl, request_: str) -> None:
    assert operator.ask("auth", "can-i", *request_.split()).output.strip() == "yes"


@pytest.mark.parametrize(
    "request_",
    [
        "get secrets",
        "create pods",
        "create pods --subresource=exec",
        "update deployments.apps",
        "delete rollouts.sluice.dev",
        "create rollouts.sluice.dev",
        "delete httproutes.gateway.networking.k8s.io",
        "patch deployments.apps --subresource=status",
        "delete configmaps",
        "update configmaps",
        "delete jobs.batch",
        "patch statefulsets.apps",
        "create startupgraphs.sluice.dev",
        "patch services",
        "create events",
        "patch events.events.k8s.io",
        "get mutatingadmissionpolicies.admissionregistration.k8s.io/sluice-hold",
        "patch mutatingadmissionpolicies.admissionregistration.k8s.io/sluice-hold",
        "impersonate users",
        "escalate clusterroles.rbac.authorization.k8s.io",
        "update leases.coordination.k8s.io/sluice -n sluice-system",
        "delete leases.coordination.k8s.io",
    ],
)
def test_the_operator_may_not(operator: Kubectl, request_: str) -> None:
    assert operator.ask("auth", "can-i", *request_.split()).output.strip() == "no"


@pytest.mark.parametrize(
    ("role", "verb", "answer"),
    [
        pytest.param("view", "get", "yes", id="a viewer may read Rollouts"),
        pytest.param("view", "patch", "no", id="a viewer may not write Rollouts"),
        pytest.param("edit", "create", "yes", id="an editor may write Rollouts"),
        pytest.param("admin", "deletecollection", "yes", id="an admin may delete all Rollouts"),
    ],
)
def test_the_roles_of_a_namespace_hold_for_rollouts(
    kubectl: Kubectl, namespace: str, role: str, verb: str, answer: str
) -> None:
    where = ("-n", namespace)
    kubectl("create", "rolebinding", "trial", *where, f"--clusterrole={role}", "--user=trial")
    asked = kubectl.ask("auth", "can-i", verb, "rollouts.sluice.dev", *where, "--as=trial")
    assert asked.output.strip() == answer


@pytest.mark.parametrize("folder", ["base", "overlays/ha", "overlays/local"])
def test_the_installation_is_accepted_without_a_warning(kubectl: Kubectl, folder: str) -> None:
    # Server-side: the namespace's pod security standard judges the operator's pod as well.
    words = ("apply", "--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict")
    said = kubectl.ask(*words, "-k", str(MANIFESTS / folder))
    assert said.succeeded, said.complaints
    assert "deployment.apps/sluice serverside-applied" in said.output
    assert not said.warnings
