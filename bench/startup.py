"""How soon a child is released once its last parent is satisfied, on the real cluster.

    python -m bench.startup [--width 100] [--depth 5] [--parents 10] [--out bench/results]

A graph of Deployments in layers; each depends on some of the layer before. They want 0 pods, which
satisfies an edge (whenScaledToZero): no node here has room for hundreds of pods, and what is
measured is the operator. Latencies are differences between sightings of one watch: from the
Deployment controller's write that satisfied the last parent to the write that released the child.
Writes are counted in the API server's audit log.
Needs the local cluster with Sluice installed (`make install`) and nothing else running on it.
"""

import argparse
import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from sluice.model.json import Body
from sluice.model.references import DEPLOYMENTS, STARTUPGRAPHS, ObjectRef, Resource
from tests.cluster import ensemble
from tests.cluster.audit import AuditLog
from tests.cluster.cluster_api import NAMESPACES, ClusterApi, Sighting, cluster_api
from tests.cluster.environment import require_cluster
from tests.cluster.shop import Cluster
from tests.cluster.watching import Watcher, watching

NAMESPACE: Final = "bench-startup"
AT_ONCE: Final = 20
READY_SECONDS: Final = 600.0


@dataclass(frozen=True, slots=True)
class Started:
    """Seconds, and writes of the operator. releases: children that had a parent."""

    nodes: int
    width: int
    depth: int
    parents: int
    seconds: float
    releases: int
    latency_p50: float
    latency_p90: float
    latency_p99: float
    release_writes: int
    status_writes: int


def parents_of(width: int, depth: int, parents: int) -> dict[str, list[str]]:
    """Return the graph: names by layer and place, each with its parents."""
    return {
        f"n-{layer:02}-{place:03}": [
            f"n-{layer - 1:02}-{(place + step) % width:03}"
            for step in range(parents if layer else 0)
        ]
        for layer in range(depth)
        for place in range(width)
    }


async def furnish(api: ClusterApi, graph: Mapping[str, list[str]]) -> None:
    """Create the held Deployments, and wait until their controller has seen them all."""
    await api.create(NAMESPACES, "", {"metadata": {"name": NAMESPACE}})
    room = asyncio.Semaphore(AT_ONCE)

    async def create(name: str) -> None:
        async with room:
            await api.create(DEPLOYMENTS, NAMESPACE, ensemble.deployment(name, replicas=0))

    async with asyncio.TaskGroup() as group:
        for name in graph:
            group.create_task(create(name))
    async with asyncio.timeout(READY_SECONDS):
        while not all(map(_is_observed, await api.list(DEPLOYMENTS, NAMESPACE))):  # noqa: ASYNC110 - of the server
            await asyncio.sleep(0.5)


def _is_observed(body: Body) -> bool:
    return body.has("status", "observedGeneration")


async def start(api: ClusterApi, graph: Mapping[str, list[str]]) -> None:
    """Create the graph, and return when every node is ready."""
    nodes = [ensemble.node(name, *parents) for name, parents in graph.items()]
    await api.create(STARTUPGRAPHS, NAMESPACE, ensemble.graph(*nodes))
    ref = ObjectRef(STARTUPGRAPHS, NAMESPACE, ensemble.GRAPH)
    async with asyncio.timeout(READY_SECONDS):
        while (await api.get(ref)).body("status").json("phase") != "Ready":  # noqa: ASYNC110 - of the server
            await asyncio.sleep(0.5)


@dataclass(slots=True)
class Sightings(Watcher):
    """When each Deployment was first seen without a hold, and when its controller had seen that."""

    released: dict[str, float] = field(default_factory=dict)
    satisfied: dict[str, float] = field(default_factory=dict)

    def take(self, resource: Resource, sighting: Sighting) -> None:
        """Take in one event of the watch."""
        super(Sightings, self).take(resource, sighting)
        body, now = sighting.body, time.monotonic()
        if sighting.deleted or body.flag("spec", "paused", default=False):
            return
        self.released.setdefault(sighting.name, now)
        observed = body.whole("status", "observedGeneration", default=0)
        if observed >= body.whole("metadata", "generation"):
            self.satisfied.setdefault(sighting.name, now)


def latencies(graph: Mapping[str, list[str]], seen: Sightings) -> list[float]:
    """Return for each child the seconds from its last parent's satisfaction to its release."""
    return sorted(
        seen.released[name] - max(seen.satisfied[parent] for parent in parents)
        for name, parents in graph.items()
        if parents
    )


async def run(width: int, depth: int, parents: int) -> Started:
    """Start the graph once, and clear it away."""
    graph = parents_of(width, depth, parents)
    async with cluster_api(Cluster.from_environment().kubeconfig) as api:
        log, seen = AuditLog.from_now(), Sightings()
        try:
            await furnish(api, graph)
            async with watching(api, NAMESPACE, (DEPLOYMENTS,), seen):
                began = time.monotonic()
                await start(api, graph)
                seconds = time.monotonic() - began
        finally:
            ref = ObjectRef(STARTUPGRAPHS, NAMESPACE, ensemble.GRAPH)
            await api.delete(ref)
            await api.delete_namespace(NAMESPACE)
    found = latencies(graph, seen)
    ours = [one for one in log.operator_writes() if one.namespace == NAMESPACE]

    def percentile(share: float) -> float:
        return round(found[min(len(found) - 1, int(share * len(found)))], 3)

    return Started(
        nodes=len(graph),
        width=width,
        depth=depth,
        parents=parents,
        seconds=round(seconds, 1),
        releases=len(found),
        latency_p50=percentile(0.5),
        latency_p90=percentile(0.9),
        latency_p99=percentile(0.99),
        release_writes=sum(one.resource == "deployments" for one in ours),
        status_writes=sum(one.resource == "startupgraphs/status" for one in ours),
    )


def show(started: Started, console: Console) -> None:
    """Print the table."""
    table = Table(
        "nodes", "depth", "whole s", "p50 s", "p90 s", "p99 s", "releases", "status writes"
    )
    table.add_row(
        str(started.nodes),
        str(started.depth),
        f"{started.seconds}",
        f"{started.latency_p50:.3f}",
        f"{started.latency_p90:.3f}",
        f"{started.latency_p99:.3f}",
        str(started.release_writes),
        str(started.status_writes),
    )
    console.print(table)


def main() -> None:
    """Run the benchmark, print the table, write it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--width", type=int, default=100, help="nodes of a layer (default 100)")
    parser.add_argument("--depth", type=int, default=5, help="layers (default 5)")
    parser.add_argument("--parents", type=int, default=10, help="parents of a node (default 10)")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    options = parser.parse_args()
    require_cluster()
    started = asyncio.run(run(options.width, options.depth, options.parents))
    show(started, Console())
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "startup.json").write_text(json.dumps(asdict(started), indent=1) + "\n")


if __name__ == "__main__":
    main()
