"""The application under test with its users: deployed, released, commanded and watched."""

import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from uuid import uuid4

from sluice.model.json import JsonObject
from sluice.model.references import (
    DEPLOYMENTS,
    HTTPROUTES,
    PODS,
    ROLLOUTS,
    SERVICES,
    ObjectRef,
    Resource,
)
from sluice.rollout.commands import ANNOTATIONS, Verb
from sluice.rollout.phases import Stage
from sluice.rollout.status import Entry, RolloutStatus
from tests.cluster import app_manifests, faults, laws
from tests.cluster.app_manifests import NAME, Plan, Version
from tests.cluster.cluster_api import NAMESPACES, ClusterApi, cluster_api
from tests.cluster.load import Load, load
from tests.cluster.sampler import Sampler, sampling

FIRST: Final = Version("v1")
SECOND: Final = Version("v2")
# For what is done while the Deployment rolls: the roll must not be over before it is done.
SLOW_ROLL: Final = Plan(pod_seconds=8)
# Pulling, starting and probing on two busy processors.
READY_SECONDS: Final = 90.0
PROMOTION_SECONDS: Final = 150.0
ROLLBACK_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where the tests run."""

    kubeconfig: Path
    gateway_url: str
    prometheus_url: str

    @classmethod
    def from_environment(cls) -> "Cluster":
        """Read what `python -m tests.localcluster env` prints; KeyError names what is missing."""
        return cls(
            Path(os.environ["KUBECONFIG"]),
            os.environ["SLUICE_GATEWAY_URL"],
            os.environ["SLUICE_PROMETHEUS_URL"],
        )


@dataclass(frozen=True, slots=True)
class Shop:
    """The application in a namespace of its own."""

    api: ClusterApi
    namespace: str
    plan: Plan
    sampler: Sampler
    load: Load
    strangers: set[int] = field(default_factory=set)

    def ref(self, resource: Resource, name: str = NAME) -> ObjectRef:
        """Return the name of an object of the application."""
        return ObjectRef(resource, self.namespace, name)

    @property
    def status(self) -> RolloutStatus:
        """The Rollout's last status."""
        return self.sampler.status

    async def deploy(self, version: Version = FIRST) -> None:
        """Create the application and its Rollout, and wait until they serve."""
        await self.create(DEPLOYMENTS, app_manifests.deployment(version, self.plan))
        await self.create(SERVICES, app_manifests.service())
        await self.create(HTTPROUTES, app_manifests.route(self.host))
        await self.create(ROLLOUTS, app_manifests.rollout(self.plan))
        await self.sampler.until(self.is_at_rest, READY_SECONDS, "Healthy Rollout")
        await self.sampler.until(self.serves, READY_SECONDS, f"answer of {version.name}")
        self.load.answers.clear()  # nobody could be served before

    async def create(self, resource: Resource, manifest: JsonObject) -> None:
        """Create one object of the application."""
        await self.api.create(resource, self.namespace, manifest)

    @property
    def host(self) -> str:
        """The host name under which the gateway serves the application."""
        return f"{self.namespace}.example"

    def stable_pods(self) -> frozenset[str]:
        """Return the UIDs of production's pods."""
        return frozenset(
            pod.text("metadata", "uid")
            for pod in self.sampler.present(PODS)
            if pod.labels("metadata", "labels").get("app") == NAME
        )

    def is_at_rest(self) -> bool:
        """Tell whether a version is known as the stable one and no rollout is under way."""
        return self.status.stage is Stage.HEALTHY and bool(self.status.stable.revision)

    def serves(self) -> bool:
        """Tell whether the last requests were answered."""
        last = self.load.answers[-5:]
        return len(last) == 5 and not any(answer.failed or not answer.version for answer in last)

    async def release(self, version: Version) -> float:
        """Change the template as a user would; return when."""
        patch: JsonObject = {"spec": {"template": app_manifests.template(version)}}
        at = time.time()
        await self.api.merge(self.ref(DEPLOYMENTS), patch)
        return at

    async def command(self, verb: Verb) -> float:
        """Give a command to the current canary (retry: to the rejected version); return when."""
        status = self.status
        rejected = status.rejected.revision if status.rejected else ""
        revision = rejected if verb is Verb.RETRY else status.canary.revision
        return await self.annotate(ANNOTATIONS[verb], f"{revision}#{uuid4().hex[:8]}")

    async def annotate(self, name: str, value: str) -> float:
        """Write an annotation on the Rollout; return when."""
        at = time.time()
        await self.api.merge(self.ref(ROLLOUTS), {"metadata": {"annotations": {name: value}}})
        return at

    async def edit_route(self, backends: list[JsonObject]) -> None:
        """Change the backends of the route as somebody who knows nothing of Sluice."""
        path = "/spec/rules/0/backendRefs"
        operation: JsonObject = {"op": "replace", "path": path, "value": backends}
        written = await self.api.json_patch(self.ref(HTTPROUTES), operation)
        self.strangers.add(int(written.text("metadata", "resourceVersion")))

    async def at(self, *stages: Stage, weight: int | None = None, within: float = 90.0) -> float:
        """Wait until the Rollout is at one of the stages, with the weight if one is given.

        A stage that is left again at once counts: two changes may come with one answer.
        """
        already = max(len(self.sampler.statuses) - 1, 0)

        def is_there() -> bool:
            since = (seen.status for seen in self.sampler.statuses[already:])
            return any(one.stage in stages and weight in {None, one.weight} for one in since)

        where = " or ".join(stages) + ("" if weight is None else f" at {weight}%")
        return await self.sampler.until(is_there, within, where)

    async def mid_roll(self) -> None:
        """Wait until the Deployment rolls, and has pods of its new version beside the old ones."""
        await self.at(Stage.ROLLING, within=120)
        await self.sampler.until(
            lambda: len(self.stable_pods()) > self.plan.replicas, 60, "pod of the new version"
        )

    async def stays_for(self, seconds: float, stage: Stage) -> None:
        """Watch the Rollout stay in the stage for so long."""
        began = time.monotonic()

        def is_over() -> bool:
            assert self.status.stage is stage, f"left {stage}: {self.sampler}"
            return time.monotonic() >= began + seconds

        await self.sampler.until(is_over, seconds + 5, f"end of {seconds:g} s")

    async def promoted(self, version: Version, within: float = PROMOTION_SECONDS) -> Entry:
        """Wait until the version is promoted and serves alone; return the record of it."""
        await self.sampler.until(self._promoted_once_more(), within, f"promotion of {version.name}")
        await self._settled()
        await self.users_see(version)
        return self.status.history[0]

    async def taken_over(self, version: Version, within: float = 240.0) -> None:
        """Wait until the version is promoted, after one that was under way before it."""

        def is_alone() -> bool:
            last = self.load.answers[-20:]
            return self.is_at_rest() and {answer.version for answer in last} == {version.name}

        await self.sampler.until(is_alone, within, f"promotion of {version.name}")

    async def users_see(self, version: Version) -> None:
        """Check that every one of the next requests is answered by the version."""
        at = time.time()
        await self.sampler.until(
            lambda: len(self.load.since(at)) > 20, READY_SECONDS, "20 more requests"
        )
        assert set(self.load.versions(at)) == {version.name}

    def _promoted_once_more(self) -> Callable[[], bool]:
        before = len(self.status.history)

        def is_promoted() -> bool:
            history = self.status.history
            return self.is_at_rest() and len(history) > before and history[0].outcome == "Promoted"

        return is_promoted

    async def rolled_back(self, within: float = ROLLBACK_SECONDS) -> Entry:
        """Wait until the canary is rejected and gone; return the record of it."""
        await self.at(Stage.ROLLED_BACK, within=within)
        await self._settled()
        return self.status.history[0]

    async def withdrawn(self, within: float = ROLLBACK_SECONDS) -> None:
        """Wait until the Rollout rests at the stable version, without a canary."""
        await self.sampler.until(self.is_at_rest, within, "rest at the stable version")
        await self._settled()

    async def _settled(self) -> None:
        await self.sampler.until(
            lambda: laws.is_clean(self.sampler), READY_SECONDS, "clean route without canary pods"
        )

    async def delete_everything(self) -> None:
        """Delete the whole application; from here on nobody is to be served any more."""
        self.sampler.ended = time.time()
        await self.api.delete_namespace(self.namespace)

    def nobody_noticed(self, since: float = 0.0) -> None:
        """Check that no request failed since the instant."""
        laws.nobody_noticed(self.sampler, self.load, since)

    async def weight_zero(self, since: float, within: float = ROLLBACK_SECONDS) -> float:
        """Return how many seconds after `since` the route gave the canary nothing any more."""
        await self.sampler.until(lambda: self.sampler.weight == 0, within, "weight 0")
        return self.sampler.weights[-1].at - since if self.sampler.weights else 0.0

    async def fault(self, fault: str, *, canary: bool = True) -> float:
        """Switch a fault in every pod of a version; return when."""
        return await faults.switch(self.sampler, fault, canary=canary)


