"""What Rollouts at rest cost: memory, start to synced, writes, on the real cluster.

    python -m bench.idle [--count 1000] [--seconds 60] [--out bench/results]

Each Rollout is complete: its Deployment with a ReplicaSet and a pod, its Service and its HTTPRoute.
The pods are never scheduled (no node here has room for so many), which is of no account to a
Rollout at rest. The operator runs as a process, so that its memory is its own; it is measured after
a restart. synced: until /readyz says so; settled: until every Rollout has been looked at as well.
Needs the local cluster with Sluice installed (`make install`) and nothing else running on it.
"""

import argparse
import asyncio
import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import aiohttp
from prometheus_client.parser import text_string_to_metric_families
from rich.console import Console
from rich.table import Table

from sluice.model.json import Body, Json, JsonObject
from sluice.model.references import DEPLOYMENTS, HTTPROUTES, ROLLOUTS, SERVICES, Resource
from tests.cluster import app_manifests
from tests.cluster.app_manifests import Plan, Version
from tests.cluster.audit import AuditLog
from tests.cluster.cluster_api import NAMESPACES, ClusterApi, cluster_api
from tests.cluster.environment import require_cluster
from tests.cluster.kubectl import Kubectl
from tests.cluster.shop import Cluster
from tests.cluster.sluice_process import (
    METRICS,
    SluiceProcess,
    in_place_of_the_pod,
    write_kubeconfig,
)

NAMESPACE: Final = "bench-idle"
AT_ONCE: Final = 10
ADOPTION_SECONDS: Final = 900.0
SETTLING_SECONDS: Final = 120.0
MEGABYTE: Final = 1e6


@dataclass(frozen=True, slots=True)
class Idle:
    """Seconds, megabytes (10^6), and the operator's writes while nothing happened."""

    rollouts: int
    synced: float
    settled: float
    resident_megabytes: float
    idle_seconds: float
    writes: int
    processor_percent: float


def parts_of(name: str) -> list[tuple[Resource, JsonObject]]:
    """Return an application of its own name, complete, whose pod never finds a node."""
    plan = Plan(replicas=1)
    deployment = app_manifests.deployment(Version("v1"), plan)
    spec = Body(deployment).body("spec")
    template = Body(app_manifests.template(Version("v1")))
    nowhere = {**template.body("spec").value, "nodeSelector": {"bench": "nowhere"}}
    labels: JsonObject = {"app": name}
    pod: JsonObject = {"metadata": {"labels": labels}, "spec": nowhere}
    own = {**spec.value, "selector": {"matchLabels": labels}, "template": pod}
    rules: Json = [{"backendRefs": [{"name": name, "port": 80}]}]
    route = {**Body(app_manifests.route(f"{name}.example")).body("spec").value, "rules": rules}
    rollout = Body(app_manifests.rollout(plan)).body("spec").value
    traffic = {"gatewayAPI": {"httpRoutes": [{"name": name}]}}
    references: JsonObject = {
        "targetRef": {"name": name},
        "service": {"name": name},
        "traffic": traffic,
    }
    service = {**Body(app_manifests.service()).body("spec").value, "selector": labels}
    return [
        (DEPLOYMENTS, _named(deployment, name, own)),
        (SERVICES, _named(app_manifests.service(), name, service)),
        (HTTPROUTES, _named(app_manifests.route(name), name, route)),
        (ROLLOUTS, _named(app_manifests.rollout(plan), name, {**rollout, **references})),
    ]


def _named(manifest: JsonObject, name: str, spec: JsonObject) -> JsonObject:
    return {**manifest, "metadata": {"name": name}, "spec": spec}


