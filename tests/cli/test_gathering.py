"""What a person's own rights read for a decision: whole namespaces, or what carries a label."""

from collections.abc import Mapping
from dataclasses import dataclass

from sluice.adapters.clock import SystemClock
from sluice.adapters.prometheus import NoMetrics
from sluice.cli import cluster as kube
from sluice.cli.gather import Gatherer
from sluice.model.cluster import Projection
from sluice.model.json import JsonObject
from sluice.model.kind import InNamespace, Labelled, Observation, Selection, Wants
from sluice.model.names import GRAPH_LABEL
from sluice.model.plan import Plan, Work
from sluice.model.references import DEPLOYMENTS, ROLLOUTS, Resource
from tests.builders import NAMESPACE, as_stored, deployment, metadata, rollout
from tests.cli.server import ROLLOUT, Cluster
from tests.plain_connection import plain_connection

WEB = Labelled(DEPLOYMENTS, NAMESPACE, GRAPH_LABEL, "web")
ALL = InNamespace(DEPLOYMENTS, NAMESPACE)


@dataclass(frozen=True, slots=True)
class Wishing:
    """A kind that wants what a test names, one thing after the other."""

    wishes: tuple[Selection, ...]
    resource: Resource = ROLLOUTS

    def wants(self, _: JsonObject, found: Mapping[Selection, tuple[Projection, ...]]) -> Wants:
        return Wants(self.wishes[: len(found) + 1])

    def plan(self, _: Observation) -> Plan:
        return Work()


def named(name: str, graph: str) -> JsonObject:
    return as_stored({**deployment(), "metadata": metadata(name, labels={GRAPH_LABEL: graph})})


async def gathered(cluster: Cluster, *wishes: Selection) -> dict[Selection, list[str]]:
    cluster.put(as_stored(rollout()), named("api", "web"), named("db", "web"), named("x", "jobs"))
    client = kube.Cluster(plain_connection(cluster.http.url))
    try:
        seen = await Gatherer(client, NoMetrics(), SystemClock()).observe(Wishing(wishes), ROLLOUT)
    finally:
        await client.close()
    return {wish: [item.meta.ref.name for item in items] for wish, items in seen.found.items()}


async def test_what_carries_a_label_is_listed_by_it(cluster: Cluster) -> None:
    assert await gathered(cluster, WEB) == {WEB: ["api", "db"]}


async def test_a_part_of_a_namespace_does_not_stand_for_the_whole(cluster: Cluster) -> None:
    found = await gathered(cluster, WEB, ALL)

    assert found == {WEB: ["api", "db"], ALL: ["api", "db", "x"]}