@asynccontextmanager
async def shop_in(
    cluster: Cluster, api: ClusterApi, namespace: str, plan: Plan, rate: float
) -> AsyncIterator[Shop]:
    """Watch a namespace and send users to its host while the block runs."""
    async with (
        sampling(api, namespace) as sampler,
        load(cluster.gateway_url, f"{namespace}.example", rate) as stream,
    ):
        yield Shop(api, namespace, plan, sampler, stream)


@asynccontextmanager
async def empty_shop(
    cluster: Cluster, plan: Plan | None = None, rate: float = 50
) -> AsyncIterator[Shop]:
    """Give a namespace with users but without an application; check the laws at the end."""
    name = f"shop-{uuid4().hex[:8]}"
    async with cluster_api(cluster.kubeconfig) as api:
        await api.create(NAMESPACES, "", {"metadata": {"name": name}})
        try:
            async with shop_in(cluster, api, name, plan or Plan(), rate) as shop:
                yield shop
            laws.check(shop.sampler, shop.strangers)
        finally:
            await api.delete_namespace(name)


@asynccontextmanager
async def open_shop(
    cluster: Cluster, plan: Plan | None = None, rate: float = 50, version: Version = FIRST
) -> AsyncIterator[Shop]:
    """Give a serving application with its users; check the laws at the end."""
    async with empty_shop(cluster, plan, rate) as shop:
        await shop.deploy(version)
        yield shop
