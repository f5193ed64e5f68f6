"""Show on the local cluster what Sluice does: `make demo`.

A good version goes in through 1, 10, 50 and 95% under load; a version that turns bad is thrown out.
What was measured is shown and written to .run/demo.json; the application stays.
"""

import asyncio
import json
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Final

from rich.console import Console
from rich.table import Table

from sluice.rollout.phases import Stage
from tests.cluster.app_manifests import Plan, Version
from tests.cluster.cluster_api import NAMESPACES, ClusterApi, RefusedError, cluster_api
from tests.cluster.environment import require_cluster
from tests.cluster.faults import ERRORS
from tests.cluster.shop import FIRST, SECOND, Cluster, Shop, shop_in
from tests.manifest_files import ROOT

NAMESPACE: Final = "demo"
THIRD: Final = Version("v3")
RATE: Final = 100.0
REPORT: Final = ROOT / ".run/demo.json"
PLAN: Final = Plan(
    replicas=4,
    steps=({"weight": 1}, {"weight": 10}, {"weight": 50}),
    analysis={"minDuration": "8s", "maxDuration": "15s"},
    spec={"bake": "10s", "drain": "3s"},
)
TRY_NEXT: Final = f"""\
The application stays in namespace {NAMESPACE}, with v3 held back. Try next:
  eval "$(.venv/bin/python -m tests.localcluster env)"
  .venv/bin/sluice -n {NAMESPACE} rollout get shop
  .venv/bin/sluice -n {NAMESPACE} rollout history shop
  kubectl -n {NAMESPACE} set env deployment/shop VERSION=v4
  kubectl -n {NAMESPACE} get rollout shop --watch
Without requests a step holds; send some to {NAMESPACE}.example:
  while sleep 0.02; do curl -s -o /dev/null -H "Host: {NAMESPACE}.example" \
"$SLUICE_GATEWAY_URL"; done"""


@dataclass(frozen=True, slots=True)
class Promotion:
    """How v2 went in. shifts: percents that the route had; seen: what the users met at each."""

    requests: int
    failed: int
    seconds: float
    shifts: list[int]
    seen: dict[str, float]


@dataclass(frozen=True, slots=True)
class Rollback:
    """How v3 was thrown out. seconds: from the switch of the fault to weight 0 in the route."""

    seconds: float
    bad_requests: int
    message: str


async def demonstrate(cluster: Cluster, console: Console) -> None:
    """Run both scenes and report."""
    async with cluster_api(cluster.kubeconfig) as api:
        console.print("An application with four pods is deployed; 100 users a second come.")
        await _begin_anew(api)
        async with shop_in(cluster, api, NAMESPACE, PLAN, RATE) as shop:
            telling = asyncio.create_task(_tell(shop, console))
            await shop.deploy(FIRST)
            promotion = await _promote(shop, console)
            rollback = await _roll_back(shop, console)
            telling.cancel()
    _report(promotion, rollback, console)


async def _begin_anew(api: ClusterApi) -> None:
    """Delete what an earlier demo has left, and wait until its namespace is free again."""
    await api.delete_namespace(NAMESPACE)
    async with asyncio.timeout(120):
        while True:
            try:
                await api.create(NAMESPACES, "", {"metadata": {"name": NAMESPACE}})
            except RefusedError:
                await asyncio.sleep(0.5)
            else:
                return


async def _tell(shop: Shop, console: Console) -> None:
    """Print a line whenever the Rollout goes on."""
    told: tuple[Stage, int] | None = None
    while True:
        now = (shop.status.stage, shop.sampler.weight)
        if now != told and shop.sampler.statuses:
            asked, message = shop.status.weight, shop.status.message
            line = f"  {now[0]:<22} asked {asked:>3}%  route {now[1]:>3}%  {message}"
            console.print(line, soft_wrap=True)
            told = now
        await asyncio.sleep(0.1)


async def _promote(shop: Shop, console: Console) -> Promotion:
    console.print("\n[bold]v2 is applied.[/bold] It gets 1, 10, 50, 95, then 100%.")
    began = await shop.release(SECOND)
    entry = await shop.promoted(SECOND, within=300)
    requests = shop.load.since(began)
    return Promotion(
        requests=len(requests),
        failed=sum(answer.failed for answer in requests),
        seconds=round(entry.ended - entry.started, 1),
        shifts=list(shop.sampler.shifts),
        seen=_seen(shop, SECOND),
    )


def _seen(shop: Shop, version: Version) -> dict[str, float]:
    """Return what percent of the users met the version at each weight on the way up.

    On the way back both the canary and the Deployment are of that version.
    """
    seen: dict[str, float] = {}
    for weight, following in pairwise(shop.sampler.weights):
        if not weight.canary:
            continue
        if "100" in seen:
            break
        met = [a for a in shop.load.since(weight.at) if a.at < following.at]
        share = sum(answer.version == version.name for answer in met) / max(len(met), 1)
        seen[str(weight.canary)] = round(100 * share, 1)
    return seen


async def _roll_back(shop: Shop, console: Console) -> Rollback:
    console.print("\n[bold]v3 is applied.[/bold] At 10% it will begin to fail every request.")
    await shop.release(THIRD)
    await shop.at(Stage.JUDGING, weight=10, within=120)
    switched = await shop.fault(ERRORS)
    console.print("  [red]v3 fails from now on[/red]")
    seconds = await shop.weight_zero(switched)
    entry = await shop.rolled_back()
    bad = len(shop.load.failures(switched))
    return Rollback(round(seconds, 2), bad, entry.message)


def _report(promotion: Promotion, rollback: Rollback, console: Console) -> None:
    table = Table("", "promotion of v2", "rollback of v3", title="\nWhat was measured")
    shifts = ", ".join(str(weight) for weight in promotion.shifts)
    seen = ", ".join(f"{asked}%: {share}%" for asked, share in promotion.seen.items())
    table.add_row("seconds", f"{promotion.seconds} in all", f"{rollback.seconds} to weight 0")
    table.add_row("requests", f"{promotion.requests}, {promotion.failed} failed", "")
    table.add_row("bad requests", str(promotion.failed), str(rollback.bad_requests))
    table.add_row("weights in the route", shifts, "")
    table.add_row("share that users met", seen, "")
    table.add_row("message", "", rollback.message)
    console.print(table)
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    report = {"promotion": asdict(promotion), "rollback": asdict(rollback)}
    REPORT.write_text(json.dumps(report, indent=1) + "\n")
    console.print(f"The same as JSON: {REPORT.relative_to(ROOT)}")
    console.print(TRY_NEXT, markup=False, highlight=False, soft_wrap=True)


def main() -> None:
    """Run the demo on the local cluster."""
    require_cluster()
    asyncio.run(demonstrate(Cluster.from_environment(), Console()))


if __name__ == "__main__":
    main()
