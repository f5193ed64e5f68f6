"""The command line against a real API server and a real operator, as a person would use it."""

import asyncio
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from sluice.cli.exits import Exit
from sluice.model.reasons import Reason
from sluice.rollout.phases import Stage
from tests.cluster.app_manifests import NAME, Plan
from tests.cluster.kubectl import Kubectl
from tests.cluster.shop import SECOND, Cluster, Shop, open_shop

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]

PROGRAM = Path(sys.executable).with_name("sluice")
WAITS = Plan(steps=({"weight": 10, "pause": True}, {"weight": 50, "pause": True}))


@dataclass(frozen=True, slots=True)
class Said:
    """How a command ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Sluice:
    """The program as one user in one namespace."""

    kubeconfig: Path
    namespace: str
    prometheus_url: str

    @classmethod
    def of(cls, cluster: Cluster, shop: Shop) -> "Sluice":
        return cls(cluster.kubeconfig, shop.namespace, cluster.prometheus_url)

    async def __call__(self, *words: str) -> Said:
        process = await self.start(*words)
        out, err = await process.communicate()
        return Said(process.returncode or 0, out.decode(), err.decode())

    async def start(self, *words: str) -> asyncio.subprocess.Process:
        """Start the program; nobody can answer its questions."""
        access = (f"--kubeconfig={self.kubeconfig}", f"--namespace={self.namespace}")
        return await asyncio.create_subprocess_exec(
            PROGRAM,
            *access,
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={"SLUICE_PROMETHEUS_URL": self.prometheus_url, "SLUICE_SCRAPE_INTERVAL": "1s"},
        )


async def test_a_rollout_is_watched_explained_and_promoted(cluster: Cluster) -> None:
    async with open_shop(cluster, WAITS) as shop:
        sluice = Sluice.of(cluster, shop)
        await shop.release(SECOND)
        await shop.at(Stage.JUDGING, weight=10)

        shown = await sluice("rollout", "get", NAME)
        assert shown.code == Exit.DONE, shown.err
        assert f"revision {shop.status.canary.revision} (canary)" in shown.out
        assert "step 1/2   weight 10%" in shown.out
        assert "undo   sluice rollout abort shop" in shown.out

        explained = await sluice("rollout", "explain", NAME, "-o", "json")
        checks = {check["name"]: check for check in json.loads(explained.out)["checks"]}
        assert checks["slo errors"]["passed"] is True, explained.out
        assert checks["aborted"]["passed"] is True
        assert checks["next"]["message"]

        assert (await sluice("rollout", "promote", NAME)).code == Exit.DONE
        await shop.at(Stage.JUDGING, weight=50)
        assert (await sluice("rollout", "promote", NAME, "--full", "--yes")).code == Exit.DONE

        ended = await sluice("rollout", "status", NAME, "--timeout", "150s")
        assert ended.code == Exit.DONE, ended.err
        assert "Healthy" in ended.out
        assert (await sluice("rollout", "history", NAME)).out.count("Promoted") >= 1
        shop.nobody_noticed()


async def test_a_rollout_is_aborted_and_tried_again(cluster: Cluster) -> None:
    async with open_shop(cluster, WAITS) as shop:
        sluice = Sluice.of(cluster, shop)
        await shop.release(SECOND)
        await shop.at(Stage.JUDGING, weight=10)

        asked = await sluice("rollout", "abort", NAME)
        assert asked.code == Exit.USAGE
        assert "--yes" in asked.err
        tried = await sluice("rollout", "abort", NAME, "--dry-run")
        assert tried.code == Exit.DONE, tried.err
        assert shop.status.stage is Stage.JUDGING

        aborted = await sluice("rollout", "abort", NAME, "--yes", "--wait", "--reason", "a test")
        assert aborted.code == Exit.DONE, aborted.err
        assert shop.status.weight == 0
        assert shop.status.consumed["abort"].endswith(" a test")

        ended = await sluice("rollout", "status", NAME)
        assert ended.code == Exit.NEGATIVE
        assert shop.status.history[0].reason == Reason.ABORTED

        assert (await sluice("rollout", "retry", NAME)).code == Exit.DONE
        await shop.at(Stage.JUDGING, weight=10)
        assert (await sluice("rollout", "abort", NAME, "--yes", "--wait")).code == Exit.DONE


async def test_time_stands_still_and_goes_on(cluster: Cluster) -> None:
    async with open_shop(cluster, WAITS) as shop:
        sluice = Sluice.of(cluster, shop)
        await shop.release(SECOND)
        await shop.at(Stage.JUDGING, weight=10)

        assert (await sluice("rollout", "pause", NAME)).code == Exit.DONE
        await shop.sampler.until(lambda: shop.status.paused_since is not None, 10, "pause")
        assert "⏸ Paused" in (await sluice("rollout", "list")).out
        waiting = await sluice("rollout", "status", NAME, "--timeout", "1s")
        assert waiting.code == Exit.TIMED_OUT

        assert (await sluice("rollout", "resume", NAME)).code == Exit.DONE
        await shop.sampler.until(lambda: shop.status.paused_since is None, 10, "resume")
        assert (await sluice("rollout", "abort", NAME, "--yes", "--wait")).code == Exit.DONE


async def test_watching_through_a_pipe_has_a_line_for_each_stage(cluster: Cluster) -> None:
    async with open_shop(cluster, WAITS) as shop:
        sluice = Sluice.of(cluster, shop)
        watching = await sluice.start("rollout", "get", NAME, "--watch")
        assert watching.stdout is not None
        assert "Healthy" in (await watching.stdout.readline()).decode()

        await shop.release(SECOND)
        seen = ""
        while "Progressing/Judging" not in seen:
            seen = (await watching.stdout.readline()).decode()
            assert "\x1b" not in seen

        watching.terminate()
        await watching.wait()
        assert (await sluice("rollout", "abort", NAME, "--yes", "--wait")).code == Exit.DONE


async def test_check_finds_everything_in_place(cluster: Cluster) -> None:
    async with open_shop(cluster) as shop:
        checked = await Sluice.of(cluster, shop)("check", "--wait", "60s", "-o", "json")

    rows = json.loads(checked.out)["checks"]
    failed = [row for row in rows if row["outcome"] == "failed"]
    assert failed == []
    assert checked.code == Exit.DONE
    held = {row["check"]: row["outcome"] for row in rows if row["check"].endswith("is held back")}
    assert set(held) >= {"a new version is held back", "a pod of a set is held back"}
    assert set(held.values()) == {"passed"}
    sampled = [row for row in rows if "has samples" in row["check"]]
    assert {row["outcome"] for row in sampled} == {"passed"}


async def test_who_may_only_look_is_told_so(
    cluster: Cluster, kubectl: Kubectl, tmp_path: Path
) -> None:
    async with open_shop(cluster, WAITS) as shop:
        viewer = Sluice(
            viewer_kubeconfig(cluster, kubectl, shop.namespace, tmp_path),
            shop.namespace,
            cluster.prometheus_url,
        )
        await shop.release(SECOND)
        await shop.at(Stage.JUDGING, weight=10)

        shown = await viewer("rollout", "get", NAME)
        assert shown.code == Exit.DONE, shown.err
        refused = await viewer("rollout", "pause", NAME)
        assert refused.code == Exit.FORBIDDEN
        assert "cannot patch" in refused.err
        assert shop.status.paused_since is None


def viewer_kubeconfig(cluster: Cluster, kubectl: Kubectl, namespace: str, folder: Path) -> Path:
    """Return the kubeconfig of an account that may view the namespace."""
    where = f"--namespace={namespace}"
    kubectl("create", "serviceaccount", "viewer", where)
    account = f"--serviceaccount={namespace}:viewer"
    kubectl("create", "rolebinding", "viewer", "--clusterrole=view", account, where)
    token = kubectl("create", "token", "viewer", where).strip()
    content = yaml.safe_load(cluster.kubeconfig.read_text())
    content["users"] = [
        {"name": user["name"], "user": {"token": token}} for user in content["users"]
    ]
    path = folder / "viewer.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


async def test_what_is_not_there_and_what_is_away(cluster: Cluster, namespace: str) -> None:
    sluice = Sluice(cluster.kubeconfig, namespace, cluster.prometheus_url)

    missing = await sluice("rollout", "get", "nobody")
    assert missing.code == Exit.NOT_FOUND
    assert "nobody" in missing.err
    empty = await sluice("rollout", "list")
    assert (empty.code, empty.out) == (Exit.DONE, "")
