"""What the tests on a real cluster share: access to it, Sluice's manifests, a namespace each."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from kubernetes import client, config

from tests.cluster.environment import use_cluster
from tests.cluster.hold_target import ADOPTED, Target, deployment, write
from tests.cluster.install import CRDS
from tests.cluster.kubectl import Kubectl
from tests.cluster.needs import NO_PODS, without_node
from tests.cluster.shop import Cluster
from tests.cluster.sluice_process import SluiceProcess, in_place_of_the_pod, write_kubeconfig
from tests.cluster.turns import turn
from tests.localcluster import running
from tests.localcluster.addresses import HOST_IP
from tests.localcluster.waiting import wait_until
from tests.manifest_files import MANIFESTS
from tests.servers.postgres import Postgres, running_postgres
from tests.servers.rabbitmq import RabbitMq, running_rabbitmq
from tests.servers.redis import Redis, running_redis

DRY_RUN = write("set image deployment/checkout app=app:2 --dry-run=server")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that need the cluster alone come last, when nobody else is left to wait for them."""
    items.sort(key=needs_the_cluster_alone)


def needs_the_cluster_alone(item: pytest.Item) -> bool:
    return isinstance(item, pytest.Function) and "alone" in item.fixturenames


@pytest.fixture(autouse=True)
def turn_with_the_cluster(request: pytest.FixtureRequest) -> Iterator[None]:
    with turn(alone="alone" in request.fixturenames):
        yield


@pytest.fixture
def alone(turn_with_the_cluster: None) -> None:
    """Say that a test breaks what the others rely on: it runs when no other does."""


@pytest.fixture(scope="session")
def kubeconfig() -> Path:
    """Return access to an API server, which is all that a control plane has."""
    missing = use_cluster()
    if not missing:
        return Path(os.environ["KUBECONFIG"])
    control_plane = without_node(running())
    if control_plane is None:
        pytest.fail(missing)
    os.environ["PATH"] = f"{control_plane.commands}:{os.environ['PATH']}"
    return control_plane.kubeconfig


@pytest.fixture(scope="session")
def pods(kubeconfig: Path) -> None:  # noqa: ARG001 - for what it sets up
    """Say that a test needs pods, or what comes with them: the Gateway API, Prometheus."""
    missing = use_cluster()
    if missing and without_node(running()) is not None:
        pytest.skip(NO_PODS)
    if missing:
        pytest.fail(missing)


@pytest.fixture(scope="session")
def kubectl(kubeconfig: Path) -> Kubectl:
    return Kubectl(kubeconfig)


@pytest.fixture(scope="session")
def kube(kubeconfig: Path) -> Iterator[client.ApiClient]:
    settings = client.Configuration()
    config.load_kube_config(  # type: ignore[no-untyped-call]  # the client has no types here
        config_file=str(kubeconfig), client_configuration=settings
    )
    with client.ApiClient(settings) as api:
        yield api


@pytest.fixture(scope="session")
def prerequisites(kubectl: Kubectl) -> None:
    """Install the CRD, the policies and the rights, and wait until they are in force."""
    where = str(MANIFESTS / "prerequisites")
    kubectl("apply", "--server-side", "--force-conflicts", "-k", where)
    kubectl("wait", "--for=condition=Established", "--timeout=30s", *CRDS)
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
    tmp_path_factory: pytest.TempPathFactory,
    prerequisites: None,  # noqa: ARG001 - for what it sets up
) -> Path:
    """Return a kubeconfig of the operator's own account, for an operator outside the cluster."""
    path = tmp_path_factory.mktemp("operator") / "kubeconfig.yaml"
    write_kubeconfig(kubectl, path)
    return path


@pytest.fixture(scope="session")
def operator(operator_kubeconfig: Path) -> Kubectl:
    """Return kubectl with the operator's own account, and so with its rights."""
    return Kubectl(operator_kubeconfig)


@pytest.fixture
def target(kubectl: Kubectl, operator: Kubectl, namespace: str) -> Target:
    return Target(kubectl, operator, namespace)


@pytest.fixture(scope="session")
def cluster(kubectl: Kubectl, pods: None) -> Cluster:  # noqa: ARG001 - for what it sets up
    """Return the cluster once an operator leads in it."""
    lease = ("lease/sluice", "--namespace=sluice-system")
    wait_until(
        lambda: bool(kubectl.ask("get", *lease, "-o", "jsonpath={.spec.holderIdentity}").output),
        timeout_seconds=30,
        waiting_for="an operator that leads: `make install`",
    )
    return Cluster.from_environment()


@pytest.fixture
def sluice(
    alone: None,  # noqa: ARG001 - for what it sets up
    kubectl: Kubectl,
    operator_kubeconfig: Path,
    cluster: Cluster,
    tmp_path: Path,
) -> Iterator[SluiceProcess]:
    """Return the operator as a process of the test's own, for tests that kill it."""
    log = tmp_path / "sluice.log"
    with in_place_of_the_pod(kubectl, operator_kubeconfig, cluster.prometheus_url, log) as process:
        yield process


@pytest.fixture(scope="session")
def postgres(cluster: Cluster) -> Iterator[Postgres]:  # noqa: ARG001 - for what it sets up
    """Return a database on this machine that pods reach."""
    with running_postgres(HOST_IP) as server:
        yield server


@pytest.fixture(scope="session")
def rabbitmq(cluster: Cluster) -> Iterator[RabbitMq]:  # noqa: ARG001 - for what it sets up
    with running_rabbitmq(HOST_IP) as broker:
        yield broker


@pytest.fixture(scope="session")
def redis(cluster: Cluster) -> Iterator[Redis]:  # noqa: ARG001 - for what it sets up
    with running_redis(HOST_IP) as server:
        yield server