async def furnish(api: ClusterApi, count: int) -> None:
    """Create the applications and wait until the operator has taken every one over."""
    await api.create(NAMESPACES, "", {"metadata": {"name": NAMESPACE}})
    room = asyncio.Semaphore(AT_ONCE)

    async def create(number: int) -> None:
        async with room:
            for resource, manifest in parts_of(f"shop-{number:04}"):
                await api.create(resource, NAMESPACE, manifest)

    async with asyncio.TaskGroup() as group:
        for number in range(count):
            group.create_task(create(number))
    async with asyncio.timeout(ADOPTION_SECONDS):
        while await _adopted(api) < count:  # noqa: ASYNC110 - another process is waited for
            await asyncio.sleep(5)


async def _adopted(api: ClusterApi) -> int:
    rollouts = await api.list(ROLLOUTS, NAMESPACE)
    stable = (body.body("status").body("stable").text("revision", default="") for body in rollouts)
    return sum(bool(revision) for revision in stable)


async def gauges() -> dict[str, float]:
    """Return the operator's metrics, each summed over its labels; none while it does not answer."""
    try:
        async with aiohttp.ClientSession() as session, session.get(METRICS) as answer:
            text = await answer.text()
    except aiohttp.ClientError:
        return {}
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found[sample.name] = found.get(sample.name, 0.0) + sample.value
    return found


async def until(reached: Callable[[dict[str, float]], bool]) -> None:
    """Wait until the operator's metrics are so."""
    async with asyncio.timeout(SETTLING_SECONDS):
        while not reached(await gauges()):  # noqa: ASYNC110 - another process is waited for
            await asyncio.sleep(0.05)


async def measure(process: SluiceProcess, count: int, seconds: float) -> Idle:
    """Start the operator anew over what is there, and leave it alone."""
    began = time.monotonic()
    process.kill_and_restart()
    await process.ready()
    synced = time.monotonic() - began
    await until(
        lambda now: (
            now.get("sluice_reconcile_total", 0) >= count
            and now.get("sluice_workqueue_depth", 1) == 0
        )
    )
    settled = time.monotonic() - began
    await asyncio.sleep(5)
    log, before = AuditLog.from_now(), await gauges()
    await asyncio.sleep(seconds)
    after, used = await gauges(), "process_cpu_seconds_total"
    return Idle(
        rollouts=count,
        synced=round(synced, 2),
        settled=round(settled, 2),
        resident_megabytes=round(after["process_resident_memory_bytes"] / MEGABYTE, 1),
        idle_seconds=seconds,
        writes=len(log.operator_writes()),
        processor_percent=round(100 * (after[used] - before[used]) / seconds, 1),
    )


async def run(count: int, seconds: float) -> Idle:
    """Furnish the cluster, measure, and clear it away."""
    cluster, kubectl = Cluster.from_environment(), Kubectl(Path(os.environ["KUBECONFIG"]))
    with TemporaryDirectory() as directory:
        account, log = Path(directory) / "kubeconfig", Path(directory) / "sluice.log"
        write_kubeconfig(kubectl, account)
        async with cluster_api(cluster.kubeconfig) as api:
            with in_place_of_the_pod(kubectl, account, cluster.prometheus_url, log) as process:
                try:
                    await furnish(api, count)
                    return await measure(process, count, seconds)
                finally:
                    await api.delete_namespace(NAMESPACE)


def show(idle: Idle, console: Console) -> None:
    """Print the table."""
    table = Table("rollouts", "synced s", "settled s", "memory MB", "writes", "processor")
    wrote = f"{idle.writes} in {idle.idle_seconds:g} s"
    figures = (f"{idle.synced:.2f}", f"{idle.settled:.2f}", f"{idle.resident_megabytes:.0f}")
    table.add_row(str(idle.rollouts), *figures, wrote, f"{idle.processor_percent}%")
    console.print(table)


def main() -> None:
    """Run the benchmark, print the table, write it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--count", type=int, default=1000, help="Rollouts (default 1000)")
    parser.add_argument("--seconds", type=float, default=60, help="how long it is left alone")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    options = parser.parse_args()
    require_cluster()
    idle = asyncio.run(run(options.count, options.seconds))
    show(idle, Console())
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "idle.json").write_text(json.dumps(asdict(idle), indent=1) + "\n")


if __name__ == "__main__":
    main()
