"""How soon a canary that turns bad has no traffic any more, on the real cluster.

    python -m bench.rollback [--runs 20] [--out bench/results]

Each run releases a version, lets it be judged at its weight for 3 to 9 s at 100 requests a
second, and switches a fault on in all of its pods. The clock runs from the switch until a watch
shows weight 0 in the HTTPRoute. Needs the local cluster with Sluice installed (`make install`).
"""

import argparse
import asyncio
import json
import random
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import quantiles

from rich.console import Console
from rich.table import Table

from sluice.model.json import JsonObject
from sluice.rollout.phases import Stage
from tests.cluster.app_manifests import Plan, Version
from tests.cluster.environment import require_cluster
from tests.cluster.shop import Cluster, Shop, open_shop

FAULTS = {"100%": "errors=1", "50%": "errors=0.5"}
WEIGHTS = (10, 50)
RATE = 100.0
PATIENT: JsonObject = {"minDuration": "10m", "maxDuration": "10m"}


@dataclass(frozen=True, slots=True)
class Run:
    """One rollback. seconds: fault to weight 0; bad: failed requests of users meanwhile."""

    seconds: float
    bad: int
    reason: str


@dataclass(frozen=True, slots=True)
class Cell:
    """All runs of one fault at one weight; p50 and p90 in seconds."""

    errors: str
    weight: int
    p50: float
    p90: float
    runs: tuple[Run, ...]


async def measure(cluster: Cluster, errors: str, weight: int, runs: int) -> Cell:
    """Measure one cell, one rollback after the other."""
    plan = Plan(steps=({"weight": weight},), analysis=PATIENT)
    chance = random.Random(f"{errors} {weight}")
    async with open_shop(cluster, plan, rate=RATE) as shop:
        done = [await _run(shop, number, FAULTS[errors], chance) for number in range(runs)]
    seconds = sorted(run.seconds for run in done)
    deciles = quantiles(seconds, n=10, method="inclusive") if runs > 1 else seconds * 9
    return Cell(errors, weight, round(deciles[4], 2), round(deciles[8], 2), tuple(done))


async def _run(shop: Shop, number: int, fault: str, chance: random.Random) -> Run:
    await shop.release(Version(f"bad-{number}"))
    await shop.at(Stage.JUDGING)
    await shop.stays_for(chance.uniform(3, 9), Stage.JUDGING)
    switched = await shop.fault(fault)
    seconds = await shop.weight_zero(switched)
    entry = await shop.rolled_back()
    return Run(round(seconds, 3), len(shop.load.failures(switched)), entry.reason)


def show(cells: list[Cell], console: Console) -> None:
    """Print the table."""
    table = Table("errors", "weight", "runs", "p50 s", "p90 s", "bad requests (mean)")
    for cell in cells:
        bad = sum(run.bad for run in cell.runs) / len(cell.runs)
        figures = (f"{cell.p50:.2f}", f"{cell.p90:.2f}", f"{bad:.0f}")
        table.add_row(cell.errors, f"{cell.weight}%", str(len(cell.runs)), *figures)
    console.print(table)


async def measure_all(cluster: Cluster, runs: int) -> list[Cell]:
    """Measure every cell, one after the other: two at a time would slow each other down."""
    return [await measure(cluster, errors, weight, runs) for errors in FAULTS for weight in WEIGHTS]


def main() -> None:
    """Run the benchmark, print the table, write it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--runs", type=int, default=20, help="rollbacks per cell (default 20)")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    options = parser.parse_args()
    require_cluster()
    cells = asyncio.run(measure_all(Cluster.from_environment(), options.runs))
    show(cells, Console())
    options.out.mkdir(parents=True, exist_ok=True)
    results = [asdict(cell) for cell in cells]
    (options.out / "rollback.json").write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
