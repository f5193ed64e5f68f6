"""What the absence of the operator, or of Prometheus, costs, on the real cluster.

    python -m bench.restart [--runs 10] [--gone 60] [--out bench/results]

kill: a canary with 10% of 100 requests a second fails them all; two seconds later the operator's
process is killed. The clock runs from the kubelet's restart of its container until a watch shows
weight 0. Between runs the container is given a new pod, or the kubelet would wait ever longer.
gone: Prometheus is away for that many seconds under a healthy canary; rollbacks are counted.
Needs the local cluster with Sluice installed (`make install`) and nothing else running on it.
"""

import argparse
import asyncio
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from sluice.model.json import JsonObject
from sluice.model.scalars import parse_instant
from sluice.rollout.phases import Stage
from tests.cluster import sluice_pod
from tests.cluster.app_manifests import Plan, Version
from tests.cluster.environment import require_cluster
from tests.cluster.faults import ERRORS
from tests.cluster.install import DEPLOYMENT, WHERE
from tests.cluster.kubectl import Kubectl
from tests.cluster.shop import SECOND, Cluster, Shop, open_shop

PATIENT: JsonObject = {"minDuration": "10m", "maxDuration": "10m"}
PLAN = Plan(steps=({"weight": 10},), analysis=PATIENT)
PROMETHEUS = ("deployment/prometheus", "--namespace=monitoring")


@dataclass(frozen=True, slots=True)
class Kill:
    """One kill. All seconds: from kill and from restart of the container to weight 0."""

    from_kill: float
    from_restart: float
    reason: str


@dataclass(frozen=True, slots=True)
class Gone:
    """One absence of Prometheus."""

    seconds: float
    rolled_back: bool
    message: str


async def kill(cluster: Cluster, kubectl: Kubectl, runs: int) -> list[Kill]:
    """Kill the operator during a fault, again and again."""
    async with open_shop(cluster, PLAN, rate=100) as shop:
        return [await _kill(shop, kubectl, number) for number in range(runs)]


async def _kill(shop: Shop, kubectl: Kubectl, number: int) -> Kill:
    await asyncio.to_thread(kubectl, "rollout", "restart", DEPLOYMENT, WHERE)
    await asyncio.to_thread(kubectl, "rollout", "status", DEPLOYMENT, WHERE, "--timeout=120s")
    await shop.release(Version(f"bad-{number}"))
    await shop.at(Stage.JUDGING)
    await shop.stays_for(5, Stage.JUDGING)
    await shop.fault(ERRORS)
    await shop.stays_for(2, Stage.JUDGING)
    killed = sluice_pod.kill(kubectl)
    from_kill = await shop.weight_zero(killed)
    entry = await shop.rolled_back()
    began = parse_instant(await asyncio.to_thread(sluice_pod.running_since, kubectl))
    return Kill(round(from_kill, 2), round(killed + from_kill - began, 2), entry.reason)


async def gone(cluster: Cluster, kubectl: Kubectl, seconds: float) -> Gone:
    """Take Prometheus away under a healthy canary."""
    async with open_shop(cluster, PLAN, rate=100) as shop:
        await shop.release(SECOND)
        await shop.at(Stage.JUDGING)
        await asyncio.to_thread(kubectl, "scale", *PROMETHEUS, "--replicas=0")
        try:
            await asyncio.sleep(seconds)
            message = shop.status.message
        finally:
            await asyncio.to_thread(kubectl, "scale", *PROMETHEUS, "--replicas=1")
        await asyncio.sleep(20)  # what it scrapes first could be taken for a fault
        return Gone(seconds, shop.status.stage is not Stage.JUDGING, message)


def show(kills: list[Kill], absences: list[Gone], console: Console) -> None:
    """Print the tables."""
    table = Table("run", "kill to weight 0, s", "restart to weight 0, s", "reason")
    for number, run in enumerate(kills):
        table.add_row(str(number), f"{run.from_kill:.2f}", f"{run.from_restart:.2f}", run.reason)
    console.print(table)
    for absence in absences:
        end = "rolled back" if absence.rolled_back else "held"
        console.print(f"Prometheus gone for {absence.seconds:g} s: {end}, «{absence.message}»")


def main() -> None:
    """Run the benchmark, print the tables, write them as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--runs", type=int, default=10, help="kills (default 10)")
    parser.add_argument("--gone", type=float, default=60, help="seconds without Prometheus")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    options = parser.parse_args()
    require_cluster()
    cluster, kubectl = Cluster.from_environment(), Kubectl(Path(os.environ["KUBECONFIG"]))
    kills = asyncio.run(kill(cluster, kubectl, options.runs))
    absences = [asyncio.run(gone(cluster, kubectl, options.gone))]
    show(kills, absences, Console())
    options.out.mkdir(parents=True, exist_ok=True)
    results = {
        "kill": [asdict(run) for run in kills],
        "gone": [asdict(absence) for absence in absences],
    }
    (options.out / "restart.json").write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
