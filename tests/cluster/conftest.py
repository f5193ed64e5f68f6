"""What the tests on a real cluster share: access to it, Sluice's manifests, a namespace each."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
import yaml
from kubernetes import client, config

from tests.cluster.hold_target import ADOPTED, Target, deployment, write
from tests.cluster.kubectl import Kubectl
from tests.localcluster.waiting import wait_until
from tests.manifest_files import MANIFESTS

DRY_RUN = write("set image deployment/checkout app=app:2 --dry-run=server")


@pytest.fixture(scope="session")
def kubeconfig() -> Path:
    path = os.environ.get("KUBECONFIG")
    if not path:
        pytest.fail('KUBECONFIG is not set: eval "$(python -m tests.localcluster env)"')
    return Path(path)


@pytest.fixture(scope="session")
def kubectl(kubeconfig: Path) -> Kubectl:
    return Kubectl(kubeconfig)


@pytest.fixture(scope="session")
def kube(kubeconfig: Path) -> Iterator[client.ApiClient]:
    settings = client.Configuration()
    config.load_kube_config(config_file=str(kubeconfig), client_configuration=settings)  # type: ignore[no-untyped-call]
    with client.ApiClient(settings) as api:
        yield api


@pytest.fixture(scope="session")
def prerequisites(kubectl: Kubectl) -> None:
    """Install the CRD, the policies and the rights, and wait until they are in force."""
    where = str(MANIFESTS / "prerequisites")
    kubectl("apply", "--server-side", "--force-conflicts", "-k", where)
    kubectl("wait", "--for=condition=Established", "--timeout=30s", "crd/rollouts.sluice.dev")
    with own_namespace(kubectl) as namespace:
        trial = Target(kubectl, kubectl, namespace)
        trial.create(deployment(labels=ADOPTED))
        wait_until(
            lambda: "held back" in trial.do(DRY_RUN).warnings,
            timeout_seconds=30,
            waiting_for="the hold policies to be in force",
        )


@contextmanager
def own_namespace(kubectl: Kubectl) -> Iterator[str]:
    name = f"test-{uuid4().hex[:8]}"
    kubectl("create", "namespace", name)
    try:
        yield name
    finally:
        kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture
def namespace(kubectl: Kubectl) -> Iterator[str]:
    """Return a namespace of the test's own."""
    with own_namespace(kubectl) as name:
        yield name


@pytest.fixture(scope="session")
def operator_kubeconfig(
    kubectl: Kubectl,
    kubeconfig: Path,
    tmp_path_factory: pytest.TempPathFactory,
    prerequisites: None,  # noqa: ARG001
) -> Path:
    """Return a kubeconfig of the operator's own account, for an operator outside the cluster."""
    path = tmp_path_factory.mktemp("operator") / "kubeconfig.yaml"
    token = kubectl("create", "token", "sluice", "-n", "sluice-system", "--duration=24h")
    content = yaml.safe_load(kubeconfig.read_text())
    for user in content["users"]:
        user["user"] = {"token": token}
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(content))
    return path


@pytest.fixture(scope="session")
def operator(operator_kubeconfig: Path) -> Kubectl:
    """Return kubectl with the operator's own account, and so with its rights."""
    return Kubectl(operator_kubeconfig)


@pytest.fixture
def target(kubectl: Kubectl, operator: Kubectl, namespace: str) -> Target:
    return Target(kubectl, operator, namespace)
