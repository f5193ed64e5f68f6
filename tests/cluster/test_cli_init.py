"""The commands about init nodes, against a real API server, as people with and without rights."""

from pathlib import Path

import pytest

from sluice.cli.exits import Exit
from sluice.model.json import Body
from sluice.model.names import NODE_LABEL
from sluice.model.references import DEPLOYMENTS, PODS, STARTUPGRAPHS
from sluice.startup.init.run import Result
from sluice.startup.init.states import State
from tests.cluster.ensemble import GRAPH, deployment, node
from tests.cluster.init_jobs import NODE, init_node, says
from tests.cluster.initialising import Site, site
from tests.cluster.kubectl import Kubectl
from tests.cluster.shop import Cluster
from tests.cluster.test_cli import Sluice, viewer_kubeconfig
from tests.cluster.test_init_deleting import is_gone
from tests.servers.postgres import Postgres

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]

HALF_DONE = says('echo "column price exists" >&2; exit 20')
GONE = says("echo gone")


async def test_a_person_finds_out_resolves_undoes_and_forgets(
    cluster: Cluster, postgres: Postgres, kubectl: Kubectl, tmp_path: Path
) -> None:
    async with site(cluster, postgres) as place:
        sluice = Sluice(cluster.kubeconfig, place.namespace, cluster.prometheus_url)
        seen_by = viewer_kubeconfig(cluster, kubectl, place.namespace, tmp_path)
        viewer = Sluice(seen_by, place.namespace, cluster.prometheus_url)
        await place.deploy(deployment("api"))
        await place.graph(init_node(HALF_DONE, version="43", down=GONE), node("api", NODE))
        await place.init_at(State.DIRTY)

        explained = await viewer("graph", "explain", GRAPH, NODE)
        assert explained.code == Exit.DONE, explained.err
        assert "column price exists" in explained.out
        assert "1 try, exit code 20" in explained.out
        told = await viewer("graph", "history", GRAPH)
        assert told.code == Exit.DONE, told.err
        assert "Dirty" in told.out
        refused = await viewer("graph", "resolve", GRAPH, NODE, "--applied", "--yes")
        assert refused.code == Exit.FORBIDDEN
        unfit = await sluice("graph", "resolve", GRAPH, NODE, "--accept", "--yes")
        assert unfit.code == Exit.NEGATIVE
        assert "write --applied or --rerun" in unfit.err
        unasked = await sluice("graph", "resolve", GRAPH, NODE, "--applied")
        assert unasked.code == Exit.USAGE
        assert place.chronicle.init().state is State.DIRTY

        resolved = await sluice("graph", "resolve", GRAPH, NODE, "--applied", "--yes")
        assert resolved.code == Exit.DONE, resolved.err
        await place.all_ready()
        (entry,) = place.chronicle.entries()
        assert (entry.result, entry.outcome.by) == (Result.COMPLETE, place.user)

        used = await sluice("graph", "down", GRAPH, NODE, "--all", "--yes")
        assert used.code == Exit.NEGATIVE
        assert "api" in used.err
        await place.api.merge(place.ref(DEPLOYMENTS, "api"), {"spec": {"replicas": 0}})
        await place.until(lambda: not pods_of(place, "api"), "end of the last pod", 60)
        undone = await sluice("graph", "down", GRAPH, NODE, "--all", "--yes")
        assert undone.code == Exit.DONE, undone.err
        assert place.chronicle.entries()[0].result is Result.UNDONE

        await place.api.delete(place.ref(STARTUPGRAPHS, GRAPH))
        await place.until(lambda: is_gone(place), "end of the graph", 60)
        purged = await sluice("graph", "purge", GRAPH, NODE, "--yes")
        assert purged.code == Exit.DONE, purged.err
        await place.until(lambda: not place.chronicle.record().value, "end of the record", 20)
        empty = await sluice("graph", "history", GRAPH)
        assert empty.code == Exit.NOT_FOUND


def pods_of(place: Site, name: str) -> list[Body]:
    """Return the pods of a workload, those that are ending too."""
    every = place.chronicle.present(PODS)
    return [pod for pod in every if pod.labels("metadata", "labels").get(NODE_LABEL) == name]
